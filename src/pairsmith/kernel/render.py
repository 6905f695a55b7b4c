"""Turns to what a trainer reads: text in a model's chat format, or lists of messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel import checks
from pairsmith.kernel.row_render import (
    Jinja,
    Messages,
    Pair,
    dialogues_by_row,
    extremes,
    messages_of,
    pairs_by_row,
)
from pairsmith.kernel.text_render import odd_turns, render_replies, render_turns
from pairsmith.schema.templates import (
    Compiled,
    Conversation,
    Joints,
    Layout,
    Refusal,
    Template,
    Texts,
)
from pairsmith.text.spans import Mask
from pairsmith.text.turns import Turns, list_array, select

THOROUGH = 1
"""So many batches are proved on about ten rows each, those behind them on two."""


class UnfaithfulError(Exception):
    """The compiled form of a template does not give what Jinja gives for a row at hand."""


@dataclass(frozen=True)
class Writer:
    """What writes text: a compiled template, and Jinja for what it does not describe.

    Attributes:
        compiled: The template.
        jinja: Renders it row by row.
        proofs: Counts the batches on which the compiled form was proved.
    """

    compiled: Compiled
    jinja: Jinja
    proofs: Iterator[int] = field(default_factory=count, compare=False)

    def thorough(self) -> bool:
        """Whether the next proof is to be on many rows: the first few batches tell most."""
        return next(self.proofs) < THOROUGH


class Written(NamedTuple):
    """The texts of n rows.

    Attributes:
        columns: Texts, null where a row is refused.
        refused: By row, what the template said against it.
    """

    columns: list[pa.StringArray]
    refused: dict[int, str]


def write_pairs(chosen: Turns, rejected: Turns, kept: Mask, writer: Writer) -> Written:
    """Renders pairs as prompt, chosen and rejected.

    Args:
        chosen: The turns of n rows, the prompt included.
        rejected: The same; the turns before the last are chosen's.
        kept: n flags: the rows to render.
        writer: What renders them.

    Raises:
        UnfaithfulError: The compiled template fails the proof.
    """
    compiled = writer.compiled
    worse = select(rejected, ~rejected.before_last)
    system = chosen.opens_with_system
    odd = chosen.any(odd_turns(chosen, system, compiled))
    odd |= worse.any(odd_turns(worse, system, compiled))
    odd |= checks.bad_roles(chosen) | _without_layout(chosen, compiled)
    plain, marked = kept & ~odd, bool(compiled.overhang)
    others = np.flatnonzero(kept & odd).tolist()
    proof = extremes((chosen, worse), plain, writer.thorough())

    def by_row(rows: list[int], marked: bool) -> list[Pair | Refusal]:
        better = [messages_of(chosen, row) for row in rows]
        other = [messages_of(chosen, row)[:-1] + messages_of(worse, row) for row in rows]
        return pairs_by_row(better, other, compiled.template, writer.jinja, marked)

    with ThreadPoolExecutor(1) as meanwhile:
        told = meanwhile.submit(lambda: (by_row(others, True), by_row(proof, marked)))
        columns = [pa.nulls(len(kept), pa.string())] * 3
        for opening, layout in compiled.layouts.items():
            rows = plain & (system == opening)
            if rows.any():
                made = _pair_columns(chosen, worse, rows, layout, compiled.texts[opening])
                columns = [_either(a, b) for a, b in zip(columns, made, strict=True)]
        texts, proved = told.result()
    for row, text in zip(proof, proved, strict=True):
        if tuple(column[row].as_py() for column in columns) != text:
            raise UnfaithfulError
    return _put_in(columns, others, texts)


def _either(left: pa.StringArray, right: pa.StringArray) -> pa.StringArray:
    """Of each row the one that is not null."""
    return right if left.null_count == len(left) else pc.coalesce(left, right)


def _pair_columns(
    chosen: Turns, worse: Turns, rows: Mask, layout: Layout, texts: Texts
) -> list[pa.StringArray]:
    of_rows, last = rows[chosen.rows], ~chosen.before_last
    prompt = select(chosen, ~last & of_rows)
    replies = (select(chosen, last & of_rows), select(worse, rows[worse.rows]))
    return [
        render_turns(prompt, layout, texts.prompt, ~rows),
        *(render_replies(r, layout, texts.reply, chosen.counts, ~rows) for r in replies),
    ]


def write_dialogues(turns: Turns, kept: Mask, writer: Writer) -> Written:
    """Renders whole conversations, which may end with the user; as `write_pairs`."""
    texts = writer.compiled.texts

    def joints(opening: bool, asked: bool) -> Joints:
        return texts[opening].asked if asked else texts[opening].whole

    return _write_wholes(turns, kept, writer, joints, dialogues_by_row)


def write_conversations(turns: Turns, kept: Mask, generation: bool, writer: Writer) -> Written:
    """Renders whole conversations as the template does: nothing is left out at either end.

    Args:
        turns: The turns of n rows.
        kept: n flags: the rows to render.
        generation: Whether texts are to end where a reply begins; all rows must then end with
            the user, or are rendered by Jinja.
        writer: What renders them.

    Raises:
        UnfaithfulError: The compiled template fails the proof.
    """
    layouts = writer.compiled.layouts

    def joints(opening: bool, asked: bool) -> Joints | None:
        if not asked:
            return None if generation else layouts[opening].whole
        return layouts[opening].prompt if generation else layouts[opening].asked

    def by_row(talks: Sequence[Messages], _template: Template, jinja: Jinja) -> list[str | Refusal]:
        return jinja([Conversation(messages, generation) for messages in talks])

    return _write_wholes(turns, kept, writer, joints, by_row)


def _write_wholes(
    turns: Turns,
    kept: Mask,
    writer: Writer,
    joints: Callable[[bool, bool], Joints | None],
    by_row: Callable[[Sequence[Messages], Template, Jinja], list[str | Refusal]],
) -> Written:
    """Renders whole conversations in one column; see `write_conversations`.

    `joints` gives, for an opening and for whether the user speaks last, the joints to use, or
    None to leave such rows to Jinja; `by_row` renders rows by Jinja.
    """
    compiled = writer.compiled
    system, asked = turns.opens_with_system, checks.no_reply(turns)
    odd = turns.any(odd_turns(turns, system, compiled))
    odd |= checks.bad_roles(turns) | _without_layout(turns, compiled)
    column = pa.nulls(len(kept), pa.string())
    plain = np.zeros(len(kept), bool)
    for opening, layout in compiled.layouts.items():
        for last in (False, True):
            rows = kept & ~odd & (system == opening) & (asked == last)
            found = joints(opening, last)
            if found is not None and rows.any():
                column = _either(column, _dialogue_column(turns, rows, layout, found))
                plain |= rows
    others, proof = (
        np.flatnonzero(kept & ~plain).tolist(),
        extremes((turns,), plain, writer.thorough()),
    )
    talks = [messages_of(turns, row) for row in others + proof]
    texts = by_row(talks, compiled.template, writer.jinja)
    for row, text in zip(proof, texts[len(others) :], strict=True):
        if column[row].as_py() != text:
            raise UnfaithfulError
    return _put_in([column], others, texts)


def _dialogue_column(turns: Turns, rows: Mask, layout: Layout, joints: Joints) -> pa.StringArray:
    return render_turns(select(turns, rows[turns.rows]), layout, joints, ~rows)


def _without_layout(turns: Turns, compiled: Compiled) -> Mask:
    return ~np.isin(turns.opens_with_system, list(compiled.layouts))


def _put_in(
    columns: list[pa.StringArray],
    rows: list[int],
    texts: list[Pair | Refusal] | list[str | Refusal],
) -> Written:
    """Texts that were rendered one by one in their places."""
    refused: dict[int, str] = {}
    told: list[tuple[str, ...]] = []
    places = np.full(len(columns[0]), -1)
    for row, text in zip(rows, texts, strict=False):
        if isinstance(text, Refusal):
            refused[row] = text.message
        else:
            places[row] = len(told)
            told.append((text,) if isinstance(text, str) else tuple(text))
    if not told:
        return Written(columns, refused)
    index = pa.array(places, mask=places < 0)
    held = [pa.array([row[i] for row in told], pa.string()) for i in range(len(columns))]
    return Written([_either(a, b.take(index)) for a, b in zip(columns, held, strict=True)], refused)


def render_messages(turns: Turns, null: Mask) -> pa.ListArray:
    """Each row's turns as a list of `{role, content}`.

    Args:
        turns: The turns of n rows.
        null: n flags, true where the result is null.
    """
    messages = pa.StructArray.from_arrays(
        [turns.role_names, turns.content.texts()], ["role", "content"]
    )
    return list_array(turns.offsets, messages, null)
