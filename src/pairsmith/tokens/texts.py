"""Many texts to ids: a word is tokenized once however often it occurs, where that is the same."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.tokens.edges import Edges, find_edges
from pairsmith.tokens.encode import encode_texts
from pairsmith.tokens.ragged import Ragged, concatenate, from_lists
from pairsmith.tokens.tokenizer import added_around

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MAX_IDS = 4_000_000
"""When the words that are held have more ids, all are forgotten."""
SPACE = ord(" ")


class Words(NamedTuple):
    """Texts in words: those of all texts, and how many each text has, at least one."""

    words: pa.StringArray
    counts: NDArray[np.int64]


class TextEncoder:
    """Makes the ids that a tokenizer makes of each text. Threads may share it.

    Where `edges.find_edges` knows where texts may be cut, each word is tokenized once; else whole
    texts are.

    Args:
        tokenizer: A fast tokenizer, which is not changed afterwards.
        special: Whether it adds its own special tokens, as it does to text and not to what a
            chat template wrote.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, special: bool) -> None:
        self.tokenizer, self.special = tokenizer, special
        self.edges = find_edges(tokenizer)
        self._around = added_ids(tokenizer) if special else ([], [])
        self._lock = Lock()
        self._held, self._places = from_lists(self._around), dict[str, int]()

    def encode(self, texts: pa.StringArray) -> Ragged:
        """The ids of texts, of which none is null."""
        if self.edges is None or not len(texts):
            return encode_texts(texts.to_pylist(), self.tokenizer, self.special)
        words, counts = cut_words(texts, self.edges)
        coded = words.dictionary_encode()
        held, places = self._of_words(coded.dictionary, self.edges.keep_space)
        places = places[coded.indices.to_numpy()]
        if self.special:  # as the first word of each text and the last one
            ends = np.cumsum(counts)
            around = np.stack([ends - counts, ends], axis=1).ravel()
            places = np.insert(places, around, np.tile([0, 1], len(counts)))
            counts = counts + 2
        return held.take(places).joined(counts)

    def _of_words(
        self, words: pa.StringArray, keep_space: bool
    ) -> tuple[Ragged, NDArray[np.int64]]:
        """The ids of words so far, and the place among them of each of these."""
        listed = words.to_pylist()
        with self._lock:
            if len(self._held.ids) > MAX_IDS:
                self._held, self._places = from_lists(self._around), {}
            missing = [word for word in listed if word not in self._places]
            if missing:
                # the edge's space, where the tokenizer puts one before each text
                bare = missing if keep_space else [word[1:] for word in missing]
                new = range(len(self._held.starts), len(self._held.starts) + len(missing))
                self._held = concatenate(self._held, encode_texts(bare, self.tokenizer, False))
                self._places.update(zip(missing, new, strict=True))
            places = map(self._places.__getitem__, listed)
            return self._held, np.fromiter(places, np.int64, len(listed))


def cut_words(texts: pa.StringArray, edges: Edges) -> Words:
    """Cuts texts before the space of each edge.

    Where the space is not kept, every text is given one at its beginning, so that all words begin
    with one that does not count.
    """
    if not edges.keep_space:
        texts = pc.binary_join_element_wise(pa.scalar(" "), texts, "")
    _, offsets, data = texts.buffers()
    first = texts.offset
    ends = np.frombuffer(offsets, np.int32)[first : first + len(texts) + 1].astype(np.int64)
    held = np.frombuffer(data or b"", np.uint8)[: ends[-1]]
    places = np.flatnonzero(held[ends[0] :] == SPACE) + ends[0]
    # a text does not begin with an edge, nor end with its space
    places = places[(places > ends[0]) & (places < ends[-1] - 1)]
    places = places[edges.before[held[places - 1]] & edges.behind[held[places + 1]]]
    text = np.searchsorted(ends, places, side="right") - 1
    inside = (places > ends[text]) & (places < ends[text + 1] - 1)
    places, text = places[inside], text[inside]
    counts = np.bincount(text, minlength=len(texts)) + 1
    starts = np.empty(len(places) + len(texts) + 1, np.int32)
    starts[np.arange(len(places)) + text + 1] = places
    starts[np.cumsum(counts) - counts] = ends[:-1]
    starts[-1] = ends[-1]
    words = pa.StringArray.from_buffers(len(starts) - 1, pa.py_buffer(starts), data)
    return Words(words, counts)


def added_ids(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """The special tokens that the tokenizer puts in front of a text and behind it."""
    front, behind = added_around(tokenizer)
    full: list[int] = tokenizer("a")["input_ids"]
    return full[:front], full[len(full) - behind :]
