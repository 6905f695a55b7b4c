"""Topics: what attacks are about, which of that succeeds more, and what is said again and again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.exploring.adjusting import POINTS, Rated, make_effect, rated, short
from pairsmith.exploring.answer import (
    FEW_MEMBERS,
    FEW_ROWS,
    Answer,
    Effect,
    Effects,
    Labels,
    Reading,
    Row,
    Study,
)
from pairsmith.exploring.topics.topics import Topics
from pairsmith.statistics.bootstrap import Estimate, Floats
from pairsmith.statistics.compared import Compared
from pairsmith.statistics.intervals import wilson
from pairsmith.statistics.leaving_out import infer
from pairsmith.statistics.multiple import adjust
from pairsmith.text.spans import Index, Mask

TITLE = "Topics"
TYPICAL = 5
"""The number of rows of a topic that are listed to be read."""
READ = 20
"""The number of topics, the largest ones, whose typical rows are listed."""
SURE = 0.05
"""The q-value, among topics, up to which one is counted as sure in the sentence."""


class _Found(NamedTuple):
    """What is known of the topics.

    Attributes:
        topics: The topics.
        called: What each is called here: its name, or its number where texts are left out.
        rated: The attacks that have a rating.
        why: Why topics cannot be held against success; empty if they can.
        effects: What each topic adds to success, the largest difference first.
    """

    topics: Topics
    called: tuple[str, ...]
    rated: Rated
    why: str
    effects: tuple[Effect, ...]


def ask(study: Study) -> Answer:
    """Says which topics attacks have, how often each succeeds, and which attacks are copies.

    Raises:
        UnansweredError: There are too few different texts, or they have no words in common.
    """
    topics, held = study.topics, rated(study)
    hidden = study.options.no_text
    called = tuple(call(place) if hidden else name for place, name in enumerate(topics.names))
    why = held.why_not()
    found = _Found(topics, called, held, why, _compare(topics, called, held, why))
    numbers = _numbers(study, found)
    return Answer(
        "topics",
        TITLE,
        _say(found, numbers),
        _headline(found),
        numbers,
        _lists(found, hidden),
        _read(study, topics),
        labels=(
            Labels(
                study.dialogues.ids,
                topics.of,
                tuple(f"topic-{place + 1}" for place in range(len(topics.names))),
                (None,) * len(topics.names) if hidden else topics.names,
                topics.typical,
            ),
        ),
    )


def call(place: int) -> str:
    """A topic without its words, by its place in `Topics.names`."""
    return f"topic {place + 1}"


def _compare(topics: Topics, called: tuple[str, ...], held: Rated, why: str) -> tuple[Effect, ...]:
    """What each topic adds to success, all attacks counted, beside near-identical ones once."""
    of, copies = topics.of[held.rows], topics.copies[held.rows]
    first = np.zeros(len(held), bool)
    first[np.unique(copies, return_index=True)[1]] = True
    told = None if why else held.adjustment.effects(_flags(of, len(called)))
    single = held.part(first)
    once = None if single.why_not() else single.adjustment.effects(_flags(of[first], len(called)))
    score = held.attempts.score
    made = []
    for place, name in enumerate(called):
        mine = np.flatnonzero(of == place)
        all_of = np.flatnonzero(topics.of == place)
        numbers: dict[str, Any] = {"topic": place + 1, "attacks": len(all_of)}
        if len(mine):
            numbers["success"] = share_of(held.success[mine], held.groups[mine]).to_dict()
        if once is not None:
            numbers["adds, near-identical ones once"] = _interval(once, place)
        scored = all_of[np.isfinite(score[all_of])]
        if len(scored):
            groups = held.attempts.groups[scored]
            numbers["lowest score"] = mean_of(score[scored], groups).to_dict()
        if told is None:
            members = len(np.unique(held.groups[mine]))
            made.append(Effect(name, POINTS, None, None, None, len(mine), members, None, numbers))
        else:
            made.append(_effect(name, told, place, numbers))
    return tuple(sorted(made, key=lambda one: (one.p is None, -abs(one.estimate or 0.0), one.of)))


def _flags(of: Index, count: int) -> Any:
    """Which rows have which topic, sparse, shape (n, `count`)."""
    from scipy.sparse import csr_array

    some = np.flatnonzero(of >= 0)
    return csr_array((np.ones(len(some)), (some, of[some])), shape=(len(of), count))


def _points(told: Compared, place: int) -> list[float | None]:
    """An effect in points, the ends of its interval, and p; all None where too few."""
    held = [float(column[place]) for column in (told.estimate, told.low, told.high, told.p)]
    if not np.isfinite(held).all():
        return [None] * 4
    return [*(100 * value for value in held[:3]), held[3]]


def _effect(name: str, told: Compared, place: int, numbers: dict[str, Any]) -> Effect:
    count = int(told.rows[place]), int(told.groups[place])
    return make_effect(name, POINTS, _points(told, place), count, numbers)


def _interval(told: Compared, place: int) -> dict[str, Any]:
    """An effect as numbers."""
    middle, low, high, _ = _points(told, place)
    ends = {
        name: None if value is None else short(value)
        for name, value in (("estimate", middle), ("low", low), ("high", high))
    }
    return {**ends, "rows": int(told.rows[place]), "members": int(told.groups[place])}


def mean_of(values: Floats, groups: Index) -> Estimate:
    """The mean of n numbers, with an interval by leaving out each group."""
    _, codes = np.unique(groups, return_inverse=True)
    rows, sums = np.bincount(codes).astype(np.float64), np.bincount(codes, values)
    middle, low, high = float(sums.sum() / rows.sum()), None, None
    if len(values) >= FEW_ROWS and len(rows) >= FEW_MEMBERS:
        without = (sums.sum() - sums) / (rows.sum() - rows)
        low, high, _ = infer(middle, without, rows)
    return Estimate(middle, low, high, len(values), len(rows), "members")


def share_of(values: Floats, groups: Index) -> Estimate:
    """The mean of n times 0 or 1, with an interval between these."""
    found = mean_of(values, groups)
    if found.rows < FEW_ROWS or found.groups < FEW_MEMBERS:
        return found
    if found.sure:
        return found._replace(low=max(found.low or 0.0, 0.0), high=min(found.high or 0.0, 1.0))
    # all have one value: as if each member had said it once
    ends = wilson(round(found.groups * (found.estimate or 0.0)), found.groups)
    return found._replace(low=ends.low, high=ends.high)


def _numbers(study: Study, found: _Found) -> dict[str, Any]:
    attempts, topics = study.dialogues, found.topics
    every = attempts.groups
    _, groups, sizes = np.unique(topics.copies, return_inverse=True, return_counts=True)
    again: Mask = (sizes > 1)[groups]
    numbers: dict[str, Any] = {
        "attacks": len(attempts),
        "rated": len(found.rated),
        "topics": len(topics.names),
        "largest_topic": int(np.bincount(topics.of[topics.of >= 0]).max(initial=0)),
        "share_in_no_topic": share_of((topics.of < 0).astype(np.float64), every).to_dict(),
        "laid_by": topics.laid_by,
        "copies": {
            "share_near_identical": share_of(again.astype(np.float64), every).to_dict(),
            "attacks": int(again.sum()),
            "groups": int((sizes > 1).sum()),
            "largest_group": int(sizes.max(initial=0)),
        },
    }
    of_rated = again[found.rated.rows]
    for name, which in (("success_of_these", of_rated), ("success_of_others", ~of_rated)):
        if which.any():
            success, groups = found.rated.success[which], found.rated.groups[which]
            numbers["copies"][name] = share_of(success, groups).to_dict()
    return numbers


def _lists(found: _Found, hidden: bool) -> tuple[Effects, ...]:
    topics = Effects(
        "Topics",
        found.why
        or "How much more often attacks on a topic succeed than others, in points, with model and "
        "member taken out: rows of one member are compared. An attack is in one topic or in none. "
        "Near-identical attacks count each by itself, and beside that, the first of each group "
        "alone.",
        found.effects,
        harmful=not hidden,
    )
    if found.why:
        return (topics,)
    _, groups, sizes = np.unique(found.topics.copies, return_inverse=True, return_counts=True)
    again = (sizes > 1)[groups][found.rated.rows].astype(np.int64) - 1
    told = found.rated.adjustment.effects(_flags(again, 1))
    copied = _effect("what others say almost word by word", told, 0, {})
    return topics, Effects(
        "Near-identical attacks",
        "How much more often an attack succeeds whose description and opening are almost the same "
        "as another's, with model and member taken out.",
        (copied,),
    )


def _read(study: Study, topics: Topics) -> tuple[Reading, ...]:
    """The rows that lie nearest to the middle of each of the largest topics, copies once."""
    made = []
    for place in range(min(READ, len(topics.names))):
        rows = np.flatnonzero(topics.of == place)
        rows = rows[np.argsort(-topics.typical[rows].round(6), kind="stable")]
        rows = rows[np.sort(np.unique(topics.copies[rows], return_index=True)[1])][:TYPICAL]
        ids = study.dialogues.ids.take(pa.array(rows)).to_pylist()
        made.append(
            Reading(
                f"typical-of-topic-{place + 1}",
                f"Most typical of topic {place + 1}",
                tuple(
                    Row(name, f"near the middle of topic {place + 1}", short(near))
                    for name, near in zip(ids, topics.typical[rows].tolist(), strict=True)
                ),
            )
        )
    return tuple(made)


def _say(found: _Found, numbers: dict[str, Any]) -> str:
    copies = numbers["copies"]
    said = (
        f"{numbers['attacks']:,} attacks have {numbers['topics']:,} topics, found by the words of "
        f"their descriptions and openings; {_percent(numbers['share_in_no_topic'])} are in none. "
        f"{_percent(copies['share_near_identical'])} are almost the same as another, in "
        f"{copies['groups']:,} groups, the largest of {copies['largest_group']:,}. "
    )
    if found.why:
        return f"{said}Success cannot be told: {found.why}"
    told = [effect for effect in found.effects if effect.p is not None]
    q = adjust(np.array([effect.p for effect in told], np.float64))
    signs = [np.sign(e.estimate or 0) for e, one in zip(told, q, strict=True) if one <= SURE]
    return (
        f"{said}Of {len(told):,} topics with rows and members enough, attacks on {signs.count(1)} "
        f"succeed more often than others and on {signs.count(-1)} less often, with model and "
        f"member taken out (q at most {SURE}, among topics)."
    )


def _percent(share: dict[str, Any]) -> str:
    """A share with its interval, in per cent."""
    if share["low"] is None:
        return f"{100 * share['estimate']:.1f} %"
    middle, low, high = (f"{100 * share[name]:.1f}" for name in ("estimate", "low", "high"))
    return f"{middle} % ({low} to {high})"


def _headline(found: _Found) -> str:
    """The largest difference that is sure even among as many chances as there are topics."""
    told = [effect for effect in found.effects if effect.p is not None]
    sure = [effect for effect in told if float(effect.p or 0.0) <= SURE / len(told)]
    if not sure:
        return ""
    first = sure[0]
    estimate, low, high = (float(value or 0.0) for value in first[2:5])
    more = "more" if estimate > 0 else "less"
    low, high = sorted((abs(low), abs(high)))
    return (
        f"Topics differ: the {first.rows:,} attacks of {first.groups:,} members on "
        f"topic {first.numbers['topic']} succeed {abs(estimate):.1f} points ({low:.1f} to "
        f"{high:.1f}) {more} often than others, with model and member taken out."
    )
