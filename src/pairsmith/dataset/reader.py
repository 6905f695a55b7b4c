"""A built dataset as questions see it: conversations in batches, and keys of all rows in DuckDB.

Only keys travel: the hash of every turn, chained, so that the hash of any beginning of a
conversation is at hand. Texts are read again, batch by batch, by whoever needs them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.chat_templates.prepare import prepare_located
from pairsmith.chat_templates.resolve import LocatedTemplate
from pairsmith.dataset.manifest import LedgerEntry, read_manifest
from pairsmith.dataset.quarantine import quarantine_path
from pairsmith.dataset.rows import kept_batches, refused_rows
from pairsmith.errors import OutputError
from pairsmith.io.paths import locate
from pairsmith.kernel.unrender import unrender
from pairsmith.schema.rows import Form, Kind
from pairsmith.schema.templates import Compiled
from pairsmith.sources.formats.jsonl import read_lines
from pairsmith.sources.layouts import SourceFile, kind_of
from pairsmith.sources.read import Block, arrange_rows
from pairsmith.sources.reader import reader_of
from pairsmith.text.messages import read_messages
from pairsmith.text.spans import Index, to_numpy
from pairsmith.text.transcript import parse
from pairsmith.text.turns import SYSTEM, Turns, join_turns, select

BATCH = 10_000
"""Rows that are looked at together."""


class Batch(NamedTuple):
    """n rows of pairs of one split of one subset.

    Attributes:
        first: The number of the first among all rows that are looked at; the others follow.
        subset, split: Where they belong.
        ids: n ids.
        kept: Whether they are kept rows; the others are from the quarantine.
        chosen: Whole conversations, the reply last; without the recipe's system text.
        rejected: The same; before the last turn equal to chosen's in kept rows.
    """

    first: int
    subset: str
    split: str
    ids: pa.StringArray
    kept: bool
    chosen: Turns
    rejected: Turns


class Dataset:
    """The pairs of a build.

    Args:
        out: The folder of the build.

    Raises:
        OutputError: It holds no finished build, or none with pairs.
    """

    def __init__(self, out: Path) -> None:
        self.out, self.built = out, read_manifest(out)
        self.entries = [e for e in self.built.ledger if kind_of(e.subset) == Kind.PAIRS]
        if not self.entries:
            raise OutputError(f"{out} holds no pairs.", "Red-team dialogues have no labels.")
        self.unread = 0

    @cached_property
    def compiled(self) -> Compiled | None:
        """The template of a text build."""
        recipe = self.built.recipe
        if recipe.template is None or recipe.form != Form.TEXT:
            return None
        day = date.fromisoformat(recipe.template.date or "2000-01-01")
        with prepare_located(LocatedTemplate(recipe.template), day) as ready:
            return ready.compiled

    def batches(self, refused: bool = False) -> Iterator[Batch]:
        """The kept rows in batches; behind those of each split the refused ones, if asked for.

        Row numbers are the same whether or not refused rows are asked for: those of all kept rows
        come first.
        """
        first = 0
        for entry in self.entries:
            for rows in kept_batches(self.out, self.built, entry, BATCH):
                chosen, rejected = self._kept(rows)
                yield Batch(first, entry.subset, entry.split, rows["id"], True, chosen, rejected)
                first += len(rows)
        for entry in self.entries if refused else []:
            for batch in self._refused(entry, first):
                yield batch
                first += len(batch.ids)

    def pick(self, ids: Collection[str]) -> Iterator[Batch]:
        """The rows with these ids, kept ones first; only their texts are taken apart."""
        wanted = pa.array(sorted(ids), pa.string())
        for entry in self.entries:
            for stored in kept_batches(self.out, self.built, entry, BATCH):
                rows = stored.filter(pc.is_in(stored["id"], wanted))
                if len(rows):
                    sides = self._kept(rows)
                    yield Batch(0, entry.subset, entry.split, rows["id"], True, *sides)
        for entry in self.entries:
            for batch in self._refused(entry, 0):
                some = np.flatnonzero(to_numpy(pc.is_in(batch.ids, wanted)))
                if len(some):
                    chosen, rejected = of_rows(batch.chosen, some), of_rows(batch.rejected, some)
                    ids = batch.ids.take(pa.array(some))
                    yield batch._replace(ids=ids, chosen=chosen, rejected=rejected)

    def _kept(self, rows: pa.RecordBatch) -> tuple[Turns, Turns]:
        if self.built.recipe.form == Form.MESSAGES:
            prompt = _without(read_messages(rows["prompt"]), self.built.recipe.system)
            chosen, rejected = (join_turns(prompt, read_messages(rows[side])) for side in SIDES)
            return chosen, rejected
        if self.compiled is None:
            raise OutputError(f"{self.out} holds text of an unknown template.")
        system = self.built.recipe.system
        columns = [rows[side] for side in SIDES]
        made = unrender(rows["prompt"], columns, self.compiled, system)
        self.unread += int((~made.exact).sum())
        chosen, rejected = made.sides
        return chosen, rejected

    def _refused(self, entry: LedgerEntry, first: int) -> Iterator[Batch]:
        """The refused rows of a split that have turns on both sides."""
        path = quarantine_path(entry.subset, entry.split)  # JSON lines, whatever was read
        file = SourceFile(Kind.PAIRS, entry.subset, entry.split, path, locate("."))
        reader = reader_of(self.built.recipe)
        rows = refused_rows(self.out, self.built, entry.subset)
        mine = (row for row in rows if row.id.startswith(f"{entry.subset}/{entry.split}/"))
        while held := list(islice(mine, BATCH)):
            lines = b"\n".join(row.data.replace(b"\n", b" ") for row in held)
            [block] = read_lines(iter([lines]), file.path, BATCH)
            columns = _outcomes_of([row.id for row in held], arrange_rows(file, block, reader))
            chosen, rejected = (_turns(columns[side]) for side in SIDES)
            some = np.flatnonzero((chosen.counts > 0) & (rejected.counts > 0))
            if len(some):
                ids = pa.array([held[row].id for row in some.tolist()], pa.string())
                sides = (of_rows(turns, some) for turns in (chosen, rejected))
                yield Batch(first, entry.subset, entry.split, ids, False, *sides)
                first += len(some)


SIDES = ("chosen", "rejected")


def _outcomes_of(ids: Sequence[str], block: Block) -> pa.RecordBatch:
    """The row of a block that each id is of; of a row of several comparisons the one it numbers.

    Args:
        ids: n ids.
        block: What was read of n rows.
    """
    places = []
    for row, id in enumerate(ids):
        first, last = np.searchsorted(block.origins, [row, row + 1]).tolist()
        number = id.split("/")[3:]
        places.append(first + int(number[0]) - 1 if number and last - first > 1 else first)
    return block.rows.take(pa.array(places))


def _turns(column: pa.Array) -> Turns:
    return parse(column) if pa.types.is_string(column.type) else read_messages(column)


def _without(turns: Turns, system: str | None) -> Turns:
    """The turns less the recipe's system text."""
    if system is None:
        return turns
    own = turns.role == SYSTEM
    own[own] = to_numpy(pc.equal(turns.content.select(own).texts(), system))
    return select(turns, ~own)


def of_rows(turns: Turns, rows: Index) -> Turns:
    """The turns of some rows, in order."""
    asked = np.zeros(len(turns.counts), bool)
    asked[rows] = True
    kept = select(turns, asked[turns.rows])
    offsets = np.append(0, kept.offsets[1:][asked])
    return replace(kept, offsets=offsets, stray=turns.stray[asked])
