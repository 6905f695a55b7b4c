"""Names of topics: their own words, by class-based TF-IDF (Grootendorst, BERTopic, 2022)."""

from __future__ import annotations

import unicodedata
from itertools import accumulate
from operator import and_, eq
from typing import TYPE_CHECKING

import numpy as np

from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index, Mask

if TYPE_CHECKING:
    from pairsmith.exploring.topics.vectors import Vectors

NAMED = 4
"""The words of a name."""
TRIED = 40
"""The number of words of a topic that are tried."""
STEM = 0.66
"""Two words are forms of one if they share this part of the shorter, and differ by an ending."""
OWN = 3.0
"""A word names a topic if its share of the topic's texts is this many times that of others."""


def name(vectors: Vectors, topics: Index, count: int) -> tuple[str, ...]:
    """Names topics by the words that they have and others have not.

    Args:
        vectors: The texts.
        topics: The topic of each of the texts whose words are counted; -1 for none.
        count: The number of topics.

    Returns:
        `count` names, all different: up to `NAMED` words each, with commas between.
    """
    from scipy.sparse import csr_matrix

    held = (vectors.counts > 0).astype(np.float64)
    some = np.flatnonzero(topics >= 0)
    shape = (count, held.shape[0])
    gather = csr_matrix((np.ones(len(some)), (topics[some], some)), shape=shape)
    of_topics = np.asarray((gather @ held).todense())
    of_all = np.asarray(held.sum(axis=0)).ravel()
    sizes = np.bincount(topics[some], minlength=count)
    fit = np.array([_is_fit(word) for word in vectors.words], bool)
    weights = _weigh(of_topics, of_all, held.shape[0], sizes, fit)
    made: list[str] = []
    for topic in range(count):
        best = np.lexsort((np.arange(len(of_all)), -weights[topic]))[:TRIED]
        words = _choose([vectors.words[at] for at in best if weights[topic, at] > 0])
        made.append(_differ(words, made))
    return tuple(made)


def _weigh(of_topics: Floats, of_all: Floats, texts: int, sizes: Index, fit: Mask) -> Floats:
    """c-TF-IDF of each word in each topic; 0 where it is hardly more frequent there."""
    within = of_topics / np.maximum(of_topics.sum(axis=1, keepdims=True), 1)
    average = of_topics.sum() / max(len(of_topics), 1)
    weights = within * np.log1p(average / np.maximum(of_all, 1))
    within_it = of_topics / np.maximum(sizes, 1)[:, None]
    elsewhere = (of_all - of_topics) / np.maximum(texts - sizes, 1)[:, None]
    own = within_it >= OWN * elsewhere
    return np.where(own & fit, weights, 0.0)


def _is_fit(word: str) -> bool:
    """Whether a word can stand in a name: not one character, nor the end of another one."""
    return len(word) > 1 and not unicodedata.category(word[0]).startswith("M")


def _choose(words: list[str]) -> list[str]:
    """Words that are not forms of each other, the best first."""
    chosen: list[str] = []
    for word in words:
        if not any(_akin(word, other) for other in chosen):
            chosen.append(word)
    return chosen


def _akin(one: str, other: str) -> bool:
    """Whether two words are forms of one, or overlap in a script without spaces."""
    short, long = sorted((one, other), key=len)
    if len(short) <= 2:
        pairs = len(long) <= 2 and not (one + other).isascii()
        return pairs and (short[-1] == long[0] or long[-1] == short[0])
    shared = sum(accumulate(map(eq, short, long), and_))
    return bool(shared >= max(3, STEM * len(short)) and len(long) - shared <= 3)


def _differ(words: list[str], others: list[str]) -> str:
    """A name that no other topic has."""
    for count in range(NAMED, len(words) + 1):
        said = ", ".join(words[:count])
        if said not in others:
            return said
    said = ", ".join(words[:NAMED]) or "no own words"
    while said in others:
        said += " ′"
    return said
