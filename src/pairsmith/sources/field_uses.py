"""What became of the fields of rows: each was used, carried or left out, whatever its depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from pairsmith.sources.columnar.column_types import is_list
from pairsmith.sources.columnar.field_masks import Masks
from pairsmith.sources.columnar.messages import Mask
from pairsmith.sources.fields import join_path
from pairsmith.sources.records import Index

MOST_PATHS = 1_000
"""At most this many paths of a split are told apart."""

MOST_CHARACTERS = 500
"""A longer path goes by no name of its own."""

OTHERS = "(others)"
"""What stands for all further ones: rows that have any of them."""


class Use(StrEnum):
    """What became of a field."""

    USED = "used"
    CARRIED = "carried"
    LEFT_OUT = "left_out"
    QUARANTINED = "quarantined"


class Uses(NamedTuple):
    """What became of the fields of n rows, or of n groups of rows.

    Attributes:
        sizes: n numbers: how many rows of the source each stands for.
        masks: By path and use n numbers or flags: how many of these have the field. No row has one
            in two uses.
    """

    sizes: Index
    masks: dict[tuple[str, Use], Mask | Index]

    @property
    def rows(self) -> int:
        """How many rows of the source there are."""
        return int(self.sizes.sum())

    def part(self, start: int, size: int) -> Uses:
        """The `size` rows from `start` on."""
        masks = {key: mask[start : start + size] for key, mask in self.masks.items()}
        return Uses(self.sizes[start : start + size], masks)

    def tally(self, kept: Mask) -> FieldCounts:
        """Counts the rows that have each field, in each use.

        Args:
            kept: n flags: the rows of which something was kept; the fields of all others are
                quarantined with them.
        """
        counts = FieldCounts({})
        for (path, use), mask in self.masks.items():
            counts.add(path, use, int(mask[kept].sum()))
            counts.add(path, Use.QUARANTINED, int(mask[~kept].sum()))
        return counts


def _as_told(path: str) -> str:
    """A path as it can be written down: halves of surrogate pairs are not, nor is what has no end.

    A row that has two such fields counts in both.
    """
    if len(path) > MOST_CHARACTERS:
        return OTHERS
    return path if path.isascii() else path.encode(errors="backslashreplace").decode()


Counts: TypeAlias = dict[str, dict[str, int]]


class FieldCounts(NamedTuple):
    """How many rows have each field, in each use.

    Attributes:
        counts: By path, then by use, those that occur.
    """

    counts: Counts

    def add(self, path: str, use: str, rows: int) -> None:
        """Counts rows."""
        if not rows:
            return
        if path not in self.counts:
            path = _as_told(path)
        if path not in self.counts and len(self.counts) >= MOST_PATHS:
            path = OTHERS
        held = self.counts.setdefault(path, {})
        held[use] = held.get(use, 0) + rows

    def update(self, counts: Counts) -> None:
        """Adds the counts of others."""
        for path, held in counts.items():
            for use, rows in held.items():
                self.add(path, use, rows)

    def in_order(self) -> Counts:
        """The counts by the paths' names, the uses in the order of `Use`."""
        return {
            path: {use.value: self.counts[path][use] for use in Use if use in self.counts[path]}
            for path in sorted(self.counts)
        }


def paths_of_schema(fields: pa.Schema) -> frozenset[str]:
    """The paths of all leaves of a schema."""
    return frozenset(path for field in fields for path in _leaves(field.type, field.name))


def _leaves(given: pa.DataType, path: str) -> list[str]:
    if is_list(given):
        return _leaves(given.value_type, f"{path}[]")
    if pa.types.is_struct(given):
        return [
            leaf for field in given for leaf in _leaves(field.type, join_path(path, field.name))
        ]
    return [path]


def sort_masks(
    masks: Masks, used: frozenset[str], carried: frozenset[str], rows: Mask
) -> dict[tuple[str, Use], Mask]:
    """The masks by use, of some rows whose used fields are known.

    Args:
        masks: By path n flags.
        used: The paths that are read.
        carried: The paths that are carried.
        rows: n flags: the rows that count.
    """
    sorted_masks = {}
    for path, mask in masks.items():
        mine = mask & rows
        if mine.any():
            use = Use.USED if path in used else Use.LEFT_OUT
            if use != Use.USED and is_below(path, carried):
                use = Use.CARRIED
            sorted_masks[path, use] = mine
    return sorted_masks


def masks_of_uses(
    uses: dict[tuple[str, Use], list[int]], count: int
) -> dict[tuple[str, Use], Mask | Index]:
    """How often each of `count` places is named."""
    return {
        key: np.bincount(np.array(places, np.int64), minlength=count)
        for key, places in uses.items()
    }


def add_masks(
    masks: dict[tuple[str, Use], Mask | Index], others: Mapping[tuple[str, Use], Mask | Index]
) -> dict[tuple[str, Use], Mask | Index]:
    """The masks of some rows with those of others."""
    joined = {key: mask + masks[key] if key in masks else mask for key, mask in others.items()}
    return masks | joined


def count_as_used(uses: Uses, paths: Iterable[str]) -> Uses:
    """The uses, with these fields among the used where they were left out."""
    masks = dict(uses.masks)
    for path in paths:
        if (left := masks.pop((path, Use.LEFT_OUT), None)) is not None:
            masks = add_masks(masks, {(path, Use.USED): left})
    return uses._replace(masks=masks)


def is_below(path: str, names: frozenset[str]) -> bool:
    """Whether a path is one of these, or stands below one."""
    return any(path == name or path.startswith((f"{name}.", f"{name}[")) for name in names)


def count_names(counts: Counts, use: Use) -> Counter[str]:
    """How many rows have each field in one use, the commonest first."""
    found = Counter({path: held[use] for path, held in counts.items() if use in held})
    return Counter(dict(found.most_common()))
