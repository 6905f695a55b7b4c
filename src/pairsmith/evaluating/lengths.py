"""Length: how much of what a model says could be said by counting characters.

A model that prefers the longer reply may do so because it is better, or because it is longer. Four
numbers tell the two apart: how often the model and the labels prefer the longer reply; accuracy
where both are of about one length; the weight that a margin keeps when length is given; and the
correlation of scores with length (Singhal and others, 2023, arXiv:2310.03716; Chen and others,
2024, arXiv:2402.07319).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pairsmith.evaluating.calibration import fit_line
from pairsmith.scoring.linear import to_probability
from pairsmith.statistics.bootstrap import Bootstrap, Estimate, Floats
from pairsmith.statistics.correlation import correlate, correlated, standardise
from pairsmith.text.spans import Index, Mask

MATCHED = 0.1
"""Replies are of about one length where the shorter lacks at most this share of the longer."""
DOUBLINGS = (-1.0, -0.2, 0.2, 1.0)
"""Edges of the groups by length: log2 of chosen by rejected."""
NAMES = (
    "under half as long",
    "shorter",
    "about as long",
    "longer",
    "over twice as long",
)
"""Of these groups, in order: chosen is so long, beside rejected."""


def doublings(characters: Index) -> Floats:
    """log2 of the length of chosen by that of rejected; a character more, so that 0 has one.

    Args:
        characters: Shape (n, 2): of chosen and rejected.
    """
    said: Floats = np.log2(characters + 1.0)
    return said[:, 0] - said[:, 1]


def groups_by_length(characters: Index) -> Index:
    """The group of each row, a place in `NAMES`."""
    return np.searchsorted(np.array(DOUBLINGS), doublings(characters)).astype(np.int64)


def is_matched(characters: Index) -> Mask:
    """Whether the two replies of a row are of about one length; see `MATCHED`."""
    longer = characters.max(axis=1)
    matched: Mask = longer - characters.min(axis=1) <= MATCHED * longer
    return matched


def measure_length(sides: Floats, characters: Index, boot: Bootstrap) -> dict[str, Any]:
    """What length has to do with scores, as `evaluation.json` holds it.

    Args:
        sides: Shape (n, 2): the scores of chosen and rejected.
        characters: Shape (n, 2): the lengths of the replies.
        boot: Of the n rows.
    """
    margins = sides[:, 0] - sides[:, 1]
    more = np.sign(characters[:, 0] - characters[:, 1])
    unequal = more != 0
    by_model = (np.sign(margins) == more).astype(np.float64)
    by_labels = (more > 0).astype(np.float64)
    matched = is_matched(characters)
    return {
        "unit": "characters of the reply, white space around it left out",
        "model_prefers_longer": boot.mean(by_model, unequal).to_dict(),
        "labels_prefer_longer": boot.mean(by_labels, unequal).to_dict(),
        "model_less_labels": boot.mean(by_model - by_labels, unequal).to_dict(),
        "matched_within": MATCHED,
        "matched_accuracy": boot.mean((margins > 0).astype(np.float64), matched).to_dict(),
        "correlation": {
            "of": "Pearson; lengths as log2 of characters",
            "margins_with_difference": correlate(margins, doublings(characters), boot).to_dict(),
            "scores_with_length": correlate_sides(sides, characters, boot).to_dict(),
        },
        "logistic": weigh(margins, characters, boot),
    }


def correlate_sides(sides: Floats, characters: Index, boot: Bootstrap) -> Estimate:
    """Pearson's correlation of the scores of single replies with their lengths."""
    said = standardise(np.log2(characters + 1.0))
    scores = standardise(sides)
    columns = [np.ones(sides.shape), scores, said, scores * said, scores**2, said**2]
    sums = np.hstack([boot.summed(column.sum(axis=1)) for column in columns])
    return correlated(sums, boot, len(sides))


def weigh(margins: Floats, characters: Index, boot: Bootstrap) -> dict[str, Any]:
    """The weights of margin and length in a logistic fit of the labels, with each and both.

    P(chosen over rejected) = sigmoid(a · margin + b · doublings), without an intercept, since
    neither side comes first. The intervals are those of one Newton step in each draw.

    Returns:
        `margin_alone`, `margin` and `doubling`: a fitted alone, and a and b; None where none fits,
        as where labels can be told without fault.
    """
    length = doublings(characters)
    alone = _weights([margins], boot)
    both = _weights([margins, length], boot)
    return {
        "margin_alone": alone[0].to_dict() if alone else None,
        "margin": both[0].to_dict() if both else None,
        "doubling": both[1].to_dict() if both else None,
    }


def _weights(features: list[Floats], boot: Bootstrap) -> list[Estimate] | None:
    scales = [float(np.abs(feature).mean()) for feature in features if len(feature)]
    if len(scales) < len(features) or not all(scales):
        return None
    held = np.stack(features, axis=1) / scales
    weights = fit_line(held)
    if weights is None:
        return None
    size = len(scales)
    wrong = to_probability(-held @ weights)
    slopes = [held[:, k] * wrong for k in range(size)]
    bends = [
        held[:, k] * held[:, j] * wrong * (1 - wrong) for k in range(size) for j in range(size)
    ]
    drawn = boot.drawn(np.hstack([boot.summed(column) for column in [*slopes, *bends]]))
    matrices = drawn[:, size:].reshape(-1, size, size)
    solvable = np.linalg.cond(matrices) < 1e12
    steps = np.full((len(drawn), size), np.nan)
    solved = np.linalg.solve(matrices[solvable], drawn[solvable, :size, None])
    steps[solvable] = solved[..., 0]
    return [
        boot.estimate(
            float(weights[k] / scales[k]),
            (weights[k] + steps[:, k]) / scales[k],
            len(held),
            boot.count,
        )
        for k in range(size)
    ]
