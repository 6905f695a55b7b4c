"""Rendered text back to turns: the template's constants are found, what lies between is content.

What comes out is believed where rendering it gives the text again.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel.spans import Mask, Spans, rare_byte, spans_of, to_numpy
from pairsmith.kernel.text import render_turns
from pairsmith.kernel.turns import ASSISTANT, USER, Turns, lead, place_last
from pairsmith.schema import Compiled, Layout, Trim

LONG = 9
"""Contents of a conversation that has every kind of joint."""


def take_apart(
    prompt: pa.StringArray, reply: pa.StringArray, compiled: Compiled, system: str | None
) -> tuple[Turns, Mask]:
    """Conversations of a text build as turns, the reply last, the recipe's system text left out.

    Args:
        prompt: n prompts, none null.
        reply: Their replies.
        compiled: The template.
        system: The recipe's system text.

    Returns:
        The turns of each row, and n flags: whether rendered they give the row again. A row for
        which they do not is one turn of the user and a reply, as text.
    """
    opening = system is not None
    layout, texts = compiled.layouts.get(opening), compiled.texts.get(opening)
    if layout is None or texts is None or (opening and layout.system_back is not None):
        return _whole(prompt, reply), np.zeros(len(prompt), bool)
    whole = texts.reply.of(LONG + 1 + opening)
    turns = _cut(prompt, texts.prompt.of(LONG + opening), _trimmed(system, layout))
    bare, exact = _without(reply, whole[-2], whole[-1])
    nowhere = np.zeros(len(prompt), bool)
    again = render_turns(lead(turns, system, turns.counts > 0), layout, texts.prompt, nowhere)
    exact &= to_numpy(pc.equal(again, prompt))
    if not exact.all():
        keep = pa.array(exact)
        turns = _choose(exact, turns, _one_turn(prompt))
        bare = pc.if_else(keep, bare, reply)
    return place_last(turns, bare, ASSISTANT), exact


def _trimmed(system: str | None, layout: Layout) -> str | None:
    """The system text as the template trims it."""
    kind = layout.trims.get("system")
    if system is None or kind is None:
        return system
    return {Trim.BOTH: str.strip, Trim.LEFT: str.lstrip, Trim.RIGHT: str.rstrip}.get(kind, str)(
        system
    )


def _cut(prompt: pa.StringArray, joints: tuple[str, ...], system: str | None) -> Turns:
    """Prompts at the constants between contents."""
    rows = spans_of(prompt)
    front = joints[0] if system is None else joints[0] + system + joints[1]
    asked, told = joints[-LONG:-1][0].encode(), joints[-LONG:-1][1].encode()
    data, starts = rows.run, []
    for joint in (asked, told):
        starts.append(data.find(joint, rare_byte(joint.decode()) or joint[-1]))
    places = np.concatenate(starts)
    sizes = np.repeat([len(asked), len(told)], [len(found) for found in starts])
    order = np.argsort(places, kind="stable")
    places, behind = places[order], (places + sizes)[order]
    begins = np.minimum(rows.starts + len(front.encode()), rows.ends)
    ends = np.maximum(rows.ends - len(joints[-1].encode()), begins)
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


def _without(texts: pa.StringArray, front: str, end: str) -> tuple[pa.StringArray, Mask]:
    """Texts without what they begin and end with, and whether they do."""
    exact = pc.and_(pc.starts_with(texts, front), pc.ends_with(texts, end))
    long = pc.greater_equal(pc.binary_length(texts), len((front + end).encode()))
    exact = to_numpy(pc.and_(exact, long))
    rows = spans_of(texts)
    starts = np.where(exact, rows.starts + len(front.encode()), rows.starts)
    ends = np.where(exact, rows.ends - len(end.encode()), rows.ends)
    return Spans(rows.run, starts, ends).texts(), exact


def _one_turn(prompt: pa.StringArray) -> Turns:
    content = spans_of(prompt)
    rows = len(prompt)
    role = np.full(rows, USER, np.int32)
    stray = np.zeros(rows, bool)
    return Turns(np.arange(rows + 1), role, content, content.strip(), stray, marked=False)


def _whole(prompt: pa.StringArray, reply: pa.StringArray) -> Turns:
    return place_last(_one_turn(prompt), reply, ASSISTANT)


def _choose(first: Mask, left: Turns, right: Turns) -> Turns:
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
