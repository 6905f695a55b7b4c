"""A built dataset as questions see it: conversations in batches, and keys of all rows in DuckDB.

Only keys travel: the hash of every turn, chained, so that the hash of any beginning of a
conversation is at hand. Texts are read again, batch by batch, by whoever needs them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import groupby, islice
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
from pairsmith.kernel.parting import part
from pairsmith.kernel.unrender import unrender
from pairsmith.schema.rows import Form, Kind
from pairsmith.schema.templates import Compiled
from pairsmith.sources.field_uses import Use
from pairsmith.sources.formats.jsonl import read_lines
from pairsmith.sources.layouts import SourceFile, kind_of
from pairsmith.sources.read import Block, arrange_rows
from pairsmith.sources.reader import Reader, reader_of
from pairsmith.sources.records import Rows
from pairsmith.sources.rows.front import TOOL_FIELDS
from pairsmith.sources.rows.groups import regroup
from pairsmith.text.messages import read_messages
from pairsmith.text.spans import Index, Mask, to_numpy
from pairsmith.text.transcript import parse
from pairsmith.text.turns import SYSTEM, Turns, join_replies, join_turns, select
from pairsmith.text.written import write_out

BATCH = 10_000
"""Rows that are looked at together."""


class Side(NamedTuple):
    """The conversations of one side of n rows, message by message.

    Attributes:
        turns: Their messages; what these hold besides is written into the contents.
        prompt: n numbers: how many of them are the prompt.
    """

    turns: Turns
    prompt: Index

    @property
    def joined(self) -> Turns:
        """The conversations, whose replies are one turn each."""
        return join_replies(self.turns, self.prompt)


class Batch(NamedTuple):
    """n rows of pairs of one split of one subset.

    Attributes:
        first: The number of the first among all rows that are looked at; the others follow.
        subset, split: Where they belong.
        ids: n ids.
        kept: Whether they are kept rows; the others are from the quarantine.
        sides: Chosen and rejected; without the recipe's system text. The prompts of kept rows are
            the same on both.
        chosen: Whole conversations, the reply as their last turn, of how many messages it may be.
        rejected: The same.
        exact: n flags: whether the turns are known; of text that could not be taken apart, a row is
            one turn and a reply, with the template's own marks.
        plain: n flags: whether the texts are all that there is: the turns are known, each reply is
            one message, and nothing that a message holds besides was written into its content.
    """

    first: int
    subset: str
    split: str
    ids: pa.StringArray
    kept: bool
    sides: tuple[Side, Side]
    chosen: Turns
    rejected: Turns
    exact: Mask
    plain: Mask


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
            hint = f"Red-team dialogues have no labels: pairsmith explore {out} is for them."
            raise OutputError(f"{out} holds no pairs.", hint)
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

    @property
    def caveat(self) -> str:
        """A sentence for questions that compare prompts: their text holds definitions of tools."""
        if self.built.recipe.form != Form.TEXT or not any(map(_defines_tools, self.entries)):
            return ""
        return (
            "Prompts of this text hold the definitions of tools, by which they are alike: to "
            "compare what is asked, audit a build of messages (--as messages)."
        )

    def batches(self, refused: bool = False) -> Iterator[Batch]:
        """The kept rows in batches; behind those of each split the refused ones, if asked for.

        Row numbers are the same whether or not refused rows are asked for: those of all kept rows
        come first.
        """
        first = 0
        for entry in self.entries:
            for rows in kept_batches(self.out, self.built, entry, BATCH):
                yield self._kept(entry, first, rows)
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
                    yield self._kept(entry, 0, rows)
        for entry in self.entries:
            for batch in self._refused(entry, 0):
                some = np.flatnonzero(to_numpy(pc.is_in(batch.ids, wanted)))
                if len(some):
                    left, right = (
                        Side(of_rows(side.turns, some), side.prompt[some]) for side in batch.sides
                    )
                    yield _batch(0, entry, batch.ids.take(pa.array(some)), False, (left, right))

    def _kept(self, entry: LedgerEntry, first: int, rows: pa.RecordBatch) -> Batch:
        """Kept rows of a split, the first of which has this number."""
        left, right, exact = self._turns(rows)
        return _batch(first, entry, rows["id"], True, (left, right), exact)

    def _turns(self, rows: pa.RecordBatch) -> tuple[Side, Side, Mask | None]:
        """The sides of kept rows, and whether their turns are known; None where all are."""
        if self.built.recipe.form == Form.MESSAGES:
            prompt = _without(_read(rows["prompt"]), self.built.recipe.system)
            chosen, rejected = (join_turns(prompt, _read(rows[side])) for side in SIDES)
            return Side(chosen, prompt.counts), Side(rejected, prompt.counts), None
        if self.compiled is None:
            raise OutputError(f"{self.out} holds text of an unknown template.")
        system = self.built.recipe.system
        columns = [rows[side] for side in SIDES]
        made = unrender(rows["prompt"], columns, self.compiled, system)
        exact = made.exact
        if self.built.recipe.full:  # what was rendered besides stands in the template's own marks
            marks = self.compiled.template.control
            exact = exact & ~np.any([t.any(t.content.holds_any(marks)) for t in made.sides], axis=0)
        self.unread += int((~exact).sum())
        left, right = (Side(turns, turns.counts - 1) for turns in made.sides)
        return left, right, exact

    def _refused(self, entry: LedgerEntry, first: int) -> Iterator[Batch]:
        """The refused rows of a split that have turns on both sides."""
        path = quarantine_path(entry.subset, entry.split)  # JSON lines, whatever was read
        file = SourceFile(Kind.PAIRS, entry.subset, entry.split, path, locate("."))
        recipe = self.built.recipe
        rows = refused_rows(self.out, self.built, entry.subset)
        mine = (row for row in rows if row.id.startswith(f"{entry.subset}/{entry.split}/"))
        for _, alike in groupby(mine, lambda row: recipe.read_as(row.path)):
            while held := list(islice(alike, BATCH)):
                reader = reader_of(recipe, held[0].path)
                block = _read_again([row.data for row in held], file, reader)
                columns = _outcomes_of([row.id for row in held], arrange_rows(file, block, reader))
                chosen, rejected = (_turns(columns[side]) for side in SIDES)
                some = np.flatnonzero((chosen.counts > 0) & (rejected.counts > 0))
                if len(some):
                    ids = pa.array([held[row].id for row in some.tolist()], pa.string())
                    sides = _part(*(of_rows(turns, some) for turns in (chosen, rejected)))
                    yield _batch(first, entry, ids, False, sides)
                    first += len(some)


SIDES = ("chosen", "rejected")


def _batch(
    first: int,
    entry: LedgerEntry,
    ids: pa.StringArray,
    kept: bool,
    sides: tuple[Side, Side],
    exact: Mask | None = None,
) -> Batch:
    """A batch of rows of a split; see `Batch`. All rows are exact where nothing is said."""
    left, right = (Side(write_out(side.turns), side.prompt) for side in sides)
    known = np.ones(len(ids), bool) if exact is None else exact
    plain = np.all([known, *map(_is_plain, sides)], axis=0)
    chosen, rejected = left.joined, right.joined
    place = entry.subset, entry.split
    return Batch(first, *place, ids, kept, (left, right), chosen, rejected, known, plain)


def _is_plain(side: Side) -> Mask:
    """Flags, one a row: true where the reply is one message, and all messages are text alone."""
    turns = side.turns
    single: Mask = turns.counts - side.prompt == 1
    return single & ~turns.any(turns.has_extras)


def _part(chosen: Turns, rejected: Turns) -> tuple[Side, Side]:
    """The sides of refused rows, which may part nowhere: then the last turns are the replies."""
    parted = part(chosen, rejected)
    left, right = (
        Side(turns, np.where(parted.mismatch, turns.counts - 1, parted.prompt))
        for turns in (chosen, rejected)
    )
    return left, right


def _read_again(raw: Sequence[bytes], file: SourceFile, reader: Reader) -> Rows:
    """Rows of the quarantine as those of a file; of grouped ones, a group each."""
    if reader.row.is_grouped:
        return regroup(raw)
    [block] = read_lines(
        iter([b"\n".join(row.replace(b"\n", b" ") for row in raw)]), file.path, BATCH
    )
    return block


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


def _read(column: pa.ListArray) -> Turns:
    """The turns of messages of a shard.

    Raises:
        OutputError: What a call was made with is no JSON.
    """
    try:
        return read_messages(column)
    except ValueError:
        raise OutputError("A tool call of a shard has arguments that are not JSON.") from None


def _defines_tools(entry: LedgerEntry) -> bool:
    """Whether rows of a split came with definitions of tools that were read."""
    used = [path for path, counts in entry.fields.items() if counts.get(Use.USED)]
    return any(part.rstrip("[]") in TOOL_FIELDS for path in used for part in path.split("."))


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
