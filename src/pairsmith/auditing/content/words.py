"""Words of texts and phrases of two, counted: how an exploration takes texts apart.

A word is a run of letters, marks and digits, with apostrophes inside; of scripts that are written
without spaces each character is one. A phrase is two words with a space between them, or nothing:
so none goes across punctuation or a line's end. Case is ignored; texts are normalised to NFC.
Words are told by 52 bits of their hashes, as shingles are: of a million different ones, two have
the same with a chance of one in nine thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.auditing.similarity.shingles import (
    FACTORS,
    JOINED,
    Hashes,
    Spots,
    characters,
    code_points,
    mix,
    spot_tokens,
)
from pairsmith.text.spans import Index

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LONGEST = 4_000
"""Characters of a text that are looked at: memory is bounded, whatever a text holds."""
WIDEST = 100
"""Characters of a word, or of two: what is longer is none that a list could show."""
ROW_BITS = 12
BLOCK = 1 << ROW_BITS
"""The most texts that are taken apart together."""
BLOCK_BYTES = 4 << 20
"""About how many bytes of texts are taken apart together."""
APOSTROPHE, CURLY = ord("'"), 0x2019
SPACE = ord(" ")


class Counts(NamedTuple):
    """How often n texts hold each of k words.

    Attributes:
        names: The k words and phrases in small letters, the one of most texts first.
        counts: How often each text holds each, shape (n, k), of numbers above 0.
    """

    names: tuple[str, ...]
    counts: csr_array

    @property
    def held(self) -> csr_array:
        """1 where a text holds a word, shape (n, k)."""
        some = self.counts.copy()
        some.data = np.ones(len(some.data))
        return some


class _Terms(NamedTuple):
    """The m words and phrases of a block of texts, by places in its code points."""

    rows: Index
    starts: Index
    stops: Index
    hashes: Hashes


def count_words(
    texts: pa.StringArray,
    *,
    least: int = 2,
    most: int = 4_000,
    phrases: bool = True,
    groups: Index | None = None,
    least_groups: int = 1,
) -> Counts:
    """Counts the words of n texts, and phrases of two.

    >>> found = count_words(pa.array(["Red tea, red tea!", "Green tea"]), least=1)
    >>> found.names
    ('tea', 'green', 'green tea', 'red', 'red tea')
    >>> found.counts.toarray().astype(int).tolist()
    [[2, 0, 0, 2, 2], [1, 1, 1, 0, 0]]

    Args:
        texts: n texts; null is empty. Of each the first `LONGEST` characters are looked at.
        least: The fewest texts that a word is in; others are left out.
        most: The most words; of more, those of most texts.
        phrases: Whether phrases of two words are counted as well.
        groups: The group of each text, such as who wrote it; None for a group each.
        least_groups: The fewest groups whose texts a word is in.
    """
    hashes, rows, counts = _all_terms(texts, phrases)
    held, places, texts_with = np.unique(hashes, return_inverse=True, return_counts=True)
    enough = texts_with >= least
    if groups is not None:
        some = enough[places]
        enough &= _count_groups(places[some], groups[rows[some]], len(held)) >= least_groups
    chosen = np.flatnonzero(enough)
    # of equally many texts, by hash: what is cut off does not depend on the order of texts
    chosen = chosen[np.lexsort((held[chosen], -texts_with[chosen]))][:most]
    names = _name(texts, held[chosen], phrases)
    order = np.array(
        sorted(range(len(chosen)), key=lambda n: (-texts_with[chosen[n]], names[n])), np.int64
    )
    column = np.full(len(held), -1, np.int64)
    column[chosen[order]] = np.arange(len(order))
    return Counts(
        tuple(names[place] for place in order.tolist()),
        _sparse(rows, column[places], counts, (len(texts), len(order))),
    )


def count_known(texts: pa.StringArray, names: Sequence[str]) -> csr_array:
    """Counts words and phrases that are known, as `count_words` counts them.

    Args:
        texts: n texts; null is empty.
        names: k of those that `count_words` names.

    Returns:
        How often each text holds each, shape (n, k).
    """
    terms = _terms(*code_points(pa.array(names, pa.string())), True)
    whole = np.zeros(len(names), np.uint64)
    whole[terms.rows] = terms.hashes  # phrases come behind words
    order = np.argsort(whole)
    hashes, rows, counts = _all_terms(texts, True)
    at = np.searchsorted(whole[order], hashes).clip(max=max(len(names) - 1, 0))
    columns = np.where(whole[order][at] == hashes, order[at], -1)
    return _sparse(rows, columns, counts, (len(texts), len(names)))


def _sparse(rows: Index, columns: Index, counts: Index, shape: tuple[int, int]) -> csr_array:
    from scipy.sparse import csr_array

    some = columns >= 0
    made = csr_array((counts[some].astype(np.float64), (rows[some], columns[some])), shape=shape)
    made.sort_indices()
    return made


def _count_groups(words: Index, groups: Index, count: int) -> Index:
    """In how many groups each of `count` words is, given the pairs of both."""
    codes = np.unique(groups, return_inverse=True)[1]
    pairs = np.unique(words * (int(codes.max(initial=0)) + 1) + codes)
    of = pairs // (int(codes.max(initial=0)) + 1)
    return np.bincount(of, minlength=count).astype(np.int64)


def _all_terms(texts: pa.StringArray, phrases: bool) -> tuple[Hashes, Index, Index]:
    """Each word of each text once: its hash, the text's number, and how often it is there."""
    hashes, rows, counts = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], [np.zeros(0, int)]
    for first, block in _blocks(texts):
        terms = _terms(*code_points(block), phrases)
        keys = terms.hashes << np.uint64(ROW_BITS) | terms.rows.astype(np.uint64)
        found, often = np.unique(keys, return_counts=True)
        hashes.append(found >> np.uint64(ROW_BITS))
        rows.append(first + (found & np.uint64(BLOCK - 1)).astype(np.int64))
        counts.append(often)
    return np.concatenate(hashes), np.concatenate(rows), np.concatenate(counts)


def _blocks(texts: pa.StringArray) -> Iterator[tuple[int, pa.StringArray]]:
    """The texts in blocks, cut to their bound, each with the number of its first text."""
    cut = pc.utf8_slice_codeunits(pc.fill_null(texts, ""), 0, LONGEST)
    ends = np.cumsum(np.asarray(pc.binary_length(cut), np.int64)) if len(cut) else np.zeros(0, int)
    first = 0
    while first < len(cut):
        begun = ends[first - 1] if first else 0
        last = int(np.searchsorted(ends, begun + BLOCK_BYTES, side="right"))
        last = min(max(last, first + 1), first + BLOCK, len(cut))
        yield first, cut[first:last]
        first = last


def _terms(codes: NDArray[np.intp], places: Index, phrases: bool) -> _Terms:
    spots = _spot_words(codes, places)
    sizes = np.diff(spots.offsets)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    short = mix(spots.hashes) >> np.uint64(ROW_BITS)
    words = _Terms(rows, spots.starts, spots.stops, short)
    if not phrases or len(rows) < 2:
        return _drop_wide(words)
    gap = spots.starts[1:] - spots.stops[:-1]
    near = (gap == 0) | ((gap == 1) & (codes[spots.stops[:-1].clip(max=len(codes) - 1)] == SPACE))
    first = np.flatnonzero(near & (rows[1:] == rows[:-1]))
    both = mix(spots.hashes[first]) * FACTORS[0] + mix(spots.hashes[first + 1]) * FACTORS[1]
    of_two = _Terms(
        rows[first],
        spots.starts[first],
        spots.stops[first + 1],
        mix(both) >> np.uint64(ROW_BITS),
    )
    return _drop_wide(_Terms(*(np.concatenate(pair) for pair in zip(words, of_two, strict=True))))


def _drop_wide(terms: _Terms) -> _Terms:
    some = terms.stops - terms.starts <= WIDEST
    return _Terms(terms.rows[some], terms.starts[some], terms.stops[some], terms.hashes[some])


def _spot_words(codes: NDArray[np.intp], places: Index) -> Spots:
    """The words of texts: tokens, with apostrophes between letters."""
    codes[codes == CURLY] = APOSTROPHE
    kinds = characters().kinds[codes]
    inner = np.flatnonzero(codes == APOSTROPHE)
    inner = inner[(inner > 0) & (inner < len(codes) - 1)]
    edges = np.zeros(len(codes) + 1, bool)
    edges[places] = True
    joined = (kinds[inner - 1] == JOINED) & (kinds[inner + 1] == JOINED)
    kinds[inner[joined & ~edges[inner] & ~edges[inner + 1]]] = JOINED
    return spot_tokens(codes, kinds, places)


def _name(texts: pa.StringArray, wanted: Hashes, phrases: bool) -> list[str]:
    """What the words with these hashes are: each as the first text has it, in small letters."""
    order = np.argsort(wanted)
    ordered = wanted[order]
    names: list[str | None] = [None] * len(wanted)
    left = np.ones(len(wanted), bool)
    for _, block in _blocks(texts) if len(wanted) else ():
        codes, places = code_points(block)
        terms = _terms(codes, places, phrases)
        at = np.searchsorted(ordered, terms.hashes).clip(max=len(ordered) - 1)
        some = np.flatnonzero((ordered[at] == terms.hashes) & left[at])
        found, firsts = np.unique(at[some], return_index=True)
        for place, term in zip(found.tolist(), some[firsts].tolist(), strict=True):
            names[int(order[place])] = _small(codes[terms.starts[term] : terms.stops[term]])
        left[found] = False
        if not left.any():
            break
    return [name or "" for name in names]


def _small(codes: NDArray[np.intp]) -> str:
    """A word in small letters, character by character, as the hash has them."""
    text = "".join(map(chr, codes.tolist()))
    if text.isascii():
        return text.lower()
    letters = iter(text)
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in letters)
