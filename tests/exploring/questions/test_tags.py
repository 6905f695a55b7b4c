"""Tags: compared among tagged rows alone; planted ones come back, and nothing is told of others."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from pairsmith.dataset.manifest import read_manifest
from pairsmith.exploring.answer import UnansweredError
from pairsmith.exploring.attempts import read_attempts
from pairsmith.exploring.questions.tags import ask, find_tags
from support.attempts import effect, let_succeed, make_attempts, skills_of, study_of
from support.planted_attempts import build_rows, plant
from support.slow import slow

NAMES = ["moss", "fern", "tea", "soil"]


def _tagged(attempts, seed=0, among=1.0, share=0.35):
    """The same attacks with `pot` and other tags on some of them, and flags of each other tag."""
    chance = np.random.default_rng([seed, 3])
    has = chance.random((len(attempts), len(NAMES))) < share
    tagged = chance.random(len(attempts)) < among
    has &= tagged[:, None]
    lists = [
        ["pot"] * mine + [name for name, there in zip(NAMES, row, strict=True) if there]
        for row, mine in zip(has, tagged.tolist(), strict=True)
    ]
    return replace(attempts, tags=pa.array(lists, pa.list_(pa.string()))), has


def test_a_planted_tag_comes_back_and_the_others_do_not():
    attempts, has = _tagged(make_attempts(1500, seed=1))
    chances = 0.3 + 0.25 * has[:, 1] + skills_of(attempts, 0.05)
    answer = ask(study_of(let_succeed(attempts, chances)))
    fern = effect(answer, "fern")
    truth = (0.55 / 0.45) / (0.3 / 0.7)
    assert fern.low < truth < fern.high
    assert fern.p < 1e-4
    assert fern.rows == has[:, 1].sum()
    points = fern.numbers["points of success, model and member taken out"]
    assert points["low"] < 25 < points["high"]
    assert all(effect(answer, name).p > 0.01 for name in NAMES if name != "fern")
    assert answer.effects[0].effects[0] is fern  # the largest first
    assert "most telling tag" in answer.headline


def test_rows_without_tags_are_not_compared():
    """Untagged attacks succeed far more: tags, compared among themselves, are all the same."""
    attempts, _ = _tagged(make_attempts(2000, seed=2), among=0.4)
    tagged = np.array([bool(row) for row in attempts.tags.to_pylist()])
    answer = ask(study_of(let_succeed(attempts, np.where(tagged, 0.2, 0.8))))
    assert answer.numbers["tagged_attacks"] == tagged.sum()
    assert answer.numbers["success_of_all_others"]["estimate"] == pytest.approx(0.8, abs=0.05)
    assert all(effect(answer, name).p > 0.01 for name in NAMES)
    assert effect(answer, "pot").estimate is None  # on all that are tagged
    assert answer.headline == ""
    assert f"{tagged.sum():,} of 2,000 attacks have a tag, on 2 of 2 types" in answer.sentence
    assert "none of this holds for all attacks" in answer.sentence


def test_spellings_are_one_tag():
    lists = [["Wet moss"], ["wet  moss", "Wet moss"], [" Wet moss "], ["WET MOSS"], ["fern", " "]]
    attempts = replace(make_attempts(5), tags=pa.array(lists, pa.list_(pa.string())))
    tags = find_tags(attempts)
    assert tags.names == ("Wet moss", "fern")
    assert tags.has(5, 0).tolist() == [True, True, True, True, False]
    assert tags.has(5, 1).tolist() == [False, False, False, False, True]
    assert tags.spellings == 5


def test_a_rare_tag_is_too_few():
    attempts, _ = _tagged(make_attempts(300))
    lists = attempts.tags.to_pylist()
    lists[:4] = [[*row, "bloom"] for row in lists[:4]]
    answer = ask(study_of(replace(attempts, tags=pa.array(lists, pa.list_(pa.string())))))
    bloom = effect(answer, "bloom")
    assert (bloom.estimate, bloom.p, bloom.rows) == (None, None, 4)
    assert answer.numbers["tags"] == 6


def test_words_of_tags_are_in_the_list_alone():
    attempts, has = _tagged(make_attempts(900, seed=3))
    answer = ask(study_of(let_succeed(attempts, 0.2 + 0.4 * has[:, 2])))
    said = json.dumps([answer.sentence, answer.headline, answer.numbers, answer.effects[0].words])
    assert not [name for name in NAMES if name in said]
    assert answer.effects[0].harmful


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda held: make_attempts(40), "No attack has a tag."),
        (lambda held: replace(held, success=np.full(len(held), np.nan)), "both a tag and a rating"),
        (lambda held: replace(held, success=np.zeros(len(held))), "with a tag failed"),
        (lambda held: replace(held, success=np.r_[0, 1, np.full(len(held) - 2, np.nan)]),
         "too few"),
        (lambda held: replace(held, member=held.member._replace(codes=0 * held.member.codes)),
         "of 1 member: too few"),
    ],
    ids=["untagged", "unrated", "all", "few", "one"],
)  # fmt: skip
def test_it_says_why_there_is_no_answer(change, why):
    attempts, _ = _tagged(make_attempts(60))
    with pytest.raises(UnansweredError, match=why):
        ask(study_of(change(attempts)))


@slow
def test_odds_are_held_and_nothing_is_found_where_nothing_is():
    held = found = told = 0
    for seed in range(150):
        attempts, has = _tagged(make_attempts(700, 50, seed), seed)
        chances = 0.3 + 0.2 * has[:, 1] + skills_of(attempts, 0.05, seed)
        answer = ask(study_of(let_succeed(attempts, chances, seed)))
        fern = effect(answer, "fern")
        held += fern.low <= 0.5 / 0.5 / (0.3 / 0.7) <= fern.high
        for name in NAMES:
            if name != "fern":
                found, told = found + (effect(answer, name).p < 0.05), told + 1
    assert 0.91 <= held / 150 <= 0.99
    assert found / told < 0.08


def test_a_tag_that_is_a_whole_text_is_cut(tmp_path):
    rows = plant(30, seed=1).rows
    for place, row in enumerate(rows):
        row["tags"] = [f"moss {'and fern ' * 1000}{place % 2}", "moss"]
    out = build_rows(tmp_path, rows)
    tags = read_attempts(out, read_manifest(out), 3.0).tags.to_pylist()
    assert all(held[1] == "moss" and len(held[0]) == 80 and held[0][-1] == "…" for held in tags)
