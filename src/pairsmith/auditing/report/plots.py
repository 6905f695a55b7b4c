"""Plots of answers: bar charts, and the parts of which questions make plots of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pairsmith.auditing.answer import Answer
from pairsmith.reporting.svg import INK, SERIES, Plot, figure, style, to_svg
from pairsmith.reporting.wording import number, words
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import MaxNLocator

MAX_BARS = 12
"""The most bars, or groups of bars, in a plot; the table has them all."""
MAX_NAME_CHARS = 26
"""The most characters of a bar's name."""

Draw: TypeAlias = Callable[[Answer], Plot | None]
"""Draws an answer; returns None if there is nothing to draw."""


def plot(answer: Answer, draw: Draw | None = None) -> Plot | None:
    """Draws the plot of an answer; None if it is unanswered, or has no numbers to draw.

    Args:
        answer: The answer.
        draw: Draws the answers to its question; None for bar charts.
    """
    if answer.unanswered:
        return None
    with style():
        return (draw or default)(answer)


def default(answer: Answer) -> Plot | None:
    """Draws the plain counts as bars, or else those of the first mapping that has some."""
    mappings = (answer.numbers, *(v for v in answer.numbers.values() if isinstance(v, Mapping)))
    counts = ({n: v for n, v in mapping.items() if type(v) is int} for mapping in mappings)
    return draw_bars(answer.question, next((some for some in counts if some), {}))


def draw_bars(prefix: str, counts: Mapping[str, int]) -> Plot | None:
    """Draws counts as horizontal bars, the first on top; None if all are 0.

    Args:
        prefix: A prefix for the ids in the SVG, unique on the page.
        counts: The counts by name.
    """
    return draw_groups(prefix, {"": counts})


def draw_groups(prefix: str, series: Mapping[str, Mapping[str, int]]) -> Plot | None:
    """Draws groups of horizontal bars; None if all counts are 0.

    Args:
        prefix: A prefix for the ids in the SVG, unique on the page.
        series: At most three series, each the counts by name, with the same names in all; a group
            holds the bars of one name.
    """
    names = list(next(iter(series.values()), {}))[:MAX_BARS]
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
    described = [f"{words(name)} {_values(name, series)}" for name in names]
    return Plot(to_svg(made, prefix), f"Bars: {'; '.join(described)}.")


def _values(name: str, series: Mapping[str, Mapping[str, int]]) -> str:
    """The counts of one group of bars, for the alternative text."""
    return ", ".join(f"{label} {number(counts[name])}".strip() for label, counts in series.items())


def _whole_numbers() -> MaxNLocator:
    """Places at most four intervals between ticks, at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=4, integer=True)


def _bar_name(name: str) -> str:
    """A bar's name in printable ASCII, which the font has, of at most `MAX_NAME_CHARS`."""
    plain = sanitize(words(name)).encode("ascii", "backslashreplace").decode()
    return plain if len(plain) <= MAX_NAME_CHARS else f"{plain[: MAX_NAME_CHARS - 1]}…"


def draw_histogram(axes: Axes, edges: Sequence[float], counts: Sequence[int]) -> None:
    """Draws the bars of n bins, given n + 1 edges; those below 0 have another colour."""
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
    """The total counts of the bins below 0, and of the others, given n + 1 edges of n bins."""
    below = sum(count for edge, count in zip(edges[:-1], counts, strict=True) if edge < 0)
    return below, sum(counts) - below


def sum_bins(counts: Sequence[int] | Mapping[str, Sequence[int]]) -> list[int]:
    """The counts of each bin, summed over subsets if there are any."""
    if not isinstance(counts, Mapping):
        return list(counts)
    return [sum(bins) for bins in zip(*counts.values(), strict=True)]
