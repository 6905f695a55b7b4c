"""Text by a compiled template: its constant strings joined with the contents, columnar."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel.turns import (
    ROLES,
    Index,
    Mask,
    Turns,
    holds_any,
    join_rows,
    padded,
)
from pairsmith.schema import Compiled, Joints, Layout, Trim

TRIMS = {
    Trim.BOTH: pc.utf8_trim_whitespace,
    Trim.LEFT: pc.utf8_ltrim_whitespace,
    Trim.RIGHT: pc.utf8_rtrim_whitespace,
}


def render_turns(turns: Turns, layout: Layout, joints: Joints, null: Mask) -> pa.StringArray:
    """Renders each row's turns as one text.

    Args:
        turns: The turns of n rows, none with an odd one (see `odd_turns`).
        layout: How the template lays them out.
        joints: The constant text around so many contents as a row has turns.
        null: n flags, true where the result is null.
    """
    turns = _seat_system(turns, layout)
    counts, places = np.repeat(turns.counts, turns.counts), turns.positions
    last = places == counts - 1
    texts, first = _flat(joints)
    after = pa.array(np.where(last, first(counts, counts), len(texts) - 1))
    pieces = pc.binary_join_element_wise(
        texts.take(pa.array(first(counts, places))), trim(turns, layout), texts.take(after), ""
    )
    return join_rows(turns.offsets, pieces, null)


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
    counts = contents[~null]
    texts, first = _flat(joints)
    pieces = pc.binary_join_element_wise(
        texts.take(pa.array(first(counts, counts - 1))),
        trim(replies, layout),
        texts.take(pa.array(first(counts, counts))),
        "",
    )
    if not null.any():
        return pieces
    return pieces.take(pa.array(replies.offsets[:-1], mask=null))


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
    return turns._replace(role=turns.role[order], content=turns.content.take(pa.array(order)))


def trim(turns: Turns, layout: Layout) -> pa.StringArray:
    """The contents as the template trims them."""
    content = turns.content
    if turns.bare:
        return content
    for role, kind in layout.trims.items():
        if kind in TRIMS:
            mask = turns.role == ROLES.index(role)
            content = pc.if_else(pa.array(mask), TRIMS[kind](content), content)
    return content


def odd_turns(turns: Turns, system: Mask, compiled: Compiled) -> Mask:
    """Turns whose contents the compiled form does not describe, a flag for each.

    They hold a string that the template looks for, or are blank or have white space around them
    where it minds.

    Args:
        turns: The turns of n rows.
        system: n flags: whether the row's conversation opens with a system turn.
        compiled: The template.
    """
    odd = holds_any(turns.content, compiled.guards, ignore_case=True)
    empty, around = turns.blank, padded(turns.content) if not turns.bare else None
    for opening, layout in compiled.layouts.items():
        rows = (system == opening)[turns.rows]
        for code, role in enumerate(ROLES):
            here = rows & (turns.role == code)
            if role not in layout.blanks:
                odd |= here & empty
            if around is not None and layout.trims.get(role) is None:
                odd |= here & around
    return odd
