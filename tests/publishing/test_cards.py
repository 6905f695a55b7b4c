"""The card on a hub: what its owner wrote there outlives the next build."""

from __future__ import annotations

import pytest

import pairsmith
from pairsmith.cli.render.publishing import summarize_plan
from pairsmith.publishing.plan import plan
from pairsmith.publishing.publish import publish
from pairsmith.publishing.refusals import PublishError
from support.hub.stock import commit_files

# of the stock client, which is run in a process of its own elsewhere
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")


@pytest.fixture
def card(stage, held):
    """The card on the hub; it is written as its owner would on a page."""

    def look(write: str | None = None) -> str:
        if write is not None:
            repo, _, _ = held()
            commit_files(stage.hub, repo, stage.user("ann"), {"README.md": write.encode()})
        return stage.hub.blobs.path(held()[2]["README.md"].blob).read_text()

    return look


@pytest.fixture
def send(stage, copy, monkeypatch):
    """Publishes the copy, or tells what that would do: without a process of its own."""
    stage.user("ann")
    monkeypatch.setenv("HF_TOKEN", stage.tokens["ann"])
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")

    def run(act=publish, **more):
        return act(copy, "ann/pairs", to=stage.endpoint, **more)

    return run


def test_what_was_written_on_the_hub_stays(send, held, card, copy):
    send()
    edited = card().replace("---\n\n<!--", "---\n\nPicked **in the garden**.\n\n<!--", 1)
    card(edited.replace("license: apache-2.0", "license: cc0-1.0 # ours"))
    pairsmith.build("sample", copy, template="chatml", force=True)
    head = held()[1].id
    kept = ("Kept of the card there: license.", "Kept of the card there: its prose, 4 words.")

    planned = send(plan)
    assert planned.remarks == kept
    assert "README.md" in {entry.path for entry in planned.sent}
    assert kept[1] in list(summarize_plan(planned))
    assert held()[1].id == head

    done = send()
    assert done.remarks[-2:] == kept
    assert sorted(done.sent) == sorted(planned.sent)
    now = card()
    assert "Picked **in the garden**." in now
    assert "license: cc0-1.0 # ours\n" in now
    assert "`chatml` chat format" in now
    assert send().commit == done.commit, "the same again makes no commit"


def test_a_card_that_is_given_takes_its_place_with_its_licence(send, held, card, tmp_path):
    send()
    card(card() + "\nWritten on the hub.\n")
    mine = tmp_path / "terms" / "card.md"
    mine.parent.mkdir()
    mine.write_text("---\nlicense: other\nlicense_name: tea\nlicense_link: LICENSE\n---\n# Tea\n")
    (mine.parent / "LICENSE").write_text("Drink it.\n")
    (mine.parent / "other.txt").write_text("at home\n")
    assert {entry.path for entry in send(plan, card=mine).sent} == {"README.md", "LICENSE"}
    send(card=mine)
    now = card()
    assert "license_name: tea\n" in now
    assert "\n# Tea\n" in now
    assert "Written on the hub." not in now
    assert "## The ledger" in now
    assert "LICENSE" in held()[2]
    assert "other.txt" not in held()[2]
    send()
    assert "LICENSE" in held()[2], "it stays without --card"
    assert card() == now


def test_words_of_the_folder_are_sent_until_the_hub_has_others(send, card, copy):
    send()
    place = copy / "README.md"
    place.write_text(place.read_text() + "\nFirst words.\n")
    send()
    assert "First words." in card()
    place.write_text(place.read_text().replace("First", "Second"))
    said = f"The prose of {place} is another, and not sent; --card {place} sends it."
    assert said in send().remarks
    assert "First words." in card()
    send(card=place)
    assert "Second words." in card()


def test_whose_a_card_without_marks_is(send, held, card, copy):
    send()
    card("---\nlicense: mit\n---\n# Of an earlier version\n")
    assert "has no marks" in send().remarks[-1]
    assert card() == (copy / "README.md").read_text()


def test_a_card_that_was_written_before_the_first_build_is_kept(send, stage, card):
    stage.put("ann/pairs", {"README.md": b"---\nlicense: cc0-1.0\n---\n# By hand\n"})
    send()
    now = card()
    assert "# By hand" in now
    assert "license: cc0-1.0\n" in now
    assert "## The ledger" in now
    assert "config_name: default" in now


@pytest.mark.parametrize("data", [b"\xff", None, b"x" * (2 << 20)], ids=["bytes", "none", "long"])
def test_a_card_that_cannot_be_read_is_told(send, held, tmp_path, data):
    path = tmp_path / "card.md"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(PublishError, match="card"):
        send(card=path)
