"""Texts where they lie: spans of one run of bytes, which kernels look at and copy once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]

RARE = frozenset(b"<>[]{}|#@&*_`~^\\:")
"""Bytes that few texts hold: a string with one of them is sought only where that byte stands."""

SCANNED = 1 << 18
"""Bytes that are looked at together: what they give stays in the processor's cache."""

SPACES = np.array([byte < 128 and chr(byte).isspace() for byte in range(256)])
"""The bytes that are white space by themselves; others, all beyond ASCII, are part of one."""

ROUNDS = 4
"""So much ASCII white space is trimmed from all texts at once; what has more is trimmed as text."""


class Run:
    """A run of UTF-8, and where in it some bytes stand: each is looked for once.

    Attributes:
        data: The bytes.
    """

    def __init__(self, data: Bytes) -> None:
        self.data = data
        self.places: dict[int, Index] = {}

    def at(self, byte: int) -> Index:
        """Where a byte stands."""
        if byte not in self.places:
            found = [
                np.flatnonzero(self.data[start : start + SCANNED] == byte) + start
                for start in range(0, len(self.data), SCANNED)
            ]
            self.places[byte] = np.concatenate(found) if found else np.empty(0, np.int64)
        return self.places[byte]

    def find(self, string: bytes, sign: int) -> Index:
        """Where a string begins, given a byte of it."""
        places = self.at(sign) - string.index(sign)
        places = places[(places >= 0) & (places <= len(self.data) - len(string))]
        width = next(width for width in (8, 4, 2, 1) if width <= len(string))
        words = np.ndarray(
            max(len(self.data) - width + 1, 0), f"<u{width}", self.data, strides=(1,)
        )
        for offset in {*range(0, len(string) - width, width), len(string) - width}:
            word = np.frombuffer(string, f"<u{width}", 1, offset)
            places = places[words[places + offset] == word]
        return places

    @cached_property
    def has_nul(self) -> bool:
        """Whether a NUL stands anywhere."""
        return bool(len(self.data)) and not self.data.min()


class Spans(NamedTuple):
    """m texts in one run of bytes, in order and apart.

    Attributes:
        run: The bytes.
        starts, ends: m places in it.
    """

    run: Run
    starts: Index
    ends: Index

    @property
    def sizes(self) -> Index:
        """The bytes of each text."""
        sizes: Index = self.ends - self.starts
        return sizes

    def select(self, which: Mask | Index | slice) -> Spans:
        """Some of the texts, in their order."""
        return Spans(self.run, self.starts[which], self.ends[which])

    def pieces(self) -> pa.StringArray:
        """2 m texts over the same bytes: each text, and behind it what stands before the next."""
        offsets = np.zeros(2 * len(self.starts) + 1, np.int32)
        if len(self.starts):
            offsets[:-1:2], offsets[1::2] = self.starts, self.ends
            offsets[-1] = self.ends[-1]
        return over(self.run.data, offsets)

    def texts(self) -> pa.StringArray:
        """The texts as an array; copied where something stands between them."""
        if (self.starts[1:] == self.ends[:-1]).all():
            offsets = np.append(self.starts, self.ends[-1:]).astype(np.int32)
            return over(self.run.data, offsets) if len(self.starts) else pa.array([], pa.string())
        return self.pieces().take(pa.array(np.arange(0, 2 * len(self.starts), 2)))

    def strip(self) -> Spans:
        """The texts without white space around them; these very spans where there is none."""
        data, starts, ends = self.run.data, self.starts.copy(), self.ends.copy()
        doubtful = np.union1d(_trim(data, starts, ends, 1), _trim(data, starts, ends, -1))
        if len(doubtful):
            texts = Spans(self.run, starts[doubtful], ends[doubtful]).texts()
            sizes = ends[doubtful] - starts[doubtful]
            kept = pc.binary_length(pc.utf8_ltrim_whitespace(texts)).to_numpy()
            starts[doubtful] += sizes - kept
            kept = pc.binary_length(pc.utf8_trim_whitespace(texts)).to_numpy()
            ends[doubtful] = starts[doubtful] + kept
        same = np.array_equal(starts, self.starts) and np.array_equal(ends, self.ends)
        return self if same else Spans(self.run, starts, ends)

    def holds_any(self, strings: Sequence[str], ignore_case: bool = False) -> Mask:
        """True where a text holds one of these strings."""
        mask = np.zeros(len(self.starts), bool)
        signs = {string: rare_byte(string) for string in strings}
        if not len(mask) or not strings:
            return mask
        if None in signs.values():
            return self._matches(strings, ignore_case)
        found = {string: self.run.at(sign) for string, sign in signs.items() if sign is not None}
        if ignore_case:  # a byte tells where to look
            for places in found.values():
                mask[self._owners(places, 1)] = True
            mask[mask] = self.select(mask)._matches(strings, ignore_case)
            return mask
        for string, sign in signs.items():
            if sign is not None:
                sought = string.encode()
                mask[self._owners(self.run.find(sought, sign), len(sought))] = True
        return mask

    def _owners(self, places: Index, size: int) -> Index:
        """The texts that hold so many bytes from these places on."""
        owners = np.searchsorted(self.starts, places, side="right") - 1
        return owners[(owners >= 0) & (places + size <= self.ends[owners])]

    def _matches(self, strings: Sequence[str], ignore_case: bool) -> Mask:
        pattern = "|".join(re.escape(string) for string in strings)
        return to_numpy(pc.match_substring_regex(self.texts(), pattern, ignore_case=ignore_case))

    def ends_with(self, string: str) -> Mask:
        """True where a text ends with this string."""
        sought = np.frombuffer(string.encode(), np.uint8)
        mask: Mask = self.sizes >= len(sought)
        for back, byte in enumerate(sought[::-1].tolist(), 1):
            mask[mask] = self.run.data[self.ends[mask] - back] == byte
        return mask


def spans_of(texts: pa.StringArray) -> Spans:
    """The texts of an array, where they lie; nulls are as empty."""
    offsets, run = flat(pc.fill_null(texts, "") if texts.null_count else texts)
    return Spans(run, offsets[:-1], offsets[1:])


def flat(texts: pa.StringArray) -> tuple[Index, Run]:
    """The n + 1 offsets of n texts, from 0, and the run of bytes that they are of."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts) + 1]
    held = texts.buffers()[2]
    data = np.frombuffer(held, np.uint8) if held is not None else np.empty(0, np.uint8)
    if not len(offsets):
        return np.zeros(1, np.int64), Run(data[:0])
    return offsets.astype(np.int64) - offsets[0], Run(data[offsets[0] : offsets[-1]])


def over(data: Bytes, offsets: NDArray[np.int32], null: Mask | None = None) -> pa.StringArray:
    """Texts over these bytes, from one offset to the next; null where `null` holds."""
    valid = None if null is None else pa.array(~null).buffers()[1]
    buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)


def _trim(data: Bytes, starts: Index, ends: Index, step: int) -> Index:
    """Trims ASCII white space at one end, in place; the texts that may have more are returned.

    Args:
        data: The bytes.
        starts: Of the texts; changed where the step is 1.
        ends: Of the texts; changed where the step is -1.
        step: To the right, 1, or to the left, -1.
    """
    edge = starts if step > 0 else ends
    asked = np.flatnonzero(ends > starts)
    beyond = []
    for _ in range(ROUNDS):
        seen = data[edge[asked] if step > 0 else edge[asked] - 1]
        beyond.append(asked[seen >= 0x80])
        asked = asked[SPACES[seen]]
        edge[asked] += step
        asked = asked[ends[asked] > starts[asked]]
        if not len(asked):
            break
    return np.concatenate([*beyond, asked])


def rare_byte(string: str) -> int | None:
    """A byte of a string that few texts hold, and that has no other case; None without one."""
    return next((byte for byte in string.encode() if byte in RARE), None)


def to_numpy(flags: pa.BooleanArray) -> Mask:
    """A Boolean array without nulls as a numpy array."""
    return np.asarray(flags.to_numpy(zero_copy_only=False), bool)
