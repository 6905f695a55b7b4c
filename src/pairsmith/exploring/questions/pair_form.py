"""Form: what either reply of a pair looks like, and which looks people, or models, choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.exploring.answer import FEW_MEMBERS, FEW_ROWS, Answer, Effect, Effects, Study
from pairsmith.exploring.attempts import Coded
from pairsmith.exploring.forms import FORMS
from pairsmith.exploring.pairs import CHOSEN, REJECTED, Pairs
from pairsmith.exploring.telling import number_or_none, say_points, short
from pairsmith.reporting.svg import INK, SERIES, Plot, style, to_svg
from pairsmith.reporting.svg import figure as new_figure
from pairsmith.statistics.compared import Compared
from pairsmith.statistics.multiple import adjust
from pairsmith.statistics.paired import weigh_pairs
from pairsmith.statistics.telling import SURE
from pairsmith.text.spans import Index, Mask

TITLE = "Length and form of replies"

UNIT = "points, chosen less rejected"
SUBSETS = 20
"""The most subsets that are compared: those with the most pairs."""
LENGTHS: dict[str, Callable[[Pairs], Any]] = {
    "the longer reply, in characters": lambda pairs: np.sign(_differ(pairs.characters)),
    "the longer reply, in words": lambda pairs: np.sign(_differ(pairs.words)),
    "a reply twice as long or longer": lambda pairs: (
        np.sign(pairs.longer) * (np.abs(pairs.longer) >= np.log(2))
    ),
}
"""What is asked of lengths: 1 where chosen has it, -1 where rejected has it, else 0."""


class Differences(NamedTuple):
    """What n pairs differ in, chosen less rejected.

    Attributes:
        names: What k things are called.
        held: What each pair is: 1, 0 or -1, shape (n, k).
    """

    names: tuple[str, ...]
    held: NDArray[np.int8]


def ask(study: Study) -> Answer:
    """Compares the looks of chosen and of rejected replies.

    Raises:
        UnansweredError: The build keeps no pairs.
    """
    return answer(study.pairs)


def answer(pairs: Pairs) -> Answer:
    """The answer, given the pairs."""
    lengths = Differences(
        tuple(LENGTHS),
        np.stack([differ(pairs).astype(np.int8) for differ in LENGTHS.values()], axis=1),
    )
    has = pairs.has.astype(np.int8)
    forms = Differences(tuple(FORMS), has[:, :, CHOSEN] - has[:, :, REJECTED])
    at_equal = weigh_pairs(forms.held, pairs.conversation, pairs.longer[:, None])
    both = Differences(lengths.names + forms.names, np.hstack([lengths.held, forms.held]))
    said, first = weigh_pairs(both.held, pairs.conversation), len(lengths.names)
    order = np.argsort(-np.nan_to_num(np.abs(said.estimate[first:])), kind="stable")
    unlike = find_unlike(pairs.subset, both, pairs)
    return Answer(
        "pair_form",
        TITLE,
        _say(pairs, both, said),
        _headline(both, said),
        {
            "pairs": len(pairs),
            "conversations": len(np.unique(pairs.conversation)),
            "mean_length": _mean_lengths(pairs),
            **({"where_subsets_differ": unlike} if unlike else {}),
        },
        (
            Effects(
                "Length of replies",
                "Whether chosen has it less whether rejected has it, on average over pairs.",
                tuple(_effect(name, said, place) for place, name in enumerate(lengths.names)),
            ),
            Effects(
                "Form of replies",
                "The share of chosen replies that have it less the share of rejected ones. "
                "Intervals allow for pairs of one conversation being alike; rows are the pairs of "
                "which one reply alone has it. Longer replies have more of most things: beside it "
                "stands what is left between replies of equal length. Words are looked for in "
                "English, marks in any script.",
                tuple(
                    _effect(
                        both.names[first + place], said, first + place, _more(has, at_equal, place)
                    )
                    for place in order.tolist()
                ),
            ),
        ),
    )


def plot(answer: Answer) -> Plot | None:
    """Draws the differences between the sides with intervals; None where all are too few."""
    effects = [effect for held in answer.effects for effect in held.effects]
    some = [effect for effect in effects if effect.estimate is not None]
    ends = np.array([[e.low, e.estimate, e.high] for e in some], np.float64)
    if not some:
        return None
    with style():
        made, axes = new_figure(0.9 + 0.25 * len(some))
        for place, (low, _, high) in enumerate(ends):
            axes.plot([low, high], [place, place], color=SERIES[0], linewidth=2)
        axes.plot(ends[:, 1], np.arange(len(some)), "o", color=SERIES[0], markersize=5)
        axes.axvline(0, color=INK, linestyle=":", linewidth=1)
        axes.set_yticks(range(len(some)), [effect.of.split(" (")[0] for effect in some])
        axes.set_ylim(len(some) - 0.4, -0.6)
        axes.set_xlabel(UNIT)
        svg = to_svg(made, "pair-form")
    told = "; ".join(
        f"{effect.of} {effect.estimate:+.1f} ({effect.low:+.1f} to {effect.high:+.1f})"
        for effect in some
    )
    return Plot(svg, f"Differences between chosen and rejected, in points, with intervals: {told}.")


def _differ(counts: Index) -> Index:
    """Chosen less rejected."""
    return counts[:, CHOSEN] - counts[:, REJECTED]


def _effect(name: str, found: Compared, place: int, more: dict[str, Any] | None = None) -> Effect:
    estimate, low, high, p = (
        number_or_none(held[place], scale)
        for held, scale in (
            (found.estimate, 100),
            (found.low, 100),
            (found.high, 100),
            (found.p, 1),
        )
    )
    rows, groups = int(found.rows[place]), int(found.groups[place])
    return Effect(name, UNIT, estimate, low, high, rows, groups, p, more or {})


def _more(has: Any, at_equal: Compared, place: int) -> dict[str, Any]:
    chosen, rejected = (100 * float(has[:, place, side].mean()) for side in (CHOSEN, REJECTED))
    return {
        "chosen, %": short(chosen, 4),
        "rejected, %": short(rejected, 4),
        "at equal length": number_or_none(at_equal.estimate[place], 100),
        "from": number_or_none(at_equal.low[place], 100),
        "to": number_or_none(at_equal.high[place], 100),
    }


def _mean_lengths(pairs: Pairs) -> dict[str, Any]:
    """Mean lengths of both sides, and of the difference with its interval."""
    counted = {"characters": pairs.characters, "words": pairs.words}
    held = np.stack([_differ(counts) for counts in counted.values()], axis=1)
    found = weigh_pairs(held, pairs.conversation, few=(FEW_ROWS, FEW_MEMBERS))
    return {
        name: {
            "chosen": short(float(counts[:, CHOSEN].mean())),
            "rejected": short(float(counts[:, REJECTED].mean())),
            "difference": {
                "estimate": number_or_none(found.estimate[place]),
                "low": number_or_none(found.low[place]),
                "high": number_or_none(found.high[place]),
            },
            "pairs_that_differ": int(found.rows[place]),
            "conversations": int(found.groups[place]),
        }
        for place, (name, counts) in enumerate(counted.items())
    }


def find_unlike(subset: Coded, differences: Differences, pairs: Pairs) -> list[dict[str, Any]]:
    """What differs between subsets more than chance would have it, with each subset's share.

    By Cochran's Q (Biometrics 10 (1954), 101-129): the squared distances of subsets from their
    mean, in standard errors, are a chi-squared number of one degree of freedom less than there are
    subsets. Of all that is compared, what is told has a q-value of at most 0.05.
    """
    from scipy.special import chdtrc

    common = np.argsort(-subset.counts(), kind="stable")[:SUBSETS]
    if len(common) < 2:
        return []
    found = [
        weigh_pairs(
            differences.held[subset.codes == code], pairs.conversation[subset.codes == code]
        )
        for code in common.tolist()
    ]
    estimate, se = (np.stack([getattr(one, name) for one in found]) for name in ("estimate", "se"))
    known = np.isfinite(se)
    weights = np.divide(1.0, se**2, out=np.zeros_like(se), where=known)
    some = known.sum(axis=0) > 1
    middle = np.nansum(weights * np.nan_to_num(estimate), axis=0) / np.where(
        some, weights.sum(axis=0), 1
    )
    q = (weights * (np.nan_to_num(estimate) - middle) ** 2).sum(axis=0)
    places = np.flatnonzero(some)
    if not len(places):
        return []
    chances = adjust(chdtrc(known.sum(axis=0)[places] - 1, q[places]))
    return [
        {
            "what": f"{differences.names[place]}: {subset.names[code]}",
            "points": {
                "estimate": number_or_none(one.estimate[place], 100),
                "low": number_or_none(one.low[place], 100),
                "high": number_or_none(one.high[place], 100),
            },
            "pairs_that_differ": int(one.rows[place]),
            "conversations": int(one.groups[place]),
            "q": short(float(chance), 3),
        }
        for place, chance in zip(places.tolist(), chances.tolist(), strict=True)
        if chance <= SURE
        for code, one in zip(common.tolist(), found, strict=True)
    ]


def _sure(found: Compared) -> Mask:
    """What would be sure if nothing else were listed."""
    known = np.flatnonzero(np.isfinite(found.p))
    flags = np.zeros(len(found.p), bool)
    flags[known] = adjust(found.p[known]) <= SURE
    return flags


def _say(pairs: Pairs, both: Differences, found: Compared) -> str:
    signs = both.held[:, 0]
    longer, shorter = (100 * float((signs == sign).mean()) for sign in (1, -1))
    compared = int(np.isfinite(found.p).sum())
    return (
        f"In {len(pairs):,} pairs of {len(np.unique(pairs.conversation)):,} conversations chosen "
        f"is the longer reply in {longer:.1f} % and the shorter one in {shorter:.1f} %: "
        f"{say_points(found, 0)}. Of {len(both.names)} features {compared} are in enough pairs to "
        f"be compared, and {int(_sure(found).sum())} of them differ between the sides (q at most "
        f"{SURE}, among features). A phrase of refusal: "
        f"{say_points(found, both.names.index('a phrase of refusal'))}."
    )


def _headline(both: Differences, found: Compared) -> str:
    """What differs most surely: of lengths that in characters stands for all."""
    sure = _sure(found)
    sure[1 : len(LENGTHS)] = False
    if not sure.any():
        return ""
    distance = np.where(sure, np.abs(found.estimate / found.se), 0)
    place = int(np.argmax(distance))
    return (
        f"In form chosen and rejected differ most surely in {both.names[place]}: "
        f"{say_points(found, place)}, chosen less rejected."
    )
