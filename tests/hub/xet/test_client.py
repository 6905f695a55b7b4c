"""What the stock client sends, byte for byte, over a real connection."""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pytest
from huggingface_hub._commit_api import CommitOperationAdd, _upload_xet_files
from huggingface_hub.utils import disable_progress_bars

from pairsmith.hub.accounts import tokens, users
from pairsmith.hub.blobs import held
from pairsmith.hub.xet import endpoints, uploads

RANDOM = random.Random(1).randbytes(5_000_000)
TEXT = "".join(f"\n\nHuman: {n} and {n % 7}?\n\nAssistant: {n + n % 7}." for n in range(125_000))
STEPS = np.random.default_rng(1).normal(size=5_000_000)
FLOATS = np.cumsum(STEPS).astype("<f4").tobytes()


@pytest.fixture
def owner(served):
    """An account of the hub, and what its client sends."""
    disable_progress_bars()
    with served.database.write() as db:
        ann = users.add(db, "ann", "Ann", "ann@example.org", None)
        token = tokens.add(db, ann, "test", "write")
    return ann, {"authorization": f"Bearer {token}"}


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
            blob = held(db, repo.id, hashlib.sha256(content).hexdigest())
            assert blob is not None
            assert hub.blobs.path(blob.sha256).read_bytes() == content


def test_every_kind_of_file_arrives(served, owner, repo, tmp_path):
    ann, headers = owner
    pairs = repo(served, ann)
    path = tmp_path / "floats.bin"
    path.write_bytes(FLOATS)
    contents = [b"", b"x", RANDOM, TEXT.encode(), RANDOM[:3_000_000] + TEXT[:2_000_000].encode()]
    send(served, headers, "ann/pairs", [*contents, str(path)])
    check_held(served, pairs, [*contents, FLOATS])
    waiting = {path.name for path in served.blobs.staging.iterdir()}
    assert waiting == {"xet"}


def test_the_same_content_goes_to_two_repositories_and_twice_to_one(served, owner, repo):
    ann, headers = owner
    first, second = repo(served, ann), repo(served, ann, "others")
    for name in ("ann/pairs", "ann/others", "ann/pairs"):
        send(served, headers, name, [RANDOM, RANDOM + b"!"])
    for one in (first, second):
        check_held(served, one, [RANDOM, RANDOM + b"!"])
    with served.database.read() as db:
        assert db.execute("SELECT count(*) FROM blobs").fetchone()[0] == 2
        assert db.execute("SELECT count(*) FROM uploads").fetchone()[0] == 3


def test_an_upload_outlives_its_tokens(served, owner, repo, monkeypatch):
    monkeypatch.setattr(uploads, "LIFETIME", 5)  # the client renews what ends within 30 seconds
    ann, headers = owner
    pairs = repo(served, ann)
    send(served, headers, "ann/pairs", [RANDOM])
    check_held(served, pairs, [RANDOM])
    with served.database.read() as db:
        assert db.execute("SELECT count(*) FROM uploads").fetchone()[0] > 2
    assert len(list((served.blobs.staging / "xet").iterdir())) == 1


def test_the_client_waits_as_long_as_it_is_told_how_far_it_is(served, owner, repo, monkeypatch):
    monkeypatch.setattr(endpoints, "PATIENCE", 0)
    ann, headers = owner
    pairs = repo(served, ann)
    send(served, headers, "ann/pairs", [FLOATS])
    check_held(served, pairs, [FLOATS])


def test_a_repository_that_is_not_ones_own_takes_nothing(served, owner, repo):
    _, headers = owner
    with served.database.write() as db:
        bob = users.add(db, "bob", "Bob", "bob@example.org", None)
    repo(served, bob)
    with pytest.raises(Exception, match="403"):
        send(served, headers, "bob/pairs", [RANDOM])
    assert list(served.blobs.staging.iterdir()) == []
