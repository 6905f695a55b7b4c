"""Turns to what a trainer reads: text in a model's chat format, or lists of messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel import checks
from pairsmith.kernel.parting import Parted, part
from pairsmith.kernel.row_render import (
    Jinja,
    Messages,
    RenderedPair,
    dialogues_by_row,
    messages_of,
    pairs_by_row,
    sampled_rows,
)
from pairsmith.kernel.text_render import fallback_turns, render_replies, render_turns
from pairsmith.schema.messages import Message, decode_extras, encode_json
from pairsmith.schema.rows import FULL_MESSAGES, MESSAGES
from pairsmith.schema.templates import (
    Compiled,
    Conversation,
    DatasetSegments,
    Layout,
    Refusal,
    Segments,
    Template,
)
from pairsmith.text.spans import Mask, to_numpy
from pairsmith.text.turns import Turns, list_array, select


class UnfaithfulError(Exception):
    """The compiled form of a template does not give what Jinja gives for a row at hand."""


@dataclass(frozen=True)
class Writer:
    """What writes text: a compiled template, and Jinja for what it does not describe.

    Attributes:
        compiled: The template.
        jinja: Renders it row by row.
        check_all: Whether Jinja renders every row too, rather than a sample of each batch.
    """

    compiled: Compiled
    jinja: Jinja
    check_all: bool = False

    def checked_rows(self, sides: Sequence[Turns], rows: Mask) -> list[int]:
        """The numbers of the rows, of these, that Jinja renders too, to check the compiled form."""
        return np.flatnonzero(rows).tolist() if self.check_all else sampled_rows(sides, rows)


class Pairs(NamedTuple):
    """The pairs of n rows.

    Attributes:
        chosen, rejected: The turns of both whole conversations.
        parted: Where they part.
        tools: n definitions of tools, as JSON, null where there are none; None for none at all.
    """

    chosen: Turns
    rejected: Turns
    parted: Parted
    tools: pa.StringArray | None = None

    @classmethod
    def of(cls, chosen: Turns, rejected: Turns, tools: pa.StringArray | None = None) -> Pairs:
        """The pairs of two whole conversations a row."""
        return cls(chosen, rejected, part(chosen, rejected), tools)

    @property
    def has_tools(self) -> Mask:
        """Flags, one a row: true where there are tools."""
        if self.tools is None:
            return np.zeros(len(self.parted.prompt), bool)
        return to_numpy(self.tools.is_valid())

    @property
    def tools_or_nulls(self) -> pa.StringArray:
        """The definitions, or a column of nulls."""
        return pa.nulls(len(self.parted.prompt), pa.string()) if self.tools is None else self.tools

    def tools_of(self, row: int) -> list[Any] | None:
        """The definitions of the tools of a row; None where there are none."""
        text = None if self.tools is None else self.tools[row].as_py()
        return None if text is None else json.loads(text)

    def beyond(self, replies: Turns) -> Mask:
        """Flags, one a row: what no compiled template describes.

        Args:
            replies: The turns of rejected that are its reply.
        """
        found = self.has_tools | ~self.parted.single(self.chosen, self.rejected)
        found |= ~checks.alternates(self.chosen)
        for turns in (self.chosen, replies):
            if turns.extras is not None:
                found |= turns.any(turns.has_extras)
        return found


class Written(NamedTuple):
    """The texts of n rows.

    Attributes:
        columns: Texts, null where a row is refused.
        refused: From a refused row to the message of the template.
    """

    columns: list[pa.StringArray]
    refused: dict[int, str]


class WrittenPairs(NamedTuple):
    """The contents of n rows of pairs, as `Written`.

    Attributes:
        columns, refused: As of `Written`.
        left_out: n flags: where the reasoning of earlier turns is left out; None for nowhere.
    """

    columns: list[pa.Array]
    refused: dict[int, str]
    left_out: Mask | None = None


def write_pairs(pairs: Pairs, kept: Mask, writer: Writer) -> WrittenPairs:
    """Renders pairs as prompt, chosen and rejected.

    Args:
        pairs: n rows; the turns of their prompts are chosen's.
        kept: n flags: the rows to render.
        writer: What renders them.

    Raises:
        UnfaithfulError: The compiled template fails the check.
    """
    compiled, chosen = writer.compiled, pairs.chosen
    worse = select(pairs.rejected, ~pairs.parted.in_prompt(pairs.rejected))
    system = chosen.opens_with_system
    fallback = chosen.any(fallback_turns(chosen, system, compiled))
    fallback |= worse.any(fallback_turns(worse, system, compiled))
    fallback |= pairs.beyond(worse) | _without_layout(chosen, compiled)
    plain, marked = kept & ~fallback, bool(compiled.generation_suffix)
    others = np.flatnonzero(kept & fallback).tolist()
    checked = writer.checked_rows((chosen, worse), plain)

    def by_row(
        rows: list[int], marked: bool = True, check: bool = True
    ) -> list[RenderedPair | Refusal]:
        prompts = pairs.parted.prompt[rows].tolist()
        better = [messages_of(chosen, row) for row in rows]
        other = [
            both[:turns] + messages_of(worse, row)
            for row, both, turns in zip(rows, better, prompts, strict=True)
        ]
        tools = [pairs.tools_of(row) for row in rows]
        return pairs_by_row(
            better, other, compiled.template, writer.jinja, marked, prompts, tools, check
        )

    with ThreadPoolExecutor(1) as meanwhile:
        by_jinja = meanwhile.submit(lambda: (by_row(others), by_row(checked, marked, check=False)))
        columns = [pa.nulls(len(kept), pa.string())] * 3
        for opening, layout in compiled.layouts.items():
            rows = plain & (system == opening)
            if rows.any():
                made = _pair_columns(
                    chosen, worse, rows, layout, compiled.dataset_segments[opening]
                )
                columns = [_either(a, b) for a, b in zip(columns, made, strict=True)]
        texts, expected = by_jinja.result()
    for row, text in zip(checked, expected, strict=True):
        if tuple(column[row].as_py() for column in columns) != text[:3]:
            raise UnfaithfulError
    left_out = np.zeros(len(kept), bool)
    for row, text in zip(others, texts, strict=True):
        left_out[row] = isinstance(text, RenderedPair) and text.reasoning_left_out
    return WrittenPairs(*_put_in(columns, others, texts), left_out if left_out.any() else None)


def _either(left: pa.StringArray, right: pa.StringArray) -> pa.StringArray:
    """For each row the text that is not null."""
    return right if left.null_count == len(left) else pc.coalesce(left, right)


def _pair_columns(
    chosen: Turns, worse: Turns, rows: Mask, layout: Layout, texts: DatasetSegments
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
    texts = writer.compiled.dataset_segments

    def segments(opening: bool, ends_with_user: bool) -> Segments:
        return texts[opening].ends_with_user if ends_with_user else texts[opening].full

    return _write_wholes(turns, kept, writer, segments, dialogues_by_row)


def write_conversations(turns: Turns, kept: Mask, generation: bool, writer: Writer) -> Written:
    """Renders whole conversations as the template does: nothing is left out at either end.

    Args:
        turns: The turns of n rows.
        kept: n flags: the rows to render.
        generation: Whether texts are to end where a reply begins; all rows must then end with
            the user, or are rendered by Jinja.
        writer: What renders them.

    Raises:
        UnfaithfulError: The compiled template fails the check.
    """
    layouts = writer.compiled.layouts

    def segments(opening: bool, ends_with_user: bool) -> Segments | None:
        if not ends_with_user:
            return None if generation else layouts[opening].full
        return layouts[opening].generation if generation else layouts[opening].ends_with_user

    def by_row(rows: Sequence[Messages], _template: Template, jinja: Jinja) -> list[str | Refusal]:
        return jinja([Conversation(messages, generation) for messages in rows])

    return _write_wholes(turns, kept, writer, segments, by_row)


def _write_wholes(
    turns: Turns,
    kept: Mask,
    writer: Writer,
    segments: Callable[[bool, bool], Segments | None],
    by_row: Callable[[Sequence[Messages], Template, Jinja], list[str | Refusal]],
) -> Written:
    """Renders whole conversations in one column; see `write_conversations`.

    `segments` gives the segments to use, by whether a system turn opens the conversation and
    whether the user speaks last, or None to leave such rows to Jinja; `by_row` renders by Jinja.
    """
    compiled = writer.compiled
    system, ends_with_user = turns.opens_with_system, checks.no_reply(turns)
    fallback = turns.any(fallback_turns(turns, system, compiled))
    fallback |= checks.bad_roles(turns) | _without_layout(turns, compiled)
    column = pa.nulls(len(kept), pa.string())
    plain = np.zeros(len(kept), bool)
    for opening, layout in compiled.layouts.items():
        for last in (False, True):
            rows = kept & ~fallback & (system == opening) & (ends_with_user == last)
            found = segments(opening, last)
            if found is not None and rows.any():
                column = _either(column, _dialogue_column(turns, rows, layout, found))
                plain |= rows
    others, checked = np.flatnonzero(kept & ~plain).tolist(), writer.checked_rows((turns,), plain)
    conversations = [messages_of(turns, row) for row in others + checked]
    texts = by_row(conversations, compiled.template, writer.jinja)
    for row, text in zip(checked, texts[len(others) :], strict=True):
        if column[row].as_py() != text:
            raise UnfaithfulError
    return _put_in([column], others, texts)


def _dialogue_column(
    turns: Turns, rows: Mask, layout: Layout, segments: Segments
) -> pa.StringArray:
    return render_turns(select(turns, rows[turns.rows]), layout, segments, ~rows)


def _without_layout(turns: Turns, compiled: Compiled) -> Mask:
    return ~np.isin(turns.opens_with_system, list(compiled.layouts))


def _put_in(
    columns: list[pa.StringArray],
    rows: list[int],
    texts: list[RenderedPair | Refusal] | list[str | Refusal],
) -> Written:
    """Puts texts that were rendered row by row in their places."""
    refused: dict[int, str] = {}
    rendered: list[tuple[str, ...]] = []
    places = np.full(len(columns[0]), -1)
    for row, text in zip(rows, texts, strict=False):
        if isinstance(text, Refusal):
            refused[row] = text.message
        else:
            places[row] = len(rendered)
            rendered.append((text,) if isinstance(text, str) else text[:3])
    if not rendered:
        return Written(columns, refused)
    index = pa.array(places, mask=places < 0)
    held = [pa.array([row[i] for row in rendered], pa.string()) for i in range(len(columns))]
    return Written([_either(a, b.take(index)) for a, b in zip(columns, held, strict=True)], refused)


def render_messages(turns: Turns, null: Mask, full: bool = False) -> pa.ListArray:
    """Each row's turns as a list of messages.

    Args:
        turns: The turns of n rows.
        null: n flags, true where the result is null.
        full: Whether messages are as in `FULL_MESSAGES`, not `{role, content}`.
    """
    said = [turns.role_names, turns.content.texts()]
    if full:
        said += _extra_columns(turns)
    fields = list((FULL_MESSAGES if full else MESSAGES).value_type)
    return list_array(turns.offsets, pa.StructArray.from_arrays(said, fields=fields), null)


def _extra_columns(turns: Turns) -> list[pa.Array]:
    """What m messages hold besides role and text, as `FULL_MESSAGES` has it."""
    fields = list(FULL_MESSAGES.value_type)[2:]
    held: list[dict[str, Any]] = [{}] * len(turns.role)
    if turns.extras is not None:
        held = [_as_written(decode_extras(text)) for text in turns.extras.to_pylist()]
    return [pa.array([one.get(field.name) for one in held], field.type) for field in fields]


def _as_written(extras: Message) -> Message:
    """The further fields of a message, the arguments of its calls as JSON."""
    calls = [
        {**call, "function": {**call["function"], "arguments": encode_json(arguments)}}
        for call in extras.get("tool_calls", ())
        for arguments in [call["function"].get("arguments", {})]
    ]
    return {**extras, "tool_calls": calls} if calls else extras
