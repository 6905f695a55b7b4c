"""Turns to what a trainer reads: text in a model's chat format, or lists of messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel import check
from pairsmith.kernel.rows import (
    Jinja,
    Pair,
    dialogues_by_row,
    extremes,
    messages_of,
    pairs_by_row,
)
from pairsmith.kernel.text import odd_turns, render_replies, render_turns
from pairsmith.kernel.turns import Mask, Turns, list_array, select
from pairsmith.schema import Compiled, Joints, Layout, Refusal, Texts


class UnfaithfulError(Exception):
    """The compiled form of a template does not give what Jinja gives for a row at hand."""


@dataclass(frozen=True)
class Writer:
    """What writes text: a compiled template, and Jinja for what it does not describe.

    Attributes:
        compiled: The template.
        jinja: Renders it row by row.
    """

    compiled: Compiled
    jinja: Jinja


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
    odd = chosen.any(odd_turns(chosen, compiled)) | rejected.any(odd_turns(rejected, compiled))
    odd |= check.bad_roles(chosen) | _without_layout(chosen, compiled)
    plain = kept & ~odd
    columns = [pa.nulls(len(kept), pa.string())] * 3
    for system, layout in compiled.layouts.items():
        rows = plain & (chosen.opens_with_system == system)
        if rows.any():
            made = _pair_columns(chosen, rejected, rows, layout, compiled.texts[system])
            columns = [pc.coalesce(a, b) for a, b in zip(columns, made, strict=True)]
    others = np.flatnonzero(kept & odd).tolist()
    proof = extremes(chosen, plain)
    texts = pairs_by_row(
        [messages_of(chosen, row) for row in others + proof],
        [messages_of(chosen, row)[:-1] + messages_of(rejected, row)[-1:] for row in others + proof],
        compiled.template,
        writer.jinja,
    )
    for row, text in zip(proof, texts[len(others) :], strict=True):
        if tuple(column[row].as_py() for column in columns) != text:
            raise UnfaithfulError
    return _put_in(columns, others, texts)


def _pair_columns(
    chosen: Turns, rejected: Turns, rows: Mask, layout: Layout, texts: Texts
) -> list[pa.StringArray]:
    of_rows = rows[chosen.rows]
    prompt = select(chosen, chosen.before_last & of_rows)
    replies = [select(t, ~t.before_last & rows[t.rows]) for t in (chosen, rejected)]
    return [
        render_turns(prompt, layout, texts.prompt, ~rows),
        *(render_replies(r, layout, texts.reply, chosen.counts, ~rows) for r in replies),
    ]


def write_dialogues(turns: Turns, kept: Mask, writer: Writer) -> Written:
    """Renders whole conversations, which may end with the user; as `write_pairs`."""
    compiled = writer.compiled
    odd = turns.any(odd_turns(turns, compiled))
    odd |= check.bad_roles(turns) | _without_layout(turns, compiled)
    plain = kept & ~odd
    column = pa.nulls(len(kept), pa.string())
    for system, layout in compiled.layouts.items():
        texts = compiled.texts[system]
        of_layout = plain & (turns.opens_with_system == system)
        asked = check.no_reply(turns)
        for rows, joints in ((of_layout & ~asked, texts.whole), (of_layout & asked, texts.asked)):
            column = pc.coalesce(column, _dialogue_column(turns, rows, layout, joints))
    others = np.flatnonzero(kept & odd).tolist()
    proof = extremes(turns, plain)
    dialogues = [messages_of(turns, row) for row in others + proof]
    texts_ = dialogues_by_row(dialogues, compiled.template, writer.jinja)
    for row, text in zip(proof, texts_[len(others) :], strict=True):
        if column[row].as_py() != text:
            raise UnfaithfulError
    return _put_in([column], others, texts_)


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
    return Written(
        [pc.coalesce(a, b.take(index)) for a, b in zip(columns, held, strict=True)], refused
    )


def render_messages(turns: Turns, null: Mask) -> pa.ListArray:
    """Each row's turns as a list of `{role, content}`.

    Args:
        turns: The turns of n rows.
        null: n flags, true where the result is null.
    """
    messages = pa.StructArray.from_arrays([turns.role_names, turns.content], ["role", "content"])
    return list_array(turns.offsets, messages, null)
