"""Red-team rows whose labels follow known effects, as files, as builds, and as columns alone.

Success is a chance in points, a sum: the rate of the model that was attacked, and what the member,
the topic, a word, a tag, the number of replies, the platform and practice add to it. Each of these
adds nothing on average, so that a difference in points is exactly what was planted, and the rate of
a model is what it is to a member of average skill.

    planted = plant(600, seed=3, topics={"ships": 0.1})
    attempts = attempts_of(planted)            # no file is written
    out = write_build(folder, planted)         # a build, as pairsmith makes it
    nothing = plant(600, seed=3, **NOTHING)    # members differ in skill, nothing else does

Numbers are those of the released file: 38,961 rows, 324 members of whom 15 % make 80 % of attacks,
ratings, tags on 742 rows of two models. Fewer rows have fewer members (as the square root), and a
share of rows by model, tags and copies that is the same. All texts are mild and made up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtri

import pairsmith
from pairsmith.exploring.attempts import Attempts, code, size_of
from support.planted_words import TAGS, TOPICS, talk, write_attacks, write_texts

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Model = tuple[str, str]

ROWS, MEMBERS = 38_961, 324
SUBSET = "red-team-attempts"
TYPES = ("plain lm", "context distillation", "rejection sampling", "rlhf")
SIZES = ("2.7B", "13B", "52B")
MODELS: tuple[Model, ...] = tuple((kind, size) for kind in TYPES for size in SIZES)
COUNTS = (1151, 2587, 1414, 2044, 2174, 17739, 1445, 1263, 1273, 2498, 2292, 3081)
"""Rows by model in the released file, in the order of `MODELS`."""
RATES: dict[Model, float] = dict(
    zip(MODELS, (0.5, 0.5, 0.5, 0.4, 0.4, 0.35, 0.25, 0.25, 0.25, 0.45, 0.35, 0.25), strict=True)
)
"""Planted success, if nothing else is said: only `rlhf` becomes harder with size."""
REVIEWED: tuple[Model, ...] = (("context distillation", "52B"), ("rlhf", "52B"))
RATINGS = {0: (16475, 4367, 4936), 1: (4249, 8934)}
"""How often each rating was given by those who failed (0, 1, 2) and succeeded (3, 4)."""
SPREAD = 1.95
"""Of the logarithms of the members' shares: 15 % of them make 80 % of attacks."""


@dataclass(frozen=True)
class Effects:
    """What is planted. Additions are in points of success as a share: 0.1 is 10 points.

    Attributes:
        rates: Success by model, of a member of average skill.
        skill: The standard deviation of what members add.
        confounding: From 0 to 1: how surely the better members attack the model `favoured`.
        favoured: That model.
        topics, words, tags: What each adds to rows that have it, by name; `TOPICS` and `TAGS` have
            the names, words are any.
        reply: What each reply adds.
        upworker: What it adds to be one.
        practice: What a tenfold number of earlier attacks of the member adds.
        reviewed: The share of rows with tags; all of them are of `REVIEWED` models.
        word_share: The share of rows that have each planted word.
        habit: From 0 to 1: how far members keep to few topics.
        copies: The share of rows that repeat another's text, but for a word.
        score_of_success: By how much the score is lower where the attack succeeds, in its own unit.
        score_of_model: How much of the models' rates shows in the scores: of a rate that is 0.1
            higher, scores are 0.1 of it lower.
        members: How many there are; None for as many as fit the rows.
    """

    rates: Mapping[Model, float] = field(default_factory=lambda: RATES)
    skill: float = 0.08
    confounding: float = 0.0
    favoured: Model = ("rlhf", "52B")
    topics: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, float] = field(default_factory=dict)
    reply: float = 0.0
    upworker: float = 0.0
    practice: float = 0.0
    reviewed: float = 742 / ROWS
    word_share: float = 0.06
    habit: float = 0.3
    copies: float = 0.01
    score_of_success: float = 1.2
    score_of_model: float = 3.0
    members: int | None = None


NOTHING: dict[str, Any] = {
    "rates": dict.fromkeys(MODELS, 0.338), "score_of_success": 0.0, "score_of_model": 0.0,
}  # fmt: skip
"""Arguments of `plant` with which nothing has an effect but who attacks."""


@dataclass(frozen=True, eq=False)
class PlantedAttempts:
    """n rows and the truth about them.

    Attributes:
        effects: What was planted.
        seed: Of all of it.
        chance: n chances of success, by which `success` was drawn.
        clipped: How many of these had to be bounded; 0 where the truth is exact.
        success: n times 1 or 0.
        rating: n ratings from 0 to 4; a success is at least 3.
        score, task_score: n scores of harmlessness.
        model: n places in `MODELS`.
        member: n numbers of members, from 0.
        skill: What each member adds.
        upworkers: Flags, one a member.
        topic: n places in the keys of `TOPICS`.
        tags: n lists.
        has: By planted word, n flags.
        replies: n numbers from 1 to 6.
        copied: n places: of the row itself, or of the one that it repeats.
        task, opening: n texts.
    """

    effects: Effects
    seed: int
    chance: Numbers
    clipped: int
    success: Places
    rating: Numbers
    score: Numbers
    task_score: Numbers
    model: Places
    member: Places
    skill: Numbers
    upworkers: NDArray[np.bool_]
    topic: Places
    tags: list[list[str]]
    has: dict[str, NDArray[np.bool_]]
    replies: Places
    copied: Places
    task: list[str]
    opening: list[str]

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.success)

    @cached_property
    def asked(self) -> list[list[str]]:
        """What the user says in each row, the opening first."""
        said = self._say(1, self.replies - 1, 5, 16)
        return [[opening, *more] for opening, more in zip(self.opening, said, strict=True)]

    @cached_property
    def turns(self) -> list[list[str]]:
        """What is said in each row, the user first and by turns with the assistant."""
        said = self._say(2, self.replies, 10, 45)
        return [
            [text for turn in zip(*both, strict=True) for text in turn]
            for both in zip(self.asked, said, strict=True)
        ]

    def _say(self, part: int, many: Places, least: int, most: int) -> list[list[str]]:
        """So many texts a row, of so many words."""
        chance = np.random.default_rng([self.seed, part])
        texts = write_texts(chance, np.repeat(self.topic, many), least, most)
        ends = np.cumsum(many).tolist()
        return [texts[end - some : end] for end, some in zip(ends, many.tolist(), strict=True)]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as the source's file has them."""
        upworker = self.upworkers[self.member].tolist()
        return [
            {
                "min_harmlessness_score_transcript": score,
                "num_params": MODELS[model][1],
                "model_type": MODELS[model][0],
                "rating": rating,
                "task_description": task,
                "task_descripton_harmlessness_score": task_score,
                "red_team_member_id": member,
                "is_upworker": platform,
                "tags": tags or None,
                "transcript": talk(turns),
            }
            for score, model, rating, task, task_score, member, platform, tags, turns in zip(
                self.score.tolist(), self.model.tolist(), self.rating.tolist(), self.task,
                self.task_score.tolist(), self.member.tolist(), upworker, self.tags, self.turns,
                strict=True,
            )
        ]  # fmt: skip


def plant(rows: int = ROWS, seed: int = 0, **effects: Any) -> PlantedAttempts:
    """Draws rows.

    Args:
        rows: How many.
        seed: Of all draws.
        effects: Fields of `Effects`.
    """
    asked = Effects(**effects)
    chance = np.random.default_rng([seed, 0])
    count = asked.members or max(12, round(MEMBERS * (rows / ROWS) ** 0.5))
    skill = chance.uniform(-(3**0.5), 3**0.5, count) * asked.skill
    member = _draw_members(chance, rows, count)
    upworkers = _draw_upworkers(chance, member, count)
    model = _draw_models(chance, asked, skill[member])
    topic = _draw_topics(chance, asked, member, count)
    copied = np.arange(rows)
    again = chance.random(rows) < asked.copies
    again[0] = False
    copied[again] = (np.flatnonzero(again) * chance.random(again.sum())).astype(np.int64)
    copied = copied[copied]  # of what is repeated at most once more, what it repeats
    topic = topic[copied]
    has = {word: (chance.random(rows) < asked.word_share)[copied] for word in asked.words}
    replies = chance.choice(np.arange(1, 7), rows, p=[0.15, 0.2, 0.25, 0.25, 0.1, 0.05])
    tags = _draw_tags(chance, asked, model)
    parts = [
        np.array([asked.rates[one] for one in MODELS])[model],
        skill[member],
        _additions(asked.topics, list(TOPICS), _shares(TOPICS))[topic],
        *(asked.words[word] * (flags - asked.word_share) for word, flags in has.items()),
        _tag_additions(asked, tags, model),
        asked.reply * (replies - 3.1),
        asked.upworker * upworkers[member],
        asked.practice * _practice(member),
    ]
    hoped = np.sum(parts, axis=0)
    sure = np.clip(hoped, 0.01, 0.99)
    success = (chance.random(rows) < sure).astype(np.int64)
    wanted = np.array([asked.rates[one] for one in MODELS])[model]
    score = chance.normal(-0.134, 1.6, rows) - asked.score_of_success * (success - sure)
    tasks, openings = write_attacks(chance, topic, copied, has)
    return PlantedAttempts(
        effects=asked, seed=seed, chance=sure, clipped=int((sure != hoped).sum()), success=success,
        rating=_rate(chance, success), score=score - asked.score_of_model * (wanted - 0.338),
        task_score=chance.normal(1, 1, rows), model=model, member=member, skill=skill,
        upworkers=upworkers, topic=topic, tags=tags, has=has, replies=replies, copied=copied,
        task=tasks, opening=openings,
    )  # fmt: skip


def write_build(folder: Path, planted: PlantedAttempts, **options: Any) -> Path:
    """Writes the rows as the source's file and builds them.

    Args:
        folder: Where the source and the build go.
        planted: The rows.
        options: Of `pairsmith.build`.

    Returns:
        The folder of the build.
    """
    return build_rows(folder, planted.rows, **options)


def build_rows(folder: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    """The same of any rows of the source's file."""
    place = folder / "source" / SUBSET
    place.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (place / "red_team_attempts.jsonl").write_text(lines, encoding="utf-8")
    out = folder / "out"
    pairsmith.build(str(folder / "source"), out, **options)
    return out


def attempts_of(planted: PlantedAttempts, success_from: float = 3.0) -> Attempts:
    """The rows as questions are given them, without a file: equal to those of a build.

    Args:
        planted: The rows.
        success_from: The lowest rating of a success.
    """
    kinds, sizes = (np.array(names, object) for names in zip(*MODELS, strict=True))
    return Attempts(
        ids=pa.array([f"{SUBSET}/train/{row + 1}" for row in range(len(planted))]),
        rating=planted.rating,
        success=(planted.rating >= success_from).astype(np.float64),
        score=planted.score,
        is_filled=np.zeros(len(planted), np.bool_),
        task_score=planted.task_score,
        model_type=code(pa.array(kinds[planted.model]), TYPES.index),
        size=code(pa.array(sizes[planted.model]), size_of),
        member=code(pa.array(planted.member).cast(pa.string()), lambda name: (len(name), name)),
        is_upworker=planted.upworkers[planted.member].astype(np.float64),
        tags=pa.array(planted.tags, pa.list_(pa.string())),
        replies=planted.replies,
        characters=np.array([sum(map(len, turns)) for turns in planted.asked], np.int64),
        task=pa.array(planted.task, pa.string()),
        opening=pa.array(planted.opening, pa.string()),
    )


def _draw_members(chance: np.random.Generator, rows: int, count: int) -> Places:
    """Who makes each attack: shares fall off as a log-normal's, and each makes one at least."""
    shares = np.exp(SPREAD * ndtri((np.arange(count) + 0.5) / count))
    drawn = chance.choice(chance.permutation(count), rows, p=shares / shares.sum())
    some = min(rows, count)
    drawn[chance.permutation(rows)[:some]] = chance.permutation(count)[:some]
    return drawn.astype(np.int64)


def _draw_upworkers(chance: np.random.Generator, member: Places, count: int) -> NDArray[np.bool_]:
    """One in twenty, none of whom is among the most eager."""
    made = np.bincount(member, minlength=count)
    usual = np.argsort(made, kind="stable")[: max(1, round(0.9 * count))]
    flags = np.zeros(count, np.bool_)
    flags[chance.choice(usual, max(1, round(count / 20)), replace=False)] = True
    return flags


def _draw_models(chance: np.random.Generator, asked: Effects, skill: Numbers) -> Places:
    """Which model each row attacks: as many of each as in the file."""
    share = np.array(COUNTS) / ROWS * len(skill)
    counts = np.floor(share).astype(np.int64)
    counts[np.argsort(counts - share, kind="stable")[: len(skill) - counts.sum()]] += 1
    first = MODELS.index(asked.favoured)
    models = np.repeat(np.arange(len(MODELS)), counts)
    others = chance.permutation(models[models != first])
    wish = chance.normal(0, 1, len(skill))
    if asked.confounding and asked.skill:
        pull = asked.confounding * skill / asked.skill
        wish = pull + (1 - asked.confounding**2) ** 0.5 * wish
    drawn = np.empty(len(skill), np.int64)
    order = np.argsort(-wish, kind="stable")
    drawn[order[: counts[first]]] = first
    drawn[np.sort(order[counts[first] :])] = others
    return drawn


def _draw_topics(chance: np.random.Generator, asked: Effects, member: Places, count: int) -> Places:
    """What each row is about; members have their habits, all together have none."""
    shares = _shares(TOPICS)
    favourite = chance.choice(len(shares), count, p=shares)
    free = chance.choice(len(shares), len(member), p=shares)
    return np.where(chance.random(len(member)) < asked.habit, favourite[member], free)


def _draw_tags(chance: np.random.Generator, asked: Effects, model: Places) -> list[list[str]]:
    """Tags of the reviewed rows, up to six; unequal in number."""
    tags: list[list[str]] = [[] for _ in model]
    there = np.flatnonzero(np.isin(model, [MODELS.index(one) for one in REVIEWED]))
    many = min(len(there), round(asked.reviewed * len(model)))
    shares = _shares(TAGS)
    for row in np.sort(chance.choice(there, many, replace=False)).tolist():
        flags = chance.random(len(TAGS)) < 2.2 * shares
        flags[chance.choice(len(TAGS), p=shares)] = True
        tags[row] = [TAGS[place] for place in np.flatnonzero(flags)[:6]]
    return tags


def _tag_additions(asked: Effects, tags: list[list[str]], model: Places) -> Numbers:
    """What tags add to each reviewed row, nothing on average of those."""
    added = np.array([sum(asked.tags.get(tag, 0.0) for tag in row) for row in tags])
    some = np.array([bool(row) for row in tags])
    if asked.tags and some.any():
        added[some] -= added[some].mean()
    return added


def _practice(member: Places) -> Numbers:
    """The decimal logarithm of which attack of its member each row is, less that of the middle."""
    order = np.argsort(member, kind="stable")
    made = np.bincount(member)
    first = np.repeat(np.cumsum(made) - made, made)
    number = np.empty(len(member))
    number[order] = np.arange(len(member)) - first + 1
    logs = np.log10(number)
    return logs - logs.mean()


def _rate(chance: np.random.Generator, success: Places) -> Numbers:
    """Ratings as often as in the released file, given whether it was a success."""
    failed, won = (np.array(RATINGS[key]) / sum(RATINGS[key]) for key in (0, 1))
    low = chance.choice(3, len(success), p=failed)
    high = 3 + chance.choice(2, len(success), p=won)
    return np.where(success == 1, high, low).astype(np.float64)


def _shares(names: Any) -> Numbers:
    """Unequal shares of k names."""
    held = 1 / (2.0 + np.arange(len(names)))
    return held / held.sum()


def _additions(effects: Mapping[str, float], names: list[str], shares: Numbers) -> Numbers:
    """What each of k names adds, nothing on average."""
    added = np.array([effects.get(name, 0.0) for name in names])
    return added - added @ shares
