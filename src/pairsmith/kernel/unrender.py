"""Rendered text back to turns: the template's constants are found, what lies between is content.

What comes out is believed where rendering it gives the text again. Equal texts give equal turns, so
two things a text does not tell: that contents hold a whole exchange in the template's constants,
which no content does that was looked through for control text; and that a user's turn begins with
a system text of the row's own, for templates that have nothing between but a blank line (Gemma).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel.text_render import render_turns
from pairsmith.schema.templates import Compiled, Layout, Texts, Trim
from pairsmith.text.spans import Index, Mask, Spans, rare_byte, spans_of, to_numpy
from pairsmith.text.turns import ASSISTANT, SYSTEM, USER, Turns, lead, place_last

LONG = 9
"""Contents of a conversation that has every kind of joint."""


class Apart(NamedTuple):
    """Rows of a text build, taken apart.

    Attributes:
        sides: For each column of replies the turns of n rows, the reply last; without the recipe's
            system text, with a system turn of a row's own. Before the reply they are the same.
        exact: n flags: whether rendered they give the row again. A row for which they do not is
            one turn of the user and a reply, as text.
    """

    sides: list[Turns]
    exact: Mask


class _Reading(NamedTuple):
    """Prompts and replies as one layout has them, and whether it does."""

    turns: Turns
    replies: list[pa.StringArray]
    exact: Mask


def take_apart(
    prompt: pa.StringArray,
    replies: Sequence[pa.StringArray],
    compiled: Compiled,
    system: str | None,
) -> Apart:
    """Conversations of a text build as turns.

    Args:
        prompt: n prompts, none null.
        replies: Columns of n replies to them.
        compiled: The template.
        system: The recipe's system text.
    """
    readings: list[_Reading] = []
    asked, opened = (_layout(compiled, opening) for opening in (system is not None, True))
    if asked:
        readings.append(_read(prompt, replies, asked, system, own=False))
        if system is None and opened:
            readings[0].exact[_opens_with_system(prompt, asked, opened)] = False
    if opened and not (readings and readings[0].exact.all()):
        readings.append(_read(prompt, replies, opened, None, own=True))
    made = _Reading(_one_turn(prompt), list(replies), np.zeros(len(prompt), bool))
    for reading in reversed(readings):
        made = _choose(reading, made)
    return Apart([place_last(made.turns, reply, ASSISTANT) for reply in made.replies], made.exact)


class _Form(NamedTuple):
    """How rows that begin alike are laid out: with a system turn, or without."""

    opening: bool
    layout: Layout
    texts: Texts

    @property
    def joints(self) -> tuple[str, ...]:
        """Around the contents of a long prompt."""
        return self.texts.prompt.of(LONG + self.opening)


def _layout(compiled: Compiled, opening: bool) -> _Form | None:
    """How rows with a system turn in front, or without one, are laid out, if that can be undone."""
    layout, texts = compiled.layouts.get(opening), compiled.texts.get(opening)
    if layout is None or texts is None or (opening and layout.system_back is not None):
        return None
    return _Form(opening, layout, texts)


def _opens_with_system(prompt: pa.StringArray, asked: _Form, opened: _Form) -> Mask:
    """Prompts that begin as those with a system turn, where others begin so in part."""
    plain, front = asked.joints[0], opened.joints[0]
    if front == plain or not front.startswith(plain):
        return np.zeros(len(prompt), bool)
    return to_numpy(pc.starts_with(prompt, front))


def _read(
    prompt: pa.StringArray,
    replies: Sequence[pa.StringArray],
    form: _Form,
    system: str | None,
    own: bool,
) -> _Reading:
    """Rows by one layout.

    Args:
        prompt: n prompts.
        replies: Columns of n replies.
        form: The layout.
        system: The recipe's system text.
        own: Whether rows have system turns of their own.
    """
    turns, exact = _cut_own(prompt, form) if own else _cut_known(prompt, form, system)
    led = lead(turns, system, turns.counts > 0)
    nowhere = np.zeros(len(prompt), bool)
    again = render_turns(led, form.layout, form.texts.prompt, nowhere)
    exact = exact & to_numpy(pc.equal(again, prompt))
    exact &= (turns.counts - turns.opens_with_system) % 2 == 1  # the user begins and ends
    *_, front, end = form.texts.reply.of(LONG + 1 + form.opening)
    bare = []
    for reply in replies:
        text, ended = _without(reply, front, end)
        bare.append(text)
        exact &= ended
    return _Reading(turns, bare, exact)


def _cut_known(prompt: pa.StringArray, form: _Form, system: str | None) -> tuple[Turns, Mask]:
    """Prompts that begin with the recipe's system text, or with none."""
    joints, told = form.joints, _trimmed(system, form.layout)
    front = joints[0] if told is None else joints[0] + told + joints[1]
    return _cut(prompt, joints, front), np.ones(len(prompt), bool)


def _cut_own(prompt: pa.StringArray, form: _Form) -> tuple[Turns, Mask]:
    """Prompts that begin with a system turn of their own, up to the constant behind it."""
    front, behind = form.joints[:2]
    rows = spans_of(prompt)
    starts, _ = _inside(prompt, rows, front, "")
    at = pc.find_substring(Spans(rows.run, starts, rows.ends).texts(), behind).to_numpy()
    found = at >= 0
    ends = starts + np.where(found, at, 0)
    after = np.where(found, ends + len(behind.encode()), starts)
    told = Spans(rows.run, starts, ends).texts()
    turns = _cut(Spans(rows.run, after, rows.ends).texts(), form.joints, "")
    fronts = turns.offsets[:-1]
    places = np.insert(np.arange(len(turns.role)) + len(told), fronts, np.arange(len(told)))
    contents = pa.concat_arrays([told, turns.content.texts()])
    opened = replace(
        turns,
        offsets=turns.offsets + np.arange(len(turns.offsets)),
        role=np.insert(turns.role, fronts, SYSTEM),
    )
    return opened.with_contents(contents.take(pa.array(places))), found


def _trimmed(system: str | None, layout: Layout) -> str | None:
    """The system text as the template trims it."""
    kind = layout.trims.get("system")
    if system is None or kind is None:
        return system
    return {Trim.BOTH: str.strip, Trim.LEFT: str.lstrip, Trim.RIGHT: str.rstrip}.get(kind, str)(
        system
    )


def _cut(prompt: pa.StringArray, joints: tuple[str, ...], front: str) -> Turns:
    """Prompts that begin with a front, at the constants between contents."""
    rows = spans_of(prompt)
    asked, told = joints[-LONG:-1][0].encode(), joints[-LONG:-1][1].encode()
    data, starts = rows.run, []
    for joint in (asked, told):
        starts.append(data.find(joint, rare_byte(joint.decode()) or joint[-1]))
    places = np.concatenate(starts)
    sizes = np.repeat([len(asked), len(told)], [len(found) for found in starts])
    order = np.argsort(places, kind="stable")
    places, behind = places[order], (places + sizes)[order]
    begins, ends = _inside(prompt, rows, front, joints[-1])
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
    content = Spans(data, content_starts, content_ends)
    role = ((np.arange(offsets[-1]) - np.repeat(first, counts)) % 2).astype(np.int32)
    return Turns(offsets, role, content, content.strip(), np.zeros(len(prompt), bool), marked=False)


def _inside(texts: pa.StringArray, rows: Spans, front: str, end: str) -> tuple[Index, Index]:
    """Where texts start and end without these; where they have not both, the whole."""
    both = to_numpy(pc.and_(pc.starts_with(texts, front), pc.ends_with(texts, end)))
    sizes = len(front.encode()), len(end.encode())
    both &= rows.sizes >= sum(sizes)
    return rows.starts + both * sizes[0], rows.ends - both * sizes[1]


def _without(texts: pa.StringArray, front: str, end: str) -> tuple[pa.StringArray, Mask]:
    """Texts without what they begin and end with, and whether they do."""
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
