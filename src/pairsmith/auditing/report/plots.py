"""Pictures of answers, by question; bars where a question has no picture of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pairsmith.auditing.answer import Answer
from pairsmith.auditing.report.svg import INK, SERIES, Plot, figure, figures, style, to_svg
from pairsmith.auditing.report.wording import number, words
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import MaxNLocator

BARS = 12
"""So many bars are drawn; the table has the others."""
NAME = 26
"""Characters of a bar's name."""

Draw: TypeAlias = Callable[[Answer], Plot | None]
"""Draws an answer; None where there is nothing to draw."""


def plot(answer: Answer) -> Plot | None:
    """The picture of an answer; None where it has no numbers to draw."""
    if answer.unanswered:
        return None
    with style():
        return PLOTS.get(answer.question, default)(answer)


def default(answer: Answer) -> Plot | None:
    """The plain counts as bars; without any, those of the first mapping that has some."""
    held = (answer.numbers, *(v for v in answer.numbers.values() if isinstance(v, Mapping)))
    counts = ({n: v for n, v in values.items() if type(v) is int} for values in held)
    return draw_bars(answer.question, next((found for found in counts if found), {}))


def draw_bars(prefix: str, counts: Mapping[str, int]) -> Plot | None:
    """Numbers as bars that lie, the first on top; None where all are nought."""
    return draw_groups(prefix, {"": counts})


def draw_groups(prefix: str, series: Mapping[str, Mapping[str, int]]) -> Plot | None:
    """Numbers of up to three kinds as groups of bars; None where all are nought.

    Args:
        prefix: Stands before ids.
        series: For each kind of bars, their numbers by name, the same names in all.
    """
    names = list(next(iter(series.values()), {}))[:BARS]
    if not any(counts[name] for counts in series.values() for name in names):
        return None
    thick = 0.8 / len(series)
    made, axes = figure(0.8 + 0.02 * len(series) + (0.16 + 0.14 * len(series)) * len(names))
    for place, (label, counts) in enumerate(series.items()):
        at = [row + (place - (len(series) - 1) / 2) * thick for row in range(len(names))]
        values = [counts[name] for name in names]
        drawn = axes.barh(at, values, color=SERIES[place], height=0.9 * thick, label=label)
        axes.bar_label(drawn, [number(value) for value in values], padding=3)
    axes.set_yticks(range(len(names)), [_bar_name(name) for name in names])
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(_whole_numbers())
    if len(series) > 1:
        made.legend(loc="outside lower center", ncols=len(series))
    told = [f"{words(name)} {_values(name, series)}" for name in names]
    return Plot(to_svg(made, prefix), f"Bars: {'; '.join(told)}.")


def _values(name: str, series: Mapping[str, Mapping[str, int]]) -> str:
    """The numbers of one group of bars, in words."""
    return ", ".join(f"{label} {number(held[name])}".strip() for label, held in series.items())


def _whole_numbers() -> MaxNLocator:
    """Few places for ticks, at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=4, integer=True)


def draw_duplicates(answer: Answer) -> Plot | None:
    """What there is of each kind among kept rows."""
    return draw_bars(answer.question, answer.numbers["kept"])


def draw_near(answer: Answer) -> Plot | None:
    """What is nearly another, by kind; a kind that could not be looked for is left out."""
    kinds = ("near_duplicate", "near_flipped", "near_leak", "clusters")
    held = {kind: answer.numbers.get(kind) for kind in kinds}
    return draw_bars(answer.question, {k: count for k, count in held.items() if count is not None})


def draw_leaks(answer: Answer) -> Plot | None:
    """The train rows that know test rows, by how."""
    return draw_bars(answer.question, answer.numbers["train_rows"])


def draw_direction(answer: Answer) -> Plot | None:
    """By subset, the rows that go on from a chosen and from a rejected reply."""
    held = answer.numbers["kept_and_refused"]
    sides = ("chosen", "rejected")
    series = {
        f"from {side}": {name: counts[f"any_depth_from_{side}"] for name, counts in held.items()}
        for side in sides
    }
    return draw_groups(answer.question, series)


def draw_tokens(answer: Answer) -> Plot | None:
    """What limits do to rows."""
    held = answer.numbers["all"]["by_limit"]
    limits = list(held)[: len(SERIES)]
    return draw_groups(answer.question, {f"at {limit}": held[limit] for limit in limits})


def draw_text(answer: Answer) -> Plot | None:
    """The replies of each side in which something stands, by what."""
    held = answer.numbers["kinds"]
    series = {
        side: {kind: counts[side] for kind, counts in held.items()}
        for side in ("chosen", "rejected")
    }
    return draw_groups(answer.question, series)


def _bar_name(name: str) -> str:
    """A name that the font has, short enough to leave room for bars."""
    plain = sanitize(words(name)).encode("ascii", "backslashreplace").decode()
    return plain if len(plain) <= NAME else f"{plain[: NAME - 1]}…"


def draw_length(answer: Answer) -> Plot | None:
    """The rows by how much longer chosen is than rejected."""
    held = answer.numbers["histogram"]
    edges, counts = held["edges"], _sum(held["counts"])
    if not any(counts):
        return None
    made, axes = figure()
    _draw_histogram(axes, edges, counts)
    ticks = range(round(edges[0]), round(edges[-1]) + 1, 2)
    axes.set_xticks(ticks, [_times(tick) for tick in ticks])
    axes.set_xlabel("length of chosen by length of rejected")
    axes.set_ylabel("rows")
    below, above = _halves(edges, counts)
    told = f"chosen is the shorter reply in {below:,} rows and the longer in {above:,}"
    return Plot(to_svg(made, answer.question), f"Histogram of the ratio of lengths: {told}.")


def draw_labels(answer: Answer) -> Plot | None:
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
    _draw_histogram(axes, open_ended, _sum(margins["counts"]))
    axes.set_xlabel("margin: log-odds of chosen over rejected")
    axes.set_ylabel("rows")
    below, above = _halves(open_ended, _sum(margins["counts"]))
    curved = ", ".join(f"{number(p)} is {number(o)}" for p, o in points)
    told = f"Calibration: {curved}. Margins: {below:,} rows below 0, {above:,} not below."
    return Plot(to_svg(made, answer.question), told)


def _draw_histogram(axes: Axes, edges: Sequence[float], counts: Sequence[int]) -> None:
    """Bars of bins; those below 0 in another colour."""
    for colour, bins in ((SERIES[1], _below), (SERIES[0], _above)):
        places = [place for place, edge in enumerate(edges[:-1]) if bins(edge)]
        axes.bar(
            [edges[place] for place in places],
            [counts[place] for place in places],
            width=[edges[place + 1] - edges[place] for place in places],
            align="edge",
            color=colour,
        )
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.grid(visible=False, axis="x")


def _below(edge: float) -> bool:
    return edge < 0


def _above(edge: float) -> bool:
    return edge >= 0


def _halves(edges: Sequence[float], counts: Sequence[int]) -> tuple[int, int]:
    """The rows in bins below 0, and in the others."""
    below = sum(count for edge, count in zip(edges[:-1], counts, strict=True) if edge < 0)
    return below, sum(counts) - below


def _sum(counts: Sequence[int] | Mapping[str, Sequence[int]]) -> list[int]:
    """The counts of all subsets together, bin by bin."""
    if not isinstance(counts, Mapping):
        return list(counts)
    return [sum(bins) for bins in zip(*counts.values(), strict=True)]


def _times(doublings: int) -> str:
    """So many doublings as a factor."""
    return f"×{2**doublings}" if doublings >= 0 else f"×1/{2**-doublings}"


PLOTS: dict[str, Draw] = {
    "duplicates": draw_duplicates,
    "near": draw_near,
    "leaks": draw_leaks,
    "direction": draw_direction,
    "length": draw_length,
    "labels": draw_labels,
    "text": draw_text,
    "tokens": draw_tokens,
}
