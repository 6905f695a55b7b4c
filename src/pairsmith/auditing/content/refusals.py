"""Refusals: replies with a phrase of a short, generic list, side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.auditing.content.patterns import REFUSALS
from pairsmith.auditing.stats.intervals import Difference, newcombe
from pairsmith.text.spans import to_numpy

ANY = "any"


class Refusals:
    """Counts rows by the side that holds a phrase: both, chosen, rejected or none."""

    def __init__(self) -> None:
        self.cells = {phrase: np.zeros(4, np.int64) for phrase in (ANY, *REFUSALS)}

    def add(self, chosen: pa.StringArray, rejected: pa.StringArray) -> None:
        """Counts some rows' replies."""
        left, right = (find_phrases(texts) for texts in (chosen, rejected))
        for place, phrase in enumerate((ANY, *REFUSALS)):
            case = 2 * ~left[place] + ~right[place]
            self.cells[phrase] += np.bincount(case, minlength=4)

    def difference(self, phrase: str = ANY) -> Difference:
        """The share of chosen replies with a phrase less that of rejected ones."""
        return newcombe(*self.cells[phrase].tolist())

    def to_dict(self) -> dict[str, Any]:
        """What there is to tell of them, as JSON holds it."""
        return {
            "phrases": list(REFUSALS),
            "interval": "Newcombe, method 10, for paired proportions, 95 %",
            "counts": {
                phrase: {
                    "chosen": int(cells[0] + cells[1]),
                    "rejected": int(cells[0] + cells[2]),
                    "both": int(cells[0]),
                    **self.difference(phrase)._asdict(),
                }
                for phrase, cells in self.cells.items()
            },
        }


def find_phrases(texts: pa.StringArray) -> NDArray[np.bool_]:
    """Which of n texts hold any phrase, then which hold each, shape (1 + phrases, n).

    Case is left out of account, and the typographic apostrophe is as the straight one.
    """
    patterns = [phrase.replace("'", "['’]") for phrase in REFUSALS]
    found = np.zeros((1 + len(patterns), len(texts)), bool)
    held = to_numpy(pc.match_substring_regex(texts, "|".join(patterns), ignore_case=True))
    some = texts.filter(pa.array(held))
    found[0] = held
    for place, pattern in enumerate(patterns, 1):
        found[place, held] = to_numpy(pc.match_substring_regex(some, pattern, ignore_case=True))
    return found
