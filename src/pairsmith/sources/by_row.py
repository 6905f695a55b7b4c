"""The rows of a block that columns cannot take: which they are, and what is read of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.schema.reasons import Reason
from pairsmith.schema.rows import MARGIN, PAIR_MESSAGES
from pairsmith.sources.columnar.comparisons import UNLIKE_THE_FIRST
from pairsmith.sources.columnar.field_masks import any_of
from pairsmith.sources.columnar.messages import Mask, flags
from pairsmith.sources.columnar.parse import Parsed
from pairsmith.sources.field_uses import Use, is_below, paths_of_schema
from pairsmith.sources.fields import is_covered, paths_of
from pairsmith.sources.outcomes import Comparison, Outcome, Refused, UnreadableError
from pairsmith.sources.reader import Reader
from pairsmith.sources.records import Index, Rows
from pairsmith.sources.row_columns import Numbered
from pairsmith.sources.rows.carried import carry_fields, find_margin, paths_of_margin
from pairsmith.sources.rows.groups import rows_of_group
from pairsmith.sources.rows.reading import read_row
from pairsmith.sources.rows.unread import BESIDE, find_definitions
from pairsmith.sources.values.media import find_media

NOTHING_TOLD = Comparison([], [])
"""Stands for a comparison of which columns tell no scores."""

REPLIES = {"trl": ("chosen", "rejected"), "openai": ("preferred_output", "non_preferred_output")}
"""The fields that hold lists of messages behind a prompt, by shape."""

PLAIN_ROLES = ("user", "assistant", "system")


class ByRow(NamedTuple):
    """What was read row by row.

    Attributes:
        held: The outcomes, in the order of their rows; each row that was asked for has one or more.
        uses: By path and use, the rows that have the field; a group as often as its rows do.
    """

    held: list[Numbered]
    uses: dict[tuple[str, Use], list[int]]


def find_beyond(parsed: Parsed, arranged: pa.Table, reader: Reader) -> Mask:
    """Flags, one a row: true at the rows that columns cannot take, or not as they stand.

    They have a field that matters and is none of the shape's; a value of another type; a role that
    goes by another name; a blank system turn; or a prompt that the replies begin with once more.

    Args:
        parsed: n rows, as read with the shape's fields.
        arranged: The same, as conversations.
        reader: How they are read.
    """
    beyond = np.zeros(len(arranged), bool)
    known = paths_of_schema(reader.fields)
    for path, mask in parsed.masks.items():
        if path not in known and matters(path, reader):
            beyond |= mask
    if reader.messages:
        fault = arranged["fault"].combine_chunks()
        beyond |= flags(pc.fill_null(pc.not_equal(fault, UNLIKE_THE_FIRST), False))
        for side in PAIR_MESSAGES.names:
            turns = arranged[side].combine_chunks()
            beyond |= _odd_turns(turns) | ~_has_others(turns, "assistant")
        if reader.row.name == "ultrafeedback":
            beyond |= ~_repeats(arranged["chosen"].combine_chunks(), parsed.table["prompt"])
        for name in REPLIES.get(reader.row.name, ()):
            beyond |= _begins_with_prompt(parsed.table[name].combine_chunks())
    return beyond


def _begins_with_prompt(replies: pa.ListArray) -> Mask:
    """The rows whose reply does not begin with the assistant."""
    first = pc.struct_field(pc.list_element(replies.filter(_filled(replies)), 0), "role")
    rows = np.zeros(len(replies), bool)
    rows[flags(_filled(replies))] = flags(pc.fill_null(pc.not_equal(first, "assistant"), False))
    return rows


def _has_others(side: pa.ListArray, role: str) -> Mask:
    """The rows in which somebody else speaks as well; those that are null count."""
    rows = flags(side.is_null())
    others = flags(pc.not_equal(side.flatten().field("role"), role))
    rows[_rows_of(side)[others]] = True
    return rows


def _repeats(side: pa.ListArray, prompt: pa.ChunkedArray) -> Mask:
    """The rows of which some message is the prompt; those without a prompt count."""
    prompt, of = prompt.combine_chunks(), _rows_of(side)
    rows = flags(prompt.is_null())
    same = pc.equal(side.flatten().field("content"), prompt.take(pa.array(of)))
    rows[of[flags(pc.fill_null(same, False))]] = True
    return rows


def _rows_of(lists: pa.ListArray) -> Index:
    """The row of every item."""
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return np.repeat(np.arange(len(lists)), counts)


def _filled(lists: pa.ListArray) -> pa.BooleanArray:
    return pc.fill_null(pc.greater(pc.list_value_length(lists), 0), False)


def matters(path: str, reader: Reader) -> bool:
    """Whether a field that is none of a shape's may decide what a pair means."""
    name = path.partition(".")[0].partition("[")[0]
    inside = name in reader.fields.names and path != name
    beside = name in BESIDE or find_media({name: "filled"}) is not None
    return inside or beside or find_definitions(path) is not None


def _odd_turns(side: pa.ListArray) -> Mask:
    """The rows with a role by another name, or a system turn that says nothing."""
    messages = side.flatten()
    role, content = messages.field("role"), messages.field("content")
    odd = pc.invert(pc.is_in(role, value_set=pa.array(PLAIN_ROLES)))
    systems = pc.equal(role, "system")
    if systems.true_count:
        blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(content)), 0)
        odd = pc.or_(odd, pc.and_(systems, blank))
    rows = np.zeros(len(side), bool)
    if pc.any(odd).as_py():
        rows[_rows_of(side)[flags(pc.fill_null(odd, False))]] = True
    return rows


def read_by_row(rows: Rows, reader: Reader, which: Mask, faults: pa.StringArray | None) -> ByRow:
    """Reads some rows of a block one by one.

    Args:
        rows: n rows.
        reader: How they are read.
        which: n flags: which of them to read.
        faults: n sentences: why columns could not take a row, which stand where reading it by
            itself finds no conversation either; None where no columns were tried.
    """
    read = ByRow([], {})
    carried = carried_paths(reader)

    @lru_cache(maxsize=256)  # most rows of a block have the same fields, used in the same way
    def tell_uses(paths: frozenset[str], used: frozenset[str]) -> list[tuple[str, Use]]:
        return [(path, _use_of(path, used, carried)) for path in sorted(paths)]

    for place in np.flatnonzero(which).tolist():
        row = rows.load(place)
        outcomes: list[Outcome] = [Refused(Reason.MALFORMED, row)] if isinstance(row, str) else []
        if not isinstance(row, str):
            outcomes, used = read_row(row, reader.row)
            for one in rows_of_group(row) if reader.row.is_grouped else (row,):
                for key in tell_uses(frozenset(paths_of(one)), used):
                    read.uses.setdefault(key, []).append(place)
        fault = None if faults is None else faults[place].as_py()
        if fault and all(_is_malformed(outcome) for outcome in outcomes):
            outcomes = [Refused(Reason.MALFORMED, fault)]
        several = len(outcomes) > 1
        for number, outcome in enumerate(outcomes, 1):
            found, beside = _carry(row, outcome, reader)
            read.held.append(Numbered(place, number if several else None, found, beside))
    return read


def paths_unread(parsed: Parsed, rows: Rows) -> dict[tuple[str, Use], list[int]]:
    """The fields of rows that columns could not take at all, which nothing of them was read by."""
    faulty = flags(parsed.table["fault"].combine_chunks().is_valid())
    uses: dict[tuple[str, Use], list[int]] = {}
    for place in np.flatnonzero(faulty & ~any_of(parsed.masks, len(faulty))).tolist():
        row = rows.load(place)
        for path in paths_of(row) if not isinstance(row, str) else ():
            uses.setdefault((path, Use.LEFT_OUT), []).append(place)
    return uses


def _use_of(path: str, used: frozenset[str], carried: frozenset[str]) -> Use:
    if is_covered(path, used):
        return Use.USED
    return Use.CARRIED if is_below(path, carried) else Use.LEFT_OUT


def _is_malformed(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.reason == Reason.MALFORMED


def _carry(
    row: dict[str, Any] | str, outcome: Outcome, reader: Reader
) -> tuple[Outcome, dict[str, Any]]:
    """An outcome, and what goes along with it; refused where that cannot be carried."""
    if isinstance(row, str) or isinstance(outcome, Refused):
        return outcome, {}
    first = rows_of_group(row)[0] if reader.row.is_grouped else row
    try:
        return outcome, carry(first, outcome, reader)
    except UnreadableError as error:
        return Refused(error.reason, error.detail), {}


def carry(row: dict[str, Any], outcome: Outcome, reader: Reader) -> dict[str, Any]:
    """What goes along with a comparison, by column.

    Raises:
        UnreadableError: A field cannot be carried, or is no margin.
    """
    held = carry_fields(row, reader.carry)
    if reader.margin is not None:
        held[MARGIN] = find_margin(row, reader.margin, outcome)
    return held


def carried_paths(reader: Reader) -> frozenset[str]:
    """The paths of the fields that go along."""
    return frozenset([*(name for name, _ in reader.carry), *paths_of_margin(reader.margin)])


def carry_along(batch: pa.RecordBatch, rows: Rows, reader: Reader, which: Mask) -> pa.RecordBatch:
    """The batch with what goes along, in some of its rows.

    Args:
        batch: n rows of the reader's schema.
        rows: The same.
        reader: How they are read.
        which: n flags: the rows that were read as columns.
    """
    if not len(reader.carried):
        return batch
    held: list[dict[str, Any]] = [{}] * len(batch)
    said = batch["fault"].to_pylist()
    for place in np.flatnonzero(which).tolist():
        row = rows.load(place)
        if said[place] is None and not isinstance(row, str):
            try:
                held[place] = carry(row, NOTHING_TOLD, reader)
            except UnreadableError as error:
                said[place] = error.detail
    columns = {name: batch[name] for name in batch.schema.names}
    for field in reader.carried:
        columns[field.name] = pa.array([one.get(field.name) for one in held], field.type)
    columns["fault"] = pa.array(said, pa.string())
    return pa.RecordBatch.from_arrays([*columns.values()], schema=batch.schema)


def refuse_beyond(batch: pa.RecordBatch, parsed: Parsed, reader: Reader) -> pa.RecordBatch:
    """Transcripts with a field beside that matters, refused: as text they have no place for it."""
    known = paths_of_schema(reader.fields)
    said, refused = batch["fault"].to_pylist(), batch["refused"].to_pylist()
    for path, mask in parsed.masks.items():
        if path not in known and matters(path, reader):
            for place in np.flatnonzero(mask).tolist():
                if said[place] is None:
                    said[place] = f"the field {path} stands beside transcripts, unlike first rows"
                    refused[place] = Reason.UNREAD_CONTENT.value
    columns = {name: batch[name] for name in batch.schema.names}
    columns["fault"] = pa.array(said, pa.string())
    columns["refused"] = pa.array(refused, pa.string())
    return pa.RecordBatch.from_arrays([*columns.values()], schema=batch.schema)
