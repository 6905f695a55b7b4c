"""At which turn the score falls, and how success goes with it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pairsmith.exploring.adjusting import NEWS, Feature, Rated, effect_of, rated
from pairsmith.exploring.answer import FEW_MEMBERS, FEW_ROWS, Effect, Effects, Study
from pairsmith.exploring.turn_scores import TurnScores, read_turn_scores
from pairsmith.statistics.bootstrap import Bootstrap
from pairsmith.statistics.correlation import standardise
from pairsmith.statistics.leaving_out import infer_mean

TURNS = 8
"""Replies beyond this one are not told apart."""
CHANGE = "change of the score"
UNIT_WORDS = "Of attacks that have both replies, so that it is one attack that changes."


class Course(NamedTuple):
    """What scores of turns say.

    Attributes:
        sentence: In a sentence or two; why nothing, where they say nothing.
        headline: The news, as the end of a sentence; empty if there is none.
        numbers: The statistics.
        effects: What was compared.
    """

    sentence: str
    headline: str = ""
    numbers: dict[str, Any] = {}  # noqa: RUF012  (never changed)
    effects: tuple[Effects, ...] = ()


def follow_scores(study: Study) -> Course:
    """Follows the scores of the turns of attacks, where an annotation holds them.

    Raises:
        AnnotationError: There is no such annotation of scores.
    """
    name = study.options.scores
    if name is None:
        return Course("Turns have no scores: --scores names an annotation that holds some.")
    turns = read_turn_scores(study.out, name, study.dialogues)
    if turns is None:
        return Course(f"The annotation {name} holds no scores of the turns of these attacks.")
    boot = Bootstrap(
        study.dialogues.groups[turns.rows][turns.owners], seed=study.options.seed, of="members"
    )
    few = boot.count < FEW_MEMBERS or len(turns.rows) < FEW_ROWS
    if few:
        return Course(
            f"Of {len(turns.rows):,} attacks of {boot.count:,} members the turns have scores: too "
            "few."
        )
    changes = _changes(turns, boot)
    numbers = _describe(turns, boot)
    lists = [Effects("The score from reply to reply", UNIT_WORDS, changes)]
    lists += _succeed(rated(study), turns)
    sentence, headline = _summarize(turns, changes, numbers)
    return Course(sentence, headline, numbers, tuple(held for held in lists if held.effects))


def _describe(turns: TurnScores, boot: Bootstrap) -> dict[str, Any]:
    """The mean score of each reply, and which reply has the lowest."""
    part = np.where(turns.turns < TURNS, turns.turns, -1)
    means = boot.means(turns.scores, part, TURNS)
    begins = np.searchsorted(turns.owners, np.arange(len(turns.rows)))
    many = turns.counts > 1
    of_rows = Bootstrap(boot.codes[begins], seed=boot.seed, of=boot.of)
    last = turns.lowest == turns.counts - 1
    at = np.minimum(turns.lowest, TURNS - 1)
    return {
        "attacks_with_scores_of_turns": len(turns.rows),
        "left_out_as_not_one_a_reply": turns.left_out,
        "mean_score": {f"reply {n}": m.to_dict() for n, m in enumerate(means, 1) if m.rows},
        "lowest_at": {
            f"reply {n}" if n < TURNS else f"reply {n} or later": of_rows.mean(
                (at == n - 1).astype(np.float64), many
            ).to_dict()
            for n in range(1, min(TURNS, int(turns.counts.max())) + 1)
        },
        "lowest_at_the_last_reply": of_rows.mean(last.astype(np.float64), many).to_dict(),
        "these_shares_are_of": "attacks with two replies or more",
    }


def _changes(turns: TurnScores, boot: Bootstrap) -> tuple[Effect, ...]:
    """The change from each reply to the next, within attacks, in the order of replies."""
    change = np.zeros(len(turns.scores))
    change[1:] = np.diff(turns.scores)
    return tuple(
        effect_of(
            f"reply {turn} to {turn + 1}", CHANGE, infer_mean(change, boot, turns.turns == turn)
        )
        for turn in range(1, min(TURNS, int(turns.counts.max())))
    )


def _succeed(every: Rated, turns: TurnScores) -> list[Effects]:
    """How success goes with where the score falls."""
    place = np.full(len(every.attempts), -1)
    place[turns.rows] = np.where(turns.counts > 1, np.arange(len(turns.rows)), -1)
    mine = place[every.rows]
    some = every.part(mine >= 0)
    if some.why_not():
        return []
    at = mine[mine >= 0]
    begins = np.searchsorted(turns.owners, np.arange(len(turns.rows)))
    first, last = turns.scores[begins], turns.scores[begins + turns.counts - 1]
    lowest_last = turns.lowest == turns.counts - 1
    features = [
        Feature("lowest score at the last reply", lowest_last[at].astype(np.float64)),
        Feature("score of the first reply, by one deviation", standardise(first[at])),
        Feature("rise from the first reply to the last, by one deviation",
                standardise((last - first)[at])),
    ]  # fmt: skip
    words = f"Of attacks with two replies or more, each by itself; {some.taken_out}."
    return [Effects("Success and the course of the score", words, some.effects(features))]


def _summarize(
    turns: TurnScores, changes: tuple[Effect, ...], numbers: dict[str, Any]
) -> tuple[str, str]:
    told = [effect for effect in changes if effect.p is not None]
    count = f"over {len(turns.rows):,} attacks with scores of turns"
    falls = [
        effect for effect in told
        if (effect.high or 0.0) < 0 and (effect.p or 0.0) <= NEWS / len(told)
    ]  # fmt: skip
    at = numbers["lowest_at_the_last_reply"]
    ends = "" if at.get("low") is None else f" ({100 * at['low']:.0f} to {100 * at['high']:.0f})"
    where = (
        ""
        if at["estimate"] is None
        else f" The lowest is at the last reply in {100 * at['estimate']:.0f} %{ends} of those "
        "with two replies or more."
    )
    if not falls:
        return f"From no reply to the next does the score surely fall, {count}.{where}", ""
    most = min(falls, key=lambda effect: (effect.estimate or 0.0, effect.of))
    fall = (
        f"by {-(most.estimate or 0.0):.2g} ({-(most.high or 0.0):.2g} to {-(most.low or 0.0):.2g})"
    )
    said = f"the score falls most from {most.of}, {fall}"
    headline = f"{said}, in {most.rows:,} attacks of {most.groups:,} members"
    return f"Of all replies {said}, {count}.{where}", headline
