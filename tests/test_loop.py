"""examples/loop: a small world in which it is known what a reply is worth."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import pairsmith
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


@slow
def test_the_loop(tmp_path: Path) -> None:
    """Three rounds: each makes replies truly better; and all of it can be traced and proved."""
    for library in ("torch", "trl", "matplotlib"):
        importlib.util.find_spec(library) or pytest.skip(f"{library} is not installed")
    printed = run_loop(tmp_path, "--rounds-only")
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    rises = [one["rise"] for one in found["rounds"][1:]]
    assert len(rises) == 3
    assert all(mean > 0 for mean, _, _ in rises), rises
    assert sum(mean > reach for mean, reach, _ in rises) >= 2, rises
    elo = [one["elo_true"][0] for one in found["rounds"]]
    assert elo == sorted(elo)
    for one in found["rounds"][1:]:
        kl = one["best_of"]["kl"]
        assert kl["predicted"] == pytest.approx(math.log(16) - 15 / 16)
        assert kl["low"] <= kl["measured"] <= kl["high"] <= kl["predicted"]
        assert kl["measured"] == pytest.approx(kl["predicted"], abs=0.05)
        assert one["best_of"]["best"][0] > one["best_of"]["first"][0] + 0.5
    assert found["leaks"] == 0
    assert "source: round-1/chosen" in printed
    chain = pairsmith.lineage(tmp_path / "round-3" / "policy")
    assert chain.is_whole, chain.problems
    [shard] = (tmp_path / "round-1" / "pairs" / "pairs").glob("train-*.parquet")
    with shard.open("ab") as file:
        file.write(b" ")
    broken = pairsmith.lineage(tmp_path / "round-3" / "policy")
    assert "round-1/pairs: pairs/train-00000-of-00001.parquet was changed" in broken.problems[0]


def run_loop(out: Path, *options: str) -> str:
    """What the example prints."""
    environment = {**os.environ, "HF_HOME": str(out / "home")}
    done = subprocess.run(
        [sys.executable, LOOP / "loop.py", out, *options],
        env=environment, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
