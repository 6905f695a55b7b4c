"""What cards say: read once, apart, and kept."""

from __future__ import annotations

import pytest

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.processes import Workers
from pairsmith.hub.repos import readme, repos
from pairsmith.hub.repos.card import Card
from pairsmith.hub.repos.readme import Line, line_of, read_card
from support.hub.stock import commit_files

CARD = b"---\npretty_name: Pets\nlicense: mit\n---\n# Pets\n"


@pytest.fixture
def commit(hub, account):
    """Commits a card to a dataset of ann's."""
    ann, _ = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, ann, "dataset", "pets", private=False)

    return lambda text: commit_files(hub, repo, ann, {"README.md": text})


def read(hub, made) -> tuple[Line, Card]:
    with hub.database.read() as db:
        return line_of(db, made), read_card(hub, db, made)


def forget(hub) -> None:
    """As a hub is that was made before cards were kept."""
    with hub.database.write() as db:
        db.execute("DELETE FROM cards")


def test_a_card_is_read_when_it_comes_in_and_not_again(hub, commit, monkeypatch):
    made = commit(CARD)
    for name in ("WORKERS", "PAGES"):
        monkeypatch.setattr(readme, name, None)
    line, card = read(hub, made)
    assert line == Line("Pets", "mit")
    assert card == Card({"pretty_name": "Pets", "license": "mit"})


def test_cards_of_a_hub_of_before_are_read_when_it_is_served(hub, commit, client):
    made = commit(CARD)
    forget(hub)
    line, card = read(hub, made)
    assert line == Line()
    assert card.data["license"] == "mit"
    for blob in readme._unread(hub):
        readme._remember(hub, blob)
    assert read(hub, made)[0] == Line("Pets", "mit")
    assert readme._unread(hub) == []


def test_a_card_that_makes_too_much_work_is_a_fault_and_stays_one(hub, commit, monkeypatch):
    monkeypatch.setattr(readme, "SECONDS", 0.05)
    keys = b"".join(b"%d: \n" % (number * (2**61 - 1)) for number in range(1, 5_000))  # one hash
    made = commit(b"---\npretty_name: Pets\n" + keys + b"---\n")
    monkeypatch.setattr(readme, "WORKERS", None)
    assert read(hub, made) == (Line(), Card(fault=readme.ENDLESS))


def test_who_cannot_have_a_card_read_is_told_to_come_again(hub, commit, monkeypatch):
    """And not that it asks nothing: a gate would let in who answered none of its questions."""
    busy = Workers(1, wait=0.01)
    for name in ("WORKERS", "PAGES"):
        monkeypatch.setattr(readme, name, busy)
    with busy._turn():
        made = commit(CARD)
        with pytest.raises(HubError) as caught:
            read(hub, made)
    assert caught.value.status == 503
    assert "Retry-After" in caught.value.headers
    assert read(hub, made)[1].data["license"] == "mit"


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (b"---\npretty_name: P\xffts\n---\n\xff\xfe", "P\ufffdts"),
        (b"---\npretty_name: Pets\n---\n" + b"x\n" * (3 << 20), "Pets"),
        (b"\xff\xd8\xff\x00", ""),
        (b"", ""),
        (b"---\npretty_name: " + b"x" * 100_000 + b"\n---\n", "x" * readme.MAX_LINE_CHARS),
    ],
    ids=["not UTF-8", "of 6 MB", "no text", "empty", "long"],
)
def test_cards_of_any_kind_are_shown(hub, commit, client, content, title):
    made = commit(content)
    assert read(hub, made)[0].title == title
    for page in ("/", "/datasets/ann/pets", "/datasets/ann/pets/blob/main/README.md"):
        assert client.get(page, headers={"Accept": "text/html"}).status_code == 200
