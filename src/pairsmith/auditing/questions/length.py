"""Length: whether the longer reply is the chosen one, and how well length alone predicts labels.

The measure is a baseline that sees nothing but the two lengths: whatever accuracy it reaches, a
model can reach without reading the replies (Singhal and others, 2023, arXiv:2310.03716).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from pairsmith.auditing.answer import Answer, Study, UnansweredError
from pairsmith.auditing.claims.preferences import claim_length
from pairsmith.auditing.report.plots import draw_histogram, halves, sum_bins
from pairsmith.reporting.svg import Plot, figure, to_svg
from pairsmith.schema.splits import is_held_out
from pairsmith.scoring.folds import FOLD, FOLDS, count_conversations
from pairsmith.statistics.intervals import Share, percent, wilson

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TITLE = "Length"

BIN_WIDTH = 0.25
"""The width of the histogram's bins, in doublings."""

MAX_DOUBLINGS = 6.0
"""Ratios of more doublings, or of less than minus this, count in the outermost bins."""

MEASURES = """
    SELECT subset,
        count(*) AS rows,
        count_if(chosen_chars > rejected_chars) AS longer,
        count_if(chosen_chars < rejected_chars) AS shorter,
        count_if(chosen_chars = rejected_chars) AS ties,
        avg(chosen_chars) AS mean_chosen,
        avg(rejected_chars) AS mean_rejected,
        avg(chosen_chars - rejected_chars) AS mean_difference,
        stddev_samp(chosen_chars - rejected_chars) AS deviation
    FROM rows WHERE kept OR {refused} GROUP BY GROUPING SETS ((subset), ()) ORDER BY subset
"""

LENGTH_COUNTS = """
    WITH folded AS (SELECT *, {fold} AS fold FROM rows WHERE kept)
    SELECT subset, split, fold,
        count_if(chosen_chars > rejected_chars), count_if(chosen_chars < rejected_chars)
    FROM folded GROUP BY ALL ORDER BY ALL
"""

RATIOS = """
    WITH ratios AS (
        SELECT subset, CASE
            WHEN chosen_chars = 0 THEN -{furthest}
            WHEN rejected_chars = 0 THEN {furthest}
            ELSE log2(chosen_chars / rejected_chars) END AS ratio
        FROM rows WHERE kept AND chosen_chars != rejected_chars
    )
    SELECT subset, CAST(floor(greatest(least(ratio, {furthest}), -{furthest}) / {width}) AS INT),
        count(*) FROM ratios GROUP BY ALL
"""


class LengthCounts(NamedTuple):
    """The kept rows of one subset, split and fold; ties are left out.

    Attributes:
        subset, split: Their names.
        fold: The cross-validation fold, from 0.
        longer: The rows whose chosen reply is the longer one.
        shorter: The rows whose chosen reply is the shorter one.
    """

    subset: str
    split: str
    fold: int
    longer: int
    shorter: int


class LengthBaseline(NamedTuple):
    """A classifier that always prefers the longer, or always the shorter reply.

    Attributes:
        rule: The reply that it prefers, `longer` or `shorter`; `differs` if folds disagree.
        how: The rows that it was fitted and evaluated on, in words.
        accuracy: Its accuracy on rows whose replies differ in length.
    """

    rule: str
    how: str
    accuracy: Share

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, as values that JSON can hold."""
        return {"rule": self.rule, "how": self.how, "accuracy": self.accuracy.to_dict()}


def ask(study: Study) -> Answer:
    """Measures how often the longer reply is the chosen one, and by how much they differ.

    Lengths are in characters, without surrounding white space. The effect size is Cohen's d_z
    (Cohen, Statistical power analysis for the behavioral sciences, 1988): the mean of the
    differences of chosen and rejected, divided by their sample standard deviation. Differences of
    5, -4, 0 and 9 give 2.5 / 5.686 = 0.44.

    Raises:
        UnansweredError: There are no kept rows, or none whose replies differ in length.
    """
    kept = _measure(study.index, refused=False)
    whole = kept.pop(None, None)
    if whole is None or not whole["rows"]:
        raise UnansweredError("No row was kept, so that there are no lengths to compare.")
    if whole["longer"] + whole["shorter"] == 0:
        raise UnansweredError("The two replies of every row are of the same length.")
    baselines = _fit_baselines(study.index)
    for name, measures in ((None, whole), *kept.items()):
        baseline = baselines.get(name)
        measures["judge"] = baseline.to_dict() if baseline else None
    read = sum(entry.read for entry in study.data.entries)
    everything = _measure(study.index, refused=True)[None]
    numbers = {
        "unit": "characters of the reply, white space around it left out",
        "interval": "Wilson, 95 %",
        "effect": "Cohen's d_z: mean of chosen less rejected by the deviation of that difference",
        "all": whole,
        "by_subset": kept,
        "with_refused": {**everything, "without_two_sides": read - everything["rows"]},
        "histogram": _histogram(study.index),
    }
    baseline = baselines.get(None)
    sentence = _summarize(whole, everything, baseline, len(kept))
    claims = claim_length(baseline)
    return Answer("length", TITLE, sentence, numbers, cure=_cure(baseline), claims=claims)


def plot(answer: Answer) -> Plot | None:
    """Draws a histogram of the ratio of the lengths of chosen and rejected; None without rows."""
    histogram = answer.numbers["histogram"]
    edges, counts = histogram["edges"], sum_bins(histogram["counts"])
    if not any(counts):
        return None
    made, axes = figure()
    draw_histogram(axes, edges, counts)
    ticks = range(round(edges[0]), round(edges[-1]) + 1, 2)
    axes.set_xticks(ticks, [_times(tick) for tick in ticks])
    axes.set_xlabel("length of chosen by length of rejected")
    axes.set_ylabel("rows")
    below, above = halves(edges, counts)
    described = f"chosen is the shorter reply in {below:,} rows and the longer in {above:,}"
    return Plot(to_svg(made, answer.question), f"Histogram of the ratio of lengths: {described}.")


def _times(doublings: int) -> str:
    """A number of doublings as a factor, such as ×4 for 2."""
    return f"×{2**doublings}" if doublings >= 0 else f"×1/{2**-doublings}"


def _measure(index: DuckDBPyConnection, refused: bool) -> dict[str | None, dict[str, Any]]:
    """The statistics of each subset, and under None those of all rows."""
    rows = index.sql(MEASURES.format(refused=refused))
    measured = {}
    for values in rows.fetchall():
        measures = dict(zip(rows.columns, values, strict=True))
        subset, deviation = measures.pop("subset"), measures.pop("deviation")
        difference = measures["mean_difference"]
        measures["d_z"] = difference / deviation if deviation else None
        if measures["rows"]:
            measures["longer_share"] = wilson(measures["longer"], measures["rows"]).to_dict()
        measured[subset] = measures
    return measured


def _fit_baselines(index: DuckDBPyConnection) -> dict[str | None, LengthBaseline]:
    """A baseline for each subset that has enough rows, and under None one for all rows."""
    folds = max(min(FOLDS, count_conversations(index)), 1)
    rows = index.sql(LENGTH_COUNTS.format(fold=FOLD.format(folds=folds))).fetchall()
    counts = [LengthCounts(*row) for row in rows]
    subsets: dict[str | None, list[LengthCounts]] = {None: counts}
    for count in counts:
        subsets.setdefault(count.subset, []).append(count)
    baselines = {name: fit_baseline(mine) for name, mine in subsets.items()}
    return {name: baseline for name, baseline in baselines.items() if baseline is not None}


def fit_baseline(counts: list[LengthCounts]) -> LengthBaseline | None:
    """Fits on train and evaluates on test; without both splits, cross-validates by fold.

    Here the longer reply is chosen in 8 of 10 rows of train, but only in 3 of 9 of test:

    >>> train = LengthCounts("s", "train", fold=0, longer=8, shorter=2)
    >>> test = LengthCounts("s", "test", fold=1, longer=3, shorter=6)
    >>> baseline = fit_baseline([train, test])
    >>> baseline.rule, str(baseline.accuracy)
    ('longer', '33.3 % (12.1 % to 64.6 %)')

    Args:
        counts: The rows by subset, split and fold.

    Returns:
        The baseline; None without both splits if fewer than two folds have rows.
    """
    train = [of for of in counts if not is_held_out(of.split)]
    test = [of for of in counts if is_held_out(of.split)]
    if _total(train) and _total(test):
        rule, accuracy = _evaluate(train, test)
        return LengthBaseline(rule, "learnt on train, judged on test", accuracy)
    folds = sorted({of.fold for of in counts if _total([of])})
    if len(folds) < 2:
        return None
    by_fold = [
        _evaluate(
            [of for of in counts if of.fold != fold], [of for of in counts if of.fold == fold]
        )
        for fold in folds
    ]
    rules = {rule for rule, _ in by_fold}
    hits, rows = (sum(getattr(share, of) for _, share in by_fold) for of in ("hits", "rows"))
    how = f"{len(folds)} folds by conversation"
    return LengthBaseline(rules.pop() if len(rules) == 1 else "differs", how, wilson(hits, rows))


def _evaluate(train: Iterable[LengthCounts], test: Iterable[LengthCounts]) -> tuple[str, Share]:
    """The rule with the higher accuracy on `train`, and its accuracy on `test`."""
    train, test = list(train), list(test)
    longer = sum(count.longer - count.shorter for count in train) >= 0
    rule = "longer" if longer else "shorter"
    return rule, wilson(sum(getattr(count, rule) for count in test), _total(test))


def _total(counts: Iterable[LengthCounts]) -> int:
    return sum(count.longer + count.shorter for count in counts)


def _histogram(index: DuckDBPyConnection) -> dict[str, Any]:
    """Counts the kept rows by log2 of the ratio of lengths; ties are left out."""
    half = round(MAX_DOUBLINGS / BIN_WIDTH)
    ratios = RATIOS.format(furthest=MAX_DOUBLINGS, width=BIN_WIDTH)
    counts: dict[str, list[int]] = {}
    for subset, place, rows in sorted(index.sql(ratios).fetchall()):
        bins = counts.setdefault(subset, [0] * (2 * half))
        bins[min(place + half, 2 * half - 1)] += rows
    edges = [BIN_WIDTH * place for place in range(-half, half + 1)]
    return {"unit": "log2(chosen / rejected), ties left out", "edges": edges, "counts": counts}


def _summarize(
    whole: dict[str, Any], everything: dict[str, Any], baseline: LengthBaseline | None, subsets: int
) -> str:
    share, of_all = (of["longer"] / of["rows"] for of in (whole, everything))
    more = everything["rows"] > whole["rows"]
    with_refused = f" ({percent(of_all)} of {everything['rows']:,} with the refused ones)"
    sentence = (
        f"The chosen reply is the longer one in {percent(share)} of {whole['rows']:,} rows"
        f"{with_refused if more else ''} and as long in {whole['ties']:,}: "
        f"{whole['mean_chosen']:,.0f} characters on average, the rejected one "
        f"{whole['mean_rejected']:,.0f}."
    )
    if baseline is None:
        return sentence
    rule = "by length alone" if baseline.rule == "differs" else f"the {baseline.rule} reply"
    where = " over all subsets" if subsets > 1 else ""
    return f"{sentence} Preferring {rule} is right{where} in {baseline.accuracy}."


def _cure(baseline: LengthBaseline | None) -> str:
    if baseline is None or baseline.accuracy.low <= 0.5:
        return ""
    return (
        "Length tells the replies apart better than chance does. Compare the lengths of what is "
        "trained with those of what it was trained from, and, where that matters, take a loss "
        "that makes up for length (Park and others, 2024, arXiv:2403.19159)."
    )
