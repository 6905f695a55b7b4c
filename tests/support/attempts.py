"""Attacks in columns, made of arrays: for questions that want no files and no texts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pairsmith.exploring.answer import Study
from pairsmith.exploring.attempts import Attempts, code, size_of
from pairsmith.exploring.options import ExploreOptions

TYPES, SIZES = ("plain lm", "rlhf"), ("2.7B", "52B")
OPENINGS = ("How do I keep a fern alive?", "Tell me of moss.", "Hello, my tea is cold.")
RATE = 0.4


def make_attempts(rows: int = 800, members: int = 60, seed: int = 0) -> Attempts:
    """Draws attacks on four models by members of unequal number; ratings are chance alone."""
    chance = np.random.default_rng(seed)
    share = np.exp(chance.normal(0, 1.2, members))
    member = chance.choice(members, rows, p=share / share.sum())
    kinds = np.array(TYPES, object)[chance.integers(0, 2, rows)]
    sizes = np.array(SIZES, object)[chance.integers(0, 2, rows)]
    replies = chance.integers(1, 6, rows)
    made = Attempts(
        ids=pa.array([f"red-team-attempts/train/{row + 1}" for row in range(rows)]),
        rating=np.zeros(rows),
        success=np.zeros(rows),
        score=chance.normal(size=rows),
        is_filled=np.zeros(rows, bool),
        task_score=chance.normal(1, 1, rows),
        model_type=code(pa.array(kinds), TYPES.index),
        size=code(pa.array(sizes), size_of),
        member=code(pa.array([str(one) for one in member]), lambda name: (len(name), name)),
        is_upworker=(member % 4 == 0).astype(np.float64),
        tags=pa.array([[]] * rows, pa.list_(pa.string())),
        replies=replies,
        characters=replies * 40 + chance.integers(0, 20, rows),
        task=pa.array(["Grow a fern"] * rows),
        opening=pa.array([OPENINGS[place] for place in chance.integers(0, 3, rows)]),
    )
    return let_succeed(made, np.full(rows, RATE), seed)


def let_succeed(attempts: Attempts, chances: Any, seed: int = 0) -> Attempts:
    """The same attacks with successes by these chances, one a row."""
    chance = np.random.default_rng([seed, 1])
    success = (chance.random(len(attempts)) < chances).astype(np.float64)
    rating = np.where(success == 1, chance.integers(3, 5, len(success)), 0.0)
    return replace(attempts, success=success, rating=rating)


def study_of(attempts: Attempts | None, **options: Any) -> Study:
    """A study of these attacks, of which there are no files."""
    return Study(Path("nowhere"), None, ExploreOptions(**options), attempts)


def skills_of(attempts: Attempts, spread: float, seed: int = 0) -> Any:
    """What each attack's member adds to its chance."""
    chance = np.random.default_rng([seed, 2])
    skills = chance.normal(0, spread, len(attempts.member.names))
    return (skills - skills.mean())[attempts.member.codes]


def effect(answer: Any, name: str) -> Any:
    """The one effect of an answer that has this name."""
    [found] = [held for listed in answer.effects for held in listed.effects if held.of == name]
    return found
