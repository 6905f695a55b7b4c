"""Shingles (word 5-grams) of texts, hashed: the sets that near duplicates are compared by.

A token is a run of letters, marks and digits (Unicode general categories L, M and N), or a single
such character of a script that is written without spaces between words. All other characters, such
as white space and punctuation, only separate tokens. Case is ignored; texts are normalised to NFC.
A shingle is five consecutive tokens; a text of one to four tokens is one shingle; a text without a
token has none. Broder, On the resemblance and containment of documents (1997).
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
"""The tokens of a shingle."""

PROMPT, CHOSEN, REJECTED = 1, 2, 4
"""Bits of an element: which texts of the row contain the shingle."""

REPLIES = CHOSEN | REJECTED
WHOLE = PROMPT | REPLIES

PART_BITS, HASH_BITS, ROW_BITS = 3, 52, 9
"""The widths, in bits, of the fields of a 64-bit sort key: texts (lowest), hash, row (highest).

An element is such a key without its row.
"""

BLOCK_ROWS = 1 << ROW_BITS
"""The most rows that `shingle` takes at a time."""

BETWEEN, JOINED, ALONE = 0, 1, 2
"""Kinds of characters: separates tokens, is part of a token, or is a token by itself."""

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

MAX_CODE_POINT = 0x3FFFF
"""No letters have higher code points; those are replaced by this one, which is no letter either."""

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
"""The increment of splitmix64."""
FACTORS = np.array(
    [0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3,
     0x589965CC75374CC3], np.uint64,
)  # fmt: skip
"""Odd multipliers, one for each position in a shingle."""


class Shingles(NamedTuple):
    """The sets of shingles of n rows.

    Attributes:
        offsets: n + 1 numbers; the elements of row i are `elements[offsets[i] : offsets[i + 1]]`.
        elements: One per distinct shingle of a row, ascending within the row: a hash of `HASH_BITS`
            bits above `PART_BITS` bits for the texts (`PROMPT`, …) that contain it.
    """

    offsets: Index
    elements: Hashes


class Tokens(NamedTuple):
    """The tokens of k texts.

    Attributes:
        offsets: k + 1 numbers; the tokens of text i are `hashes[offsets[i] : offsets[i + 1]]`.
        hashes: A 64-bit hash of each token, equal for equal tokens.
    """

    offsets: Index
    hashes: Hashes


class Spots(NamedTuple):
    """The m tokens of k texts, and where they stand.

    Attributes:
        offsets: k + 1 numbers; the tokens of text i are those from `offsets[i]` on.
        starts, stops: m places in the code points of all texts, one behind another.
        hashes: m 64-bit hashes, equal for equal tokens.
    """

    offsets: Index
    starts: Index
    stops: Index
    hashes: Hashes


class Characters(NamedTuple):
    """Tables indexed by code point, up to `MAX_CODE_POINT`.

    Attributes:
        kinds: `BETWEEN`, `JOINED` or `ALONE`.
        numbers: A pseudo-random number, equal for the two cases of a letter.
    """

    kinds: NDArray[np.uint8]
    numbers: Hashes


def shingle(chosen: Turns, rejected: Turns) -> Shingles:
    """Computes the set of shingles of each row: of its prompt (turns joined) and of its replies.

    Shingles are compared by 52 bits of their hashes: between two texts of a thousand shingles each
    two different ones collide with a probability of about 1e-9.

    Args:
        chosen: The chosen transcripts of n rows, each of at least one turn; n is at most
            `BLOCK_ROWS`.
        rejected: The rejected transcripts of the same rows.

    Returns:
        n sets.
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
    return gather(owners[which], hashes, parts[which], len(rows))


def gather(rows: Index, hashes: Hashes, parts: Index, count: int) -> Shingles:
    """Sorts m shingles (row, hash, text) into the sets of `count` rows, merging repeated ones.

    Args:
        rows: The row of each, below `BLOCK_ROWS`.
        hashes: The hash of each.
        parts: A bit for the text that each is of.
        count: The number of rows.
    """
    short = hashes >> np.uint64(64 - HASH_BITS)
    sort_keys = rows.astype(np.uint64) << np.uint64(HASH_BITS + PART_BITS)
    sort_keys |= (short << np.uint64(PART_BITS)) | parts.astype(np.uint64)
    sort_keys.sort()
    bare = sort_keys >> np.uint64(PART_BITS)
    firsts = np.flatnonzero(np.append(True, bare[1:] != bare[:-1])[: len(sort_keys)])
    merged = np.bitwise_or.reduceat(sort_keys, firsts) if len(firsts) else sort_keys
    own = (merged >> np.uint64(HASH_BITS + PART_BITS)).astype(np.int64)
    offsets = np.append(0, np.cumsum(np.bincount(own, minlength=count)))
    return Shingles(offsets, merged & np.uint64((1 << (HASH_BITS + PART_BITS)) - 1))


def join(tokens: Tokens) -> tuple[Index, Hashes]:
    """Joins the tokens of k texts to shingles.

    Returns:
        For each shingle the number of its text, and its hash: two arrays of equal length. Shingles
        of five tokens come first, in order, then those of shorter texts.
    """
    mixed = mix(tokens.hashes)
    sizes, count = np.diff(tokens.offsets), len(tokens.hashes)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    full = np.flatnonzero(np.arange(count) + SIZE <= tokens.offsets[1:][owners])  # first tokens
    hashes = np.zeros(max(count - SIZE + 1, 0), np.uint64)
    for place, factor in enumerate(FACTORS):
        hashes += mixed[place : place + len(hashes)] * factor
    some = np.flatnonzero((sizes > 0) & (sizes < SIZE))
    short = sizes[some].astype(np.uint64) * GOLDEN_GAMMA
    for place, factor in enumerate(FACTORS[:-1]):
        long_enough = np.flatnonzero(sizes[some] > place)
        short[long_enough] += mixed[tokens.offsets[some[long_enough]] + place] * factor
    return np.append(owners[full], some), mix(np.append(hashes[full], short))


def tokenise(texts: pa.StringArray) -> Tokens:
    """Splits k texts, none null, into tokens, and hashes these without regard to case."""
    lookup, places = code_points(texts)
    spots = spot_tokens(lookup, characters().kinds[lookup], places)
    return Tokens(spots.offsets, spots.hashes)


def code_points(texts: pa.StringArray) -> tuple[NDArray[np.intp], Index]:
    """The code points of k texts, none null, in NFC, one behind another, and their k + 1 offsets.

    Those above `MAX_CODE_POINT` are replaced by it.
    """
    offsets, run = offsets_and_run(texts)
    text = run.data.tobytes().decode()
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        offsets, run = offsets_and_run(pc.utf8_normalize(texts, "NFC"))
        text = run.data.tobytes().decode()
    codes, places = run.data, offsets
    if not text.isascii():
        begins = np.append(0, np.cumsum((run.data & 0xC0) != 0x80))
        places = begins[offsets]
        codes = np.minimum(np.frombuffer(text.encode("utf-32-le"), np.uint32), MAX_CODE_POINT)
    return codes.astype(np.intp), places  # twice as fast to index by


def spot_tokens(codes: NDArray[np.intp], kinds: NDArray[np.uint8], places: Index) -> Spots:
    """The tokens of texts that are given by code points.

    Args:
        codes: The code points of all texts, as `code_points` gives them.
        kinds: What each of them is: `BETWEEN`, `JOINED` or `ALONE`.
        places: k + 1 offsets of the texts into `codes`.
    """
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
    np.cumsum(characters().numbers[codes] * powers[: len(codes)], out=sums[1:])
    hashes = (sums[stops] - sums[starts]) * inverses[starts]
    return Spots(np.searchsorted(starts, places), starts, stops, hashes)


def mix(numbers: Hashes) -> Hashes:
    """Hashes each number by the output function of splitmix64 (Steele, Lea and Flood, 2014).

    >>> hex(mix(np.array([0], np.uint64))[0])
    '0xe220a8397b1dcdaf'
    """
    mixed = numbers + GOLDEN_GAMMA
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@lru_cache(maxsize=1)
def characters() -> Characters:
    """The tables of characters; built at the first call, then cached."""
    kinds, lower = (
        np.zeros(MAX_CODE_POINT + 1, np.uint8),
        np.arange(MAX_CODE_POINT + 1, dtype=np.uint64),
    )
    for code in range(MAX_CODE_POINT):
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
    """The first 2 ** bits powers of an odd number, and of its inverse, modulo 2 ** 64."""
    factor = 0xD1342543DE82EF95
    bases = (factor, pow(factor, -1, 1 << 64))
    made = []
    for base in bases:
        powers = np.full(1 << bits, base, np.uint64)
        powers[0] = 1
        made.append(np.cumprod(powers))
    return made[0], made[1]
