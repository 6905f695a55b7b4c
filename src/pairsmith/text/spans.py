"""Texts where they lie: spans of one run of bytes, which kernels search and copy once.

A worked example: two texts, 8 and 3 bytes, in one run of 11. A string is searched once in the whole
run, by its rarest byte, and its places belong to texts by their offsets; to strip moves offsets
and copies nothing:

>>> texts = spans_of(pa.array(["ab <s> c", " d "]))
>>> bytes(texts.run.data), texts.starts.tolist(), texts.ends.tolist()
(b'ab <s> c d ', [0, 8], [8, 11])
>>> texts.run.find(b"<s>", rare_byte("<s>")).tolist()
[3]
>>> texts.holds_any(["<s>"]).tolist()
[True, False]
>>> stripped = texts.strip()
>>> stripped.starts.tolist(), stripped.ends.tolist()
([0, 9], [8, 10])

As an Arrow array, they are alternate pieces of the same bytes: a text, and what stands behind it:

>>> stripped.pieces().to_pylist(), stripped.texts().to_pylist()
(['ab <s> c', ' ', 'd', ''], ['ab <s> c', 'd'])
"""

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
"""Bytes that few texts hold: a string with one is searched only where that byte stands."""

SCANNED = 1 << 18
"""Bytes that are scanned together: the result stays in the processor's cache."""

SPACES = np.array([byte < 128 and chr(byte).isspace() for byte in range(256)])
"""The bytes that are white space by themselves; others, all beyond ASCII, are part of one."""

ROUNDS = 4
"""At most this many bytes of ASCII white space are trimmed at once; texts with more, by Arrow."""


class Run:
    """A run of UTF-8 bytes, and an index of some of them: each is searched once.

    Attributes:
        data: The bytes, uint8.
        places: From a byte to its places, filled by `at`.
    """

    def __init__(self, data: Bytes) -> None:
        self.data = data
        self.places: dict[int, Index] = {}

    def at(self, byte: int) -> Index:
        """The offsets of a byte, in order."""
        if byte not in self.places:
            found = [
                np.flatnonzero(self.data[start : start + SCANNED] == byte) + start
                for start in range(0, len(self.data), SCANNED)
            ]
            self.places[byte] = np.concatenate(found) if found else np.empty(0, np.int64)
        return self.places[byte]

    def find(self, string: bytes, sign: int) -> Index:
        """The offsets at which a string begins.

        Args:
            string: What to search.
            sign: A byte of it, best a rare one.
        """
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
    """A number m of texts in one run of bytes, in order and disjoint.

    Attributes:
        run: The bytes.
        starts, ends: m offsets each, in bytes.
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
        """Twice m texts over the same bytes: each text, then the bytes up to the next one."""
        offsets = np.zeros(2 * len(self.starts) + 1, np.int32)
        if len(self.starts):
            offsets[:-1:2], offsets[1::2] = self.starts, self.ends
            offsets[-1] = self.ends[-1]
        return string_array(self.run.data, offsets)

    def texts(self) -> pa.StringArray:
        """The texts as an array of m; copied only where there are bytes between them."""
        if (self.starts[1:] == self.ends[:-1]).all():
            offsets = np.append(self.starts, self.ends[-1:]).astype(np.int32)
            return (
                string_array(self.run.data, offsets)
                if len(self.starts)
                else pa.array([], pa.string())
            )
        return self.pieces().take(pa.array(np.arange(0, 2 * len(self.starts), 2)))

    def strip(self) -> Spans:
        """The texts without white space around them; `self` where there is none."""
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
        """Flags, one a text: whether a text holds one of these strings."""
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
                encoded = string.encode()
                mask[self._owners(self.run.find(encoded, sign), len(encoded))] = True
        return mask

    def _owners(self, places: Index, size: int) -> Index:
        """The texts that hold `size` bytes from these places on."""
        owners = np.searchsorted(self.starts, places, side="right") - 1
        return owners[(owners >= 0) & (places + size <= self.ends[owners])]

    def _matches(self, strings: Sequence[str], ignore_case: bool) -> Mask:
        pattern = "|".join(re.escape(string) for string in strings)
        return to_numpy(pc.match_substring_regex(self.texts(), pattern, ignore_case=ignore_case))

    def ends_with(self, string: str) -> Mask:
        """Flags, one a text: whether a text ends with this string."""
        encoded = np.frombuffer(string.encode(), np.uint8)
        mask: Mask = self.sizes >= len(encoded)
        for back, byte in enumerate(encoded[::-1].tolist(), 1):
            mask[mask] = self.run.data[self.ends[mask] - back] == byte
        return mask


def spans_of(texts: pa.StringArray) -> Spans:
    """The texts of an array as spans of its own bytes; a null becomes an empty text."""
    offsets, run = offsets_and_run(pc.fill_null(texts, "") if texts.null_count else texts)
    return Spans(run, offsets[:-1], offsets[1:])


def offsets_and_run(texts: pa.StringArray) -> tuple[Index, Run]:
    """The n + 1 offsets of n texts, counted from 0, and the run of bytes that they point into."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts) + 1]
    held = texts.buffers()[2]
    data = np.frombuffer(held, np.uint8) if held is not None else np.empty(0, np.uint8)
    if not len(offsets):
        return np.zeros(1, np.int64), Run(data[:0])
    return offsets.astype(np.int64) - offsets[0], Run(data[offsets[0] : offsets[-1]])


def string_array(
    data: Bytes, offsets: NDArray[np.int32], null: Mask | None = None
) -> pa.StringArray:
    """Texts over these bytes, without a copy.

    Args:
        data: The bytes.
        offsets: n + 1 offsets: text i is from `offsets[i]` up to `offsets[i + 1]`.
        null: n flags: which texts are null; None for none.
    """
    valid = None if null is None else pa.array(~null).buffers()[1]
    buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)


def _trim(data: Bytes, starts: Index, ends: Index, step: int) -> Index:
    """Trims ASCII white space at one end, in place; returns the texts that may have more.

    Args:
        data: The bytes.
        starts: Of the texts; changed where the step is 1.
        ends: Of the texts; changed where the step is -1.
        step: 1 to trim the beginnings, -1 to trim the ends.
    """
    edge = starts if step > 0 else ends
    open_ = np.flatnonzero(ends > starts)
    beyond = []
    for _ in range(ROUNDS):
        byte = data[edge[open_] if step > 0 else edge[open_] - 1]
        beyond.append(open_[byte >= 0x80])
        open_ = open_[SPACES[byte]]
        edge[open_] += step
        open_ = open_[ends[open_] > starts[open_]]
        if not len(open_):
            break
    return np.concatenate([*beyond, open_])


def rare_byte(string: str) -> int | None:
    """The first byte of a string that few texts hold, and that has no case; None without one."""
    return next((byte for byte in string.encode() if byte in RARE), None)


def to_numpy(flags: pa.BooleanArray) -> Mask:
    """A Boolean array without nulls as a numpy array of flags."""
    return np.asarray(flags.to_numpy(zero_copy_only=False), bool)
