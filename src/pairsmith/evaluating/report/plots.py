"""Pictures of an evaluation: rates with intervals, the calibration curve, best-of-n."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pairsmith.evaluating.accuracy import PEOPLE
from pairsmith.evaluating.verdict import BASELINES, figure, rate
from pairsmith.reporting.svg import INK, SERIES, Plot, style, to_svg
from pairsmith.reporting.svg import figure as new_figure
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_ROWS = 16
"""The most rates in a picture; the table has them all."""
MAX_NAME = 24
"""The most characters of a name in a picture."""

Numbers = Mapping[str, Any]


def draw_rates(numbers: Numbers) -> Plot:
    """Accuracy of the model, of all and by subset and split, and of what it is beside."""
    held = numbers["accuracy"]
    series = [("all judged", held["all"], SERIES[0])]
    series += [(name, found, SERIES[0]) for name, found in held["by_place"].items()]
    series = series[: MAX_ROWS - len(BASELINES)]
    for name, found in held["baselines"].items():
        if found:
            series.append((name.replace("_", " "), found["accuracy"], SERIES[1]))
    with style():
        made, axes = new_figure(0.9 + 0.27 * len(series))
        for place, (_, found, colour) in enumerate(series):
            _draw_estimate(axes, found["estimate"], place, found, colour)
        axes.set_yticks(range(len(series)), [_name(name) for name, _, _ in series])
        axes.set_ylim(len(series) - 0.4, -0.6)
        for at in (0.5, PEOPLE):
            axes.axvline(at, color=INK, linestyle=":", linewidth=1)
        axes.set_xlabel("share of labels; dotted: chance, people")
        svg = to_svg(made, "rates")
    told = "; ".join(f"{name} {rate(found)}" for name, found, _ in series)
    return Plot(svg, f"Accuracy with intervals: {told}. Dotted lines: chance, and people.")


def _draw_estimate(
    axes: Axes, middle: float | None, place: float, held: Numbers, colour: str
) -> None:
    """A point with its interval, on its side."""
    if middle is None:
        return
    if held["low"] is not None:
        axes.plot([held["low"], held["high"]], [place, place], color=colour, linewidth=2)
    axes.plot([middle], [place], color=colour, marker="o", markersize=5)


def draw_calibration(curve: Sequence[Numbers]) -> Plot:
    """How often the model is right, by how confident it is."""
    with style():
        made, axes = new_figure()
        axes.plot([0.5, 1], [0.5, 1], color=INK, linestyle=":", linewidth=1)
        points = [(step["confidence"], step["accuracy"]) for step in curve]
        for at, held in points:
            if held["low"] is not None:
                axes.plot([at, at], [held["low"], held["high"]], color=SERIES[0], linewidth=1.5)
        middles = [held["estimate"] for _, held in points]
        axes.plot([at for at, _ in points], middles, color=SERIES[0], marker="o", markersize=4)
        axes.set_xlabel("how sure the model is of the reply it prefers")
        axes.set_ylabel("how often it is right")
        svg = to_svg(made, "calibration")
    told = "; ".join(f"{100 * at:.1f} % sure, right in {rate(held)}" for at, held in points)
    return Plot(svg, f"Calibration: {told}. On the dotted line both are equal.")


def draw_groups(prefix: str, groups: Mapping[str, Numbers], label: str) -> Plot | None:
    """Accuracy by group, in order; None for fewer than two."""
    some = list(groups.items())[:MAX_ROWS]
    if len(some) < 2:
        return None
    with style():
        made, axes = new_figure(0.9 + 0.27 * len(some))
        for place, (_, found) in enumerate(some):
            _draw_estimate(axes, found["estimate"], place, found, SERIES[0])
        axes.set_yticks(range(len(some)), [_name(name) for name, _ in some])
        axes.set_ylim(len(some) - 0.4, -0.6)
        axes.axvline(0.5, color=INK, linestyle=":", linewidth=1)
        axes.set_xlabel("share of labels; dotted: chance")
        svg = to_svg(made, prefix)
    told = "; ".join(f"{name} {rate(found)}" for name, found in some)
    return Plot(svg, f"Accuracy by {label}: {told}.")


def draw_choosing(curve: Sequence[Numbers]) -> Plot:
    """What best-of-n gains, as the model that chooses and the other see it."""
    series = (
        ("gain", "as the first sees it"),
        ("gain_by_other", "as the second sees it"),
        ("reachable", "if the second chose"),
    )
    with style():
        made, axes = new_figure(3.4)
        for place, (name, label) in enumerate(series):
            at = [step["distance"] for step in curve]
            middles = [step[name]["estimate"] for step in curve]
            dotted = ":" if name == "reachable" else "-"
            axes.plot(
                at, middles, dotted, color=SERIES[place], marker="o", markersize=4, label=label
            )
            for step in curve:
                if step[name]["low"] is not None:
                    ends = [step[name]["low"], step[name]["high"]]
                    axes.plot([step["distance"]] * 2, ends, color=SERIES[place], linewidth=1.5)
        axes.set_xlabel("ln n − (n − 1) / n")
        axes.set_ylabel("gain in log-odds")
        made.legend(loc="outside lower center", ncols=1)
        svg = to_svg(made, "choosing")
    told = "; ".join(
        f"best of {step['n']}: {figure(step['gain'])}, the second says "
        f"{figure(step['gain_by_other'])}"
        for step in curve
    )
    return Plot(svg, f"Best-of-n: {told}.")


def _name(name: str) -> str:
    """A name in printable ASCII, which the font has, not too long."""
    plain = sanitize(name).encode("ascii", "backslashreplace").decode()
    return plain if len(plain) <= MAX_NAME else f"…{plain[-MAX_NAME + 1 :]}"
