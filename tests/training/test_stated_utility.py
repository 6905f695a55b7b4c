"""The rows whose labels follow a stated utility: what is known of them is so."""

import numpy as np
import pytest

import pairsmith
from support.built import shards_of
from support.models.utility import (
    WORDS,
    Utility,
    best_possible,
    best_reached,
    logistic,
    write_rows,
    write_source,
)
from support.slow import quick

PLACES = {word: place for place, word in enumerate(WORDS)}
SETTINGS = {
    "plain": Utility(),
    "dull": Utility(sharpness=1.0),
    "noisy": Utility(noise=0.1),
    "exchanged": Utility(exchanged=True),
    "long": Utility(shortest=10, longest=20, most_turns=3),
}


def differences(rows):
    """For each row, the share of each word in the chosen reply less that in the rejected one."""
    held = np.zeros((len(rows), len(WORDS)))
    for number, row in enumerate(rows):
        for reply, sign in ((row.chosen.split(), 1), (row.rejected.split(), -1)):
            np.add.at(held[number], [PLACES[word] for word in reply], sign / len(reply))
    return held


def fit(found):
    """Weights of words by logistic regression, in Newton's steps."""
    weights, damp = np.zeros(len(WORDS)), 0.01 * np.eye(len(WORDS))
    for _ in range(12):
        odds = 1 / (1 + np.exp(-found @ weights))
        slope = found.T @ (odds - 1) + damp @ weights
        weights -= np.linalg.solve((found.T * odds * (1 - odds)) @ found + damp, slope)
    return weights


@pytest.mark.parametrize("name", quick(SETTINGS, "plain"))
def test_whoever_counts_words_reaches_the_best_and_nobody_more(name):
    utility = SETTINGS[name]
    train, test = utility.draw(4000, "train"), utility.draw(4000, "test")
    reached = float(np.mean(differences(test) @ fit(differences(train)) > 0))
    assert best_reached(test) - 0.02 < reached < best_reached(test) + 0.01
    spread = np.sqrt(np.mean([row.odds * (1 - row.odds) for row in test]) / len(test))
    assert abs(best_reached(test) - best_possible(test)) < 4 * spread


def test_labels_fall_by_bradley_and_terry():
    """By difference in utility, the share of labels that follow it is what is said."""
    rows = Utility(noise=0.05).draw(10_000, "rows")
    size = np.array([abs(row.better) for row in rows])
    right = np.array([row.better > 0 for row in rows])
    said = np.array([max(row.odds, 1 - row.odds) for row in rows])
    assert said == pytest.approx([0.05 + 0.9 * logistic(value) for value in size])
    for least, most in ((0, 0.5), (0.5, 1.5), (1.5, 3), (3, 10)):
        there = (size >= least) & (size < most)
        assert there.sum() > 500
        assert right[there].mean() == pytest.approx(said[there].mean(), abs=0.04)


def test_exchanged_labels_are_the_same_replies_the_other_way_round():
    rows, others = (made.draw(50, "rows") for made in (Utility(), Utility().exchange()))
    assert [(row.turns, row.chosen, row.rejected) for row in rows] == [
        (row.turns, row.rejected, row.chosen) for row in others
    ]
    assert [row.better for row in rows] == [-row.better for row in others]
    assert best_possible(rows) == best_possible(others)


def test_what_the_prompt_is_about_turns_the_weights_round():
    utility = Utility(topics=True)
    assert utility.utility("which goes with pot", "basil") == -utility.utility(
        "which goes with cup", "basil"
    )
    assert best_reached(utility.draw(500, "rows")) > 0.75


def test_a_build_keeps_every_row_as_drawn(tmp_path):
    """Subsets, splits, turns and fields beside come through a build; no row is refused."""
    utility = Utility(most_turns=3)
    drawn = write_source(tmp_path / "rows", utility, 30, 10, ("garden", "kitchen"))
    pairsmith.build(tmp_path / "rows", tmp_path / "out")
    assert {subset: len(rows) for subset, rows in drawn.items()} == {"garden": 10, "kitchen": 10}
    built = shards_of(tmp_path / "out")
    assert len(built) == 80
    tests = {
        (tuple(m["content"] for m in row["prompt"]), row["chosen"][0]["content"]) for row in built
    }
    assert {(row.turns, row.chosen) for rows in drawn.values() for row in rows} <= tests

    rows = utility.draw(20, "more")
    write_rows(tmp_path / "more.jsonl", rows, better=lambda row: row.better)
    pairsmith.build(tmp_path / "more.jsonl", tmp_path / "again", margin="better")
    assert [row["margin"] for row in shards_of(tmp_path / "again")] == [row.better for row in rows]
