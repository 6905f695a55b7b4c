"""Labels: which ones a small preference model, that has not seen them, would have put otherwise.

The margin of a row is the log-odds of chosen over rejected by a model that learnt from other
conversations; see `pairsmith.scoring.linear`. A low one is doubt, not proof: the model is weak. Of
HH-RLHF's harmless-base/test it agrees with 61 % of labels. With one label in ten of it turned round
at random, those rank among the doubtful with an AUC of 0.62 to 0.65, and make up 24 to 44 % of the
50 most doubtful (three draws); so reading from the top pays, and acting without reading does not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairsmith.auditing.answer import Answer, Finding, Study, UnansweredError, as_table
from pairsmith.auditing.report.plots import draw_histogram, halves, sum_bins
from pairsmith.auditing.report.svg import INK, SERIES, Plot, figures, to_svg
from pairsmith.auditing.report.wording import number
from pairsmith.auditing.stats.intervals import Share, percent, wilson
from pairsmith.scoring.folds import FOLDS, assign_folds, count_conversations
from pairsmith.scoring.linear import EPOCHS, FEATURES, SEED, WORDS, judge_rows

TITLE = "Labels"

FEWEST = 300
"""Fewer kept rows teach such a model nothing."""
SHOWN = 1_000
"""At most so many labels are named as doubtful."""
BINS = 10
"""The bins of the calibration curve."""
SUSPECT = 0.78
"""An accuracy that a reader of replies hardly reaches: something gives the labels away."""
EDGES = (-np.inf, *np.arange(-4, 4.5, 0.5).tolist(), np.inf)
"""The bins of the histogram of margins."""


class Margins(NamedTuple):
    """What the model makes of n kept rows that it has not seen.

    Attributes:
        rows: Their numbers, int64, rising.
        margins: The log-odds of chosen over rejected, float64; 0 where the model sees no
            difference.
        folds: How many models there were, each judging what the others learnt from.
    """

    rows: NDArray[np.int64]
    margins: NDArray[np.float64]
    folds: int


class Calibration(NamedTuple):
    """How often what the model thinks likely is so; every row counts as both of its sides.

    Attributes:
        edges: The ends of the bins of the predicted probability.
        predicted, observed: The means in each bin; None in an empty one.
        counts: The sides in each.
        error: The expected calibration error (Naeini and others, 2015): the difference of the
            two, weighted by the sides.
    """

    edges: list[float]
    predicted: list[float | None]
    observed: list[float | None]
    counts: list[int]
    error: float


def margins(study: Study) -> Margins:
    """The margin of every kept row.

    Args:
        study: The dataset and its keys.

    Raises:
        UnansweredError: The rows are too few, or all of one conversation.
    """
    [(rows,)] = study.keys.sql("SELECT count(*) FROM rows WHERE kept").fetchall()
    if rows < FEWEST:
        raise UnansweredError(
            f"A model cannot learn from {rows:,} kept rows; it takes at least {FEWEST}."
        )
    conversations = count_conversations(study.keys)
    if conversations < 2:
        raise UnansweredError(
            "All kept rows are of one conversation, so that none is left to judge by."
        )
    folds = min(FOLDS, conversations)
    found = judge_rows(study.data, assign_folds(study.keys, folds))
    return Margins(np.arange(rows), found, folds)


def ask(study: Study) -> Answer:
    """Which labels a small preference model doubts, and how far it can be believed.

    Raises:
        UnansweredError: The rows are too few, all of one conversation, or the two replies of
            every row have the same words.
    """
    judged = margins(study)
    decided = judged.margins != 0
    if not decided.any():
        raise UnansweredError("The two replies of every row have the same words.")
    right = _accuracy(judged.margins)
    calibration = calibrate(judged.margins[decided])
    believed = right.low > 0.5
    doubtful = np.flatnonzero(judged.margins < 0)
    first = doubtful[np.argsort(judged.margins[doubtful], kind="stable")][:SHOWN]
    numbers = {
        "judge": "logistic regression on hashed words and pairs of words, Bradley-Terry",
        "features": FEATURES,
        "words": list(WORDS),
        "epochs": EPOCHS,
        "seed": SEED,
        "folds": judged.folds,
        "interval": "Wilson, 95 %",
        "rows": len(judged.rows),
        "undecided": int((~decided).sum()),
        "accuracy": right.to_dict(),
        "by_subset": _by_subset(study, judged),
        "calibration": calibration._asdict(),
        "doubtful": len(doubtful),
        "better_than_chance": believed,
        "histogram": _histogram(judged.margins),
    }
    findings = _findings(study, judged, first) if believed else []
    sentence = _say(right, calibration, len(doubtful))
    return Answer("labels", TITLE, sentence, numbers, as_table(findings), _cure(right))


def plot(answer: Answer) -> Plot | None:
    """How far the model's odds can be believed, and the margins that it gives."""
    held, margins = answer.numbers["calibration"], answer.numbers["histogram"]
    made, [curve, axes] = figures(2)
    points = [
        (p, o)
        for p, o in zip(held["predicted"], held["observed"], strict=True)
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
    told = f"Calibration: {curved}. Margins: {below:,} rows below 0, {above:,} not below."
    return Plot(to_svg(made, answer.question), told)


def _accuracy(found: NDArray[np.float64]) -> Share:
    """How often the model agrees with the label, where it sees a difference."""
    return wilson(int((found > 0).sum()), int((found != 0).sum()))


def calibrate(found: NDArray[np.float64]) -> Calibration:
    """The calibration curve of margins.

    A row of which chosen is thought to be better with probability p is, turned round, one of
    which rejected is with 1 - p: both count, so that the curve has no side of its own.

    Args:
        found: n margins, none 0.
    """
    both = np.concatenate([found, -found])
    chance = _chance(both)
    happened = np.arange(len(both)) < len(found)
    places = np.minimum((chance * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    sums = [np.bincount(places, of, BINS) for of in (chance, happened)]
    predicted, observed = (
        [float(s / n) if n else None for s, n in zip(of, counts, strict=True)] for of in sums
    )
    error = float(np.abs(sums[0] - sums[1]).sum() / len(both))
    edges = [place / BINS for place in range(BINS + 1)]
    return Calibration(edges, predicted, observed, counts.tolist(), error)


def _chance(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of log-odds."""
    chance: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))
    return chance


def _by_subset(study: Study, judged: Margins) -> dict[str, Any]:
    found = study.keys.sql("SELECT subset, row FROM rows WHERE kept ORDER BY row").arrow()
    named = pa.table(found)["subset"].combine_chunks().dictionary_encode()
    codes = named.indices.to_numpy()
    subsets = {}
    for code, name in enumerate(named.dictionary.to_pylist()):
        mine = judged.margins[codes == code]
        subsets[name] = {
            "rows": len(mine),
            "doubtful": int((mine < 0).sum()),
            "accuracy": _accuracy(mine).to_dict() if mine.any() else None,
        }
    return subsets


def _histogram(found: NDArray[np.float64]) -> dict[str, Any]:
    """The margins of all rows; the outermost bins are open."""
    counts, _ = np.histogram(found, np.array(EDGES))
    return {"unit": "log-odds", "edges": list(EDGES[1:-1]), "counts": counts.tolist()}


def _findings(study: Study, judged: Margins, first: NDArray[np.int64]) -> list[Finding]:
    """The most doubtful rows, the most doubtful first."""
    wanted = pa.table({"row": judged.rows[first]})  # noqa: F841
    named = dict(study.keys.sql("SELECT row, id FROM rows JOIN wanted USING (row)").fetchall())
    found = judged.margins[first]
    return [
        Finding(
            "doubtful",
            [named[row]],
            margin,
            f"A weak model that has not seen this label gives it a chance of {percent(chance)}.",
        )
        for row, margin, chance in zip(
            judged.rows[first].tolist(), found.tolist(), _chance(found).tolist(), strict=True
        )
    ]


def _say(right: Share, calibration: Calibration, doubtful: int) -> str:
    told = (
        f"A small model that reads words and pairs of words agrees with {right} of the labels "
        f"that it has not seen, and with {doubtful:,} it does not."
    )
    if right.low <= 0.5:
        return f"{told} That is no better than chance: what it doubts means nothing."
    if right.share > SUSPECT:
        return f"{told} Words alone do not often tell so much: something may give labels away."
    return (
        f"{told} It is a weak judge, though calibrated to within {percent(calibration.error)}: "
        "where it differs from a label, either may be wrong."
    )


def _cure(right: Share) -> str:
    if right.low <= 0.5:
        return "Do not act on these margins; ask a reward model, or people."
    if right.share > SUSPECT:
        return (
            "Look first for what gives the labels away: rows that repeat, openings or marks of one "
            "side. Then read the most doubtful labels, and turn round those that are wrong."
        )
    return (
        f"Read the most doubtful labels before you act. This judge differs from "
        f"{percent(1 - right.share)} of labels; of HH-RLHF's, ten reward models together doubt "
        "about 25 % (Wang and others, 2024, arXiv:2401.06080). So do not turn labels round by its "
        "word alone; smooth them, or ask a reward model."
    )
