"""Turns: where in conversations pairs stand, and how chosen and rejected differ in length there.

Preferences may be about other things in a first reply than in a fifth; and where length tells the
sides apart in one place alone, the number for all rows hides it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.auditing.answer import Answer, Study, UnansweredError
from pairsmith.auditing.verdict import Claim, Level
from pairsmith.reporting.svg import INK, SERIES, Plot, figure, to_svg
from pairsmith.statistics.bootstrap import Floats
from pairsmith.statistics.compared import Compared
from pairsmith.statistics.intervals import wilson
from pairsmith.statistics.multiple import adjust
from pairsmith.statistics.paired import FEW, contrast_parts, weigh_pairs
from pairsmith.text.spans import Index

TITLE = "Turns"

EDGES = (1, 3, 5, 7, 9, 11)
"""From how many turns before the reply on a place begins; a turn is a message of whoever it be."""
NAMES = ("1 or 2", "3 or 4", "5 or 6", "7 or 8", "9 or 10", "11 or more")
SURE = 0.05
"""What is sure among places has at most this q-value."""
UNLIKE = 5.0
"""Points by which a place must at least differ from the others to be looked at."""

ROWS = """
    SELECT turns, opening, chosen_chars, rejected_chars FROM rows WHERE kept ORDER BY row
"""


class Rows(NamedTuple):
    """n kept rows.

    Attributes:
        turns: The turns of each prompt.
        places: The place of each in `NAMES`.
        groups: The conversation of each: rows that open alike are of one.
        characters: By how many characters chosen is longer than rejected.
        signs: 1 where it is longer, -1 where shorter, else 0.
    """

    turns: Index
    places: Index
    groups: Index
    characters: Floats
    signs: Floats


def ask(study: Study) -> Answer:
    """Counts the turns before replies, and compares lengths by how many there are.

    Raises:
        UnansweredError: There are no kept rows.
    """
    rows = _read(study)
    longer = contrast_parts(rows.signs, rows.places, len(NAMES), rows.groups, rows.signs != 0)
    p = np.where(np.isfinite(longer.p), longer.p, 1.0)
    q = np.ones(len(NAMES))
    some = np.flatnonzero(np.isfinite(longer.p))
    q[some] = adjust(p[some])
    by_place = {
        name: _measure(rows, place, longer, float(q[place]))
        for place, name in enumerate(NAMES)
        if (rows.places == place).any()
    }
    numbers = {
        "rows": len(rows.turns),
        "conversations": len(np.unique(rows.groups)),
        "turns": "messages of the prompt, before the reply; of the system too",
        "mean_turns": round(float(rows.turns.mean()), 3),
        "most_turns": int(rows.turns.max()),
        "characters": "chosen less rejected, on average; 95 %, conversations drawn, not rows",
        "longer": "points: share of rows whose longer reply is chosen less share whose shorter is",
        "from_others": "the same, less that of all other rows",
        "too_few": f"no interval below {FEW[0]} rows that differ, of {FEW[1]} conversations",
        "by_turns_before_the_reply": by_place,
    }
    claim = _claim(rows, longer, q)
    return Answer("turns", TITLE, _summarize(rows, by_place), numbers, claims=(claim,))


def plot(answer: Answer) -> Plot | None:
    """Draws, by turns before the reply, by how much more often the longer reply is chosen."""
    by_place = answer.numbers["by_turns_before_the_reply"]
    held = {name: of["longer"] for name, of in by_place.items() if of["longer"]["low"] is not None}
    if len(held) < 2:
        return None
    made, axes = figure(2.4)
    for at, points in enumerate(held.values()):
        axes.plot([at, at], [points["low"], points["high"]], color=SERIES[0], linewidth=2)
        axes.plot([at], [points["estimate"]], "o", color=SERIES[0], markersize=5)
    axes.axhline(0, color=INK, linestyle=":", linewidth=1)
    axes.set_xticks(range(len(held)), list(held))
    axes.set_xlim(-0.5, len(held) - 0.5)
    axes.set_xlabel("turns before the reply")
    axes.set_ylabel("points, longer less shorter")
    told = "; ".join(f"{name} {_say(points)}" for name, points in held.items())
    return Plot(to_svg(made, answer.question), f"The longer reply is chosen more often by: {told}.")


def _read(study: Study) -> Rows:
    held = study.index.sql(ROWS).fetchnumpy()
    turns = np.asarray(held["turns"], np.int64)
    if not len(turns):
        raise UnansweredError("No row was kept, so that there are no turns to count.")
    chosen, rejected = (
        np.asarray(held[f"{side}_chars"], np.float64) for side in ("chosen", "rejected")
    )
    return Rows(
        turns,
        np.maximum(np.searchsorted(EDGES, turns, side="right") - 1, 0),
        np.unique(held["opening"], return_inverse=True)[1],
        chosen - rejected,
        np.sign(chosen - rejected),
    )


def _measure(rows: Rows, place: int, longer: Compared, q: float) -> dict[str, Any]:
    """The numbers of one place."""
    own = rows.places == place
    count, groups = int(own.sum()), rows.groups[own]
    few = (FEW[0], FEW[1])
    characters, signs = (
        weigh_pairs(values[own][:, None], groups, few=few)
        for values in (rows.characters, rows.signs)
    )
    return {
        "rows": count,
        "share": wilson(count, len(own)).to_dict(),
        "conversations": len(np.unique(groups)),
        "characters": _estimate(characters, 0, float(rows.characters[own].mean())),
        "longer": _estimate(signs, 0, 100 * float(rows.signs[own].mean()), 100),
        "from_others": _estimate(longer, place, None, 100),
        "sure": q <= SURE,
    }


def _estimate(
    found: Compared, place: int, plain: float | None, scale: float = 1
) -> dict[str, float | None]:
    """An estimate with its interval; without one where rows are too few."""
    ends: NDArray[np.float64] = scale * np.array(
        [found.estimate[place], found.low[place], found.high[place]]
    )
    if not np.isfinite(ends).all():
        middle = None if plain is None else round(plain, 3)
        return {"estimate": middle, "low": None, "high": None}
    middle, low, high = (round(float(end), 3) for end in ends)
    return {"estimate": middle, "low": low, "high": high}


def _say(points: Mapping[str, float | None]) -> str:
    ends = (
        f"{points[name] or 0:+.1f}".replace("-", "\u2212") for name in ("estimate", "low", "high")
    )
    return "{} ({} to {})".format(*ends)


def _summarize(rows: Rows, by_place: Mapping[str, Any]) -> str:
    count = len(rows.turns)
    first = wilson(int((rows.places == 0).sum()), count)
    said = (
        f"Replies have {rows.turns.mean():.1f} turns before them on average and "
        f"{rows.turns.max():,} at most; one or two in {first} of {count:,} rows."
    )
    known = {name: of for name, of in by_place.items() if of["longer"]["low"] is not None}
    if not known:
        return f"{said} They are too few for a comparison of lengths."
    told = "; ".join(
        f"{name}: {_say(of['longer'])}, {of['rows']:,} rows" for name, of in known.items()
    )
    return (
        f"{said} The longer reply is chosen more often than the shorter one by these points, for "
        f"each number of turns before it: {told}."
    )


def _claim(rows: Rows, longer: Compared, q: Floats) -> Claim:
    """The place that differs most surely from the others, by the nearer end of its interval."""
    low, high = 100 * np.nan_to_num(longer.low), 100 * np.nan_to_num(longer.high)
    least = np.where(low > 0, low, np.where(high < 0, -high, 0.0)) * (q <= SURE)
    count = len(rows.turns)
    sizes = np.bincount(rows.places, minlength=len(NAMES))
    unlike = np.flatnonzero(least >= UNLIKE).tolist()
    if np.count_nonzero(sizes) < 2:
        said = f"Every reply of {count:,} rows has {NAMES[int(sizes.argmax())]} turns before it."
        return Claim(Level.FINE, said, 0.0)
    if not unlike:
        said = (
            f"Where pairs stand in conversations makes no clear difference of {UNLIKE:g} points or "
            f"more to how often the longer reply is chosen, in {count:,} rows."
        )
        return Claim(Level.FINE, said, 0.0)
    # what most rows are is told by what is unlike them
    place = min(unlike, key=lambda at: (2 * sizes[at] > count, -least[at]))
    estimate = 100 * float(longer.estimate[place])
    more = "more" if estimate > 0 else "less"
    ends = sorted((abs(float(low[place])), abs(float(high[place]))))
    of = int(sizes[place])
    harm = of / count * float(least[place]) / 100
    said = (
        f"Length matters differently where {NAMES[place]} turns stand before the reply "
        f"({of:,} rows): the longer one is chosen {abs(estimate):.1f} points "
        f"({ends[0]:.1f} to {ends[1]:.1f}) {more} often than in the other {count - of:,} rows. The "
        "report shows each place, under Turns."
    )
    # no command: an audit of this question alone would overwrite the report
    return Claim(Level.LOOK, said, harm)
