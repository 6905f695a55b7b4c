"""The first question of each pair of a build, by its key: which conversation a row is of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pairsmith.dataset.reader import Dataset
from pairsmith.schema.splits import is_held_out
from pairsmith.text.questions import opening_keys


class Asked(NamedTuple):
    """The first questions of n kept rows of one split of one subset.

    Attributes:
        subset, split: Where the rows stand.
        ids: n ids.
        keys: n keys, as `opening_keys` gives them; None for a row without a question, and for text
            whose turns cannot be told.
    """

    subset: str
    split: str
    ids: list[str]
    keys: list[bytes | None]


def first_questions(out: Path) -> Iterator[Asked]:
    """The first questions of the kept pairs of a build, in the order of its rows.

    Args:
        out: The folder of the build.

    Raises:
        OutputError: It holds no finished build, or none with pairs; or a shard cannot be read.
    """
    for batch in Dataset(out).batches():
        keys = opening_keys(batch.chosen)
        known = np.asarray(batch.exact).tolist()
        told = [key if exact else None for key, exact in zip(keys, known, strict=True)]
        yield Asked(batch.subset, batch.split, batch.ids.to_pylist(), told)


def held_out_questions(out: Path) -> dict[bytes, str]:
    """The questions of the rows that a build holds out, each with the id of its first such row.

    Args:
        out: The folder of the build.

    Raises:
        OutputError: As `first_questions`.
    """
    found: dict[bytes, str] = {}
    for asked in first_questions(out):
        if is_held_out(asked.split):
            for key, id in zip(asked.keys, asked.ids, strict=True):
                if key is not None:
                    found.setdefault(key, id)
    return found


def trained_on(out: Path, held_out: dict[bytes, str]) -> Iterator[tuple[str, str]]:
    """The rows of a build's train splits that open with a question that is held out elsewhere.

    Args:
        out: The folder of the build.
        held_out: Of a build, as `held_out_questions` gives them.

    Yields:
        The id of the row in train, and the id of the row that is held out.

    Raises:
        OutputError: As `first_questions`.
    """
    for asked in first_questions(out):
        if not is_held_out(asked.split):
            there = [key is not None and key in held_out for key in asked.keys]
            for id, key in compress(zip(asked.ids, asked.keys, strict=True), there):
                yield id, held_out[key or b""]
