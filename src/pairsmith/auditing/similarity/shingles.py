"""Shingles: what near duplicates are compared by, as hashes.

A token is a run of letters, marks and digits as Unicode has them (general categories L, M and N),
or a single such character of a script that is written without spaces between words. Everything
else, white space and punctuation, only separates. Case does not count, nor does the form of an
accent (texts are taken in normal form C). A shingle is five tokens in a row; a text of one to four
tokens is one shingle; a text without a token has none. Broder, On the resemblance and containment
of documents (1997).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.text.spans import Index, offsets_and_run
from pairsmith.text.turns import Turns

Hashes = NDArray[np.uint64]

SIZE = 5
"""Tokens of a shingle."""

PROMPT, CHOSEN, REJECTED = 1, 2, 4
"""Which texts of a row have a shingle: bits of an element."""

REPLIES = CHOSEN | REJECTED
WHOLE = PROMPT | REPLIES

PART_BITS, HASH_BITS, ROW_BITS = 3, 52, 9
"""What makes up 64 bits while a block is sorted; an element is the two on the right."""

BLOCK_ROWS = 1 << ROW_BITS
"""Rows that are cut into shingles together, at most."""

BETWEEN, JOINED, ALONE = 0, 1, 2
"""A character separates tokens, is part of a longer one, or is one by itself."""

SPACELESS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3031, 0x312F),  # kana, bopomofo
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0xA4CF),  # Han, Yi
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAADF),  # Myanmar, Tai Viet
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x11700, 0x1174F),  # Ahom
    (0x16FE0, 0x18DFF),  # Tangut, Khitan
    (0x1AFF0, 0x1B2FF),
    (0x20000, 0x3FFFF),  # Han
)
"""Blocks of scripts without spaces between words: line break classes ID, CJ and SA (UAX 14)."""

LAST = 0x3FFFF
"""What lies beyond has no letters; it is taken for this, which is none either."""

GROWTH = np.uint64(0x9E3779B97F4A7C15)
FACTORS = np.array(
    [0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3,
     0x589965CC75374CC3], np.uint64,
)  # fmt: skip
"""Odd numbers, one for each place in a shingle."""


class Shingles(NamedTuple):
    """The sets of shingles of n rows.

    Attributes:
        offsets: n + 1 numbers; the elements of row i are `offsets[i]` to `offsets[i + 1]`.
        elements: In each row ascending and without repetition: the hash of a shingle, and in the
            lowest bits which of the row's texts have it.
    """

    offsets: Index
    elements: Hashes


class Tokens(NamedTuple):
    """The tokens of k texts: their hashes, and k + 1 offsets."""

    offsets: Index
    hashes: Hashes


class Characters(NamedTuple):
    """By code point: whether it is part of a token, and a number drawn for its lower case."""

    kinds: NDArray[np.uint8]
    numbers: Hashes


def shingle(chosen: Turns, rejected: Turns) -> Shingles:
    """The shingles of each row: of its prompt, its turns one behind another, and of its replies.

    Two shingles are taken for the same if 52 bits of their hashes are: between two texts of a
    thousand shingles each that happens by chance once in a billion times.

    Args:
        chosen: The conversations of at most `BLOCK_ROWS` rows, none of them empty.
        rejected: The same.
    """
    texts = pa.concat_arrays([chosen.stripped.texts(), rejected.replies.texts()])
    rows = np.arange(len(chosen.counts))
    tokens = tokenise(texts)
    long = chosen.counts > 1  # a prompt's turns are one text, and every reply is one
    opened = np.union1d(chosen.offsets[:-1], chosen.last)
    places = np.concatenate([opened, len(chosen.role) + rows, [len(texts)]])
    owners = np.concatenate([np.repeat(rows, 1 + long), rows])
    is_reply = np.isin(opened, chosen.last)
    parts = np.concatenate([np.where(is_reply, CHOSEN, PROMPT), np.full(len(rows), REJECTED)])
    which, hashes = join(Tokens(tokens.offsets[places], tokens.hashes))
    return _gather(owners[which], hashes, parts[which], len(rows))


def _gather(rows: Index, hashes: Hashes, parts: Index, count: int) -> Shingles:
    """Sets from shingles as they come."""
    short = hashes >> np.uint64(64 - HASH_BITS)
    held = rows.astype(np.uint64) << np.uint64(HASH_BITS + PART_BITS)
    held |= (short << np.uint64(PART_BITS)) | parts.astype(np.uint64)
    held.sort()
    bare = held >> np.uint64(PART_BITS)
    firsts = np.flatnonzero(np.append(True, bare[1:] != bare[:-1])[: len(held)])
    merged = np.bitwise_or.reduceat(held, firsts) if len(firsts) else held
    own = (merged >> np.uint64(HASH_BITS + PART_BITS)).astype(np.int64)
    offsets = np.append(0, np.cumsum(np.bincount(own, minlength=count)))
    return Shingles(offsets, merged & np.uint64((1 << (HASH_BITS + PART_BITS)) - 1))


def join(tokens: Tokens) -> tuple[Index, Hashes]:
    """The shingles of texts: of which each is, and its hash."""
    mixed = mix(tokens.hashes)
    sizes, count = np.diff(tokens.offsets), len(tokens.hashes)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    full = np.flatnonzero(np.arange(count) + SIZE <= tokens.offsets[1:][owners])
    hashes = np.zeros(max(count - SIZE + 1, 0), np.uint64)
    for place, factor in enumerate(FACTORS):
        hashes += mixed[place : place + len(hashes)] * factor
    some = np.flatnonzero((sizes > 0) & (sizes < SIZE))
    short = sizes[some].astype(np.uint64) * GROWTH
    for place, factor in enumerate(FACTORS[:-1]):
        held = np.flatnonzero(sizes[some] > place)
        short[held] += mixed[tokens.offsets[some[held]] + place] * factor
    return np.append(owners[full], some), mix(np.append(hashes[full], short))


def tokenise(texts: pa.StringArray) -> Tokens:
    """The tokens of texts, hashed: those of equal letters have equal hashes, whatever the case."""
    offsets, run = offsets_and_run(texts)
    text = run.data.tobytes().decode()
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        offsets, run = offsets_and_run(pc.utf8_normalize(texts, "NFC"))
        text = run.data.tobytes().decode()
    codes, places = run.data, offsets
    if not text.isascii():
        begins = np.append(0, np.cumsum((run.data & 0xC0) != 0x80))
        places = begins[offsets]
        codes = np.minimum(np.frombuffer(text.encode("utf-32-le"), np.uint32), LAST)
    return _tokens(codes, places)


def _tokens(codes: NDArray[np.unsignedinteger], places: Index) -> Tokens:
    """The tokens of texts that are given by code points."""
    index = codes.astype(np.intp)  # look-ups are twice as fast by it
    kinds = characters().kinds[index]
    inside = kinds != BETWEEN
    begins = inside.copy()
    begins[1:] &= (kinds[1:] == ALONE) | (kinds[:-1] != JOINED)
    opening = places[:-1][places[:-1] < len(codes)]
    begins[opening] = inside[opening]
    ends = inside.copy()
    ends[:-1] &= begins[1:] | ~inside[1:]
    starts, stops = np.flatnonzero(begins), np.flatnonzero(ends) + 1
    powers, inverses = _powers(max(len(codes), 1).bit_length())
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(characters().numbers[index] * powers[: len(codes)], out=sums[1:])
    hashes = (sums[stops] - sums[starts]) * inverses[starts]
    return Tokens(np.searchsorted(starts, places), hashes)


def mix(numbers: Hashes) -> Hashes:
    """Numbers that look drawn, equal for equal ones: splitmix64 (Steele, Lea, Flood, 2014)."""
    mixed = numbers + GROWTH
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@lru_cache(maxsize=1)
def characters() -> Characters:
    """What tokens are made of; drawn up at the first call."""
    kinds, lower = np.zeros(LAST + 1, np.uint8), np.arange(LAST + 1, dtype=np.uint64)
    for code in range(LAST):
        character = chr(code)
        if unicodedata.category(character)[0] in "LMN":
            kinds[code] = JOINED
            small = character.lower()
            if len(small) == 1:
                lower[code] = ord(small)
    for first, last in SPACELESS:
        kinds[first : last + 1] *= ALONE
    return Characters(kinds, mix(lower))


@lru_cache(maxsize=4)
def _powers(bits: int) -> tuple[Hashes, Hashes]:
    """Powers of an odd number, and of its inverse, modulo 2 ** 64."""
    factor = 0xD1342543DE82EF95
    bases = (factor, pow(factor, -1, 1 << 64))
    made = []
    for base in bases:
        powers = np.full(1 << bits, base, np.uint64)
        powers[0] = 1
        made.append(np.cumprod(powers))
    return made[0], made[1]
