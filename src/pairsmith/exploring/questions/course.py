"""How it went: length and persistence, how attacks open, and at which turn the score falls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc

from pairsmith.exploring.adjusting import NEWS, Feature, Rated, rated, short
from pairsmith.exploring.answer import Answer, Effect, Effects, Study, UnansweredError
from pairsmith.exploring.falls import follow_scores
from pairsmith.exploring.openings import measure, tell_forms
from pairsmith.reporting.svg import INK, SERIES, Plot, figure, style, to_svg
from pairsmith.statistics.multiple import adjust
from pairsmith.text.spans import to_numpy

TITLE = "How it went"
REPLIES = 8
SURE = 0.05
"""Features are counted in words where their q-value among themselves is at most this."""
LONGER = "twice as long"
"""The one feature of a first message that is a number, no form."""
"""Attacks with as many replies or more are told together."""


def ask(study: Study) -> Answer:
    """Says how success goes with the course of attacks, and with how they open.

    Raises:
        UnansweredError: There are neither ratings nor scores of turns to hold the course against.
        AnnotationError: There is no such annotation of scores.
    """
    attempts = study.dialogues
    some = rated(study)
    scores = follow_scores(study)
    reason = some.why_not()
    if reason and not scores.numbers:
        raise UnansweredError(f"{reason} {scores.sentence}")
    replies = attempts.replies.astype(np.float64)
    numbers: dict[str, Any] = {
        "replies": {
            "mean": study.members.mean(replies).to_dict(), "most": int(replies.max()),
            "median": short(float(np.median(replies))),
        },
    }  # fmt: skip
    effects: list[Effects] = []
    if reason:
        numbers["success"] = reason
    else:
        numbers["success_by_replies"] = _by_replies(some)
        effects += [_persist(some), *_open(some)]
    numbers |= scores.numbers
    told = (*effects, *scores.effects)
    sentence, headline = _summarize(effects, some, reason)
    return Answer(
        "course",
        TITLE,
        f"{sentence} {scores.sentence}",
        _join(headline, scores.headline, some),
        numbers,
        told,
    )


def plot(answer: Answer) -> Plot | None:
    """Draws success by the number of replies; None where it is not told."""
    held = answer.numbers.get("success_by_replies", {})
    told = {name: value for name, value in held.items() if value.get("low") is not None}
    if not told:
        return None
    with style():
        made, axes = figure()
        x = np.arange(len(told))
        middle, low, high = (
            np.array([100 * value[name] for value in told.values()])
            for name in ("estimate", "low", "high")
        )
        axes.bar(x, middle, color=SERIES[0], width=0.7)
        axes.errorbar(x, middle, [middle - low, high - middle], fmt="none", ecolor=INK, capsize=3)
        axes.set_xticks(x, [name.split()[0] for name in told])
        axes.set(xlabel="replies", ylabel="success (%)", ylim=(0, max(100.0, float(high.max()))))
        return Plot(
            to_svg(made, "course"), "The share of attacks that succeed, by the number of replies."
        )


def _by_replies(some: Rated) -> dict[str, Any]:
    """Success by the number of replies, as it is: models and members differ."""
    replies = some.attempts.replies[some.rows]
    part = np.clip(replies, 1, REPLIES) - 1
    means = some.members.means(some.success, part, REPLIES)
    return {_count(number): held.to_dict() for number, held in enumerate(means, 1) if held.rows}


def _count(number: int) -> str:
    if number == REPLIES:
        return f"{number}+ replies"
    return "1 reply" if number == 1 else f"{number} replies"


def _persist(some: Rated) -> Effects:
    """How success goes with length."""
    attempts, rows = some.attempts, some.rows
    numbers = {
        "twice as many replies": np.log2(np.maximum(attempts.replies[rows], 1)),
        "twice as much written": np.log2(np.maximum(attempts.characters[rows], 1)),
    }
    held = [Feature(name, values) for name, values in numbers.items() if np.ptp(values) > 0]
    words = (
        f"Each by itself; {some.taken_out}. Who has success may go on, or stop: what goes with "
        "length need not come of it."
    )
    return Effects("Length and success", words, some.effects(held))


def _open(some: Rated) -> list[Effects]:
    """How success goes with the form of the first message."""
    openings = some.attempts.opening.take(some.rows)
    known = to_numpy(pc.is_valid(openings))
    mine = some.part(known)
    if mine.why_not():
        return []
    texts = openings.drop_null()
    length = np.log2(np.maximum(measure(texts), 1))
    held = [
        Feature(name, has.astype(np.float64))
        for name, has in tell_forms(texts).items()
        if has.any()
    ]
    if np.ptp(length) > 0:
        held.append(Feature(LONGER, length))
    order = sorted(mine.effects(held), key=lambda e: (e.estimate is None, -abs(e.estimate or 0)))
    words = (
        f"Each by itself; {mine.taken_out}. Forms are told by marks and English words, not by what "
        "is meant."
    )
    return [Effects("How the first message is made", words, tuple(order))]


def _summarize(effects: list[Effects], some: Rated, reason: str) -> tuple[str, str]:
    """A sentence, and the news in it as a clause."""
    if reason:
        return f"How success goes with the course is not told. {reason}", ""
    among = [effect for held in effects for effect in held.effects if effect.p is not None]
    length = [e for e in effects[0].effects if e.of == "twice as many replies" and e.p is not None]
    sure = [effect for effect in among if (effect.p or 0.0) <= NEWS / len(among)]
    parts = [_in_words(effect) for effect in length]
    sentence = (
        f"Twice as many replies go with {parts[0]}, over {len(some):,} attacks of {some.authors}."
        if parts
        else "What goes with the number of replies cannot be told: attacks do not differ in it, or "
        "too few members made several."
    )
    forms = [effect for effect in sure if effect not in effects[0].effects]
    said = _count_sure(among)
    if length and length[0] in sure:
        return (
            sentence + said,
            f"twice as many replies go with {_in_words(length[0], counted=True)}",
        )
    if forms:
        first = min(forms, key=lambda effect: (effect.p or 0.0, effect.of))
        what = first.of if first.of == LONGER else f"that {first.of}"
        return sentence + said, f"a first message {what} goes with {_in_words(first, counted=True)}"
    return sentence + said, ""


def _count_sure(among: list[Effect]) -> str:
    """How many features go with the outcome, a sentence with a space before it."""
    if not among:
        return ""
    q = adjust(np.array([effect.p for effect in among], np.float64)).tolist()
    signs = [np.sign(e.estimate or 0) for e, one in zip(among, q, strict=True) if one <= SURE]
    return (
        f" Of {len(among)} features of length and opening, {signs.count(1)} go with success and "
        f"{signs.count(-1)} with failure (q at most {SURE}, among features)."
    )


def _in_words(effect: Effect, *, counted: bool = False) -> str:
    middle, low, high = (f"{value or 0.0:+.1f}".replace("-", "−") for value in effect[2:5])
    n = f"; {effect.rows:,} attacks of {effect.groups:,} members" if counted else ""
    return f"{middle} points of success ({low} to {high}{n})"


def _join(first: str, second: str, some: Rated) -> str:
    """Clauses as a sentence."""
    out = "model and member taken out" if some.is_told else "the model taken out"
    said = "; ".join(filter(None, (f"{first}, {out}" if first else "", second)))
    return f"{said[0].upper()}{said[1:]}." if said else ""
