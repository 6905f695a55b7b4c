r"""Text by a compiled template: its constant strings joined with the contents, columnar.

The bytes of a column of contents are seen as pieces: a content, what lies before the next one, the
next content, and so on. The constants are put in the place of what lies between, and all pieces
copied once.

A worked example: one row of two turns, cut from a transcript of 30 bytes. Contents are at bytes
9 to 12 and 25 to 29, so the pieces begin at 0 (a gap), 9 (a content), 12 (a gap), 25 (a content)
and 29 (an empty gap):

>>> from pairsmith.text.transcript import parse
>>> turns = parse(pa.array(["\n\nHuman: Hi.\n\nAssistant: Yes?\n"]))
>>> turns.content.starts.tolist(), turns.content.ends.tolist()
([9, 25], [12, 29])
>>> _cut_pieces(turns, turns.content).offsets.tolist()
[0, 9, 12, 25, 29, 29]

The template's segments take the place of the three gaps: `<u>` before the first content, `<a>`
behind it, `</>` behind the second:

>>> segments = pa.array(["<u>", "<a>", "</>", ""])
>>> before, after = np.array([0]), np.array([1, 2])
>>> _splice(turns, turns.content, segments, before, after, np.array([False])).to_pylist()
['<u>Hi.<a>Yes?</>']
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.schema.templates import Compiled, Layout, Segments, Trim
from pairsmith.text.spans import Index, Mask, Spans, offsets_and_run, string_array, to_numpy
from pairsmith.text.turns import ROLES, Turns


def render_turns(turns: Turns, layout: Layout, segments: Segments, null: Mask) -> pa.StringArray:
    """Renders each row's turns as one text.

    Args:
        turns: The turns of n rows, none of them a fallback turn (see `fallback_turns`).
        layout: How the template lays them out.
        segments: The constant text around contents.
        null: n flags, true where the result is null.
    """
    turns = _move_system(turns, layout)
    counts = np.repeat(turns.counts, turns.counts)
    texts, find = _flatten(segments)
    before = find(turns.counts, np.zeros(len(null), np.int64))
    after = find(counts, turns.positions + 1)
    return _splice(turns, trim(turns, layout), texts, before, after, null)


def render_replies(
    replies: Turns, layout: Layout, segments: Segments, contents: Index, null: Mask
) -> pa.StringArray:
    """Renders each row's reply, from where the prompt ends.

    Args:
        replies: One turn for each of n rows, none where `null` holds.
        layout: How the template lays out the conversation.
        segments: The constant text around the contents of whole conversations.
        contents: n numbers: the turns of the whole conversation.
        null: n flags, true where the result is null.
    """
    texts, find = _flatten(segments)
    before, after = find(contents, np.maximum(contents - 1, 0)), find(contents, contents)
    return _splice(replies, trim(replies, layout), texts, before, after[~null], null)


def _splice(
    turns: Turns, contents: Spans, texts: pa.StringArray, before: Index, after: Index, null: Mask
) -> pa.StringArray:
    """Each row's contents as one text, constant text in place of what stands between them.

    Contents and gaps are by turns in one array of 2 m + n pieces, a gap at either end of a row; it
    is copied once, segments in place of the gaps. See the example above.

    Args:
        turns: The m turns of n rows.
        contents: Their contents, as trimmed.
        texts: The segments, an empty one last.
        before: Of n rows, which of these stands before the first content.
        after: Of m turns, which of these stands behind it.
        null: n flags, true where the result is null.
    """
    pieces = _cut_pieces(turns, contents)
    segment = np.full(len(pieces.offsets) - 1, len(texts) - 1)
    segment[pieces.of_row[:-1]] = np.where(null, len(texts) - 1, before)
    segment[pieces.of_content + 1] = after
    is_content = np.zeros(len(segment), bool)
    is_content[pieces.of_content] = True
    own = string_array(contents.run.data, pieces.offsets)
    spliced = pc.if_else(pa.array(is_content), own, texts.take(pa.array(segment)))
    return join_pieces(pieces.of_row, spliced, null)


class _Pieces(NamedTuple):
    """The bytes of m contents in n rows as 2 m + n pieces: a row of k turns has 2 k + 1.

    Attributes:
        offsets: 2 m + n + 1 offsets: where each piece begins, and where the last one ends.
        of_content: m numbers: which piece each content is.
        of_row: n + 1 numbers: the first piece of each row, and the number of pieces.
    """

    offsets: NDArray[np.int32]
    of_content: Index
    of_row: Index


def _cut_pieces(turns: Turns, contents: Spans) -> _Pieces:
    """Cuts the bytes at both ends of every content."""
    of_content = np.arange(len(turns.role)) * 2 + turns.rows + 1
    of_row = turns.offsets * 2 + np.arange(len(turns.offsets))
    offsets = np.zeros(int(of_row[-1]) + 1, np.int32)
    offsets[of_content], offsets[of_content + 1] = contents.starts, contents.ends
    offsets[of_row[:-1]] = 0
    np.maximum.accumulate(offsets, out=offsets)
    return _Pieces(offsets, of_content, of_row)


def join_pieces(offsets: Index, pieces: pa.StringArray, null: Mask) -> pa.StringArray:
    """Each row's pieces as one text over the same bytes, null where `null` holds."""
    places, run = offsets_and_run(pieces)
    return string_array(run.data, places[offsets].astype(np.int32), null)


def _flatten(segments: Segments) -> tuple[pa.StringArray, _SegmentIndex]:
    """All segments as one array, an empty text last; and the index of that array."""
    ends = len(segments.head) + len(segments.tail)
    texts: list[str] = []
    starts = np.zeros(max([ends, *segments.short]) + 1, np.int64)
    for contents, held in segments.short.items():
        starts[contents] = len(texts)
        texts += held
    find = _SegmentIndex(starts, len(texts), len(segments.head), len(segments.tail))
    return pa.array(
        [*texts, *segments.head, *segments.middle, *segments.tail, ""], pa.string()
    ), find


class _SegmentIndex:
    """Finds segments in the array of `_flatten`.

    It is called with two arrays of one length: the number of contents of a conversation, and the
    place of a segment in it, from 0 to that number. It gives the index of each segment.
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
        index: Index = np.where(short, starts + places, self.long + within)
        return index


def _move_system(turns: Turns, layout: Layout) -> Turns:
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


def fallback_turns(turns: Turns, system: Mask, compiled: Compiled) -> Mask:
    """Turns whose contents the compiled form does not describe, a flag for each: left to Jinja.

    They hold a fallback trigger, are blank or have white space around them where it minds, are
    too short or too long, or belong to a conversation of too many turns.

    Args:
        turns: The turns of n rows.
        system: n flags: whether the row's conversation opens with a system turn.
        compiled: The template.
    """
    fallback = turns.content.holds_any(compiled.triggers, ignore_case=True)
    empty, around = turns.blank, None if turns.bare else turns.padded
    for opening, layout in compiled.layouts.items():
        rows = (system == opening)[turns.rows]
        for code, role in enumerate(ROLES):
            here = rows & (turns.role == code)
            if role not in layout.blanks:
                fallback |= here & empty
            if around is not None and layout.trims.get(role) is None:
                fallback |= here & around
            if role in layout.sizes:
                fallback |= here & _out_of_size(turns, *layout.sizes[role])
        fallback |= rows & (turns.counts > layout.most)[turns.rows]
    return fallback


def _out_of_size(turns: Turns, least: int, most: int | None) -> Mask:
    """Turns of fewer characters than `least` once trimmed, or of more than `most` as they are."""
    mask: Mask = to_numpy(pc.less(pc.utf8_length(turns.stripped.texts()), least))
    if most is not None:
        mask |= to_numpy(pc.greater(pc.utf8_length(turns.content.texts()), most))
    return mask
