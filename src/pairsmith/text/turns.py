r"""The turns of many rows as flat columns: what kernels work on, whatever a source looks like.

A worked example: a row of three turns and a row of one are four turns, flat. `offsets` says which
are whose; what is asked of turns is an array of four, what is asked of rows an array of two:

>>> from pairsmith.text.transcript import parse
>>> first = "\n\nHuman: Hi.\n\nAssistant: Yes?\n\nHuman: Tea."
>>> turns = parse(pa.array([first, "\n\nHuman: Why?"]))
>>> turns.offsets.tolist(), turns.counts.tolist(), turns.rows.tolist()
([0, 3, 4], [3, 1], [0, 0, 0, 1])
>>> turns.positions.tolist(), turns.last.tolist(), turns.before_last.tolist()
([0, 1, 2, 0], [2, 3], [True, True, False, False])
>>> longer = append_turn(turns, pa.array(["Here.", "So."]), ASSISTANT)
>>> longer.offsets.tolist(), longer.content.texts().to_pylist()
([0, 4, 6], ['Hi.', 'Yes?', 'Tea.', 'Here.', 'Why?', 'So.'])
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.text.spans import Index, Mask, Spans, spans_of, to_numpy

PARAGRAPH_BREAK = "\n\n"
"""Between the contents of neighbouring turns that `merge` makes one: a paragraph's end."""

USER, ASSISTANT, SYSTEM, TOOL = 0, 1, 2, 3
ROLES = ("user", "assistant", "system", "tool")
"""What the codes of roles stand for; a source's other roles follow them."""

Codes = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Turns:
    """The turns of n rows, m in all, flattened in order.

    Attributes:
        offsets: n + 1 numbers; the turns of row i are `offsets[i]` to `offsets[i + 1]`.
        role: m places in `roles`: who spoke.
        content: m texts, never null.
        stripped: The same without surrounding white space: what is compared.
        stray: n flags, true where text stands before the first marker of a transcript.
        marked: Whether they come from transcripts with turn markers, not from messages.
        roles: The names of the roles, `ROLES` first.
        extras: m texts of JSON, what each message holds besides (see `schema.messages`); null for
            nothing. None where no turn holds anything.
    """

    offsets: Index
    role: Codes
    content: Spans
    stripped: Spans
    stray: Mask
    marked: bool = True
    roles: tuple[str, ...] = ROLES
    extras: pa.StringArray | None = None

    @property
    def bare(self) -> bool:
        """Whether contents have no white space around them, as those of transcripts."""
        return self.stripped is self.content

    @cached_property
    def user(self) -> Mask:
        """Flags, one a turn: true at the turns of the user."""
        mask: Mask = self.role == USER
        return mask

    @cached_property
    def blank(self) -> Mask:
        """Flags, one a turn: true at the turns without text."""
        mask: Mask = self.stripped.sizes == 0
        return mask

    @cached_property
    def empty(self) -> Mask:
        """Flags, one a turn: true at the turns that hold nothing, neither text nor extras."""
        return self.blank if self.extras is None else self.blank & ~self.has_extras

    @cached_property
    def has_extras(self) -> Mask:
        """Flags, one a turn: true at the turns that hold more than role and text."""
        if self.extras is None:
            return np.zeros(len(self.role), bool)
        return to_numpy(self.extras.is_valid())

    @cached_property
    def padded(self) -> Mask:
        """Flags, one a turn: true at the turns with white space around their text."""
        mask: Mask = self.stripped.sizes != self.content.sizes
        return mask

    @property
    def role_names(self) -> pa.StringArray:
        """The name of each turn's role."""
        return pa.array(self.roles).take(pa.array(self.role))

    @cached_property
    def opens_with_system(self) -> Mask:
        """Flags, one a row: true at the rows whose first turn is a system turn."""
        some = self.counts > 0
        rows = np.zeros(len(some), bool)
        rows[some] = self.role[self.offsets[:-1][some]] == SYSTEM
        return rows

    @cached_property
    def counts(self) -> Index:
        """Numbers, one a row: the turns of each row."""
        return np.diff(self.offsets)

    @cached_property
    def rows(self) -> Index:
        """Numbers, one a turn: the row of each turn."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @cached_property
    def positions(self) -> Index:
        """Numbers, one a turn: the place of each turn in its row, from 0."""
        return np.arange(len(self.role)) - np.repeat(self.offsets[:-1], self.counts)

    @cached_property
    def last(self) -> Index:
        """Numbers, one a row: its last turn; for a row without turns, one of another row."""
        return np.clip(self.offsets[1:] - 1, 0, None)

    @cached_property
    def before_last(self) -> Mask:
        """Flags, one a turn: true at every turn but the last of each row."""
        mask = np.ones(len(self.role), bool)
        mask[self.last[self.counts > 0]] = False
        return mask

    @cached_property
    def replies(self) -> Spans:
        """Texts, one a row: each row's last turn, stripped; empty for a row without turns."""
        starts, ends = self.stripped.starts, self.stripped.ends
        if not len(ends):
            nothing = np.zeros(len(self.counts), np.int64)
            return Spans(self.stripped.run, nothing, nothing)
        at = np.where(self.offsets[1:] > 0, ends[self.last], 0)
        return Spans(self.stripped.run, np.where(self.counts > 0, starts[self.last], at), at)

    def at_last(self, mask: Mask) -> Mask:
        """Flags, one a row: that of `mask` at its last turn; false for a row without turns."""
        return mask[self.last] & (self.counts > 0) if len(mask) else self.counts > 0

    def any(self, mask: Mask) -> Mask:
        """Flags, one a row: true at the rows with a turn at which `mask`, m flags, holds."""
        found = np.zeros(len(self.counts), bool)
        found[self.rows[mask]] = True
        return found

    def with_contents(self, texts: pa.StringArray) -> Turns:
        """The same turns with other contents."""
        content = spans_of(texts)
        return replace(self, content=content, stripped=content.strip())


def merge(turns: Turns, rows: Mask) -> Turns:
    """Merges neighbouring turns of one speaker, in the selected rows.

    Args:
        turns: The turns of n rows.
        rows: n flags: the selected rows.
    """
    joins = np.zeros(len(turns.role), bool)
    joins[1:] = turns.role[1:] == turns.role[:-1]
    joins &= (turns.positions > 0) & rows[turns.rows]
    held = turns.has_extras | (turns.role == TOOL)  # a call and its result stay what they are
    joins[1:] &= ~(held[1:] | held[:-1])
    return _join_up(turns, joins)


def join_replies(turns: Turns, prompt: Index) -> Turns:
    """The same conversations, in which what follows the prompt is one turn.

    Args:
        turns: The turns of n rows, without extras.
        prompt: n numbers: how many turns the prompt of each has.
    """
    joins = turns.positions > prompt[turns.rows]
    return _join_up(turns, joins) if joins.any() else turns


def _join_up(turns: Turns, joins: Mask) -> Turns:
    """The turns, of which those at which `joins` holds are part of the one in front."""
    groups = np.append(np.flatnonzero(~joins), len(joins))
    content = pc.binary_join(list_array(groups, turns.content.texts()), PARAGRAPH_BREAK)
    joined = replace(
        turns,
        offsets=np.searchsorted(groups, turns.offsets),
        role=turns.role[~joins],
        extras=None if turns.extras is None else turns.extras.filter(pa.array(~joins)),
    )
    return joined.with_contents(pc.utf8_trim_whitespace(content))


def select(turns: Turns, mask: Mask) -> Turns:
    """The turns at which `mask`, m flags, holds; the number of rows stays."""
    if mask.all():
        return turns
    kept = np.concatenate([[0], np.cumsum(mask)])
    content = turns.content.select(mask)
    return replace(
        turns,
        offsets=kept[turns.offsets],
        role=turns.role[mask],
        content=content,
        stripped=content if turns.bare else turns.stripped.select(mask),
        extras=None if turns.extras is None else turns.extras.filter(pa.array(mask)),
    )


def prepend_system(turns: Turns, system: str | None, rows: Mask) -> Turns:
    """Puts a system turn in front of rows that have none.

    Args:
        turns: The turns of n rows.
        system: The text of the system turn; None for none.
        rows: n flags: where.
    """
    rows = rows & ~turns.opens_with_system
    if system is None or not rows.any():
        return turns
    fronts = turns.offsets[:-1][rows]
    places = np.insert(np.arange(1, len(turns.role) + 1), fronts, 0)
    contents = pa.concat_arrays([pa.array([system], pa.string()), turns.content.texts()])
    led = replace(
        turns,
        offsets=turns.offsets + np.concatenate([[0], np.cumsum(rows)]),
        role=np.insert(turns.role, fronts, SYSTEM),
        extras=_with_nulls(turns.extras, places, places == 0),
    )
    return led.with_contents(contents.take(pa.array(places)))


def join_turns(first: Turns, second: Turns) -> Turns:
    """The turns of each row with those of another behind them; both of messages."""
    counts = first.counts + second.counts
    offsets = np.concatenate([[0], np.cumsum(counts)])
    order = np.empty(int(offsets[-1]), np.int64)
    order[first.positions + offsets[:-1][first.rows]] = np.arange(len(first.role))
    behind = offsets[:-1] + first.counts
    order[second.positions + behind[second.rows]] = len(first.role) + np.arange(len(second.role))
    take = pa.array(order)
    names = pa.concat_arrays([first.role_names, second.role_names]).take(take).dictionary_encode()
    found = names.dictionary.to_pylist()
    roles = (*ROLES, *sorted(set(found) - set(ROLES)))
    codes = np.array([roles.index(name) for name in found], np.int32)
    extras = None
    if first.extras is not None or second.extras is not None:
        none = (pa.nulls(len(side.role), pa.string()) for side in (first, second))
        held = [
            nulls if side.extras is None else side.extras
            for side, nulls in zip((first, second), none, strict=True)
        ]
        extras = pa.concat_arrays(held).take(take)
    joined = replace(
        first,
        offsets=offsets,
        role=codes[names.indices.to_numpy()] if found else np.zeros(0, np.int32),
        roles=roles,
        extras=extras,
    )
    texts = pa.concat_arrays([first.content.texts(), second.content.texts()])
    return joined.with_contents(texts.take(take))


def append_turn(turns: Turns, texts: pa.StringArray, role: int) -> Turns:
    """Puts one more turn behind those of each row.

    Args:
        turns: The turns of n rows.
        texts: n contents.
        role: Who speaks, a place in `ROLES`.
    """
    ends = turns.offsets[1:]
    places = np.insert(np.arange(len(turns.role)), ends, len(turns.role) + np.arange(len(ends)))
    contents = pa.concat_arrays([turns.content.texts(), texts])
    longer = replace(
        turns,
        offsets=turns.offsets + np.arange(len(turns.offsets)),
        role=np.insert(turns.role, ends, role),
        extras=_with_nulls(turns.extras, places + 1, places >= len(turns.role)),
    )
    return longer.with_contents(contents.take(pa.array(places)))


def _with_nulls(extras: pa.StringArray | None, places: Index, new: Mask) -> pa.StringArray | None:
    """The extras of turns among which there are new ones, which have none.

    Args:
        extras: Of the turns that were there; None for none.
        places: For each turn its number among those, from 1.
        new: Which of them are new.
    """
    return None if extras is None else extras.take(pa.array(places - 1, mask=new))


def list_array(offsets: Index, values: pa.Array, null: Mask | None = None) -> pa.ListArray:
    """A list array over `values`, null at the rows where `null` holds."""
    mask = None if null is None else pa.array(null)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, mask=mask)
