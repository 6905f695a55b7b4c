"""Plots of answers, one function per question; bar charts for all other questions."""

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

MAX_BARS = 12
"""The most bars, or groups of bars, in a plot; the table has them all."""
MAX_NAME_CHARS = 26
"""The most characters of a bar's name."""

Draw: TypeAlias = Callable[[Answer], Plot | None]
"""Draws an answer; returns None if there is nothing to draw."""


def plot(answer: Answer) -> Plot | None:
    """Draws the plot of an answer; None if it is unanswered, or has no numbers to draw."""
    if answer.unanswered:
        return None
    with style():
        return PLOTS.get(answer.question, default)(answer)


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


def draw_duplicates(answer: Answer) -> Plot | None:
    """Draws the counts of repeats and contradictions among kept rows."""
    return draw_bars(answer.question, answer.numbers["kept"])


def draw_near(answer: Answer) -> Plot | None:
    """Draws the near duplicates by kind; a kind that could not be searched for is left out."""
    kinds = ("near_duplicate", "near_flipped", "near_leak", "clusters")
    counts = {kind: answer.numbers.get(kind) for kind in kinds}
    return draw_bars(
        answer.question, {k: count for k, count in counts.items() if count is not None}
    )


def draw_leaks(answer: Answer) -> Plot | None:
    """Draws the leaking train rows by kind of leak."""
    return draw_bars(answer.question, answer.numbers["train_rows"])


def draw_direction(answer: Answer) -> Plot | None:
    """Draws the rows that continue a chosen, and a rejected, reply, by subset."""
    subsets = answer.numbers["kept_and_refused"]
    sides = ("chosen", "rejected")
    series = {
        f"from {side}": {name: counts[f"any_depth_from_{side}"] for name, counts in subsets.items()}
        for side in sides
    }
    return draw_groups(answer.question, series)


def draw_tokens(answer: Answer) -> Plot | None:
    """Draws the rows that are dropped, cut or made identical, by limit."""
    by_limit = answer.numbers["all"]["by_limit"]
    limits = list(by_limit)[: len(SERIES)]
    return draw_groups(answer.question, {f"at {limit}": by_limit[limit] for limit in limits})


def draw_text(answer: Answer) -> Plot | None:
    """Draws the replies of each side with findings, by kind."""
    kinds = answer.numbers["kinds"]
    series = {
        side: {kind: counts[side] for kind, counts in kinds.items()}
        for side in ("chosen", "rejected")
    }
    return draw_groups(answer.question, series)


def _bar_name(name: str) -> str:
    """A bar's name in printable ASCII, which the font has, of at most `MAX_NAME_CHARS`."""
    plain = sanitize(words(name)).encode("ascii", "backslashreplace").decode()
    return plain if len(plain) <= MAX_NAME_CHARS else f"{plain[: MAX_NAME_CHARS - 1]}…"


def draw_length(answer: Answer) -> Plot | None:
    """Draws a histogram of the ratio of the lengths of chosen and rejected; None without rows."""
    histogram = answer.numbers["histogram"]
    edges, counts = histogram["edges"], _sum(histogram["counts"])
    if not any(counts):
        return None
    made, axes = figure()
    _draw_histogram(axes, edges, counts)
    ticks = range(round(edges[0]), round(edges[-1]) + 1, 2)
    axes.set_xticks(ticks, [_times(tick) for tick in ticks])
    axes.set_xlabel("length of chosen by length of rejected")
    axes.set_ylabel("rows")
    below, above = _halves(edges, counts)
    described = f"chosen is the shorter reply in {below:,} rows and the longer in {above:,}"
    return Plot(to_svg(made, answer.question), f"Histogram of the ratio of lengths: {described}.")


def draw_labels(answer: Answer) -> Plot | None:
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
    _draw_histogram(axes, open_ended, _sum(margins["counts"]))
    axes.set_xlabel("margin: log-odds of chosen over rejected")
    axes.set_ylabel("rows")
    below, above = _halves(open_ended, _sum(margins["counts"]))
    curved = ", ".join(f"{number(p)} is {number(o)}" for p, o in points)
    described = f"Calibration: {curved}. Margins: {below:,} rows below 0, {above:,} not below."
    return Plot(to_svg(made, answer.question), described)


def _draw_histogram(axes: Axes, edges: Sequence[float], counts: Sequence[int]) -> None:
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


def _halves(edges: Sequence[float], counts: Sequence[int]) -> tuple[int, int]:
    """The total counts of the bins below 0, and of the others."""
    below = sum(count for edge, count in zip(edges[:-1], counts, strict=True) if edge < 0)
    return below, sum(counts) - below


def _sum(counts: Sequence[int] | Mapping[str, Sequence[int]]) -> list[int]:
    """The counts of each bin, summed over subsets if there are any."""
    if not isinstance(counts, Mapping):
        return list(counts)
    return [sum(bins) for bins in zip(*counts.values(), strict=True)]


def _times(doublings: int) -> str:
    """A number of doublings as a factor, such as ×4 for 2."""
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
