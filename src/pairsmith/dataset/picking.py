"""Rows of a build that are picked: by where they are, what they hold, who names them, or at random.

Rows are read in batches and let go, but for those that are picked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset.annotation import Annotation
from pairsmith.dataset.manifest import Manifest
from pairsmith.dataset.nearest import nearest_id
from pairsmith.dataset.quarantine import Refused
from pairsmith.dataset.row_ids import read_row_ids
from pairsmith.dataset.rows import entries_of, kept_ids, kept_rows, refused_rows, rows_by_id
from pairsmith.dataset.searching import Search
from pairsmith.errors import AnnotationError, OutputError
from pairsmith.io.remote import StoragePath
from pairsmith.sources.rows.groups import split_group
from pairsmith.text.spans import to_numpy

Row: TypeAlias = dict[str, Any] | Refused
Said: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
Item = TypeVar("Item")

READ_TOGETHER = 5_000
"""Named rows that are read together, where each has to be searched."""


class Picked(NamedTuple):
    """Rows, and what is said of them.

    Attributes:
        rows: Kept ones as shards hold them, and quarantined ones.
        said: By id, the statements of who names them, less the id; None where nobody does.
    """

    rows: list[Row]
    said: Said | None

    def as_json(self) -> list[dict[str, Any]]:
        """Each row with its fields; and `said`, its statements, if somebody names rows."""
        rows = [row if isinstance(row, dict) else row._asdict() for row in self.rows]
        if self.said is None:
            return rows
        return [{**row, "said": self.said.get(row["id"], [])} for row in rows]

    def raw_lines(self, is_grouped: Callable[[str], bool]) -> Iterator[bytes]:
        """The quarantined rows as they stood in the source, a line each.

        Args:
            is_grouped: Whether several rows of a file, by its path, may be refused together.
        """
        for row in self.rows:
            if not isinstance(row, dict):
                for raw in split_group(row.data) if is_grouped(row.path) else [row.data]:
                    yield raw + b"\n"


class Naming(Protocol):
    """Who names rows, in an order of its own, and says something of each."""

    def ids(self) -> Iterator[pa.StringArray]:
        """The ids of rows, in batches; one may come again."""

    def of(self, ids: Collection[str]) -> Said:
        """What is said of some rows, by id."""


class Statements(NamedTuple):
    """An annotation as who names rows, all of its statements or those with a label."""

    annotation: Annotation
    label: str | None

    def ids(self) -> Iterator[pa.StringArray]:
        """The ids of its statements, in their order."""
        return (batch["id"] for batch in self.annotation.batches(self.label))

    def of(self, ids: Collection[str]) -> Said:
        """The statements on some rows."""
        return self.annotation.of(ids, self.label)


class Where(NamedTuple):
    """Which rows are looked at.

    Attributes:
        subset: Only of this subset.
        split: Only of splits with this name.
        search: Only with these words.
    """

    subset: str | None = None
    split: str | None = None
    search: Search | None = None

    def finds(self, row: Row) -> bool:
        """Whether a row holds what is searched."""
        return self.search is None or self.search.finds(row)


class Cut(NamedTuple):
    """How many of the rows that are found.

    Attributes:
        most: The most rows to pick; None for all.
        first: The first of them, from 1.
        seed: Each row with the same chance, by this seed; None for them in order.
    """

    most: int | None
    first: int = 1
    seed: int | None = None

    def of(self, found: Iterable[Item]) -> list[Item]:
        """Those of some that are wanted, in their order; the others are let go."""
        if self.seed is not None:
            return _draw(found, self.most or 0, self.seed)
        start = self.first - 1
        return [*islice(found, start, None if self.most is None else start + self.most)]


def _draw(found: Iterable[Item], count: int, seed: int) -> list[Item]:
    """Draws `count` items, each with the same chance: a reservoir (algorithm R, Vitter 1985)."""
    chance, held = Random(seed), list[tuple[int, Item]]()  # noqa: S311  (no secret)
    for place, item in enumerate(found):
        if place < count:
            held.append((place, item))
        elif (slot := chance.randrange(place + 1)) < count:
            held[slot] = place, item
    return [item for _, item in sorted(held, key=lambda one: one[0])]


def pick_kept(
    out: StoragePath, built: Manifest, where: Where, cut: Cut, note: str | None = None
) -> Picked:
    """Picks of the kept rows.

    Args:
        out: The folder of the build.
        built: Its manifest.
        where: Which are looked at.
        cut: How many of them.
        note: Only rows with this note.

    Raises:
        OutputError: The build has no such subset or split, or a file of it cannot be read.
    """
    entries = entries_of(built, where.subset, where.split)
    if cut.seed is not None and where.search is None and note is None:
        ids = (id for entry in entries for held in kept_ids(out, built, entry) for id in held)
        return _fetch(out, built, [id.as_py() for id in cut.of(ids)])
    rows = kept_rows(out, built, where.subset, note, where.split)
    return Picked(cut.of(filter(where.finds, rows)), None)


def pick_refused(
    out: StoragePath, built: Manifest, where: Where, cut: Cut, reason: str | None = None
) -> Picked:
    """Picks of the quarantined rows; as `pick_kept`, with a reason in place of a note."""
    rows = refused_rows(out, built, where.subset, reason, where.split)
    return Picked(cut.of(filter(where.finds, rows)), None)


def pick_named(out: StoragePath, built: Manifest, naming: Naming, where: Where, cut: Cut) -> Picked:
    """Picks of the rows that somebody names, in the order in which they are named first.

    Args:
        out: The folder of the build.
        built: Its manifest.
        naming: Who names them.
        where: Which of them are looked at.
        cut: How many of these.

    Raises:
        OutputError: As `pick_kept`.
        AnnotationError: What is named is no row.
    """
    ids = _named(out, built, naming, where)
    if where.search is None:
        return _fetch(out, built, cut.of(ids), naming)
    together = iter(lambda: [*islice(ids, READ_TOGETHER)], [])
    found = (_fetch(out, built, held).rows for held in together)
    rows = cut.of(row for held in found for row in held if where.finds(row))
    return Picked(rows, naming.of([_id_of(row) for row in rows]))


def pick_ids(
    out: StoragePath, built: Manifest, ids: Sequence[str], naming: Naming | None = None
) -> Picked:
    """Reads the rows with these ids, in their order, each once.

    Args:
        out: The folder of the build.
        built: Its manifest.
        ids: Ids, as `harmless-base/train/3`.
        naming: Who says something of them.

    Raises:
        OutputError: There is no such row; the nearest one is named.
    """
    return _fetch(out, built, [*dict.fromkeys(ids)], naming)


def _fetch(
    out: StoragePath, built: Manifest, ids: Sequence[str], naming: Naming | None = None
) -> Picked:
    found = rows_by_id(out, built, ids)
    for id in ids:
        if id not in found:
            near = nearest_id(out, built, id)
            hint = f"The nearest is {near}." if near else "An id is subset/split/number."
            raise OutputError(f"{out} has no row {id!r}.", hint)
    return Picked([found[id] for id in ids], None if naming is None else naming.of(ids))


def _named(out: StoragePath, built: Manifest, naming: Naming, where: Where) -> Iterator[str]:
    """The ids of the rows that are named, each once; one byte is held for each row of the build."""
    places = [f"{e.subset}/{e.split}/" for e in entries_of(built, where.subset, where.split)]
    rows = read_row_ids(out, built)
    seen = np.zeros(rows.count, bool)
    for ids in naming.ids():
        numbers = rows.find(ids)
        if (numbers < 0).any():
            strange = ids[int(np.argmin(numbers))]
            raise AnnotationError(f"Something is said of {strange}, which is no row.")
        mine = np.any([to_numpy(pc.starts_with(ids, place)) for place in places], axis=0)
        first = np.zeros(len(ids), bool)
        first[np.unique(numbers, return_index=True)[1]] = True
        new = mine & first & ~seen[numbers]
        seen[numbers[new]] = True
        yield from ids.filter(pa.array(new)).to_pylist()


def _id_of(row: Row) -> str:
    return str(row["id"]) if isinstance(row, dict) else row.id
