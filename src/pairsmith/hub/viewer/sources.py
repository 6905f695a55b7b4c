"""The files that the viewer reads: by the name that they have here, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Source(NamedTuple):
    """A file: its path in the repository, and where its content lies."""

    name: str
    path: Path


class UnreadableError(Exception):
    """Files whose rows cannot be shown; the message says why in a sentence."""


def paths_of(sources: Sequence[Source]) -> list[str]:
    """Where the files lie."""
    return [str(source.path.absolute()) for source in sources]
