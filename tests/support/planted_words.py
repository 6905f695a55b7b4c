"""Mild words, by topic, of which made-up attacks are written."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]

TOPICS: dict[str, str] = {
    "gardening": "moss fern soil seed bloom root hedge spade compost tulip watering pruning"
    " orchard shrub petal weeds greenhouse trowel",
    "ships": "harbour sail mast anchor deck rudder captain cargo lighthouse tide keel rope"
    " voyage compass sailor ferry dock fleet",
    "bread": "flour dough yeast oven crust loaf knead rye baker rolls sourdough butter toast"
    " wheat baguette proofing tin crumb",
    "trains": "railway platform carriage ticket engine signal station conductor timetable track"
    " tunnel steam luggage sleeper viaduct whistle depot freight",
    "music": "violin melody chorus piano rhythm choir drum tempo orchestra flute harmony banjo"
    " concert sheet waltz tuning cello trumpet",
    "stars": "telescope planet comet orbit galaxy moon eclipse nebula meteor astronomer"
    " constellation rocket saturn lens observatory crater cosmic twilight",
    "knitting": "wool needle yarn scarf stitch pattern mitten sweater crochet loom purl skein"
    " button hem cardigan thimble spool lace",
    "bees": "hive honey nectar swarm pollen queen beekeeper wax clover apiary smoker comb drone"
    " meadow blossom brood sting frames",
}
"""The words of each topic, the largest topic first."""

TAGS = (
    "Odd recipes", "Tall tales", "White lies", "Bad puns", "Loud singing", "Wrong maps",
    "Late letters", "Spilt tea", "Muddy boots", "Lost buttons", "Other",
)  # fmt: skip
_USUAL = (
    "the a of to and in is it you that for on with as at this can could would please how what when"
    " where some about more than good very much one two then there which my your our make take tell"
    " give know want think long little old new other every again maybe often while before after"
)
COMMON = np.array(_USUAL.split(), object)
WORDS = np.array([words.split() for words in TOPICS.values()], object)
"""Words by topic, shape (topics, 18)."""


def talk(turns: list[str]) -> str:
    """Turns as a transcript, the user's first."""
    marks = ("\n\nHuman: ", "\n\nAssistant: ")
    return "".join(marks[place % 2] + text for place, text in enumerate(turns))


def write_attacks(
    chance: np.random.Generator, topic: Places, copied: Places, has: dict[str, Any]
) -> tuple[list[str], list[str]]:
    """Descriptions of tasks and openings; a copy differs by its last word."""
    tasks, openings = (
        write_texts(chance, topic, least, most) for least, most in ((8, 14), (10, 20))
    )
    for row in np.flatnonzero(copied != np.arange(len(copied))).tolist():
        tasks[row], openings[row] = tasks[copied[row]], f"{openings[copied[row]]} again"
    for word, flags in has.items():
        for row in np.flatnonzero(flags).tolist():
            if copied[row] == row:
                openings[row] = f"{openings[row]} {word}"
    return tasks, openings


def write_texts(chance: np.random.Generator, topic: Places, least: int, most: int) -> list[str]:
    """n texts of some words, of which about half are common to all topics."""
    lengths = chance.integers(least, most + 1, len(topic))
    total = int(lengths.sum())
    of_topic = WORDS[np.repeat(topic, lengths), chance.integers(WORDS.shape[1], size=total)]
    common = COMMON[chance.integers(len(COMMON), size=total)]
    words = np.where(chance.random(total) < 0.5, of_topic, common).tolist()
    ends = np.cumsum(lengths).tolist()
    return [
        " ".join(words[end - many : end]) for many, end in zip(lengths.tolist(), ends, strict=True)
    ]
