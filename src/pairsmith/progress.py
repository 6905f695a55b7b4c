"""How far a long job has come, for whoever shows it: the library itself prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass
class Steps:
    """Tells how far something of several steps has come.

    Attributes:
        progress: Whom it is told; None for nobody.
        rows: Of the dataset.
        total: How many steps there are.
        done: How many have begun.
    """

    progress: Watch | None
    rows: int
    total: int
    done: int = 0

    def begin(self, name: str) -> None:
        """Tells that a step begins."""
        if self.progress is not None:
            self.progress(Progress(name, self.rows, self.done, self.total))
        self.done += 1
