"""One file of a source, and the names of subsets."""

from __future__ import annotations

import re
from typing import NamedTuple

from pairsmith.errors import SourceError
from pairsmith.io.paths import FsspecPath
from pairsmith.schema.rows import Kind
from pairsmith.sources import hh, redteam

SAMPLE = "sample"
ALL_SUBSETS = (*hh.SUBSETS, redteam.SUBSET)
DIRECT = "pairs"
"""The subset of files that lie in the folder itself, or by themselves."""

RESERVED = ("annotations", "audit", "default", "quarantine", "unfinished")
"""No subset may be called so: a config of a card, and the folders of a build."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")
LONGEST = 96
"""A name of a subset or a split has no more characters than this: it becomes part of others."""


class Told(NamedTuple):
    """Fields that tell where each row of a file belongs.

    Attributes:
        split, subset: The names that lead to each; None where the file, not its rows, tells it.
        home: The subset and the split of rows that do not tell.
        known: All that rows were found to tell: subsets with splits.
    """

    split: tuple[str, ...] | None
    subset: tuple[str, ...] | None
    home: tuple[str, str]
    known: frozenset[tuple[str, str]] = frozenset()

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the fields."""
        return tuple(".".join(steps) for steps in (self.split, self.subset) if steps is not None)


class SourceFile(NamedTuple):
    """One file of a source; or, where fields tell where rows belong, those of one split in it.

    Attributes:
        kind: What its rows are.
        subset, split: Where its rows belong.
        path: Its path below the source, or its bare name: what the manifest calls it.
        place: Where it lies.
        nth: Its number among the files of its split, from 0, in the order of their paths; None
            where it is the only one.
        told: What tells which rows of the file are meant; None where all are.
        source: The number of the source that it is of, from 0, as the user names them.
    """

    kind: Kind
    subset: str
    split: str
    path: str
    place: FsspecPath
    nth: int | None = None
    told: Told | None = None
    source: int = 0

    @property
    def id_prefix(self) -> str:
        """What the ids of its rows begin with: `subset/split/`, or `subset/split/2-`."""
        return f"{self.subset}/{self.split}/" + ("" if self.nth is None else f"{self.nth}-")


def kind_of(subset: str) -> Kind:
    """What the rows of a subset are."""
    return Kind.DIALOGUES if subset == redteam.SUBSET else Kind.PAIRS


def check_subset(subset: str) -> str:
    """The name of a subset, checked.

    Raises:
        SourceError: No subset may be called so.
    """
    if not _SLUG.fullmatch(subset) or subset in RESERVED or len(subset) > LONGEST:
        raise SourceError(
            f"{subset[:LONGEST]!r} cannot name a subset.",
            f"Use small letters, digits, - and _; not {', '.join(RESERVED)}.",
        )
    return subset


def slug_of(name: str) -> str:
    """A name as subsets are written: in lower case, `-` for all but letters, digits, - and _.

    Raises:
        SourceError: Nothing is left of it, or no subset may be called so.
    """
    return check_subset(re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_") or name)
