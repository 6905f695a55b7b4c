"""Row actions: kept rows refused, exchanged, marked or given scores, as was decided on each.

What to do with a row, a look at all rows tells. Once that is known, it is a table of decisions by
id, and what is done with it needs no other row: so this is a kernel too, behind the one that makes
pairs.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel import Kernel
from pairsmith.schema.annotations import TASK_SCORE
from pairsmith.schema.reasons import FILL_NOTES, LABEL_NOTES, Note
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import CONFIDENCE, MARGIN, TWO_SCORES, Form, Kind, kernel_schema
from pairsmith.text.spans import Mask, to_numpy
from pairsmith.text.turns import list_array


def with_actions(
    kernel: Kernel, decisions: pa.RecordBatch, recipe: Recipe, kind: Kind = Kind.PAIRS
) -> Kernel:
    """A kernel that then acts on its rows as was decided.

    It takes what the other takes, and returns `kernel_schema(kind, recipe.form,
    recipe.pair_columns)`.

    Args:
        kernel: One that makes rows of this kind.
        decisions: Rows of `DECISIONS`, no id twice.
        recipe: Tells the form, and whether labels are weighed.
        kind: Pairs, or dialogues, which are dropped or given the scores that they have not.
    """
    return partial(_convert, kernel=kernel, decisions=decisions, recipe=recipe, kind=kind)


def _convert(
    batch: pa.RecordBatch, kernel: Kernel, decisions: pa.RecordBatch, recipe: Recipe, kind: Kind
) -> pa.RecordBatch:
    if kind == Kind.PAIRS:
        return apply_actions(kernel(batch), decisions, recipe)
    return drop_or_fill(kernel(batch), decisions)


def drop_or_fill(rows: pa.RecordBatch, decisions: pa.RecordBatch) -> pa.RecordBatch:
    """Refuses kept dialogues, or fills their scores, as was decided.

    Args:
        rows: n rows of `kernel_schema(Kind.DIALOGUES, …)`.
        decisions: Rows of `DECISIONS`, no id twice; their labels are reasons or
            `Note.SCORE_FILLED`.

    Returns:
        n rows of the same schema. A score that is not null stays as it is.
    """
    mine = _decisions_on(rows, decisions)
    fills = to_numpy(_is(mine["label"], Note.SCORE_FILLED))
    dropped = to_numpy(mine["label"].is_valid()) & ~fills
    if fills.any():
        rows = _fill(rows, mine, pa.array(fills))
    return _drop(rows, mine, dropped) if dropped.any() else rows


def _fill(rows: pa.RecordBatch, mine: pa.RecordBatch, fills: pa.BooleanArray) -> pa.RecordBatch:
    """The rows with the scores that they have not, and notes of which these are."""
    columns = {name: rows[name] for name in rows.schema.names}
    filled: dict[Note, Mask] = {}
    for note, name, given in zip(FILL_NOTES, TWO_SCORES, ("score", TASK_SCORE), strict=True):
        theirs = pc.if_else(fills, mine[given], pa.scalar(None, pa.float64()))
        filled[note] = to_numpy(pc.and_(rows[name].is_null(), theirs.is_valid()))
        columns[name] = pc.coalesce(rows[name], theirs)
    columns["notes"] = add_notes(rows["notes"], filled, to_numpy(rows["reason"].is_valid()))
    return pa.RecordBatch.from_arrays([*columns.values()], schema=rows.schema)


def _drop(rows: pa.RecordBatch, mine: pa.RecordBatch, dropped: Mask) -> pa.RecordBatch:
    columns = {name: _without(rows[name], dropped) for name in rows.schema.names}
    columns["id"] = rows["id"]
    for name, theirs in (("reason", mine["label"]), ("detail", mine["detail"])):
        columns[name] = pc.if_else(pa.array(dropped), theirs, rows[name])
    return pa.RecordBatch.from_arrays([*columns.values()], schema=rows.schema)


def apply_actions(
    pairs: pa.RecordBatch, decisions: pa.RecordBatch, recipe: Recipe
) -> pa.RecordBatch:
    """Refuses, exchanges or marks the kept rows that were decided on.

    Rows that are refused already stay as they are.

    Args:
        pairs: n rows of `kernel_schema(Kind.PAIRS, recipe.form)`.
        decisions: As `with_actions`.
        recipe: As `with_actions`.

    Returns:
        n rows of `kernel_schema(Kind.PAIRS, recipe.form, recipe.pair_columns)`.
    """
    mine = _decisions_on(pairs, decisions)
    flipped, smoothed = (to_numpy(_is(mine["label"], note)) for note in LABEL_NOTES)
    dropped = to_numpy(mine["label"].is_valid()) & ~flipped & ~smoothed
    refused = to_numpy(pairs["reason"].is_valid()) | dropped
    columns = {name: pairs[name] for name in pairs.schema.names}
    if flipped.any() or dropped.any():
        for name in ("prompt", *_beside(pairs)):
            columns[name] = _without(pairs[name], dropped)
        sides = pairs["chosen"], pairs["rejected"]
        columns["chosen"], columns["rejected"] = exchange(*sides, flipped, dropped)
    if flipped.any() and MARGIN in columns:  # by how much chosen is better than rejected
        held = columns[MARGIN]
        columns[MARGIN] = pc.if_else(pa.array(flipped), pc.negate(held), held)
    if (flipped | smoothed | dropped).any():
        notes = {Note.LABEL_FLIPPED: flipped, Note.LABEL_SMOOTHED: smoothed}
        columns["notes"] = add_notes(pairs["notes"], notes, refused)
    if recipe.weighs:
        columns[CONFIDENCE] = _confidence(mine["score"], refused)
    if dropped.any():
        for name, theirs in (("reason", mine["label"]), ("detail", mine["detail"])):
            columns[name] = pc.if_else(pa.array(dropped), theirs, pairs[name])
    schema = kernel_schema(Kind.PAIRS, recipe.form, recipe.pair_columns)
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _beside(pairs: pa.RecordBatch) -> list[str]:
    """The columns that stand beside the sides, and may be null."""
    usual = kernel_schema(Kind.PAIRS, Form.TEXT).names
    return [name for name in pairs.schema.names if name not in usual]


def _decisions_on(pairs: pa.RecordBatch, decisions: pa.RecordBatch) -> pa.RecordBatch:
    """For each row what was decided; nulls where nothing was, or it is refused already."""
    found = pc.index_in(pairs["id"], value_set=decisions["id"])
    nowhere = pa.scalar(None, found.type)
    return decisions.take(pc.if_else(pairs["reason"].is_null(), found, nowhere))


def _is(labels: pa.StringArray, name: str) -> pa.BooleanArray:
    return pc.fill_null(pc.equal(labels, name), False)


def exchange(
    chosen: pa.Array, rejected: pa.Array, flipped: Mask, dropped: Mask
) -> tuple[pa.Array, pa.Array]:
    """Both sides, exchanged in some rows, null in others.

    Args:
        chosen: n contents.
        rejected: n contents.
        flipped: n flags: where to exchange them.
        dropped: n flags: where neither is to stay.
    """
    own = np.arange(len(chosen))
    other = own + len(own)
    both = pa.concat_arrays([chosen, rejected])
    first, second = np.where(flipped, other, own), np.where(flipped, own, other)
    return tuple(both.take(pa.array(rows, mask=dropped)) for rows in (first, second))


def _without(column: pa.Array, dropped: Mask) -> pa.Array:
    return column.take(pa.array(np.arange(len(column)), mask=dropped))


def add_notes(notes: pa.ListArray, more: dict[Note, Mask], refused: Mask) -> pa.ListArray:
    """The notes of the kept rows, with more behind them where their flags hold.

    Args:
        notes: n lists; null for rows that were refused before.
        more: For a note n flags; of several, a row gets them in this order.
        refused: n flags: the rows whose list is null.
    """
    held = notes.filter(pa.array(~refused))
    names = pa.array([name.value for name in more], pa.string())
    flags = np.column_stack([mask[~refused] for mask in more.values()])
    rows, added = np.nonzero(flags)
    counts = np.asarray(pc.list_value_length(held), np.int64)
    ends = np.cumsum(counts)
    texts = pa.concat_arrays([held.flatten(), names.take(pa.array(added))])
    own = np.arange(int(counts.sum()))
    places = np.insert(own, ends[rows], len(own) + np.arange(len(rows)))
    sizes = np.zeros(len(notes), np.int64)
    sizes[~refused] = counts + flags.sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    return list_array(offsets, texts.take(pa.array(places)), null=refused)


def _confidence(told: pa.DoubleArray, refused: Mask) -> pa.DoubleArray:
    """What was told of a row's label, and else 1; null for a refused row."""
    whole = pc.fill_null(told, 1.0)
    return pc.if_else(pa.array(refused), pa.scalar(None, pa.float64()), whole)
