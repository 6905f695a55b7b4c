"""Length: whether the longer reply is the chosen one, and how far lengths alone tell them apart.

A judge that sees nothing but the two lengths is the measure: what it gets right a model can get
right without reading (Singhal and others, 2023, arXiv:2310.03716).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from pairsmith.auditing.answer import Answer, Study, UnansweredError
from pairsmith.auditing.report.plots import draw_histogram, halves, sum_bins
from pairsmith.auditing.report.svg import Plot, figure, to_svg
from pairsmith.auditing.stats.intervals import Share, percent, wilson
from pairsmith.scoring.folds import FOLD, FOLDS, count_conversations

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TITLE = "Length"

WIDTH, FURTHEST = 0.25, 6.0
"""The bins of the histogram, and where its outermost begin to be open, in doublings."""

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

CALLS = """
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


class Calls(NamedTuple):
    """Kept rows of one subset, split and fold, by the side of the longer reply; ties left out."""

    subset: str
    split: str
    fold: int
    longer: int
    shorter: int


class Judge(NamedTuple):
    """What a judge that sees lengths alone gets right.

    Attributes:
        rule: The side that it prefers, `longer` or `shorter`; `differs` where folds differ in it.
        how: What it learnt on and was judged on.
        right: Its accuracy on rows whose replies differ in length.
    """

    rule: str
    how: str
    right: Share

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"rule": self.rule, "how": self.how, "accuracy": self.right.to_dict()}


def ask(study: Study) -> Answer:
    """Whether the longer reply is the chosen one; lengths are characters, stripped.

    Raises:
        UnansweredError: There are no kept rows, or none whose replies differ in length.
    """
    kept = _measure(study.keys, refused=False)
    whole = kept.pop(None, None)
    if whole is None or not whole["rows"]:
        raise UnansweredError("No row was kept, so that there are no lengths to compare.")
    if whole["longer"] + whole["shorter"] == 0:
        raise UnansweredError("The two replies of every row are of the same length.")
    judges = _judge_all(study.keys)
    for name, measures in ((None, whole), *kept.items()):
        judge = judges.get(name)
        measures["judge"] = judge.to_dict() if judge else None
    read = sum(entry.read for entry in study.data.entries)
    everything = _measure(study.keys, refused=True)[None]
    numbers = {
        "unit": "characters of the reply, white space around it left out",
        "interval": "Wilson, 95 %",
        "effect": "Cohen's d_z: mean of chosen less rejected by the deviation of that difference",
        "all": whole,
        "by_subset": kept,
        "with_refused": {**everything, "without_two_sides": read - everything["rows"]},
        "histogram": _histogram(study.keys),
    }
    judge = judges.get(None)
    return Answer(
        "length", TITLE, _say(whole, everything, judge, len(kept)), numbers, cure=_cure(judge)
    )


def plot(answer: Answer) -> Plot | None:
    """The rows by how much longer chosen is than rejected."""
    held = answer.numbers["histogram"]
    edges, counts = held["edges"], sum_bins(held["counts"])
    if not any(counts):
        return None
    made, axes = figure()
    draw_histogram(axes, edges, counts)
    ticks = range(round(edges[0]), round(edges[-1]) + 1, 2)
    axes.set_xticks(ticks, [_times(tick) for tick in ticks])
    axes.set_xlabel("length of chosen by length of rejected")
    axes.set_ylabel("rows")
    below, above = halves(edges, counts)
    told = f"chosen is the shorter reply in {below:,} rows and the longer in {above:,}"
    return Plot(to_svg(made, answer.question), f"Histogram of the ratio of lengths: {told}.")


def _times(doublings: int) -> str:
    """So many doublings as a factor."""
    return f"×{2**doublings}" if doublings >= 0 else f"×1/{2**-doublings}"


def _measure(keys: DuckDBPyConnection, refused: bool) -> dict[str | None, dict[str, Any]]:
    """What holds of each subset, and, by None, of all."""
    rows = keys.sql(MEASURES.format(refused=refused))
    measured = {}
    for values in rows.fetchall():
        found = dict(zip(rows.columns, values, strict=True))
        subset, deviation = found.pop("subset"), found.pop("deviation")
        difference = found["mean_difference"]
        found["d_z"] = difference / deviation if deviation else None
        if found["rows"]:
            found["longer_share"] = wilson(found["longer"], found["rows"]).to_dict()
        measured[subset] = found
    return measured


def _judge_all(keys: DuckDBPyConnection) -> dict[str | None, Judge]:
    """A judge for each subset that one can be made for, and, by None, one for all."""
    folds = max(min(FOLDS, count_conversations(keys)), 1)
    calls = [
        Calls(*row) for row in keys.sql(CALLS.format(fold=FOLD.format(folds=folds))).fetchall()
    ]
    subsets: dict[str | None, list[Calls]] = {None: calls}
    for call in calls:
        subsets.setdefault(call.subset, []).append(call)
    judges = {name: _judge(mine) for name, mine in subsets.items()}
    return {name: judge for name, judge in judges.items() if judge is not None}


def _judge(calls: list[Calls]) -> Judge | None:
    """Learns on train and judges on test, or, without these, fold by fold."""
    parts = {name: [call for call in calls if call.split == name] for name in ("train", "test")}
    if all(_sum(part) for part in parts.values()):
        rule, right = _try(parts["train"], parts["test"])
        return Judge(rule, "learnt on train, judged on test", right)
    folds = sorted({call.fold for call in calls if _sum([call])})
    if len(folds) < 2:
        return None
    tried = [
        _try([c for c in calls if c.fold != fold], [c for c in calls if c.fold == fold])
        for fold in folds
    ]
    learnt = {rule for rule, _ in tried}
    hits, rows = (sum(getattr(right, of) for _, right in tried) for of in ("hits", "rows"))
    how = f"{len(folds)} folds by conversation"
    return Judge(learnt.pop() if len(learnt) == 1 else "differs", how, wilson(hits, rows))


def _try(learnt: Iterable[Calls], judged: Iterable[Calls]) -> tuple[str, Share]:
    """The rule that is right more often on the first rows, and its accuracy on the others."""
    learnt, judged = list(learnt), list(judged)
    longer = sum(call.longer - call.shorter for call in learnt) >= 0
    rule = "longer" if longer else "shorter"
    return rule, wilson(sum(getattr(call, rule) for call in judged), _sum(judged))


def _sum(calls: Iterable[Calls]) -> int:
    return sum(call.longer + call.shorter for call in calls)


def _histogram(keys: DuckDBPyConnection) -> dict[str, Any]:
    """Kept rows without ties by the doublings from rejected to chosen; the outer bins are open."""
    half = round(FURTHEST / WIDTH)
    ratios = RATIOS.format(furthest=FURTHEST, width=WIDTH)
    counts: dict[str, list[int]] = {}
    for subset, place, rows in sorted(keys.sql(ratios).fetchall()):
        bins = counts.setdefault(subset, [0] * (2 * half))
        bins[min(place + half, 2 * half - 1)] += rows
    edges = [WIDTH * place for place in range(-half, half + 1)]
    return {"unit": "log2(chosen / rejected), ties left out", "edges": edges, "counts": counts}


def _say(
    whole: dict[str, Any], everything: dict[str, Any], judge: Judge | None, subsets: int
) -> str:
    share, of_all = (of["longer"] / of["rows"] for of in (whole, everything))
    more = everything["rows"] > whole["rows"]
    with_refused = f" ({percent(of_all)} of {everything['rows']:,} with the refused ones)"
    told = (
        f"The chosen reply is the longer one in {percent(share)} of {whole['rows']:,} rows"
        f"{with_refused if more else ''} and as long in {whole['ties']:,}: "
        f"{whole['mean_chosen']:,.0f} characters on average, the rejected one "
        f"{whole['mean_rejected']:,.0f}."
    )
    if judge is None:
        return told
    rule = "by length alone" if judge.rule == "differs" else f"the {judge.rule} reply"
    where = " over all subsets" if subsets > 1 else ""
    return f"{told} Preferring {rule} is right{where} in {judge.right}."


def _cure(judge: Judge | None) -> str:
    if judge is None or judge.right.low <= 0.5:
        return ""
    return (
        "Length tells the replies apart better than chance does. Compare the lengths of what is "
        "trained with those of what it was trained from, and, where that matters, take a loss "
        "that makes up for length (Park and others, 2024, arXiv:2403.19159)."
    )
