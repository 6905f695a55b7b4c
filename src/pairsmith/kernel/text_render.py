"""Text by a compiled template: its constant strings joined with the contents, columnar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.schema.templates import Compiled, Joints, Layout, Trim
from pairsmith.text.spans import Index, Mask, Spans, flat, over
from pairsmith.text.turns import ROLES, Turns


def render_turns(turns: Turns, layout: Layout, joints: Joints, null: Mask) -> pa.StringArray:
    """Renders each row's turns as one text.

    Args:
        turns: The turns of n rows, none with an odd one (see `odd_turns`).
        layout: How the template lays them out.
        joints: The constant text around so many contents as a row has turns.
        null: n flags, true where the result is null.
    """
    turns = _seat_system(turns, layout)
    counts = np.repeat(turns.counts, turns.counts)
    texts, find = _flat(joints)
    before = find(turns.counts, np.zeros(len(null), np.int64))
    after = find(counts, turns.positions + 1)
    return _splice(turns, trim(turns, layout), texts, before, after, null)


def render_replies(
    replies: Turns, layout: Layout, joints: Joints, contents: Index, null: Mask
) -> pa.StringArray:
    """Renders each row's reply, from where it parts from the prompt.

    Args:
        replies: One turn for each of n rows, none where `null` holds.
        layout: How the template lays out the conversation.
        joints: The constant text around the contents of whole conversations.
        contents: n numbers: the turns of the whole conversation.
        null: n flags, true where the result is null.
    """
    texts, find = _flat(joints)
    before, after = find(contents, np.maximum(contents - 1, 0)), find(contents, contents)
    return _splice(replies, trim(replies, layout), texts, before, after[~null], null)


def _splice(
    turns: Turns, contents: Spans, texts: pa.StringArray, before: Index, after: Index, null: Mask
) -> pa.StringArray:
    """Each row's contents as one text, constant text in place of what stands between them.

    The contents, and pieces of the same bytes that lie around them, take turns in one array of
    2 m + n pieces; it is copied once, the joints written where the pieces in between stood.

    Args:
        turns: The m turns of n rows.
        contents: Their contents, as trimmed.
        texts: The constant texts, an empty one last.
        before: Of n rows, which of these stands before the first content.
        after: Of m turns, which of these stands behind it.
        null: n flags, true where the result is null.
    """
    held = np.arange(len(turns.role)) * 2 + turns.rows + 1
    begins = turns.offsets * 2 + np.arange(len(turns.offsets))
    size = int(begins[-1])
    offsets = np.zeros(size + 1, np.int32)
    offsets[held], offsets[held + 1] = contents.starts, contents.ends
    offsets[begins[:-1]] = 0
    np.maximum.accumulate(offsets, out=offsets)
    joint = np.full(size, len(texts) - 1)
    joint[begins[:-1]] = np.where(null, len(texts) - 1, before)
    joint[held + 1] = after
    is_content = np.zeros(size, bool)
    is_content[held] = True
    pieces = over(contents.run.data, offsets)
    spliced = pc.if_else(pa.array(is_content), pieces, texts.take(pa.array(joint)))
    return join_rows(begins, spliced, null)


def join_rows(offsets: Index, pieces: pa.StringArray, null: Mask) -> pa.StringArray:
    """Each row's pieces as one text over the same bytes, null where `null` holds."""
    places, run = flat(pieces)
    return over(run.data, places[offsets].astype(np.int32), null)


def _flat(joints: Joints) -> tuple[pa.StringArray, _Find]:
    """All joints as one array, an empty text last; and what finds them there."""
    ends = len(joints.head) + len(joints.tail)
    texts: list[str] = []
    starts = np.zeros(ends + 1, np.int64)
    for contents, held in joints.short.items():
        starts[contents] = len(texts)
        texts += held
    find = _Find(starts, len(texts), len(joints.head), len(joints.tail))
    return pa.array([*texts, *joints.head, *joints.middle, *joints.tail, ""], pa.string()), find


class _Find:
    """Finds joints in the array of `_flat`, by contents of the conversation and place.

    The arrays given are of the same length; places run from 0 to the number of contents.
    """

    def __init__(self, starts: Index, long: int, head: int, tail: int) -> None:
        self.starts, self.long, self.head, self.tail = starts, long, head, tail

    def __call__(self, contents: Index, places: Index) -> Index:
        between = self.head + (places - self.head) % 2
        from_end = self.head + 2 + self.tail - 1 - (contents - places)
        within = np.where(places < self.head, places, between)
        within = np.where(contents - places < self.tail, from_end, within)
        short = contents < len(self.starts)
        starts = self.starts[np.where(short, contents, 0)]
        found: Index = np.where(short, starts + places, self.long + within)
        return found


def _seat_system(turns: Turns, layout: Layout) -> Turns:
    """Moves system turns to where the template writes them."""
    if layout.system_back is None or not turns.opens_with_system.any():
        return turns
    rows, counts = turns.rows, np.repeat(turns.counts, turns.counts)
    replied = ~turns.user[turns.last][rows]
    seat = counts - 1 - layout.system_back - replied
    places = turns.positions
    moved = np.where(places == 0, seat, np.where(places <= seat, places - 1, places))
    moved = np.where(turns.opens_with_system[rows], moved, places)
    order = np.empty(len(places), np.int64)
    order[turns.offsets[:-1][rows] + moved] = np.arange(len(places))
    texts = turns.content.texts().take(pa.array(order))
    return replace(turns, role=turns.role[order]).with_contents(texts)


def trim(turns: Turns, layout: Layout) -> Spans:
    """The contents as the template trims them."""
    if turns.bare:
        return turns.content
    starts, ends = turns.content.starts.copy(), turns.content.ends.copy()
    for role, kind in layout.trims.items():
        mask = turns.role == ROLES.index(role)
        if kind in (Trim.BOTH, Trim.LEFT):
            starts[mask] = turns.stripped.starts[mask]
        if kind in (Trim.BOTH, Trim.RIGHT):
            ends[mask] = np.where(turns.blank, starts, turns.stripped.ends)[mask]
    return Spans(turns.content.run, starts, ends)


def odd_turns(turns: Turns, system: Mask, compiled: Compiled) -> Mask:
    """Turns whose contents the compiled form does not describe, a flag for each.

    They hold a string that the template looks for, or are blank or have white space around them
    where it minds.

    Args:
        turns: The turns of n rows.
        system: n flags: whether the row's conversation opens with a system turn.
        compiled: The template.
    """
    odd = turns.content.holds_any(compiled.guards, ignore_case=True)
    empty, around = turns.blank, None if turns.bare else turns.padded
    for opening, layout in compiled.layouts.items():
        rows = (system == opening)[turns.rows]
        for code, role in enumerate(ROLES):
            here = rows & (turns.role == code)
            if role not in layout.blanks:
                odd |= here & empty
            if around is not None and layout.trims.get(role) is None:
                odd |= here & around
    return odd
