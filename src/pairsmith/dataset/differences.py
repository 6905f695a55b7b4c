"""Two builds of one source, row by row: what each kept, refused and made of a row.

Rows of both are read in the order of the source and walked through side by side, so that memory
does not depend on how many there are.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pairsmith.dataset.annotation import build_id
from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.dataset.picking import Cut, Row, Where
from pairsmith.dataset.quarantine import Refused
from pairsmith.dataset.rows import entries_of, kept_rows, refused_rows
from pairsmith.errors import OutputError
from pairsmith.io.remote import StoragePath

TEXTS = ("prompt", "chosen", "rejected", "tools", "text", "messages")
"""Columns that hold other texts in another form, by another template or system text."""

EXCHANGED = "replies exchanged"
KINDS = ("refused", "kept", "other reason", "changed", "only here", "only there")
"""What may have become of a row here that was otherwise there, in the order of the counts."""

Place = tuple[int, int, int]
"""Where a row stands in a split: the number of the file, of the row, of the comparison."""

ID = re.compile("(?:(0|[1-9][0-9]*)-)?([1-9][0-9]*)(?:/([1-9][0-9]*))?")


class Build(NamedTuple):
    """A build, as two are compared."""

    out: StoragePath
    built: Manifest


class Change(NamedTuple):
    """A row that is not the same in both builds.

    Attributes:
        id: The row's.
        kind: One of `KINDS`.
        why: The reason of what refuses it, here or else there; or what of it changed.
        here, there: The row in each build; None where that has no such row.
    """

    id: str
    kind: str
    why: str
    here: Row | None
    there: Row | None

    def as_json(self) -> dict[str, Any]:
        """Its fields, the rows as dictionaries."""
        rows = (
            row._asdict() if isinstance(row, Refused) else row for row in (self.here, self.there)
        )
        return {**self._asdict(), **dict(zip(("here", "there"), rows, strict=True))}


@dataclass
class Differences:
    """How two builds differ.

    Attributes:
        counts: Rows by `Change.kind` and `Change.why`.
        same: Rows that are the same.
        remarks: Sentences on what was not compared.
        rows: Some of the changes.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    same: int = 0
    remarks: list[str] = field(default_factory=list)
    rows: list[Change] = field(default_factory=list)

    def in_order(self) -> list[tuple[str, str, int]]:
        """The counts: by kind, and of each kind the largest first."""
        held = [(kind, why, count) for (kind, why), count in self.counts.items()]
        return sorted(held, key=lambda one: (KINDS.index(one[0]), -one[2], one[1]))


def compare_builds(here: Build, there: Build, where: Where, cut: Cut) -> Differences:
    """Compares two builds of one source.

    Args:
        here: The build that is looked at.
        there: The other.
        where: Which rows are looked at; words are searched in either row.
        cut: How many of the changes are held.

    Raises:
        OutputError: They are of different sources, or a file of one cannot be read.
    """
    _check_source(here, there)
    made = Differences(remarks=_remarks(here, there))
    columns = _told_apart(here.built, there.built)
    changes = _changes(here, there, where, made, columns)
    made.rows = cut.of(changes)
    for _ in changes:  # the others are counted
        pass
    return made


def _check_source(here: Build, there: Build) -> None:
    mine, other = (build_id(built, "") for _, built in (here, there))
    difference = other.difference(mine)
    if difference:
        raise OutputError(
            f"{there.out} is a build of another source than {here.out}: {difference}.",
            "Their ids name different rows. Compare two builds of one source.",
        )


def _told_apart(here: Manifest, there: Manifest) -> bool:
    """Whether the texts of rows can be compared: both are written in the same way."""
    one, other = (
        (built.recipe.form, built.recipe.template, built.recipe.system, built.recipe.full)
        for built in (here, there)
    )
    return one == other


def _remarks(here: Build, there: Build) -> list[str]:
    if _told_apart(here.built, there.built):
        return []
    return [
        "The builds write rows in different forms, templates or system texts, so every text "
        "differs: only what else there is of rows was compared."
    ]


def _changes(
    here: Build, there: Build, where: Where, made: Differences, texts: bool
) -> Iterator[Change]:
    """The changes, counted as they pass."""
    for entry in entries_of(here.built, where.subset, where.split):
        if where.search is None and _hashes(here.built, entry) == _hashes(there.built, entry):
            made.same += entry.read
            continue
        for mine, other in _side_by_side(_rows(here, entry), _rows(there, entry)):
            if not any(row is not None and where.finds(row) for row in (mine, other)):
                continue
            change = _change(mine, other, texts)
            if change is None:
                made.same += 1
                continue
            made.counts[change.kind, change.why] += 1
            yield change


def _hashes(built: Manifest, entry: LedgerEntry) -> list[tuple[str, str]]:
    """The files of a split, and what is in them."""
    mine = next(e for e in built.ledger if (e.subset, e.split) == (entry.subset, entry.split))
    return sorted((file.path, file.sha256) for file in built.outputs_of(mine))


def _rows(build: Build, entry: LedgerEntry) -> Iterator[tuple[Place, Row]]:
    """The rows of a split, kept and refused, in the order of the source."""
    place = entry.subset, entry.split
    kept = kept_rows(*build, place[0], split=place[1])
    refused = refused_rows(*build, place[0], split=place[1])
    streams = (_placed(build, entry, rows) for rows in (kept, refused))
    return heapq.merge(*streams, key=lambda held: held[0])


def _placed(build: Build, entry: LedgerEntry, rows: Iterable[Row]) -> Iterator[tuple[Place, Row]]:
    """Rows with their places, which ascend."""
    before: Place = (-1, 0, 0)
    beginning = f"{entry.subset}/{entry.split}/"
    for row in rows:
        id = _id_of(row)
        found = ID.fullmatch(id.removeprefix(beginning)) if id.startswith(beginning) else None
        numbers = [int(number or 0) for number in found.groups()] if found else [-1, 0, 0]
        place = (numbers[0], numbers[1], numbers[2])
        if place <= before:
            raise OutputError(
                f"The rows of {build.out} are not in the order of the source.",
                f"Run pairsmith check {build.out}.",
            )
        before = place
        yield place, row


def _side_by_side(
    here: Iterator[tuple[Place, Row]], there: Iterator[tuple[Place, Row]]
) -> Iterator[tuple[Row | None, Row | None]]:
    """The rows of one id together, in order; None where one has no such row."""
    mine, other = next(here, None), next(there, None)
    while mine is not None or other is not None:
        if other is None or (mine is not None and mine[0] < other[0]):
            yield (mine[1] if mine else None), None
            mine = next(here, None)
        elif mine is None or other[0] < mine[0]:
            yield None, other[1]
            other = next(there, None)
        else:
            yield mine[1], other[1]
            mine, other = next(here, None), next(there, None)


def _change(here: Row | None, there: Row | None, texts: bool) -> Change | None:
    """What became of a row; None where it is the same in both."""
    if here is None or there is None:
        row = there if here is None else here
        if row is None:
            return None
        kind = "only there" if here is None else "only here"
        return Change(_id_of(row), kind, _fate(row), here, there)
    if isinstance(here, Refused) and isinstance(there, Refused):
        kind, why = "other reason", f"{there.reason} → {here.reason}"
        return Change(here.id, kind, why, here, there) if here.reason != there.reason else None
    if isinstance(here, Refused):
        return Change(here.id, "refused", here.reason, here, there)
    if isinstance(there, Refused):
        return Change(there.id, "kept", there.reason, here, there)
    why = _changed(here, there, texts)
    return Change(here["id"], "changed", why, here, there) if why else None


def _changed(here: dict[str, Any], there: dict[str, Any], texts: bool) -> str:
    """Which columns of a kept row differ, or that its replies were exchanged; else empty."""
    names = [name for name in {**there, **here} if texts or name not in TEXTS]
    differ = [name for name in names if _differs(here.get(name), there.get(name))]
    mine, other = ((row.get("chosen"), row.get("rejected")) for row in (here, there))
    if mine == other[::-1] and mine != other and "prompt" not in differ:
        return EXCHANGED
    return ", ".join(differ)


def _differs(one: Any, other: Any) -> bool:
    return bool(one != other) and repr(one) != repr(other)  # as NaN does not from itself


def _fate(row: Row) -> str:
    return row.reason if isinstance(row, Refused) else "kept"


def _id_of(row: Row) -> str:
    return row.id if isinstance(row, Refused) else str(row["id"])
