"""Pairs whose sides differ in known ways, as columns alone: no file is written.

    pairs = plant_pairs(800, seed=3, words={"quartz": 0.1}, apology=0.1)

Texts are of invented words. Pairs of a conversation share its habits, so that they are alike.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pairsmith.exploring.attempts import Coded
from pairsmith.exploring.forms import check_forms
from pairsmith.exploring.pairs import Pairs

TOPICS = {
    "bread": ("flour", "yeast", "oven", "crust", "dough", "rye", "loaf", "crumb"),
    "ships": ("mast", "sail", "keel", "rope", "harbour", "deck", "anchor", "tide"),
    "moss": ("fern", "shade", "bark", "damp", "stone", "root", "leaf", "soil"),
    "tunes": ("fiddle", "chord", "drum", "verse", "choir", "tempo", "flute", "reed"),
}
STOCK = ("we", "can", "take", "some", "more", "of", "it", "then", "with", "good", "care", "and")


def plant_pairs(
    rows=600, seed=0, *, subsets=("moss", "tea"), words=None, apology=0.0, longer=0, sides=True
):
    """Draws pairs.

    Args:
        rows: How many.
        seed: Of all draws.
        subsets: Their names; each pair is of one by chance.
        words: By word, how many more of the chosen replies get it, as a share: a tenth of all
            replies have it anyway. By `(word, subset)`, in that subset alone.
        apology: How many more of the chosen replies begin with an apology.
        longer: By how many words chosen is longer on average.
        sides: Whether what is planted is kept; no exchanges the sides at random.
    """
    chance = np.random.default_rng(seed)
    conversation = np.sort(chance.integers(0, max(1, rows // 2), rows))
    subset = chance.integers(0, len(subsets), rows)
    topic = chance.integers(0, len(TOPICS), rows)
    names = list(TOPICS)
    habit = chance.random((rows, 3))[conversation]
    made: tuple[list[str], list[str]] = ([], [])
    for row in range(rows):
        pool = (*TOPICS[names[topic[row]]], *STOCK)
        for side in (0, 1):
            many = int(chance.integers(6, 24)) + (longer if side == 0 else 0)
            said = list(chance.choice(pool, many))
            for word, more in (words or {}).items():
                word, where = word if isinstance(word, tuple) else (word, None)
                planted = more if side == 0 and where in (None, subsets[subset[row]]) else 0.0
                if chance.random() < 0.1 + planted:
                    said.insert(int(chance.integers(0, len(said))), word)
            sorry = chance.random() < 0.2 * habit[row, 0] + (apology if side == 0 else 0)
            made[side].append(("Sorry, " if sorry else "") + " ".join(said) + ".")
    if not sides:
        for row in np.flatnonzero(chance.random(rows) < 0.5).tolist():
            made[0][row], made[1][row] = made[1][row], made[0][row]
    prompts = [" ".join(chance.choice(TOPICS[names[place]], 8)) for place in topic]
    pairs = pairs_of(prompts, *made, conversation, Coded(tuple(subsets), subset))
    return pairs, topic


def pairs_of(prompts, chosen, rejected, conversation, subset):
    """Columns of pairs, given their texts."""
    replies = tuple(pa.array(side, pa.string()) for side in (chosen, rejected))
    count = len(chosen)
    return Pairs(
        ids=pa.array([f"moss/train/{row + 1}" for row in range(count)]),
        subset=subset,
        conversation=np.asarray(conversation, np.int64),
        characters=np.array([list(map(len, two)) for two in zip(chosen, rejected, strict=True)]),
        words=np.array(
            [[len(text.split()) for text in two] for two in zip(chosen, rejected, strict=True)]
        ),
        has=np.stack([check_forms(side) for side in replies], axis=2),
        sample=np.arange(count),
        prompts=pa.array(prompts, pa.string()),
        replies=replies,
    )
