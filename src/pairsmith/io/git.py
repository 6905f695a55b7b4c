"""Git's object ids, by which clients know small files (`git hash-object`)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

PIECE = 1 << 20


def begin_blob_hash(size: int) -> _Hash:
    """A sha1 that has hashed git's header of a blob of `size` bytes."""
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


def id_of_file(path: Path, size: int) -> str:
    """The git blob id of a file of `size` bytes, in hexadecimal."""
    made = begin_blob_hash(size)
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            made.update(piece)
    return made.hexdigest()
