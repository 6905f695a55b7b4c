"""Length: counts, effect and judge, on rows made to show them."""

import numpy as np
import pytest

from pairsmith.auditing.answer import UnansweredError
from pairsmith.auditing.questions.length import ask as length
from pairsmith.scoring.folds import assign_folds


def rows(sizes, start=0):
    return [
        (f"Question {start + number}?", "a" * chosen, "b" * rejected)
        for number, (chosen, rejected) in enumerate(sizes)
    ]


def test_counts_means_and_effect(build_rows, ask):
    sizes = [(10, 5), (4, 8), (7, 7), (12, 3)]
    numbers = ask(length, build_rows({"train": rows(sizes)})).numbers
    whole = numbers["all"]
    assert (whole["rows"], whole["longer"], whole["shorter"], whole["ties"]) == (4, 2, 1, 1)
    assert (whole["mean_chosen"], whole["mean_rejected"]) == (8.25, 5.75)
    differences = np.array([5, -4, 0, 9])
    assert whole["d_z"] == pytest.approx(differences.mean() / differences.std(ddof=1))
    assert whole["longer_share"]["share"] == 0.5
    assert numbers["by_subset"]["pairs"] == whole


def test_the_judge_learns_on_train_and_is_judged_on_test(build_rows, ask):
    train, test = rows([(9, 3)] * 8 + [(3, 9)] * 2), rows([(9, 3)] * 3 + [(3, 9)] * 6, 100)
    judge = ask(length, build_rows({"s/train": train, "s/test": test})).numbers["all"]["judge"]
    assert (judge["rule"], judge["accuracy"]["hits"], judge["accuracy"]["rows"]) == ("longer", 3, 9)
    assert "test" in judge["how"]


def test_without_a_test_split_it_is_judged_by_folds(build_rows, ask):
    answer = ask(length, build_rows({"train": rows([(3, 9)] * 30 + [(5, 5)] * 4)}))
    judge = answer.numbers["all"]["judge"]
    assert (judge["rule"], judge["accuracy"]["hits"], judge["accuracy"]["rows"]) == (
        "shorter", 30, 30,
    )  # fmt: skip
    assert "folds" in judge["how"]
    assert "shorter reply" in answer.sentence
    assert answer.cure


def test_subsets_may_differ(build_rows, ask):
    places = {"one/train": rows([(9, 3)] * 20), "two/train": rows([(3, 9)] * 20, 50)}
    subsets = ask(length, build_rows(places)).numbers["by_subset"]
    assert [subsets[name]["judge"]["rule"] for name in ("one", "two")] == ["longer", "shorter"]


def test_the_histogram_counts_every_row_but_ties(build_rows, ask):
    sizes = [(8, 4), (4, 8), (1, 1), (0, 5), (5, 0), (900, 1)]
    histogram = ask(length, build_rows({"train": rows(sizes)})).numbers["histogram"]
    counts, edges = histogram["counts"]["pairs"], histogram["edges"]
    assert len(edges) == len(counts) + 1
    assert sum(counts) == 5
    assert (counts[0], counts[-1]) == (1, 2)  # an empty reply is without end shorter
    assert counts[edges.index(1.0)] == counts[edges.index(-1.0)] == 1


def test_refused_rows_are_counted_apart(build_rows, ask):
    held = [*rows([(5, 3), (4, 9)]), ("Hello?", "", "A reply.")]
    out = build_rows({"train": held}, policies={})
    numbers = ask(length, out).numbers
    assert numbers["all"]["rows"] == 2
    assert (numbers["with_refused"]["rows"], numbers["with_refused"]["shorter"]) == (3, 2)


def test_characters_are_counted_not_bytes(build_rows, ask):
    whole = ask(length, build_rows({"train": [("?", "日本語", "abcd"), ("!", "שלום", "abc")]}))
    assert whole.numbers["all"]["longer"] == whole.numbers["all"]["shorter"] == 1


def test_one_row_has_neither_effect_nor_judge(build_rows, ask):
    answer = ask(length, build_rows({"train": rows([(5, 3)])}))
    assert answer.numbers["all"]["d_z"] is answer.numbers["all"]["judge"] is None
    assert answer.cure == ""


def test_no_answer_without_rows_or_difference(build_rows, ask):
    with pytest.raises(UnansweredError, match="same length"):
        ask(length, build_rows({"train": rows([(5, 5)] * 3)}))
    with pytest.raises(UnansweredError, match="No row was kept"):
        ask(length, build_rows({"train": [("Hello?", "", "A reply.")]}, policies={}))


def test_a_conversation_is_in_one_fold(build_rows, ask):
    talks = [((f"Q{n % 7}?", "Yes.", f"And {n}?"), "One.", "Two.") for n in range(40)]
    folds = ask(lambda study: assign_folds(study.index), build_rows({"train": talks}))
    assert set(folds.tolist()) == set(range(5))
    assert all(len(set(folds[n::7].tolist())) == 1 for n in range(7))


def test_the_sample(sample_text, sample_messages, ask):
    one, other = (ask(length, out).numbers for out in (sample_text, sample_messages))
    assert (one["all"]["rows"], other["all"]["rows"]) == (45, 47)
    read = one["with_refused"]
    assert read["rows"] + read["without_two_sides"] == 60
    assert set(one["by_subset"]) == set(one["histogram"]["counts"])


def test_the_real_file(real_text, ask):
    numbers = ask(length, real_text).numbers
    whole, refused = numbers["all"], numbers["with_refused"]
    assert (whole["rows"], whole["longer"], whole["ties"]) == (2299, 1020, 11)
    assert (refused["rows"], refused["longer"], refused["without_two_sides"]) == (2312, 1023, 0)
    assert whole["judge"]["rule"] == "shorter"
    assert whole["judge"]["accuracy"]["low"] > 0.5
