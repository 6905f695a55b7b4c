"""A xorb of three chunks to send, the calls of the protocol, and what a hub holds afterwards."""

from __future__ import annotations

import hashlib

from pairsmith.hub.core.blobs import blob_of_repo
from support.hub import xorbs
from support.hub.xorbs import Part

ONE, TWO, THREE = b"one " * 5000, b"two " * 4001, bytes(range(256)) * 100
XORB = xorbs.chunk(ONE) + xorbs.chunk(TWO, 1) + xorbs.chunk(THREE, 2) + xorbs.footer()
NAME = xorbs.name(XORB)
WHOLE = Part(NAME, 0, 3, len(ONE + TWO + THREE))
CALLS = [
    ("GET", "/v1/chunks/default/" + "a" * 64),
    ("GET", "/v1/chunks/default-merkledb/" + "a" * 64),
    ("POST", "/v1/xorb-grants/default/" + "a" * 64),
    ("POST", "/v1/xorbs/default/" + NAME),
    ("POST", "/v1/shards"),
    ("POST", "/v2/shards"),
    ("GET", "/chunks/default/" + "a" * 64),
    ("POST", "/xorbs/default/" + NAME),
    ("POST", "/shards"),
    ("GET", "/chunk/default/" + "a" * 64),
    ("POST", "/xorb/default/" + NAME),
    ("POST", "/shard/default/" + "a" * 64),
]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


WRONG = {
    "sha256": (xorbs.file(sha256(b"else"), WHOLE), "what its chunks make up is"),
    "empty": (xorbs.file(sha256(b"else")), "what its chunks make up is"),
    "size": (xorbs.file(sha256(ONE), Part(NAME, 0, 1, len(ONE) - 1)), "the shard says"),
    "chunk": (xorbs.file(sha256(ONE), Part(NAME, 0, 4, len(ONE))), "chunk 3 of a xorb of 3"),
    "xorb": (xorbs.file(sha256(ONE), Part("0" * 64, 0, 1, len(ONE))), "was not sent"),
}


def has(hub, repo, *contents: bytes) -> list[bool]:
    with hub.database.read() as db:
        blobs = [blob_of_repo(db, repo.id, sha256(content)) for content in contents]
    for blob, content in zip(blobs, contents, strict=True):
        assert blob is None or hub.blobs.path(blob.sha256).read_bytes() == content
    return [blob is not None for blob in blobs]


def waiting(hub) -> list[str]:
    """Every file below `incoming`."""
    return sorted(path.name for path in hub.blobs.staging.rglob("*") if path.is_file())


def kept(hub) -> int:
    """How many blobs there are, on disk and in the database."""
    on_disk = sum(path.is_file() for path in hub.blobs.folder.rglob("*"))
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM blobs").fetchone()[0] == on_disk
    return on_disk
