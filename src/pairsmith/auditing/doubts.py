"""What becomes of doubted labels: margins, by whoever gave them, to decisions on rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairsmith.auditing.answer import UnansweredError
from pairsmith.schema.annotations import STATEMENTS
from pairsmith.schema.reasons import Note, Reason
from pairsmith.schema.recipe import Recipe
from pairsmith.scoring.linear import to_probability
from pairsmith.statistics.intervals import percent, wilson

DIGITS = 4
"""Of a probability in the table: behind these, machines differ."""


def check_judge(margins: NDArray[np.float64], name: str) -> None:
    """Checks that a judge agrees with labels more often than chance does.

    Args:
        margins: Of all pairs that it judged; those that are 0 do not count.
        name: What to call the judge, at the beginning of a sentence.

    Raises:
        UnansweredError: It does not.
    """
    decided = int((margins != 0).sum())
    if not decided:
        raise UnansweredError(f"{name} prefers neither reply of any pair.")
    right = wilson(int((margins > 0).sum()), decided)
    if right.low <= 0.5:
        raise UnansweredError(
            f"{name} agrees with {right} of the labels, which is no better than chance: what it "
            "doubts means nothing."
        )


def doubted_rows(
    ids: pa.StringArray, log_odds: NDArray[np.float64], recipe: Recipe, judge: str
) -> pa.Table:
    """Decides on rows whose label is doubted by more than was said.

    Args:
        ids: The ids of n rows of train.
        log_odds: Of chosen over rejected, n of them.
        recipe: Tells by how much a label is to be doubted, and what is done then.
        judge: Who doubts, for the detail of a row that is refused.

    Returns:
        Rows of `STATEMENTS` in the order of the ids: those that are refused, `Reason.DOUBTED`;
        those that are exchanged or marked, with the chance that their label is right as score.
    """
    rounded = np.round(log_odds, 2 * DIGITS)
    chances = np.round(to_probability(rounded), DIGITS)
    dropped = rounded < -_least(recipe.drop_doubted)
    note, doubt = (
        (Note.LABEL_FLIPPED, recipe.flip)
        if recipe.flip is not None
        else (Note.LABEL_SMOOTHED, recipe.smooth)
    )
    some = np.flatnonzero(dropped | (rounded < -_least(doubt)))
    rows = [
        (Reason.DOUBTED.value, None, f"{judge} gives the label a chance of {percent(chance)}")
        if out
        else (note.value, chance, None)
        for out, chance in zip(dropped[some].tolist(), chances[some].tolist(), strict=True)
    ]
    labels, scores, details = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table([ids.take(pa.array(some)), [*labels], [*scores], [*details]], STATEMENTS)


def _least(doubt: float | None) -> float:
    """The doubt that it takes; without one, none is enough."""
    return np.inf if doubt is None else doubt
