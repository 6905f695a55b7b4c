"""Git's object ids, by which clients know small files (`git hash-object`)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

PIECE = 1 << 20


def begun(size: int) -> _Hash:
    """A hash that was begun as git begins that of a content of so many bytes."""
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


def id_of_file(path: Path, size: int) -> str:
    """The id of a file of so many bytes."""
    made = begun(size)
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            made.update(piece)
    return made.hexdigest()
