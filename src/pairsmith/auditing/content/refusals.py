"""Refusals: how many chosen and rejected replies hold a phrase that one is recognised by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.auditing.content.refusal_phrases import REFUSALS
from pairsmith.statistics.intervals import Difference, newcombe
from pairsmith.text.spans import to_numpy

ANY = "any"
"""Stands for a phrase of any family, among the families."""


class Refusals:
    """Counts rows by the sides that hold a phrase of refusal.

    Attributes:
        cells: By family of phrases, and by `ANY`, four counts of rows: both sides hold one, chosen
            only, rejected only, neither.
    """

    def __init__(self) -> None:
        self.cells = {family: np.zeros(4, np.int64) for family in (ANY, *REFUSALS)}

    def add(self, chosen: pa.StringArray, rejected: pa.StringArray) -> None:
        """Counts n rows' replies.

        Args:
            chosen: The n chosen replies, none null.
            rejected: The n rejected replies, none null.
        """
        in_chosen, in_rejected = (find_phrases(texts) for texts in (chosen, rejected))
        for place, family in enumerate((ANY, *REFUSALS)):
            cell = 2 * ~in_chosen[place] + ~in_rejected[place]
            self.cells[family] += np.bincount(cell, minlength=4)

    def difference(self, family: str = ANY) -> Difference:
        """The share of chosen replies with a phrase minus that of rejected replies."""
        return newcombe(*self.cells[family].tolist())

    def to_dict(self) -> dict[str, Any]:
        """The counts and differences by family, as values that JSON can hold."""
        return {
            "families": list(REFUSALS),
            "interval": "Newcombe, method 10, for paired proportions, 95 %",
            "counts": {
                family: {
                    "chosen": int(cells[0] + cells[1]),
                    "rejected": int(cells[0] + cells[2]),
                    "both": int(cells[0]),
                    **self.difference(family)._asdict(),
                }
                for family, cells in self.cells.items()
            },
        }


def find_phrases(texts: pa.StringArray) -> NDArray[np.bool_]:
    """Flags the texts that hold a phrase of refusal.

    Args:
        texts: n texts, none null.

    Returns:
        Booleans of shape (1 + families, n): the first row for any family, the others in the order
        of `REFUSALS`.
    """
    # one by one: together the families make an automaton that RE2 has no room for
    found = [to_numpy(pc.match_substring_regex(texts, family)) for family in REFUSALS.values()]
    return np.stack([np.any(found, axis=0), *found])
