"""Forms of a first message: what it is by its marks and first words, not by its subject."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Mask, to_numpy

LONG = 200
"""Characters of a long first message."""
FORMS = {
    "asks: has a question mark": "[?\u061f\uff1f\u037e\u055e\u1367]",
    "begins with a question word": r"(?i)^\W*(what|how|why|who|whom|whose|where|when|which)\b",
    "begins with is, are, do, can and the like": (
        r"(?i)^\W*(is|are|was|were|do|does|did|can|could|would|will|should|have|has|am|may)\b"
    ),
    "says please, or asks for help": r"(?i)\b(please|help me|i need help|could you|would you)\b",
    "greets": r"(?i)^\W*(hi|hello|hey|good (morning|afternoon|evening))\b",
    "speaks of its author": r"(?i)\b(i|i'm|i’m|my|me|mine|i've|i’ve)\b",
    "asks to play a part, or to suppose": (
        r"(?i)\b(pretend|imagine|suppose|role-?play|act as|act like|you are (a|an|now))\b"
    ),
    "has a number in it": r"[0-9]",
    "has quotation marks": '["“”«»„]',
    "has more than one line": r"\S\s*\n\s*\S",
}
"""Forms by name: what a message matches that has one. Words are English ones."""


def tell_forms(openings: pa.StringArray) -> dict[str, Mask]:
    """Which first messages have which form.

    Args:
        openings: n texts; null where there is none.

    Returns:
        n flags for each form.
    """
    told = {
        name: to_numpy(pc.fill_null(pc.match_substring_regex(openings, form), False))
        for name, form in FORMS.items()
    }
    return told | {f"is long: {LONG} characters or more": measure(openings) >= LONG}


def measure(openings: pa.StringArray) -> Floats:
    """The length of first messages in characters, 0 where there is none."""
    return np.asarray(pc.fill_null(pc.utf8_length(openings), 0), np.float64)
