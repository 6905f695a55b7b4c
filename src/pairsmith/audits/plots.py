"""Pictures of answers, by question; bars where a question has no picture of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pairsmith.audits.answer import Answer
from pairsmith.audits.figure import INK, SERIES, Plot, figure, figures, style, to_svg
from pairsmith.audits.legible import legible, number, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BARS = 12
"""So many bars are drawn; the table has the others."""
NAME = 22
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
    """The plain counts as bars."""
    counts = {n: v for n, v in answer.numbers.items() if type(v) is int}
    return draw_bars(answer.question, counts)


def draw_bars(prefix: str, counts: Mapping[str, float], unit: str = "") -> Plot | None:
    """Numbers as bars that lie, the first on top; None where all are nought."""
    shown = dict(list(counts.items())[:BARS])
    if not any(shown.values()):
        return None
    made, axes = figure(0.7 + 0.27 * len(shown))
    names = [_bar_name(name) for name in shown]
    drawn = axes.barh(range(len(shown)), list(shown.values()), color=SERIES[0], height=0.7)
    axes.set_yticks(range(len(shown)), names)
    axes.invert_yaxis()
    axes.bar_label(drawn, [number(value) for value in shown.values()], padding=3)
    axes.margins(x=0.16)
    axes.grid(visible=False, axis="y")
    if unit:
        axes.set_xlabel(unit)
    told = ", ".join(f"{words(name)} {number(value)}" for name, value in shown.items())
    return Plot(to_svg(made, prefix), f"Bars: {told}.")


def _bar_name(name: str) -> str:
    """A name that the font has, short enough to leave room for bars."""
    plain = legible(words(name)).encode("ascii", "backslashreplace").decode()
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


PLOTS: dict[str, Draw] = {"length": draw_length, "labels": draw_labels}
