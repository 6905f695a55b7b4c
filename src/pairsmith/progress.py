"""How far a long job has come, for whoever shows it: the library itself prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Progress(NamedTuple):
    """How far a build has come.

    Attributes:
        path: The file being read.
        rows: Rows read so far, of all files.
        done: Bytes read so far, of all files, as they lie there.
        total: Bytes of all files; 0 where a file system does not tell.
    """

    path: str
    rows: int
    done: int
    total: int


Watch: TypeAlias = Callable[[Progress], None]
"""A callback that a long job calls with its progress."""
