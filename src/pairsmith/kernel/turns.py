"""The turns of many rows as flat columns: what kernels work on, whatever a source looks like."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

JOINT = "\n\n"
"""Between the contents of neighbouring turns that `merge` makes one: a paragraph's end."""

USER, ASSISTANT, SYSTEM = 0, 1, 2
ROLES = ("user", "assistant", "system")
"""What the codes of roles stand for; a source's other roles follow them."""

SPACE, DELETE = 0x20, 0x7F
"""The characters that enclose visible ASCII."""

RARE = frozenset(b"<>[]{}|#@&*_`~^\\:")
"""Bytes that few texts hold: a string with one of them is sought only where that byte stands."""

SCANNED = 1 << 18
"""Bytes that are looked at together: what they give stays in the processor's cache."""

Mask = NDArray[np.bool_]
Index = NDArray[np.int64]
Codes = NDArray[np.int32]


class Turns(NamedTuple):
    """The turns of n rows, m in all, flattened in order.

    Attributes:
        offsets: n + 1 numbers; the turns of row i are `offsets[i]` to `offsets[i + 1]`.
        role: m places in `roles`: who spoke.
        content: m texts, never null.
        stray: n flags, true where text stands before the first marker of a transcript.
        bare: Whether contents have no white space around them, as those of transcripts.
        marked: Whether they come from transcripts with turn markers, not from messages.
        roles: The names of the roles, `ROLES` first.
    """

    offsets: Index
    role: Codes
    content: pa.StringArray
    stray: Mask
    bare: bool
    marked: bool = True
    roles: tuple[str, ...] = ROLES

    @property
    def user(self) -> Mask:
        """True at the turns of the user."""
        mask: Mask = self.role == USER
        return mask

    @property
    def stripped(self) -> pa.StringArray:
        """The contents without surrounding white space: what is compared."""
        return self.content if self.bare else pc.utf8_trim_whitespace(self.content)

    @property
    def blank(self) -> Mask:
        """True at the turns that say nothing."""
        if self.bare:
            return to_numpy(pc.equal(pc.binary_length(self.content), 0))
        return blank(self.content)

    @property
    def role_names(self) -> pa.StringArray:
        """The name of each turn's role."""
        return pa.array(self.roles).take(pa.array(self.role))

    @property
    def opens_with_system(self) -> Mask:
        """True at the rows whose first turn is a system turn."""
        some = self.counts > 0
        rows = np.zeros(len(some), bool)
        rows[some] = self.role[self.offsets[:-1][some]] == SYSTEM
        return rows

    @property
    def counts(self) -> Index:
        """Turns in each row."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> Index:
        """The row of each turn."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def positions(self) -> Index:
        """The place of each turn in its row, from 0."""
        return np.arange(len(self.role)) - np.repeat(self.offsets[:-1], self.counts)

    @property
    def last(self) -> Index:
        """The last turn of each row; a row without turns gets a turn that is not its own."""
        return np.clip(self.offsets[1:] - 1, 0, None)

    @property
    def before_last(self) -> Mask:
        """True at every turn but the last of each row."""
        mask = np.ones(len(self.role), bool)
        mask[self.last[self.counts > 0]] = False
        return mask

    def of_last(self, content: pa.StringArray) -> pa.StringArray:
        """Of m texts, that of each row's last turn; empty for a row without turns."""
        return pc.fill_null(content.take(pa.array(self.last, mask=self.counts == 0)), "")

    def at_last(self, mask: Mask) -> Mask:
        """Of m flags, that of each row's last turn; false for a row without turns."""
        return mask[self.last] & (self.counts > 0) if len(mask) else self.counts > 0

    def any(self, mask: Mask) -> Mask:
        """True at the rows in which `mask`, a flag for each turn, holds somewhere."""
        found = np.zeros(len(self.counts), bool)
        found[self.rows[mask]] = True
        return found


def halves(turns: Turns) -> pa.StringArray:
    """2 n texts: of each of n rows the stripped contents before the last, joined, and the last.

    They lie over the bytes of the contents; nothing is copied. A row without turns has two
    empty texts.
    """
    places, data = flat(turns.stripped)
    begins = places[turns.offsets]
    splits = np.where(turns.counts > 0, places[turns.last], begins[:-1])
    offsets = np.append(np.column_stack([begins[:-1], splits]), begins[-1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), 2 * len(splits), buffers)


def merge(turns: Turns, rows: Mask) -> Turns:
    """Makes neighbouring turns of one speaker one turn, in the rows asked for.

    Args:
        turns: The turns of n rows.
        rows: n flags.
    """
    joins = np.zeros(len(turns.role), bool)
    joins[1:] = turns.role[1:] == turns.role[:-1]
    joins &= (turns.positions > 0) & rows[turns.rows]
    groups = np.append(np.flatnonzero(~joins), len(joins))
    content = pc.binary_join(list_array(groups, turns.content), JOINT)
    return turns._replace(
        offsets=np.searchsorted(groups, turns.offsets),
        role=turns.role[~joins],
        content=pc.utf8_trim_whitespace(content),
    )


def select(turns: Turns, mask: Mask) -> Turns:
    """The turns at which `mask`, a flag for each turn, holds; the rows stay as many."""
    if mask.all():
        return turns
    kept = np.concatenate([[0], np.cumsum(mask)])
    return turns._replace(
        offsets=kept[turns.offsets],
        role=turns.role[mask],
        content=turns.content.filter(pa.array(mask)),
    )


def lead(turns: Turns, system: str | None, rows: Mask) -> Turns:
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
    contents = pa.concat_arrays([pa.array([system], pa.string()), turns.content])
    return turns._replace(
        offsets=turns.offsets + np.concatenate([[0], np.cumsum(rows)]),
        role=np.insert(turns.role, fronts, SYSTEM),
        content=contents.take(pa.array(places)),
        bare=turns.bare and system == system.strip(),
    )


def holds_any(content: pa.StringArray, strings: Sequence[str], ignore_case: bool = False) -> Mask:
    """True where a content holds one of these strings; all are sought in one pass."""
    if not strings:
        return np.zeros(len(content), bool)
    pattern = "|".join(re.escape(string) for string in strings)
    signs = [_rare_byte(string) for string in strings]
    if None in signs:
        return to_numpy(pc.match_substring_regex(content, pattern, ignore_case=ignore_case))
    mask = holds_byte(content, {sign for sign in signs if sign is not None})
    few = content.filter(pa.array(mask))
    mask[mask] = to_numpy(pc.match_substring_regex(few, pattern, ignore_case=ignore_case))
    return mask


def _rare_byte(string: str) -> int | None:
    """A byte of a string that few texts hold, and that has no other case; None without one."""
    return next((byte for byte in string.encode() if byte in RARE), None)


def holds_byte(content: pa.StringArray, sought: Collection[int]) -> Mask:
    """True where a content holds one of these ASCII bytes; much faster than any pattern."""
    offsets, data = flat(content)
    mask = np.zeros(len(content), bool)
    for start in range(0, len(data), SCANNED):
        part = data[start : start + SCANNED]
        for byte in sought:
            places = np.flatnonzero(part == byte) + start
            mask[np.searchsorted(offsets[1:], places, side="right")] = True
    return mask


def flat(content: pa.StringArray) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """The n + 1 offsets of n texts, from 0, and the bytes that they are of; nulls are as empty."""
    offsets = np.frombuffer(content.buffers()[1], np.int32)[content.offset :][: len(content) + 1]
    held = content.buffers()[2]
    data = np.frombuffer(held, np.uint8) if held is not None else np.empty(0, np.uint8)
    if not len(offsets):
        return np.zeros(1, np.int32), data[:0]
    return offsets - offsets[0], data[offsets[0] : offsets[-1]]


def blank(content: pa.StringArray) -> Mask:
    """True where a content is empty or nothing but white space."""
    return to_numpy(pc.or_(pc.equal(pc.binary_length(content), 0), pc.utf8_is_space(content)))


def padded(content: pa.StringArray) -> Mask:
    """True where a content has white space around it.

    Only contents that begin or end in white space or beyond ASCII are looked at as text.
    """
    offsets, data = flat(content)
    some = np.flatnonzero(np.diff(offsets))
    mask = np.zeros(len(content), bool)
    if not len(some):
        return mask
    first, last = data[offsets[some]], data[offsets[some + 1] - 1]
    # every byte but those of visible ASCII may belong to white space
    doubtful = some[(first <= SPACE) | (first >= DELETE) | (last <= SPACE) | (last >= DELETE)]
    texts = content.take(pa.array(doubtful))
    mask[doubtful] = ~to_numpy(pc.equal(texts, pc.utf8_trim_whitespace(texts)))
    return mask


def list_array(offsets: Index, values: pa.Array, null: Mask | None = None) -> pa.ListArray:
    """A list array over `values`, null at the rows where `null` holds."""
    mask = None if null is None else pa.array(null)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, mask=mask)


def join_rows(offsets: Index, pieces: pa.StringArray, null: Mask) -> pa.StringArray:
    """Each row's pieces as one text over the same bytes, null where `null` holds."""
    places, data = flat(pieces)
    buffers = [
        pa.array(~null).buffers()[1],
        pa.py_buffer(places[offsets]),
        pa.py_buffer(data),
    ]
    return pa.Array.from_buffers(pa.string(), len(null), buffers)


def to_numpy(flags: pa.BooleanArray) -> Mask:
    """A Boolean array without nulls as a numpy array."""
    return np.asarray(flags.to_numpy(zero_copy_only=False), bool)
