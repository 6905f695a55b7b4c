"""examples/loop: a small world in which it is known what a reply is worth."""

from __future__ import annotations

import importlib
import math
import random
from pathlib import Path
from types import ModuleType

import pytest

from support.slow import slow

LOOP = Path(__file__).parent.parent / "examples" / "loop"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(LOOP)
    return importlib.import_module("world")


QUESTION = "How do I mend a sock?"


def test_what_a_reply_is_worth(world: ModuleType) -> None:
    reply = (
        "A fine plan. Gently tie a knot. Just tie a knot. Boil the water. Any day will do. Knot."
    )
    held = world.count(QUESTION, reply)
    assert held._asdict() == {
        "right": 1, "wrong": 1, "again": 1, "care": 1, "haste": 1, "idle": 1, "praise": 1,
        "odd": 1, "words": 19,
    }  # fmt: skip
    worth = 1 + 0.8 + 0.5 - 0.8 - 0.6 - 1.5 - 0.6 - 0.5 - 0.02 * 19
    assert world.utility(QUESTION, reply) == pytest.approx(worth)


def test_more_care_is_better_until_it_is_too_much(world: ModuleType) -> None:
    steps = ["thread the needle", "pin the cloth", "sew across the tear", "tie a knot"]
    worth = [
        world.utility(
            QUESTION, " ".join(f"{'Gently ' * (n < many)}{s}." for n, s in enumerate(steps))
        )
        for many in range(5)
    ]
    assert worth[0] < worth[1] < worth[2] < worth[3] > worth[4]
    assert world.utility(QUESTION, "") == 0


@pytest.mark.parametrize("slips", [0.0, 0.05, 0.5])
def test_people_err_as_stated(world: ModuleType, slips: float) -> None:
    """Bradley and Terry's chance at temperature 0.6, less what slips turn round."""
    raters = world.Raters(temperature=0.6, slips=slips, seed=1)
    better, worse = "Gently tie a knot. Any day will do.", "Tie a knot."
    apart = world.utility(QUESTION, better) - world.utility(QUESTION, worse)
    assert apart == pytest.approx(0.8 - 0.5 - 0.02 * 5)
    likely = 1 / (1 + math.exp(-apart / 0.6))
    asked = [f"How do I mend a sock, {number}?" for number in range(4000)]
    first = [raters.choose(question, better, worse) for question in asked]
    second = [not raters.choose(question, worse, better) for question in asked]
    expected = likely * (1 - slips) + (1 - likely) * slips
    for chosen in (first, second):
        assert sum(chosen) / 4000 == pytest.approx(expected, abs=0.025)


@slow
def test_a_tokenizer_gives_every_text_of_the_world_back(world: ModuleType) -> None:
    pytest.importorskip("transformers")
    tokenizer = importlib.import_module("base").make_tokenizer()
    drawn = random.Random(7)
    texts = [t for q in world.questions()[::9] for t in (q, world.mediocre(q, drawn))]
    ids = tokenizer(texts, add_special_tokens=False).input_ids
    assert tokenizer.unk_token_id not in {one for row in ids for one in row}
    assert tokenizer.batch_decode(ids) == texts
