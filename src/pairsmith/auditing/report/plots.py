"""Pictures of answers: bars, and what questions draw pictures of their own with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pairsmith.auditing.answer import Answer
from pairsmith.auditing.report.svg import INK, SERIES, Plot, figure, style, to_svg
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


def plot(answer: Answer, draw: Draw | None = None) -> Plot | None:
    """The picture of an answer; None where it has no numbers to draw.

    Args:
        answer: The answer.
        draw: Draws answers to its question; None to draw bars.
    """
    if answer.unanswered:
        return None
    with style():
        return (draw or default)(answer)


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


def _bar_name(name: str) -> str:
    """A name that the font has, short enough to leave room for bars."""
    plain = sanitize(words(name)).encode("ascii", "backslashreplace").decode()
    return plain if len(plain) <= NAME else f"{plain[: NAME - 1]}…"


def draw_histogram(axes: Axes, edges: Sequence[float], counts: Sequence[int]) -> None:
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


def halves(edges: Sequence[float], counts: Sequence[int]) -> tuple[int, int]:
    """The rows in bins below 0, and in the others."""
    below = sum(count for edge, count in zip(edges[:-1], counts, strict=True) if edge < 0)
    return below, sum(counts) - below


def sum_bins(counts: Sequence[int] | Mapping[str, Sequence[int]]) -> list[int]:
    """The counts of all subsets together, bin by bin."""
    if not isinstance(counts, Mapping):
        return list(counts)
    return [sum(bins) for bins in zip(*counts.values(), strict=True)]
