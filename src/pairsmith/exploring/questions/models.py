"""Who wins against what: success and the lowest score by type and size of the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pairsmith.evaluating.verdict import figure, percent, points, rate
from pairsmith.exploring.answer import Answer, Effect, Effects, Study, UnansweredError
from pairsmith.exploring.attempts import MODEL_TYPES, NOT_TOLD, Attempts
from pairsmith.exploring.model_rates import MODELS, Rates, Sums, measure, trends, types
from pairsmith.reporting.svg import SERIES, Plot, style, to_svg
from pairsmith.reporting.svg import figure as new_figure
from pairsmith.statistics.bootstrap import Estimate
from pairsmith.statistics.multiple import adjust

TITLE = "Who wins against what"

PAPER = "Ganguli and others, 2022, arXiv:2209.07858"
SIZES = ("2.7B", "13B", "52B")
COUNTS = {
    "plain": (1151, 2587, 1414),
    "prompted": (2044, 2174, 17739),
    "rejection sampling": (1445, 1263, 1273),
    "RLHF": (2498, 2292, 3081),
}
"""The paper's attacks by type, and by size in the order of `SIZES`."""
HARDER = "RLHF"
"""The one type that the paper finds to become harder to attack with size."""
SURE = 0.05
"""A trend is told in words where its q-value among the trends is at most this."""
DRAWN = 16
"""The most models in the picture; the table has them all."""

Numbers = dict[str, Any]


class Part(NamedTuple):
    """One of the two outcomes.

    Attributes:
        name: Its name among the numbers.
        words: It in words.
        unit: What differences are in.
        factor: What differences are multiplied with.
        tell: A mean with its interval, in words.
        differ: A difference with its interval, in words.
    """

    name: str
    words: str
    unit: str
    factor: float
    tell: Callable[[Numbers], str]
    differ: Callable[[Numbers], str]


def _minus(tell: Callable[..., str], *form: str) -> Callable[[Numbers], str]:
    """The same with the sign that tables and other questions have."""
    return lambda estimate: tell(estimate, *form).replace("-", "−")


SUCCESS = Part("success", "success", "points of success", 100.0, _minus(rate), _minus(points))
SCORE = Part(
    "score", "the lowest score of harmlessness", "score", 1.0, _minus(figure),
    _minus(figure, "+.2f"),
)  # fmt: skip


def ask(study: Study) -> Answer:
    """Answers the question.

    Raises:
        UnansweredError: Neither success nor scores can be told by model.
    """
    held = study.dialogues
    scored = held.scored & ~held.is_filled
    filled = not scored.any()
    parts: dict[Part, Rates] = {}
    whys: list[str] = []
    for part, outcome, rows, what in (
        (SUCCESS, held.success, held.rated, "rated"),
        (SCORE, held.score, held.scored if filled else scored, "scored"),
    ):
        try:
            parts[part] = measure(study, outcome, rows, what)
        except UnansweredError as error:
            whys.append(str(error))
    if not parts:
        raise UnansweredError(" ".join(dict.fromkeys(whys)))
    numbers: Numbers = {part.name: _table(rates) for part, rates in parts.items()}
    released = is_released(held)
    if released:
        numbers["paper"] = {"attacks": sum(map(sum, COUNTS.values())), "of": PAPER}
    sentences = _say(study, parts, released)
    if SCORE in parts and filled:
        sentences.append("The scores are a model's that was asked for them, not the authors'.")
    return Answer(
        "models", TITLE, " ".join([*sentences, *whys]), _headline(parts), numbers,
        tuple(listed for part, rates in parts.items() for listed in _effects(part, rates)),
    )  # fmt: skip


def is_released(held: Attempts) -> bool:
    """Whether the rows have the counts by model that the paper has, and no others."""
    if len(held) != sum(map(sum, COUNTS.values())):
        return False
    kinds = [MODEL_TYPES.get(name, name) for name in held.model_type.names]
    if set(kinds) != set(COUNTS) or set(held.size.names) != set(SIZES):
        return False
    return all(
        int(
            (
                (held.model_type.codes == kinds.index(kind))
                & (held.size.codes == held.size.names.index(size))
            ).sum()
        )
        == count
        for kind, counts in COUNTS.items()
        for size, count in zip(SIZES, counts, strict=True)
    )


def _table(rates: Rates) -> Numbers:
    """The means of models, as numbers of the answer."""
    names = [model.name for model in rates.models]
    return {
        # "a b" of size "c" is not "a" of size "b c"
        name if names.index(name) == place else f"{name} (no. {place + 1})": {
            "rows": model.rows,
            "members": model.members,
            "plain": plain.to_dict(),
            "adjusted": _number(adjusted),
            "random intercept alone": _number(random),
        }
        for place, (name, model, plain, adjusted, random) in enumerate(
            zip(names, rates.models, rates.plain, rates.adjusted, rates.random, strict=True)
        )
    }


def _number(estimate: Estimate | None) -> Numbers | None:
    return None if estimate is None else estimate.to_dict()


def _effects(part: Part, rates: Rates) -> list[Effects]:
    """The trends with size, and the types beside each other."""
    taken = ", ".join(["who attacked", *rates.taken])
    listed = (
        (
            trends(rates),
            "by tenfold size",
            "The slope of the line through the means of a type's sizes, for ten times as many "
            f"parameters. Taken out: {taken}.",
        ),
        (
            types(rates),
            "of types",
            f"The mean difference over the sizes that both types have. Taken out: {taken}.",
        ),
    )
    return [
        Effects(f"Differences in {part.words}, {title}", words, _list(part, rates, sums))
        for sums, title, words in listed
        if sums.names and rates.fitted is not None
    ]


def _list(part: Part, rates: Rates, sums: Sums) -> tuple[Effect, ...]:
    found = rates.compare(sums)
    if found is None:
        return ()
    made = []
    for place, name in enumerate(sums.names):
        sure = np.isfinite(found.se[place])
        middle, low, high = (
            part.factor * float(column[place]) if sure else None
            for column in (found.estimate, found.low, found.high)
        )
        p = float(found.p[place]) if sure else None
        rows, members = sums.rows[place], sums.members[place]
        made.append(Effect(name, part.unit, middle, low, high, rows, members, p))
    return tuple(sorted(made, key=lambda one: (one.estimate is None, -abs(one.estimate or 0))))


def _say(study: Study, parts: dict[Part, Rates], released: bool) -> list[str]:
    """The answer in sentences."""
    said = []
    for part, rates in parts.items():
        whole = rates.whole.to_dict()
        n = _count(rates)
        if part is SUCCESS:
            said.append(
                f"{part.tell(whole)} of {n} succeed, that is, are rated "
                f"{study.options.success_from:g} or more by their authors."
            )
        else:
            said.append(f"The mean of {part.words} is {part.tell(whole)}, of {n}.")
        if rates.left:
            said.append(f"{rates.left:,} others are left out.")
        said += _on_spread(rates)
        said += _on_trends(part, rates)
        if part is SUCCESS:
            said += _on_adjusting(rates)
            said += _beside_paper(rates, released)
        if rates.why:
            said.append(f"Who attacked is not taken out: {rates.why}.")
    return said


def _count(rates: Rates) -> str:
    """Of which attacks rates are."""
    rows, people = rates.whole.rows, rates.whole.groups
    n = f"{rows:,} attacks of {people:,} {'person' if people == 1 else 'people'}"
    if not rates.left:
        return n
    if len(rates.models) < MODELS:
        return f"{n} that name their model"
    return f"{n} on the {MODELS} models with the most attacks"


def _on_spread(rates: Rates) -> list[str]:
    """What cannot be compared."""
    kinds = {model.kind for model in rates.models}
    sizes = {model.size for model in rates.models}
    said = []
    if len(rates.models) == 1:
        return ["There is one model, so that none can be compared."]
    if len(kinds) == 1:
        said.append("There is one type of model, so that no types can be compared.")
    if len({model.scale for model in rates.models if model.scale is not None}) < 2:
        said.append(
            "No size is told, so that no trend can be."
            if sizes == {NOT_TOLD}
            else "There is one size of models, so that there is no trend with it."
        )
    few = sum(model.few for model in rates.models)
    if few:
        said.append(f"{few} of {len(rates.models)} models have too few attacks to tell more.")
    return said


def _on_trends(part: Part, rates: Rates) -> list[str]:
    """The trends with size: of success all, of scores those that are sure."""
    held = _list(part, rates, trends(rates))
    told = [one for one in held if one.estimate is not None] if part is SUCCESS else _sure(held)
    if not told:
        return []
    each = "; ".join(
        f"{effect.of} {_told(part, effect)}, {effect.rows:,} rows of {effect.groups:,} people"
        for effect in told
    )
    return [f"With ten times the size {part.words} changes: {each}."]


def _sure(effects: tuple[Effect, ...]) -> list[Effect]:
    """Those that are no chance among these, by Benjamini and Hochberg."""
    held = [effect for effect in effects if effect.p is not None]
    chances = adjust(np.array([effect.p for effect in held], np.float64))
    return [effect for effect, q in zip(held, chances.tolist(), strict=True) if q <= SURE]


def _told(part: Part, effect: Effect) -> str:
    ends = (effect.estimate, effect.low, effect.high)
    held = [None if end is None else end / part.factor for end in ends]
    return part.differ(dict(zip(("estimate", "low", "high"), held, strict=True)))


def _on_adjusting(rates: Rates) -> list[str]:
    """What is adjusted to what, and where it makes a difference."""
    if rates.fitted is None:
        return []
    both = [
        (model.name, plain.estimate, adjusted)
        for model, plain, adjusted in zip(rates.models, rates.plain, rates.adjusted, strict=True)
        if adjusted is not None and plain.estimate is not None
    ]
    to = "adjusted to members of average skill, each of whom counts once"
    if rates.fitted_rows < len(rates.places):
        to += f" (of {rates.fitted_rows:,} attacks drawn by chance)"
    if rates.taken:
        to += f", and to the mean of {' and '.join(rates.taken)}"
    off = [
        (name, plain, adjusted)
        for name, plain, adjusted in both
        if adjusted.above(plain) or adjusted.below(plain)
    ]
    off.sort(key=lambda one: -abs(one[1] - (one[2].estimate or 0)))
    if not off:
        return [f"Rates are also {to}: no interval of these leaves out the plain rate."]
    name, plain, adjusted = off[0]
    return [
        f"Rates are also {to}: of {len(off)} of {len(both)} the interval leaves out the plain "
        f"rate, of {name} most, {rate(adjusted.to_dict())} in place of {percent(plain)}."
    ]


def _beside_paper(rates: Rates, released: bool) -> list[str]:
    """The paper's finding, where the rows are the paper's."""
    if not released:
        return []
    found = {effect.of: effect for effect in _list(SUCCESS, rates, trends(rates))}
    harder = [name for name, one in found.items() if one.high is not None and one.high < 0]
    told = "none" if not harder else " and ".join(sorted(harder))
    agrees = "the same is found" if harder == [HARDER] else f"here it is {told}"
    return [
        f"The rows have the counts by model of the paper ({PAPER}), which finds that of all types "
        f"only {HARDER} becomes harder to attack with size: {agrees}, at 95 %."
    ]


def _headline(parts: dict[Part, Rates]) -> str:
    """The extremes by model where they are apart, and a trend that is sure, in one sentence."""
    part, rates = next(iter(parts.items()))
    means = rates.adjusted if rates.fitted is not None else rates.plain
    held = [
        (model, estimate)
        for model, estimate in zip(rates.models, means, strict=True)
        if estimate is not None and estimate.sure and not model.few
    ]
    held.sort(key=lambda one: (one[1].estimate or 0.0, one[0].name))
    with_size = "".join(
        f"; ten times the size changes it by {_told(part, one)} for {one.of} "
        f"(n = {one.rows:,} of {one.groups:,} people)"
        for one in _sure(_list(part, rates, trends(rates)))[:1]
    )
    whole = rates.whole
    if not held or not held[-1][1].above(held[0][1].high or 0.0):
        n = _count(rates)
        told = part.tell(whole.to_dict())
        none = "; no model is surely apart from another" if len(rates.models) > 1 else ""
        if part is SUCCESS:
            return f"{told} of {n} succeed{none}{with_size}."
        return f"The mean of {part.words} is {told}, of {n}{none}{with_size}."
    least, most = (
        f"against {model.name}, {part.tell(one.to_dict())[:-1]}; n = {one.rows:,} of "
        f"{one.groups:,} people)"
        for model, one in (held[0], held[-1])
    )
    taken = "" if rates.fitted is None else ", who attacked taken out"
    if part is SUCCESS:
        return f"Attacks succeed least often {least}, and most often {most}{taken}{with_size}."
    return f"The mean of {part.words} is lowest {least}, and highest {most}{taken}{with_size}."


def plot(answer: Answer) -> Plot | None:
    """Draws the means by model with intervals, plain and adjusted; None for one model."""
    name, label = next(
        (part.name, part.words) for part in (SUCCESS, SCORE) if part.name in answer.numbers
    )
    held = list(answer.numbers[name].items())[:DRAWN]
    if len(held) < 2:
        return None
    with style():
        made, axes = new_figure(1.2 + 0.3 * len(held))
        for series, (column, off) in enumerate((("plain", -0.14), ("adjusted", 0.14))):
            some = [(place, found[column]) for place, (_, found) in enumerate(held)]
            some = [(place, one) for place, one in some if one and one["estimate"] is not None]
            for place, one in some:
                if one["low"] is not None:
                    ends = [one["low"], one["high"]]
                    axes.plot(ends, [place + off] * 2, color=SERIES[series], linewidth=2)
            axes.plot(
                [one["estimate"] for _, one in some],
                [place + off for place, _ in some],
                linestyle="",
                color=SERIES[series],
                marker="os"[series],
                markersize=5,
                label=column if column == "plain" else "who attacked taken out",
            )
        axes.set_yticks(range(len(held)), [_plain(model) for model, _ in held])
        axes.set_ylim(len(held) - 0.4, -0.6)
        axes.set_xlabel("share that succeeds" if name == SUCCESS.name else label)
        made.legend(loc="outside lower center", ncols=2)
        svg = to_svg(made, "models")
    tell = SUCCESS.tell if name == SUCCESS.name else SCORE.tell
    told = "; ".join(
        f"{model} {tell(found['plain'])}"
        + (f", adjusted {tell(found['adjusted'])}" if found["adjusted"] else "")
        for model, found in held
    )
    return Plot(svg, f"{label.capitalize()} by model, with intervals: {told}.")


def _plain(name: str) -> str:
    """A name in printable ASCII, which the font has."""
    return name.encode("ascii", "backslashreplace").decode()
