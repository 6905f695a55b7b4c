"""Paths of files as a manifest lists them, below its folder; whoever wrote it may be anybody."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

MOST_CHARACTERS, MOST_OF_PART = 4096, 255
"""The longest path, in characters, and the longest part of one, in bytes, that systems take."""


def is_below(path: str) -> bool:
    """Whether a path, as a manifest lists it, stays in its folder.

    >>> is_below("tea/train.jsonl"), is_below("../secret"), is_below("/etc/passwd")
    (True, False, False)
    """
    inner = PurePosixPath(path)
    return not inner.is_absolute() and ".." not in inner.parts


def is_possible(path: str) -> bool:
    """Whether a file can have a path: where it cannot, looking for it fails in odd ways.

    >>> is_possible("tea/train.jsonl"), is_possible("a" * 300)
    (True, False)
    """
    if len(path) > MOST_CHARACTERS or "\0" in path:
        return False
    try:
        return all(len(os.fsencode(part)) <= MOST_OF_PART for part in path.split("/"))
    except UnicodeEncodeError:
        return False
