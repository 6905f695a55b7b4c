"""Pictures of answers, by question; bars where a question has no picture of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from pairsmith.audits.answer import Answer
from pairsmith.audits.figure import SERIES, Plot, figure, style, to_svg
from pairsmith.audits.legible import legible, number, shorten, words

BARS = 12
"""So many bars are drawn; the table has the others."""
NAME = 28
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
    names = [
        legible(shorten(words(name), NAME)).encode("ascii", "replace").decode() for name in shown
    ]
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


PLOTS: dict[str, Draw] = {}
