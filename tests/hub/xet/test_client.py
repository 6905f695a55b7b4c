"""What the stock client sends, byte for byte, over a real connection."""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pytest
from huggingface_hub._commit_api import CommitOperationAdd, _upload_xet_files
from huggingface_hub.utils.tqdm import disable_progress_bars

from pairsmith.hub.auth import users
from pairsmith.hub.core.blobs import blob_of_repo
from pairsmith.hub.xet import endpoints, uploads

RANDOM = random.Random(1).randbytes(5_000_000)
TEXT = "".join(f"\n\nHuman: {n} and {n % 7}?\n\nAssistant: {n + n % 7}." for n in range(125_000))
STEPS = np.random.default_rng(1).normal(size=5_000_000)
FLOATS = np.cumsum(STEPS).astype("<f4").tobytes()


@pytest.fixture
def owner(account, served, tmp_path, monkeypatch):
    """An account of a hub that is served, and what its client sends."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_XET_CACHE", str(tmp_path / "home" / "xet"))
    disable_progress_bars()
    return account("ann")


def send(hub, headers, name: str, contents: list) -> None:
    additions = [
        CommitOperationAdd(f"data/{number}", content) for number, content in enumerate(contents)
    ]
    _upload_xet_files(
        additions=additions,
        repo_type="dataset",
        repo_id=name,
        headers=headers,
        endpoint=hub.settings.public_url,
        revision="main",
    )


def check_held(hub, repo, contents: list[bytes]) -> None:
    with hub.database.read() as db:
        for content in contents:
            blob = blob_of_repo(db, repo.id, hashlib.sha256(content).hexdigest())
            assert blob is not None
            assert hub.blobs.path(blob.sha256).read_bytes() == content


def test_every_kind_of_file_arrives(hub, owner, repo, tmp_path):
    ann, headers = owner
    pairs = repo(hub, ann)
    path = tmp_path / "floats.bin"
    path.write_bytes(FLOATS)
    contents = [b"", b"x", RANDOM, TEXT.encode(), RANDOM[:3_000_000] + TEXT[:2_000_000].encode()]
    send(hub, headers, "ann/pairs", [*contents, str(path)])
    check_held(hub, pairs, [*contents, FLOATS])
    waiting = {path.name for path in hub.blobs.staging.iterdir()}
    assert waiting == {"xet"}


def test_the_same_content_goes_to_two_repositories_and_twice_to_one(hub, owner, repo):
    ann, headers = owner
    first, second = repo(hub, ann), repo(hub, ann, "others")
    for name in ("ann/pairs", "ann/others", "ann/pairs"):
        send(hub, headers, name, [RANDOM, RANDOM + b"!"])
    for one in (first, second):
        check_held(hub, one, [RANDOM, RANDOM + b"!"])
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM blobs").fetchone()[0] == 2
        assert db.execute("SELECT count(*) FROM uploads").fetchone()[0] == 3


def test_an_upload_outlives_its_tokens(hub, owner, repo, monkeypatch):
    monkeypatch.setattr(uploads, "LIFETIME", 5)  # the client renews what ends within 30 seconds
    ann, headers = owner
    pairs = repo(hub, ann)
    send(hub, headers, "ann/pairs", [RANDOM])
    check_held(hub, pairs, [RANDOM])
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM uploads").fetchone()[0] > 2
    assert len(list((hub.blobs.staging / "xet").iterdir())) == 1


def test_the_client_waits_as_long_as_it_is_told_how_far_it_is(hub, owner, repo, monkeypatch):
    monkeypatch.setattr(endpoints, "PATIENCE", 0)
    ann, headers = owner
    pairs = repo(hub, ann)
    send(hub, headers, "ann/pairs", [FLOATS])
    check_held(hub, pairs, [FLOATS])


def test_a_repository_that_is_not_ones_own_takes_nothing(hub, owner, repo):
    _, headers = owner
    with hub.database.write() as db:
        bob = users.add(db, "bob", "Bob", "bob@example.org", None)
    repo(hub, bob)
    with pytest.raises(Exception, match="403"):
        send(hub, headers, "bob/pairs", [RANDOM])
    assert list(hub.blobs.staging.iterdir()) == []
