"""What a page has its visitors' browsers ask for is on nobody's record."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from pairsmith.hub.app import application
from pairsmith.hub.auth import sessions
from pairsmith.hub.repos import events, repos
from support.hub.parquets import parquet
from support.hub.stock import commit_files
from support.slow import quick

PETS = "/datasets/ann/pets"
PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
IMAGE = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
HUB = "http://testserver"
ADDRESSES = [
    f"{PETS}/resolve/main/a.png",
    f"{PETS}/resolve/main/data/train.parquet",
    f"{PETS}/blob/main/notes.txt",
    f"{PETS}/viewer",
]
PARTS = {
    "by a card of another": {"referer": f"{HUB}/datasets/eve/bait"},
    "by another of the owner": {"referer": f"{HUB}/datasets/ann/pets2"},
    "by a page of the hub": {"referer": f"{HUB}/"},
    "by another site": {"referer": f"http://evil.example{PETS}"},
    "by nobody knows what": {},
    "by an address that is none": {"referer": "http://[::1"},
}


@pytest.fixture
def bob(hub, account):
    """A browser of one who may read the gated dataset, and the dataset."""
    ann, _ = account("ann")
    reader, header = account("bob")
    with hub.database.write() as db:
        repo = repos.create(db, ann, "dataset", "pets", private=False)
        repos.set_gate(db, repo, "manual")
        db.execute(
            "INSERT INTO requests (repo, user, status, fields, asked)"
            " VALUES (?, ?, 'accepted', '{}', 0)",
            (repo.id, reader.id),
        )
        secret = sessions.begin(db, reader)
    rows = {"prompt": ["p"], "chosen": ["c"], "rejected": ["r"]}
    contents = {"a.png": b"\x89PNG", "notes.txt": b"words", "data/train.parquet": parquet(rows)}
    commit_files(hub, repo, ann, contents)
    with TestClient(application(hub), follow_redirects=False) as client:
        client.cookies.set(sessions.COOKIE, secret)
        yield client, header


def recorded(hub) -> int:
    with hub.database.read() as db:
        return len(events.recent(db, repos.find(db, "dataset", "ann", "pets")))


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("by", PARTS)
@pytest.mark.parametrize("purpose", quick(["image", "iframe", "empty", "style", ""], "image", ""))
def test_a_part_of_another_page_is_refused_and_on_no_record(hub, bob, address, by, purpose):
    """By http to another machine browsers do not send what for."""
    browser, _ = bob
    told = {"sec-fetch-dest": purpose} if purpose else {}
    answer = browser.get(address, headers={"accept": IMAGE, **PARTS[by], **told})
    assert answer.status_code == 403
    assert recorded(hub) == 0


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("told", [{"sec-fetch-dest": "document"}, {}], ids=["https", "http"])
def test_what_is_opened_is_read_and_on_record(hub, bob, address, told):
    browser, _ = bob
    for number, by in enumerate(PARTS.values()):
        assert browser.get(address, headers={"accept": PAGE, **by, **told}).status_code == 200
        assert recorded(hub) == number + 1


@pytest.mark.parametrize("page", [PETS, f"{PETS}/blob/main/a.png", "/datasets/Ann/Pets/"])
def test_a_picture_on_a_page_of_its_own_dataset_is_shown(hub, bob, page):
    browser, _ = bob
    part = {"accept": IMAGE, "sec-fetch-dest": "image", "referer": f"{HUB}{page}?x"}
    assert browser.get(ADDRESSES[0], headers=part).status_code == 200
    assert recorded(hub) == 1


def test_programs_read_by_their_token(hub, bob):
    browser, header = bob
    browser.cookies.clear()
    assert browser.get(ADDRESSES[0], headers={**header, "accept": "*/*"}).status_code == 200
    assert recorded(hub) == 1
