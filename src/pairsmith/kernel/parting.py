"""Where the two sides of a pair part: what comes before is the prompt.

Of transcripts only the last turns may differ. Messages may part earlier, and what follows on either
side is its reply, of one message or several: a call, its result, an answer.

A worked example: two rows, of three turns and of four. In the first only the last turns differ; in
the second the sides part at the assistant's first turn, where one of them calls a tool:

>>> from pairsmith.schema.rows import SOURCE_MESSAGES
>>> from pairsmith.text.messages import read_messages
>>> def talk(*said):
...     return [{"role": role, "content": content} for role, content in said]
>>> asked, told = ("user", "Is it dry?"), ("tool", "12 percent")
>>> sides = [
...     [talk(asked, ("assistant", "Yes."), asked, ("assistant", last)) for last in ("No.", "So.")],
...     [talk(asked, ("assistant", "Let me look."), told, ("assistant", "Yes.")),
...      talk(asked, ("assistant", "No."))],
... ]
>>> chosen, rejected = (
...     read_messages(pa.array([row[side] for row in sides], SOURCE_MESSAGES)) for side in (0, 1)
... )
>>> parted = part(chosen, rejected)
>>> parted.prompt.tolist(), parted.mismatch.tolist()
([3, 1], [False, False])
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.text.spans import Index, Mask, Spans, to_numpy
from pairsmith.text.turns import ASSISTANT, TOOL, Turns


class Parted(NamedTuple):
    """Where the sides of n rows part.

    Attributes:
        prompt: n numbers: how many turns the prompt has, on either side.
        mismatch: n flags: where there is no such place.
        at_last: Whether in every row only the last turns are replies.
    """

    prompt: Index
    mismatch: Mask
    at_last: bool

    def in_prompt(self, turns: Turns) -> Mask:
        """Flags, one a turn of a side: true at those of the prompt."""
        if self.at_last:
            return turns.before_last
        mask: Mask = turns.positions < self.prompt[turns.rows]
        return mask

    def single(self, chosen: Turns, rejected: Turns) -> Mask:
        """Flags, one a row: whether both replies are one turn each."""
        if self.at_last:
            return np.ones(len(self.prompt), bool)
        ends = self.prompt + 1
        mask: Mask = (ends == chosen.counts) & (ends == rejected.counts)
        return mask


def part(chosen: Turns, rejected: Turns) -> Parted:
    """Finds where the sides part; see above."""
    mismatch = _differs_before_last(chosen, rejected)
    prompt = np.maximum(chosen.counts - 1, 0)
    if chosen.marked or not mismatch.any():
        return Parted(prompt, mismatch, at_last=True)
    rows = np.flatnonzero(mismatch & (chosen.counts > 0) & (rejected.counts > 0))
    places, sound = _first_difference(chosen, rejected, rows)
    prompt[rows[sound]] = places[sound]
    mismatch[rows[sound]] = False
    return Parted(prompt, mismatch, at_last=not sound.any())


def _first_difference(chosen: Turns, rejected: Turns, rows: Index) -> tuple[Index, Mask]:
    """In which turn some rows' sides first differ, and whether it begins a reply on both sides.

    A result of a call is no beginning: the reply begins with the call.
    """
    if not len(rows):
        return rows, np.zeros(0, bool)
    counts = np.minimum(chosen.counts[rows], rejected.counts[rows])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    within = np.arange(counts.sum()) - np.repeat(starts, counts)
    left, right = (np.repeat(s.offsets[:-1][rows], counts) + within for s in (chosen, rejected))
    same = _same_roles(chosen, left, rejected, right) & _same_extras(chosen, left, rejected, right)
    contents = (s.stripped.select(w).texts() for s, w in ((chosen, left), (rejected, right)))
    same &= to_numpy(pc.equal(*contents))
    places = np.minimum.reduceat(np.where(same, np.repeat(counts, counts), within), starts)
    goes_on = places < counts  # else one side is the other's beginning
    places = np.minimum(places, counts - 1)
    while True:
        roles = [s.role[s.offsets[:-1][rows] + places] for s in (chosen, rejected)]
        called = ((roles[0] == TOOL) | (roles[1] == TOOL)) & (places > 0)
        if not called.any():
            break
        places = places - called
    begins = (roles[0] == ASSISTANT) & (roles[1] == ASSISTANT) & (places > 0)
    return places, goes_on & begins


def same_reply(chosen: Turns, rejected: Turns) -> Mask:
    """Rows whose last turns are the same: text, stripped, and extras."""
    same = _same(chosen.replies, rejected.replies)
    if chosen.extras is not None or rejected.extras is not None:
        some = (chosen.counts > 0) & (rejected.counts > 0)
        lasts = chosen.last[some], rejected.last[some]
        same[some] &= _same_extras(chosen, lasts[0], rejected, lasts[1])
    return same


def _differs_before_last(chosen: Turns, rejected: Turns) -> Mask:
    """Rows whose turns before the last differ between the sides, in number, role or content.

    Where these lie as the same bytes, in the same places and roles, they are the same. Only the
    other rows are compared turn by turn.
    """
    differs: Mask = chosen.counts != rejected.counts
    with_prompt = ~differs & (chosen.counts > 1)
    left, right = (np.flatnonzero(s.before_last & with_prompt[s.rows]) for s in (chosen, rejected))
    owners = chosen.rows[left]
    roles = _same_roles(chosen, left, rejected, right)
    roles &= _same_extras(chosen, left, rejected, right)
    same = np.zeros(len(differs), bool)
    same[with_prompt] = _same(_prompts(chosen, with_prompt), _prompts(rejected, with_prompt))
    moved = roles & (chosen.stripped.sizes[left] == rejected.stripped.sizes[right])
    moved &= _within(chosen, left) == _within(rejected, right)
    same[owners[~moved]] = False
    open_ = ~same[owners]
    left, right, owners, roles = left[open_], right[open_], owners[open_], roles[open_]
    contents = [s.stripped.select(w).texts() for s, w in ((chosen, left), (rejected, right))]
    differs[owners[~(roles & to_numpy(pc.equal(*contents)))]] = True
    return differs


def _same_roles(chosen: Turns, left: Index, rejected: Turns, right: Index) -> Mask:
    of_chosen = np.array([_place(chosen.roles, name) for name in rejected.roles])
    same: Mask = chosen.role[left] == of_chosen[rejected.role[right]]
    return same


def _same_extras(chosen: Turns, left: Index, rejected: Turns, right: Index) -> Mask:
    if chosen.extras is None and rejected.extras is None:
        return np.ones(len(left), bool)
    held = [
        pa.repeat(pa.scalar("", pa.string()), len(places))
        if side.extras is None
        else pc.fill_null(side.extras.take(pa.array(places)), "")
        for side, places in ((chosen, left), (rejected, right))
    ]
    return to_numpy(pc.equal(*held))


def _same(left: Spans, right: Spans) -> Mask:
    """Which of n texts are the same; nothing is copied."""
    return to_numpy(pc.equal(left.pieces(), right.pieces()))[::2]


def _prompts(turns: Turns, rows: Mask) -> Spans:
    """Of rows of two turns and more, what lies from the first to the last but one."""
    first, last = turns.offsets[:-1][rows], turns.last[rows] - 1
    return Spans(turns.stripped.run, turns.stripped.starts[first], turns.stripped.ends[last])


def _within(turns: Turns, places: Index) -> Index:
    """Where turns begin, counted from the first turn of their row."""
    starts = turns.stripped.starts
    begins: Index = starts[places] - starts[turns.offsets[turns.rows[places]]]
    return begins


def _place(names: tuple[str, ...], name: str) -> int:
    return names.index(name) if name in names else -1
