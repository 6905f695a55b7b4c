"""Rendered text back to turns: the template's constants are found, what lies between is content.

A result is believed where rendering it gives the text again. Equal texts give equal turns, so two
things a text does not tell: that contents hold a whole exchange in the template's constants, which
no content does that was searched for control text; and that a user's turn begins with a system
text of the row's own, for templates that have nothing between but a blank line (Gemma).

A worked example, for a template that writes `U:` in front of the first content, `|A:` between a
user's content and the assistant's, and `|U:` between that and the next user's. Where these two
stand in the bytes of the column, contents end and begin:

>>> prompt = pa.array(["U:Hi.|A:Yes?|U:Tea.|A:", "U:Why?|A:"])  # 22 bytes, then 9
>>> segments = ("U:", *("|A:", "|U:") * 4, "|A:")  # around the contents of a prompt of nine turns
>>> turns = _cut(prompt, segments, front="U:")
>>> turns.content.starts.tolist()  # of "Hi.", "Yes?", "Tea.", and of "Why?" in the second row
[2, 8, 15, 24]
>>> turns.content.ends.tolist()
[5, 12, 19, 28]
>>> turns.offsets.tolist(), turns.role_names.to_pylist()  # the first row has turns 0 to 3
([0, 3, 4], ['user', 'assistant', 'user', 'user'])
>>> turns.content.texts().to_pylist()
['Hi.', 'Yes?', 'Tea.', 'Why?']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel.text_render import render_turns
from pairsmith.schema.templates import Compiled, DatasetSegments, Layout, Trim
from pairsmith.text.spans import Index, Mask, Spans, rare_byte, spans_of, to_numpy
from pairsmith.text.turns import ASSISTANT, SYSTEM, USER, Turns, append_turn, prepend_system

LONG = 9
"""Contents of a conversation that has every kind of segment."""


class Unrendered(NamedTuple):
    """Rows of a text build as turns.

    Attributes:
        sides: For each column of replies the turns of n rows, the reply last; without the recipe's
            system text, with a system turn of a row's own. Before the reply they are the same.
        exact: n flags: whether rendering them gives the row again. A row for which it does not is
            one turn of the user and a reply, as text.
    """

    sides: list[Turns]
    exact: Mask


class _Reading(NamedTuple):
    """Prompts and replies as one layout reads them, and where that is right.

    Attributes:
        turns: The turns of n prompts.
        replies: For each column of replies, n texts.
        exact: n flags: whether rendering gives the row again.
    """

    turns: Turns
    replies: list[pa.StringArray]
    exact: Mask


class _Constants(NamedTuple):
    """The constants of rows that begin alike: with a system turn, or without one."""

    system: bool
    layout: Layout
    dataset: DatasetSegments

    @property
    def of_prompt(self) -> tuple[str, ...]:
        """The segments of a long prompt, m + 1 for m contents."""
        return self.dataset.prompt.of(LONG + self.system)

    @property
    def around_reply(self) -> tuple[str, str]:
        """The segments before and behind a reply."""
        *_, before, behind = self.dataset.reply.of(LONG + 1 + self.system)
        return before, behind


def unrender(
    prompt: pa.StringArray,
    replies: Sequence[pa.StringArray],
    compiled: Compiled,
    system: str | None,
) -> Unrendered:
    """Parses conversations of a text build back to turns.

    Args:
        prompt: n prompts, none null.
        replies: Columns of n replies to them.
        compiled: The template.
        system: The recipe's system text; None where it has none.
    """
    readings: list[_Reading] = []
    usual, with_system = (_constants(compiled, opening) for opening in (system is not None, True))
    if usual:
        readings.append(_read(prompt, replies, usual, system, own=False))
        if system is None and with_system:
            readings[0].exact[_opens_with_system(prompt, usual, with_system)] = False
    if with_system and not (readings and readings[0].exact.all()):
        readings.append(_read(prompt, replies, with_system, None, own=True))
    made = _Reading(_one_turn(prompt), list(replies), np.zeros(len(prompt), bool))
    for reading in reversed(readings):
        made = _choose(reading, made)
    sides = [append_turn(made.turns, reply, ASSISTANT) for reply in made.replies]
    return Unrendered(sides, made.exact)


def _constants(compiled: Compiled, system: bool) -> _Constants | None:
    """The constants of rows with a system turn, or without; None where they cannot be undone."""
    layout, dataset = compiled.layouts.get(system), compiled.dataset_segments.get(system)
    if layout is None or dataset is None or (system and layout.system_back is not None):
        return None
    if not (dataset.prompt.head and dataset.reply.head):  # each length has segments of its own
        return None
    return _Constants(system, layout, dataset)


def _opens_with_system(prompt: pa.StringArray, usual: _Constants, with_system: _Constants) -> Mask:
    """Prompts that begin as those with a system turn, where others begin so in part."""
    plain, front = usual.of_prompt[0], with_system.of_prompt[0]
    if front == plain or not front.startswith(plain):
        return np.zeros(len(prompt), bool)
    return to_numpy(pc.starts_with(prompt, front))


def _read(
    prompt: pa.StringArray,
    replies: Sequence[pa.StringArray],
    constants: _Constants,
    system: str | None,
    own: bool,
) -> _Reading:
    """Parses rows by the constants of one layout.

    Args:
        prompt: n prompts.
        replies: Columns of n replies.
        constants: Those of the layout.
        system: The recipe's system text.
        own: Whether rows have system turns of their own.
    """
    turns, exact = _cut_own(prompt, constants) if own else _cut_known(prompt, constants, system)
    led = prepend_system(turns, system, turns.counts > 0)
    no_row = np.zeros(len(prompt), bool)
    again = render_turns(led, constants.layout, constants.dataset.prompt, no_row)
    exact = exact & to_numpy(pc.equal(again, prompt))
    exact &= (turns.counts - turns.opens_with_system) % 2 == 1  # the user begins and ends
    bare = []
    for reply in replies:
        text, ended = _without(reply, *constants.around_reply)
        bare.append(text)
        exact &= ended
    return _Reading(turns, bare, exact)


def _cut_known(
    prompt: pa.StringArray, constants: _Constants, system: str | None
) -> tuple[Turns, Mask]:
    """Prompts that begin with the recipe's system text, or with none."""
    segments, text = constants.of_prompt, _trimmed(system, constants.layout)
    front = segments[0] if text is None else segments[0] + text + segments[1]
    return _cut(prompt, segments, front), np.ones(len(prompt), bool)


def _cut_own(prompt: pa.StringArray, constants: _Constants) -> tuple[Turns, Mask]:
    """Prompts that begin with a system turn of their own, up to the constant behind it."""
    front, behind = constants.of_prompt[:2]
    rows = spans_of(prompt)
    starts, _ = _inside(prompt, rows, front, "")
    at = pc.find_substring(Spans(rows.run, starts, rows.ends).texts(), behind).to_numpy()
    found = at >= 0
    ends = starts + np.where(found, at, 0)
    after = np.where(found, ends + len(behind.encode()), starts)
    system = Spans(rows.run, starts, ends).texts()
    turns = _cut(Spans(rows.run, after, rows.ends).texts(), constants.of_prompt, "")
    fronts = turns.offsets[:-1]
    order = np.insert(np.arange(len(turns.role)) + len(system), fronts, np.arange(len(system)))
    contents = pa.concat_arrays([system, turns.content.texts()])
    opened = replace(
        turns,
        offsets=turns.offsets + np.arange(len(turns.offsets)),
        role=np.insert(turns.role, fronts, SYSTEM),
    )
    return opened.with_contents(contents.take(pa.array(order))), found


def _trimmed(system: str | None, layout: Layout) -> str | None:
    """The system text as the template trims it."""
    kind = layout.trims.get("system")
    if system is None or kind is None:
        return system
    return {Trim.BOTH: str.strip, Trim.LEFT: str.lstrip, Trim.RIGHT: str.rstrip}.get(kind, str)(
        system
    )


def _cut(prompt: pa.StringArray, segments: tuple[str, ...], front: str) -> Turns:
    """Cuts prompts at the constants between contents; see the example above.

    Args:
        prompt: n prompts.
        segments: Those of a long prompt: the last `LONG` are taken, between user and assistant by
            turns, and behind the last content.
        front: What the prompts begin with.
    """
    rows = spans_of(prompt)
    begins, ends = _inside(prompt, rows, front, segments[-1])
    to_assistant, to_user = segments[-LONG:-1][:2]
    places, behind = _find_both(rows, to_assistant, to_user)
    owner = np.searchsorted(rows.starts, places, side="right") - 1
    inside = (places >= begins[owner]) & (behind <= ends[owner])
    places, behind, owner = places[inside], behind[inside], owner[inside]
    apart = np.ones(len(places), bool)  # a constant may hold another
    apart[1:] = (places[1:] >= behind[:-1]) | (owner[1:] != owner[:-1])
    places, behind, owner = places[apart], behind[apart], owner[apart]
    counts = 1 + np.bincount(owner, minlength=len(prompt))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    first, last = offsets[:-1], offsets[1:] - 1
    of_mark = np.arange(len(places)) + owner  # the turn in front of each mark
    content_starts, content_ends = np.zeros(offsets[-1], np.int64), np.zeros(offsets[-1], np.int64)
    content_starts[first], content_ends[last] = begins, ends
    content_ends[of_mark], content_starts[of_mark + 1] = places, behind
    content = Spans(rows.run, content_starts, content_ends)
    role = ((np.arange(offsets[-1]) - np.repeat(first, counts)) % 2).astype(np.int32)
    return Turns(offsets, role, content, content.strip(), np.zeros(len(prompt), bool), marked=False)


def _find_both(rows: Spans, *strings: str) -> tuple[Index, Index]:
    """Where any of these strings begins and ends in the bytes of all rows, in order."""
    sought = [string.encode() for string in strings]
    starts = [rows.run.find(b, rare_byte(b.decode()) or b[-1]) for b in sought]
    sizes = np.repeat([len(b) for b in sought], [len(places) for places in starts])
    places = np.concatenate(starts)
    order = np.argsort(places, kind="stable")
    return places[order], (places + sizes)[order]


def _inside(texts: pa.StringArray, rows: Spans, front: str, end: str) -> tuple[Index, Index]:
    """Where texts start and end without these two; where one is missing, the whole text."""
    both = to_numpy(pc.and_(pc.starts_with(texts, front), pc.ends_with(texts, end)))
    sizes = len(front.encode()), len(end.encode())
    both &= rows.sizes >= sum(sizes)
    return rows.starts + both * sizes[0], rows.ends - both * sizes[1]


def _without(texts: pa.StringArray, front: str, end: str) -> tuple[pa.StringArray, Mask]:
    """Texts without this beginning and this end, and flags: whether they had both."""
    rows = spans_of(texts)
    starts, ends = _inside(texts, rows, front, end)
    exact = ends - starts == rows.sizes - len((front + end).encode())
    return Spans(rows.run, starts, ends).texts(), exact


def _one_turn(prompt: pa.StringArray) -> Turns:
    content = spans_of(prompt)
    rows = len(prompt)
    role = np.full(rows, USER, np.int32)
    stray = np.zeros(rows, bool)
    return Turns(np.arange(rows + 1), role, content, content.strip(), stray, marked=False)


def _choose(left: _Reading, right: _Reading) -> _Reading:
    """Each row from the left where that is exact, else from the right."""
    if left.exact.all():
        return left
    keep = pa.array(left.exact)
    replies = [pc.if_else(keep, *two) for two in zip(left.replies, right.replies, strict=True)]
    turns = _choose_turns(left.exact, left.turns, right.turns)
    return _Reading(turns, replies, left.exact | right.exact)


def _choose_turns(first: Mask, left: Turns, right: Turns) -> Turns:
    """The turns of each row from the left where `first` holds, else from the right."""
    counts = np.where(first, left.counts, right.counts)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    rows = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    shift = len(left.role)
    places = np.where(
        first[rows], left.offsets[rows] + within, shift + right.offsets[rows] + within
    )
    contents = pa.concat_arrays([left.content.texts(), right.content.texts()])
    role = np.concatenate([left.role, right.role])[places]
    content = spans_of(contents.take(pa.array(places)))
    return Turns(offsets, role, content, content.strip(), left.stray, marked=False)
