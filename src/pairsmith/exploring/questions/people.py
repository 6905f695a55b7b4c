"""People: how many members made the attacks, how well each did, and whether they learnt.

Attacks of one member are no independent trials, and a few members make most of them. So what is
said of models, tags or topics elsewhere takes members out, and here is what it takes out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pairsmith.exploring.adjusting import POINTS, Feature, Rated, rated, short
from pairsmith.exploring.answer import (
    FEW_MEMBERS,
    FEW_ROWS,
    Answer,
    Effect,
    Effects,
    Study,
    UnansweredError,
)
from pairsmith.exploring.attempts import Attempts
from pairsmith.reporting.svg import SERIES, Plot, figure, style, to_svg
from pairsmith.statistics.bootstrap import Estimate, Floats
from pairsmith.statistics.inequality import SHARES, measure_inequality
from pairsmith.statistics.intervals import Z
from pairsmith.text.spans import Index

TITLE = "People"
PERCENTS = (1, 2, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100)
"""Of members, the most active first, of whom it is told what share of attacks they made."""
LISTED = 15
"""The most members of a list."""
STEPS = (1, 2, 6, 21, 101)
"""The first attack of each stage of a member's attacks."""


def ask(study: Study) -> Answer:
    """Describes the members: how many, how unequal, how able, and whether they get better.

    Raises:
        UnansweredError: No row, or every row of one member alone, tells who attacked.
    """
    attempts = study.dialogues
    known = np.flatnonzero(attempts.member.known)
    codes = attempts.member.codes[known]
    counts = np.sort(np.unique(codes, return_counts=True)[1])[::-1].astype(np.float64)
    if not len(counts):
        raise UnansweredError("No attack tells who made it.")
    if len(counts) == 1:
        raise UnansweredError("All attacks are of one member.")
    numbers = _concentrate(counts, len(attempts), study.options.seed)
    every = rated(study)
    some = every.part(attempts.member.known[every.rows])
    reason = some.why_not()
    effects: list[Effects] = []
    if reason:
        numbers["success"] = reason
    else:
        told, effects = _judge(some, attempts)
        numbers |= told
    return Answer(
        "people",
        TITLE,
        _summarize(numbers, len(counts), reason),
        _headline(numbers),
        numbers,
        tuple(effects),
    )


def plot(answer: Answer) -> Plot | None:
    """Draws the share of attacks that the most active members made."""
    curve = answer.numbers["by_the_most_active"]
    x = [0.0, *(100 * held["of_members"] for held in curve.values())]
    y = [0.0, *(100 * held["share_of_attacks"] for held in curve.values())]
    with style():
        made, axes = figure()
        axes.plot([0, 100], [0, 100], color=SERIES[1], linewidth=1, linestyle="--")
        axes.plot(x, y, color=SERIES[0], linewidth=2)
        axes.set(xlim=(0, 100), ylim=(0, 101), xlabel="members, the most active first (%)")
        axes.set_ylabel("attacks (%)")
        told = answer.numbers["fewest_members_with"]["80 % of attacks"]
        return Plot(
            to_svg(made, "people"),
            f"The share of attacks against the share of members, the most active first: "
            f"{told['members']:,} members made 80 %.",
        )


def _concentrate(counts: Floats, rows: int, seed: int) -> dict[str, Any]:
    """How few made most; counts descend."""
    members, attacks = len(counts), int(counts.sum())
    reached = np.cumsum(counts) / counts.sum()
    unequal = measure_inequality(counts, seed, "members")
    return {
        "members": members,
        "attacks": attacks,
        "attacks_without_a_member": rows - attacks,
        "attacks_a_member": {
            "median": short(float(np.median(counts))), "mean": short(attacks / members),
            "most": int(counts[0]), "least": int(counts[-1]),
        },
        "fewest_members_with": {
            f"{100 * share:.0f} % of attacks": {
                "members": int(np.searchsorted(reached, share - 1e-9)) + 1, "share": held.to_dict(),
            }
            for share, held in zip(SHARES, unequal.fewest, strict=True)
        },
        "gini": unequal.gini.to_dict(),
        "by_the_most_active": {
            f"{percent} % of members": _top(reached, percent) for percent in PERCENTS
        },
    }  # fmt: skip


def _top(reached: Floats, percent: int) -> dict[str, Any]:
    members = max(1, round(percent * len(reached) / 100))
    return {
        "members": members,
        "of_members": short(members / len(reached)),
        "share_of_attacks": short(float(reached[members - 1])),
    }


def _judge(some: Rated, attempts: Attempts) -> tuple[dict[str, Any], list[Effects]]:
    """Success a member, ability, platform and learning."""
    numbers: dict[str, Any] = {"success_a_member": _spread_of(some)}
    likeness = _likeness(some)
    numbers["share_of_variance_between_members"] = likeness.to_dict()
    able, ability = _abilities(some, attempts)
    numbers["ability"] = able
    effects = [*ability, *_platform(some, attempts)]
    learning, stages = _learning(some, attempts)
    numbers["success_by_stage"] = stages
    return numbers, [*effects, learning]


def _spread_of(some: Rated) -> dict[str, Any]:
    """Quartiles of the success of members with enough attacks, as it is told."""
    boot = some.members
    wins = boot.summed(some.success)[:, 0]
    rows = boot.summed(np.ones(len(some)))[:, 0]
    rates = wins[rows >= FEW_MEMBERS] / rows[rows >= FEW_MEMBERS]
    if not len(rates):
        return {"members": 0, "remark": f"no member has {FEW_MEMBERS} rated attacks"}
    low, middle, high = (short(float(q)) for q in np.quantile(rates, [0.25, 0.5, 0.75]))
    return {
        "members": len(rates), "with_at_least_rated_attacks": FEW_MEMBERS, "lower_quartile": low,
        "median": middle, "upper_quartile": high,
    }  # fmt: skip


def _likeness(some: Rated) -> Estimate:
    """The share of the variance of success, models taken out, that lies between members.

    The one of analysis of variance, (MSB - MSW) / (MSB + (n0 - 1) MSW), from sums of members
    (Donner, A review of inference procedures for the intraclass correlation coefficient, Int. Stat.
    Rev. 54 (1986), 67-82); below 0 where members are less alike than chance.
    """
    means = np.bincount(some.strata, some.success) / np.bincount(some.strata)
    beyond = some.success - means[some.strata]
    boot = some.members
    rows = boot.summed(np.ones(len(some)))[:, 0]
    sums = boot.summed(beyond)[:, 0]
    columns = np.column_stack(
        [np.ones(boot.count), rows, rows**2, sums, sums**2 / rows, boot.summed(beyond**2)[:, 0]]
    )
    middle = float(_intraclass(columns.sum(axis=0)[None])[0])
    return boot.estimate(middle, _intraclass(boot.drawn(columns)), len(some), boot.count)


def _intraclass(sums: Floats) -> Floats:
    groups, rows, squares, total, between, all_squares = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        outer = (between - total**2 / rows) / (groups - 1)
        inner = (all_squares - between) / (rows - groups)
        typical = (rows - squares / rows) / (groups - 1)
        found: Floats = (outer - inner) / (outer + (typical - 1) * inner)
    return found


def _abilities(some: Rated, attempts: Attempts) -> tuple[dict[str, Any], list[Effects]]:
    """What each member adds to success, shrunk: of few attacks little is believed."""
    fitted = some.adjustment.fitted
    held = np.unique(some.groups)
    rows = some.members.summed(np.ones(len(some)))[:, 0].astype(np.int64)
    wins = some.members.summed(some.success)[:, 0].astype(np.int64)
    middle, error = fitted.effects, fitted.effect_se
    names = name_members(attempts)
    order = np.lexsort((held, -np.abs(middle / np.where(error > 0, error, np.inf))))
    made = [
        Effect(
            names[int(held[place])],
            POINTS,
            short(100 * float(middle[place])),
            short(100 * float(middle[place] - Z * error[place])),
            short(100 * float(middle[place] + Z * error[place])),
            int(rows[place]),
            1,
            None,
            {"succeeded": int(wins[place])},
        )
        for place in order
        if rows[place] >= FEW_ROWS and error[place] > 0
    ]
    high = [effect for effect in made if effect.low is not None and effect.low > 0]
    low = [effect for effect in made if effect.high is not None and effect.high < 0]
    words = (
        "What the member adds to success against the same model, shrunk towards 0 the more the "
        f"fewer the attacks (random intercepts, REML). Of members with at least {FEW_ROWS} rated "
        "attacks, the surest first; an interval is of one member by itself."
    )
    told = {
        "deviation_between_members": short(100 * float(np.sqrt(max(fitted.tau2, 0.0)))),
        "unit": POINTS,
        "judged": len(made),
        "surely_above": len(high),
        "surely_below": len(low),
    }
    lists = [("Members who succeed more than others", high), ("Members who succeed less", low)]
    return told, [
        Effects(title, words, tuple(some_of[:LISTED])) for title, some_of in lists if some_of
    ]


def name_members(attempts: Attempts) -> dict[int, str]:
    """What to call each member, by code: the number that the rows tell, or else the place.

    What is no number may be a name, which is nobody's business.
    """
    names = attempts.member.names
    plain = all(name.isascii() and name.isdigit() and len(name) <= 12 for name in names)
    return {
        code: f"member {name}" if plain else f"member no. {code + 1}"
        for code, name in enumerate(names)
    }


def _platform(some: Rated, attempts: Attempts) -> list[Effects]:
    """What it adds to be an Upworker, where that is told and is not the same for all."""
    flags = attempts.is_upworker[some.rows]
    told = some.part(np.isfinite(flags))
    held = attempts.is_upworker[told.rows]
    if told.why_not() or held.min() == held.max():
        return []
    [effect] = told.effects([Feature("Upworker", held)], told.between)
    words = (
        f"Upworkers against the others, the model taken out: {effect.rows:,} rated attacks of "
        f"{effect.groups:,} members, against {len(told) - effect.rows:,} of "
        f"{len(np.unique(told.groups[held == 0])):,}. Members differ, so that it is the number of "
        "members that counts, not that of attacks."
    )
    return [Effects("Platform", words, (effect,))]


def _learning(some: Rated, attempts: Attempts) -> tuple[Effects, dict[str, Any]]:
    """Whether success rises with the number of the attack, within a member."""
    number = number_attacks(attempts)[some.rows]
    feature = Feature("twice as many attacks so far", np.log2(number))
    words = (
        "Within each member, the model taken out. The order is that of the rows: that it is the "
        "order in which attacks were made, the file does not promise."
    )
    stage = np.searchsorted(STEPS, number, "right") - 1
    means_of = some.members.means(some.success, stage.astype(np.int64), len(STEPS))
    ends = [*(str(after - 1) for after in STEPS[1:]), ""]
    names = [
        f"attack {first}" if end == str(first) else f"attacks {first} to {end}" if end
        else f"attack {first} and later"
        for first, end in zip(STEPS, ends, strict=True)
    ]  # fmt: skip
    stages = {n: held.to_dict() for n, held in zip(names, means_of, strict=True) if held.rows}
    return Effects("Learning", words, some.effects([feature])), stages


def number_attacks(attempts: Attempts) -> Index:
    """N numbers from 1: the how many-th attack of its member each is, in the order of rows."""
    groups = attempts.groups
    order = np.argsort(groups, kind="stable")
    first = np.r_[True, np.diff(groups[order]) != 0]
    begins = np.flatnonzero(first)
    within = np.arange(len(order)) - np.repeat(begins, np.diff(np.r_[begins, len(order)]))
    found = np.empty(len(order), np.int64)
    found[order] = within + 1
    return found


def _summarize(numbers: dict[str, Any], members: int, reason: str) -> str:
    told = numbers["fewest_members_with"]["80 % of attacks"]
    share = told["share"]
    ends = _ends(share)
    first = (
        f"{members:,} members made {numbers['attacks']:,} attacks; {told['members']:,} of them, "
        f"{100 * share['estimate']:.0f} %{ends}, made 80 %."
    )
    if reason:
        return f"{first} Nothing is said of their success. {reason}"
    alike = numbers["share_of_variance_between_members"]
    able = numbers["ability"]
    between = (
        "what lies between members cannot be told from what lies within them"
        if alike["estimate"] is None
        else f"{_whole(alike['estimate'])} %{_ends(alike)} lies between members"
    )
    return (
        f"{first} Of what differs in success against the same model, {between}. Of "
        f"{able['judged']:,} with at least {FEW_ROWS} rated attacks, {able['surely_above']:,} are "
        f"above the others and {able['surely_below']:,} below by the interval of each alone."
    )


def _ends(held: dict[str, Any]) -> str:
    if held.get("low") is None:
        return ""
    return f" ({_whole(held['low'])} to {_whole(held['high'])})"


def _whole(share: float) -> str:
    """A share in percent, without decimals."""
    return f"{round(100 * share):d}".replace("-", "−")


def _headline(numbers: dict[str, Any]) -> str:
    told = numbers["fewest_members_with"]["80 % of attacks"]
    alike = numbers.get("share_of_variance_between_members")
    if told["share"].get("low") is None or told["share"]["high"] >= 0.6:
        return ""
    first = (
        f"Few people made most of it: {told['members']:,} of {numbers['members']:,} members made "
        f"80 % of the {numbers['attacks']:,} attacks"
    )
    if alike is None or alike.get("low") is None or alike["low"] <= 0.0:
        return f"{first}."
    share = f"{100 * alike['estimate']:.0f} %{_ends(alike)}"
    return (
        f"{first}, and {share} of the variance of success against the same model lies between "
        "members."
    )
