"""Refusals: how many chosen and rejected replies contain a phrase of a short, generic list."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.auditing.content.patterns import REFUSALS
from pairsmith.statistics.intervals import Difference, newcombe
from pairsmith.text.spans import to_numpy

ANY = "any"
"""Stands for a match of any phrase, among the phrases."""


class Refusals:
    """Counts rows by the sides that contain a phrase.

    Attributes:
        cells: By phrase, and by `ANY`, four counts of rows: both sides contain it, chosen only,
            rejected only, neither.
    """

    def __init__(self) -> None:
        self.cells = {phrase: np.zeros(4, np.int64) for phrase in (ANY, *REFUSALS)}

    def add(self, chosen: pa.StringArray, rejected: pa.StringArray) -> None:
        """Counts n rows' replies.

        Args:
            chosen: The n chosen replies, none null.
            rejected: The n rejected replies, none null.
        """
        in_chosen, in_rejected = (find_phrases(texts) for texts in (chosen, rejected))
        for place, phrase in enumerate((ANY, *REFUSALS)):
            cell = 2 * ~in_chosen[place] + ~in_rejected[place]
            self.cells[phrase] += np.bincount(cell, minlength=4)

    def difference(self, phrase: str = ANY) -> Difference:
        """The share of chosen replies with a phrase minus that of rejected replies."""
        return newcombe(*self.cells[phrase].tolist())

    def to_dict(self) -> dict[str, Any]:
        """The counts and differences by phrase, as values that JSON can hold."""
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
    """Flags the texts that contain a phrase; case is ignored, and ’ is equal to '.

    Args:
        texts: n texts, none null.

    Returns:
        Booleans of shape (1 + phrases, n): the first row for any phrase, the others in the order of
        `REFUSALS`.
    """
    patterns = [phrase.replace("'", "['’]") for phrase in REFUSALS]
    matches = np.zeros((1 + len(patterns), len(texts)), bool)
    any_phrase = to_numpy(pc.match_substring_regex(texts, "|".join(patterns), ignore_case=True))
    some = texts.filter(pa.array(any_phrase))
    matches[0] = any_phrase
    for place, pattern in enumerate(patterns, 1):
        own = to_numpy(pc.match_substring_regex(some, pattern, ignore_case=True))
        matches[place, any_phrase] = own
    return matches
