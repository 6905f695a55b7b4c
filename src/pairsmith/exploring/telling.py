"""Words that tell one side of texts from the other, listed as effects."""

from __future__ import annotations

import numpy as np

from pairsmith.exploring.answer import Effect, Effects
from pairsmith.statistics.compared import Compared
from pairsmith.statistics.telling import Telling


def list_words(
    found: Telling, titles: tuple[str, str], *, words: str, unit: str, no_text: bool
) -> tuple[Effects, Effects]:
    """The lists of the words of both sides.

    Args:
        found: Those of both.
        titles: What each list is of, the first side's first.
        words: What to know before them.
        unit: What the points are.
        no_text: Whether words are numbered in place of being named.
    """
    hidden = " The words are left out here, and numbered in their order." if no_text else ""
    first, second = (
        Effects(title, words + hidden, _of_side(found, side, unit, no_text), harmful=True)
        for title, side in zip(titles, (True, False), strict=True)
    )
    return first, second


def _of_side(found: Telling, side: bool, unit: str, no_text: bool) -> tuple[Effect, ...]:
    """The words of a side, in their order."""
    places = np.flatnonzero(found.side == side).tolist()
    return tuple(
        Effect(
            f"word {rank}" if no_text else found.names[place],
            unit,
            short(float(found.points[0, place])),
            short(float(found.points[1, place])),
            short(float(found.points[2, place])),
            int(found.rows[place]),
            int(found.groups[place]),
            short(float(found.p[place])),
            {
                "log-odds": short(float(found.odds.estimate[place])),
                "from": short(float(found.odds.low[place])),
                "to": short(float(found.odds.high[place])),
                "z": short(float(found.odds.z[place])),
            },
        )
        for rank, place in enumerate(places, 1)
    )


def say_points(found: Compared, place: int) -> str:
    """A difference in words, with its interval and what it is of."""
    rows, groups = int(found.rows[place]), int(found.groups[place])
    held = f"{rows:,} pairs differ, of {groups:,} conversations"
    if not np.isfinite(found.p[place]):
        return f"too few for a number ({held})"
    middle, low, high = (
        f"{100 * ends[place]:+.1f}".replace("-", "\u2212")
        for ends in (found.estimate, found.low, found.high)
    )
    return f"{middle} points ({low} to {high}; {held})"


def number_or_none(value: float, scale: float = 1) -> float | None:
    """A number as files hold it, multiplied by a scale; None for what is none."""
    return short(float(value) * scale) if np.isfinite(value) else None


def short(value: float, digits: int = 6) -> float:
    """A number in few significant digits: the rest differs between machines."""
    return float(f"{value:.{digits}g}")
