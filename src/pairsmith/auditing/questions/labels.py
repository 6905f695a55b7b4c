"""Labels: which ones a small preference model, trained on other conversations, disagrees with.

The margin of a row is the cross-validated log-odds of chosen over rejected; see
`pairsmith.scoring.linear`. A low margin is a reason to doubt the label, not a proof: the model is
weak. It agrees with 61 % of the labels of HH-RLHF's harmless-base/test. With a random tenth of
these flipped, margins rank the flipped ones with an AUC of 0.62 to 0.65, and of the 50 lowest ones
24 to 44 % are flipped (three draws): worth reading from the top, too weak to act on unread.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairsmith.auditing.answer import Answer, Finding, Study, UnansweredError, as_table
from pairsmith.auditing.claims.preferences import DOUBT, claim_labels
from pairsmith.auditing.report.plots import draw_histogram, halves, sum_bins
from pairsmith.auditing.scorers import compare_scorers
from pairsmith.reporting.svg import INK, SERIES, Plot, figures, to_svg
from pairsmith.reporting.wording import number
from pairsmith.scoring.folds import FOLDS, assign_folds, count_conversations
from pairsmith.scoring.linear import (
    EPOCHS,
    FEATURES,
    MIN_ROWS,
    SEED,
    WORDS,
    predict_log_odds,
    to_probability,
)
from pairsmith.statistics.intervals import Share, percent, wilson

TITLE = "Labels"

MAX_FINDINGS = 1_000
"""The most labels that are named as doubtful."""
BINS = 10
"""The bins of the calibration curve, of equal width."""
SUSPECT = 0.78
"""A higher accuracy than reading the replies allows: something else reveals the labels."""
EDGES = (-np.inf, *np.arange(-4, 4.5, 0.5).tolist(), np.inf)
"""The edges of the bins of the histogram of margins, in nats."""


class Margins(NamedTuple):
    """The cross-validated predictions of the label model for n kept rows.

    Attributes:
        rows: Their n row numbers, ascending.
        margins: Their n log-odds of chosen over rejected, in nats; 0 where the replies have the
            same features.
        folds: The number of folds, each with a model of its own.
    """

    rows: NDArray[np.int64]
    margins: NDArray[np.float64]
    folds: int


class Calibration(NamedTuple):
    """A calibration curve of b bins; every row counts twice, once for either side.

    Attributes:
        edges: The b + 1 edges of the bins of the predicted probability.
        predicted: The mean predicted probability in each bin; None in an empty bin.
        observed: The share in each bin that is in fact the chosen side; None in an empty bin.
        counts: The sides in each bin, twice as many as rows in total.
        error: The expected calibration error (Naeini, Cooper and Hauskrecht, AAAI 2015): the mean
            absolute difference of `predicted` and `observed`, weighted by `counts`.
    """

    edges: list[float]
    predicted: list[float | None]
    observed: list[float | None]
    counts: list[int]
    error: float


def margins(study: Study) -> Margins:
    """Predicts the margin of every kept row.

    Args:
        study: The dataset and its index.

    Raises:
        UnansweredError: The rows are too few, or all of one conversation.
    """
    [(rows,)] = study.index.sql("SELECT count(*) FROM rows WHERE kept").fetchall()
    if rows < MIN_ROWS:
        raise UnansweredError(
            f"A model cannot learn from {rows:,} kept rows; it takes at least {MIN_ROWS}."
        )
    conversations = count_conversations(study.index)
    if conversations < 2:
        raise UnansweredError(
            "All kept rows are of one conversation, so that none is left to judge by."
        )
    folds = min(FOLDS, conversations)
    log_odds = predict_log_odds(study.data, assign_folds(study.index, folds))
    return Margins(np.arange(rows), log_odds, folds)


def ask(study: Study) -> Answer:
    """Names the labels that the label model disagrees with, and measures how reliable it is.

    Labels are named only if the model is better than chance: the Wilson interval of its accuracy
    lies above a half.

    Raises:
        UnansweredError: The rows are too few, all of one conversation, or the two replies of
            every row have the same words.
    """
    scored = margins(study)
    decided = scored.margins != 0
    if not decided.any():
        raise UnansweredError("The two replies of every row have the same words.")
    accuracy = _accuracy(scored.margins)
    calibration = calibrate(scored.margins[decided])
    better_than_chance = accuracy.low > 0.5
    doubtful = np.flatnonzero(scored.margins < 0)
    first = doubtful[np.argsort(scored.margins[doubtful], kind="stable")][:MAX_FINDINGS]
    numbers = {
        "judge": "logistic regression on hashed words and pairs of words, Bradley-Terry",
        "features": FEATURES,
        "words": list(WORDS),
        "epochs": EPOCHS,
        "seed": SEED,
        "folds": scored.folds,
        "interval": "Wilson, 95 %",
        "rows": len(scored.rows),
        "undecided": int((~decided).sum()),
        "accuracy": accuracy.to_dict(),
        "by_subset": _by_subset(study, scored),
        "calibration": calibration._asdict(),
        "doubtful": len(doubtful),
        "better_than_chance": better_than_chance,
        "histogram": _histogram(scored.margins),
    }
    scorers = compare_scorers(study, scored.margins)
    if scorers:
        numbers["scorers"] = [scorer.to_dict() for scorer in scorers]
    findings = _findings(study, scored, first) if better_than_chance else []
    sentence = " ".join([_summarize(accuracy, calibration, len(doubtful)), *map(str, scorers)])
    strongly = int((scored.margins < -DOUBT).sum())
    claims = claim_labels(accuracy, strongly, len(scored.rows))
    table, cure = as_table(findings), _cure(accuracy)
    return Answer("labels", TITLE, sentence, numbers, table, cure, claims=claims)


def plot(answer: Answer) -> Plot | None:
    """Draws the calibration curve of the label model, and the histogram of its margins."""
    calibration, margins = answer.numbers["calibration"], answer.numbers["histogram"]
    made, [curve, axes] = figures(2)
    points = [
        (p, o)
        for p, o in zip(calibration["predicted"], calibration["observed"], strict=True)
        if p is not None and o is not None
    ]
    curve.plot([0, 1], [0, 1], color=INK, linestyle=":", linewidth=1)
    curve.plot(*zip(*points, strict=True), color=SERIES[0], marker="o", markersize=4)
    curve.set_xlabel("chance that the model gives")
    curve.set_ylabel("how often it is so")
    edges = margins["edges"]
    step = edges[1] - edges[0]
    open_ended = [edges[0] - step, *edges, edges[-1] + step]
    draw_histogram(axes, open_ended, sum_bins(margins["counts"]))
    axes.set_xlabel("margin: log-odds of chosen over rejected")
    axes.set_ylabel("rows")
    below, above = halves(open_ended, sum_bins(margins["counts"]))
    curved = ", ".join(f"{number(p)} is {number(o)}" for p, o in points)
    described = f"Calibration: {curved}. Margins: {below:,} rows below 0, {above:,} not below."
    return Plot(to_svg(made, answer.question), described)


def _accuracy(log_odds: NDArray[np.float64]) -> Share:
    """The share of labels that the model agrees with, among the margins other than 0."""
    return wilson(int((log_odds > 0).sum()), int((log_odds != 0).sum()))


def calibrate(log_odds: NDArray[np.float64]) -> Calibration:
    """Computes the calibration curve of margins, and the expected calibration error.

    A row whose chosen reply is predicted to be better with probability p is also one whose rejected
    reply is predicted to be better with 1 - p. Both count, which makes the curve symmetric.

    A model that gives every label odds of three to one is calibrated if one label in four disagrees
    with it; if none does, its probabilities of 0.75 and 0.25 are off by 0.25.

    >>> calibrate(np.log([3, 3, 3, 1 / 3])).error
    0.0
    >>> round(calibrate(np.log([3, 3, 3, 3])).error, 6)
    0.25

    Args:
        log_odds: n margins, none 0; at least one.
    """
    both = np.concatenate([log_odds, -log_odds])
    probability = to_probability(both)
    is_chosen = np.arange(len(both)) < len(log_odds)
    places = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    sums = [np.bincount(places, of, BINS) for of in (probability, is_chosen)]
    predicted, observed = (
        [float(s / n) if n else None for s, n in zip(of, counts, strict=True)] for of in sums
    )
    error = float(np.abs(sums[0] - sums[1]).sum() / len(both))
    edges = [place / BINS for place in range(BINS + 1)]
    return Calibration(edges, predicted, observed, counts.tolist(), error)


def _by_subset(study: Study, scored: Margins) -> dict[str, Any]:
    """Rows, doubtful labels and accuracy of each subset; accuracy is None if all margins are 0."""
    rows = study.index.sql("SELECT subset, row FROM rows WHERE kept ORDER BY row").arrow()
    names = pa.table(rows)["subset"].combine_chunks().dictionary_encode()
    codes = names.indices.to_numpy()
    subsets = {}
    for code, name in enumerate(names.dictionary.to_pylist()):
        mine = scored.margins[codes == code]
        subsets[name] = {
            "rows": len(mine),
            "doubtful": int((mine < 0).sum()),
            "accuracy": _accuracy(mine).to_dict() if mine.any() else None,
        }
    return subsets


def _histogram(log_odds: NDArray[np.float64]) -> dict[str, Any]:
    """The histogram of all margins; the outermost bins have no outer edge."""
    counts, _ = np.histogram(log_odds, np.array(EDGES))
    return {"unit": "log-odds", "edges": list(EDGES[1:-1]), "counts": counts.tolist()}


def _findings(study: Study, scored: Margins, first: NDArray[np.int64]) -> list[Finding]:
    """A finding for each position in `first`, in this order."""
    doubtful = pa.table({"row": scored.rows[first]})  # noqa: F841 - the query reads it by its name
    ids = dict(study.index.sql("SELECT row, id FROM rows JOIN doubtful USING (row)").fetchall())
    log_odds = scored.margins[first]
    return [
        Finding(
            "doubtful",
            [ids[row]],
            margin,
            f"A weak model that has not seen this label gives it a chance of {percent(chance)}.",
        )
        for row, margin, chance in zip(
            scored.rows[first].tolist(),
            log_odds.tolist(),
            to_probability(log_odds).tolist(),
            strict=True,
        )
    ]


def _summarize(accuracy: Share, calibration: Calibration, doubtful: int) -> str:
    agrees = (
        f"A small model that reads words and pairs of words agrees with {accuracy} of the labels "
        f"that it has not seen, and with {doubtful:,} it does not."
    )
    if accuracy.low <= 0.5:
        return f"{agrees} That is no better than chance: what it doubts means nothing."
    if accuracy.share > SUSPECT:
        return f"{agrees} Words alone do not often tell so much: something may give labels away."
    return (
        f"{agrees} It is a weak judge, though calibrated to within {percent(calibration.error)}: "
        "where it differs from a label, either may be wrong."
    )


def _cure(accuracy: Share) -> str:
    if accuracy.low <= 0.5:
        return "Do not act on these margins; ask a reward model, or people."
    if accuracy.share > SUSPECT:
        return (
            "Look first for what gives the labels away: rows that repeat, openings or marks of one "
            "side. Then read the most doubtful labels, and turn round those that are wrong."
        )
    return (
        f"Read the most doubtful labels before you act. This judge differs from "
        f"{percent(1 - accuracy.share)} of labels; of HH-RLHF's, ten reward models together doubt "
        "about 25 % (Wang and others, 2024, arXiv:2401.06080). So do not turn labels round by its "
        "word alone; smooth them, or ask a reward model."
    )
