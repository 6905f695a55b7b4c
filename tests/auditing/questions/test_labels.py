"""Labels: planted errors come first, and a judge without a signal says that it has none."""

import shutil

import numpy as np
import pytest

import pairsmith
from pairsmith import Annotator
from pairsmith.auditing.answer import UnansweredError
from pairsmith.auditing.questions.labels import ask as labels
from pairsmith.auditing.questions.labels import calibrate, margins
from support.slow import slow

ROWS, FLIPPED = 800, 80
GOOD = ["gladly", "certainly", "helpful", "careful", "clear", "detailed", "patient", "warm"]
BAD = ["whatever", "never", "stupid", "bored", "vague", "rude", "lazy", "careless"]
FILLER = [f"word{n}" for n in range(80)]


def write(draw, words):
    """Ten words of filler with two of a class, in any order."""
    said = [*draw.choice(FILLER, 10), *draw.choice(words, 2)]
    return " ".join(draw.permutation(said))


def planted(flipped=FLIPPED, signal=True, rows=ROWS, seed=7):
    """Rows whose chosen reply has the good words, but for the first few, which are flipped."""
    draw = np.random.default_rng(seed)
    held = []
    for number in range(rows):
        good, bad = write(draw, GOOD if signal else FILLER), write(draw, BAD if signal else FILLER)
        sides = (bad, good) if number < flipped else (good, bad)
        held.append((f"Question {number}?", *sides))
    return held


@pytest.fixture(scope="module")
def flipped(build_rows):
    pytest.importorskip("sklearn")
    return build_rows({"train": planted()})


@pytest.fixture(scope="module")
def judged(flipped, ask):
    return ask(margins, flipped)


def test_flipped_labels_come_first(judged):
    from sklearn.metrics import roc_auc_score

    found = judged
    wrong = np.arange(ROWS) < FLIPPED
    assert found.rows.tolist() == list(range(ROWS))
    assert roc_auc_score(wrong, -found.margins) > 0.95
    first = np.argsort(found.margins)[:FLIPPED]
    assert wrong[first].mean() > 0.8  # by chance 0.1


def test_the_answer_names_them(flipped, ask):
    answer = ask(labels, flipped)
    numbers = answer.numbers
    assert 0.8 < numbers["accuracy"]["share"] < 0.95
    assert numbers["better_than_chance"]
    found = answer.findings
    assert len(found) == numbers["doubtful"] < 1_000
    scores = found["score"].to_pylist()
    assert scores == sorted(scores)
    assert scores[-1] < 0
    ids = [row[0] for row in found["rows"].to_pylist()[:50]]
    wrong = [int(id.split("/")[-1]) <= FLIPPED for id in ids]
    assert np.mean(wrong) > 0.8
    assert sum(numbers["histogram"]["counts"]) == ROWS
    assert numbers["by_subset"]["pairs"]["accuracy"] == numbers["accuracy"]


def test_scorers_beside_the_build_are_compared_with_it(flipped, judged, ask, tmp_path):
    out = shutil.copytree(flipped, tmp_path / "out")
    assert "scorers" not in ask(labels, out).numbers
    margins = np.where(np.arange(ROWS) < 60, -1.0, 0.5)
    margins[700:] = 0.0
    said = [
        {"id": f"pairs/train/{n}", "label": "any", "margin": float(margin)}
        for n, margin in enumerate(margins[:790], 1)
    ]
    pairsmith.annotate(out, "mine", said, Annotator("a model", "1"))
    pairsmith.annotate(out, "other", [{"id": "pairs/train/1", "label": "odd"}], Annotator("I", "1"))
    answer = ask(labels, out)
    [mine] = answer.numbers["scorers"]
    both = int(((judged.margins < 0) & (margins < 0)).sum())
    assert both > 30
    assert (mine["name"], mine["rows"], mine["doubted"]) == ("mine", 790, 60)
    assert mine["both"] == both
    assert (mine["agreement"]["hits"], mine["agreement"]["rows"]) == (640, 700)
    assert mine["agreement"]["low"] < 640 / 700 < mine["agreement"]["high"]
    assert "mine agrees with 91.4 % (89.1 % to 93.3 %) of 790 labels" in answer.sentence
    assert answer.findings == ask(labels, flipped).findings


def test_the_same_data_give_the_same_margins(flipped, judged, ask):
    assert np.array_equal(judged.margins, ask(margins, flipped).margins)


def test_neither_side_is_preferred_for_being_it(build_rows, judged, ask):
    turned = build_rows({"train": [(p, r, c) for p, c, r in planted()]})
    # what is learnt turns round with the labels, and so judges them as before
    assert ask(margins, turned).margins == pytest.approx(judged.margins, abs=1e-5)


def test_without_a_signal_nothing_is_named(build_rows, ask):
    pytest.importorskip("sklearn")
    # of forty seeds one passes for a signal, as it must at 95 %
    answer = ask(labels, build_rows({"train": planted(0, signal=False, seed=1)}))
    assert answer.numbers["accuracy"]["share"] == pytest.approx(0.5, abs=0.05)
    assert answer.numbers["accuracy"]["low"] <= 0.5
    assert len(answer.findings) == 0
    assert "no better than chance" in answer.sentence
    assert "Do not act" in answer.cure


def test_what_gives_labels_away_is_suspected(build_rows, ask):
    pytest.importorskip("sklearn")
    answer = ask(labels, build_rows({"train": planted(0, rows=400)}))
    assert answer.numbers["accuracy"]["share"] > 0.95
    assert "gives the labels away" in answer.cure


def test_what_a_calibrated_judge_looks_like():
    draw = np.random.default_rng(3)
    belief = draw.normal(0, 1.5, 20_000)
    right = draw.random(len(belief)) < 1 / (1 + np.exp(-belief))
    honest = np.where(right, belief, -belief)  # of the side that was preferred
    curve = calibrate(honest)
    assert sum(curve.counts) == 2 * len(belief)
    assert curve.counts == curve.counts[::-1]
    assert curve.error < 0.01
    assert curve.predicted == pytest.approx(curve.observed, abs=0.03)
    assert calibrate(3 * honest).error > 0.1


def test_calibration_bears_any_margin():
    curve = calibrate(np.array([1e6, -1e6, 1e-12]))
    assert sum(curve.counts) == 6
    assert None in curve.observed


def test_no_answer_from_few_rows_or_one_conversation(build_rows, ask, sample_text):
    pytest.importorskip("sklearn")
    with pytest.raises(UnansweredError, match="from 45 kept rows"):
        ask(labels, sample_text)
    talk = [(("Hi.", "Yes?", f"And {n}?"), f"One {n}.", f"Two {n}.") for n in range(320)]
    with pytest.raises(UnansweredError, match="one conversation"):
        ask(labels, build_rows({"train": talk}))
    same = [(f"Hi {n}.", "The same.", "The same.") for n in range(320)]
    with pytest.raises(UnansweredError, match="same words"):
        ask(labels, build_rows({"train": same}))


def test_two_conversations_judge_each_other(build_rows, ask):
    pytest.importorskip("sklearn")
    rows = [((f"Q{n % 2}", "Yes?", f"{n}"), c, r) for n, (_, c, r) in enumerate(planted(rows=400))]
    assert ask(margins, build_rows({"train": rows})).folds == 2


def test_texts_without_latin_letters(build_rows, ask):
    pytest.importorskip("sklearn")
    rows = [(f"س {n}", "نعم شكرا جزيلا", "لا") for n in range(160)]
    rows += [(f"何 {n}", "はい そうです", "いいえ") for n in range(160)]
    rows += [(f"? {n}", "", "") for n in range(5)]
    answer = ask(labels, build_rows({"train": rows}))
    assert answer.numbers["undecided"] == 5
    assert answer.numbers["accuracy"]["share"] > 0.9


@slow
def test_the_real_file(real_text, ask):
    pytest.importorskip("sklearn")
    answer = ask(labels, real_text)
    accuracy = answer.numbers["accuracy"]
    assert 0.58 < accuracy["share"] < 0.66
    assert accuracy["low"] > 0.55
    assert answer.numbers["calibration"]["error"] < 0.05
    assert len(answer.findings) == answer.numbers["doubtful"]
    assert "weak judge" in answer.sentence
