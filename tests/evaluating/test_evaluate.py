"""An evaluation of a build: what it says, what it writes, and what it refuses."""

import json
import shutil

import numpy as np
import pytest

import pairsmith
from pairsmith.publishing.bundle import Bundle
from pairsmith.publishing.owned import owned_files
from support.annotated import said_by, tree
from support.built import shards_of
from support.scored import SCORER, annotate
from support.slow import quick, slow


@pytest.fixture(scope="module")
def made(planted, tmp_path_factory):
    """An evaluation of the planted scores, with hashed words left out. Not to be changed."""
    out = shutil.copytree(planted[0], tmp_path_factory.mktemp("evaluated") / "out")
    return out, pairsmith.evaluate(out, "model", words=False)


def test_what_it_says_is_what_was_planted(made, planted):
    _, evaluation = made
    held = evaluation.to_dict()
    tests = {id: a - b for id, (a, b) in planted[1].items() if "/test/" in id}
    right = sum(margin > 0 for margin in tests.values()) / len(tests)
    found = held["accuracy"]["all"]
    assert found["estimate"] == pytest.approx(right)
    assert found["rows"] == len(tests) == 240
    assert found["low"] < right < found["high"]
    assert set(held["accuracy"]["by_place"]) == {
        "moss/train", "moss/test", "tea/train", "tea/test"
    }  # fmt: skip
    assert held["accuracy"]["by_place"]["tea/train"]["rows"] == 120
    temperature = held["calibration"]["temperature"]
    assert temperature["low"] < 1 < temperature["high"]
    assert held["rows"]["scored"] == held["rows"]["kept"] == 480


def test_conversations_are_told_by_what_goes_on_from_what(made, planted):
    """Rows that go on from another's reply are one conversation; of each there are one to four."""
    held = made[1].to_dict()["accuracy"]["all"]
    assert held["rows"] / 4 < held["conversations"] < held["rows"] / 1.5


def test_the_verdict_is_five_lines_with_numbers(made):
    _, evaluation = made
    assert [line.split(".")[0] for line in evaluation.verdict] == [
        "Accuracy", "Calibration", "Length", "Where it fails", "Next"
    ]  # fmt: skip
    assert "better than chance" in evaluation.verdict[0]
    assert "240 held-out rows" in evaluation.verdict[0]
    assert "The best baseline" in evaluation.verdict[0]
    assert "which 1 is among" in evaluation.verdict[1]
    markdown = evaluation.to_markdown()
    assert all(line.split(".")[0] in markdown for line in evaluation.verdict)
    assert "| tea/test |" in markdown


def test_files_lie_beside_the_build_and_are_no_part_of_it(made, planted):
    out, evaluation = made
    assert evaluation.folder == out / "evaluations" / "model"
    held = json.loads((evaluation.folder / "evaluation.json").read_text())
    assert held == evaluation.to_dict()
    assert sorted(path.name for path in evaluation.folder.iterdir()) == [
        "evaluation.json", "report.html"
    ]  # fmt: skip
    before, after = tree(planted[0]), tree(out)
    assert {name: after[name] for name in before} == before
    assert pairsmith.check(out) == []
    built = pairsmith.dataset.manifest.read_manifest(out)
    assert not [o.path for o in owned_files(Bundle(out, built)) if o.path.startswith("evaluations")]


@slow
def test_what_others_load_is_the_data(made):
    datasets = pytest.importorskip("datasets")
    out, _ = made
    loaded = datasets.load_dataset(str(out), "tea", cache_dir=str(out.parent / "cache"))
    assert {name: len(split) for name, split in loaded.items()} == {"train": 120, "test": 120}


@slow
def test_equal_scores_give_equal_bytes(out, made):
    again = pairsmith.evaluate(out, "model", words=False)
    assert again.numbers["accuracy"] == made[1].numbers["accuracy"]
    first = tree(out / "evaluations")
    pairsmith.evaluate(out, "model", words=False)
    assert tree(out / "evaluations") == first


@slow
def test_a_new_build_takes_evaluations_of_the_old_one_away(out, planted):
    pairsmith.evaluate(out, "model", words=False)
    (out / "evaluations" / "note.txt").write_text("mine")
    pairsmith.build(str(planted[0].parent / "source"), out, template="chatml", force=True)
    assert [path.name for path in (out / "evaluations").iterdir()] == ["note.txt"]
    assert pairsmith.list_annotations(out) == ["model", "model-contradicted"]


@slow
def test_another_folder_leaves_the_build_as_it_is(out, tmp_path):
    before = tree(out)
    made = pairsmith.evaluate(out, "model", words=False, to=tmp_path / "there")
    assert tree(out) == before
    assert (tmp_path / "there" / "report.html").is_file()
    assert made.numbers["contradicted"]["annotation"] is None


def test_contradicted_rows_are_named_most_sure_first(out, scores):
    wrong = ["tea/test/5", "moss/train/7"]
    for id, margin in zip(wrong, (-9, -8), strict=True):
        scores[id] = (margin, 0.0)
    annotate(out, "model", scores)
    made = pairsmith.evaluate(out, "model", words=False)
    held = made.numbers["contradicted"]
    assert [row["id"] for row in held["rows"][:2]] == wrong
    annotation = pairsmith.read_annotation(out, held["annotation"])
    said = said_by(annotation)
    assert [(row["id"], row["label"], row["score"]) for row in said[:2]] == [
        (wrong[0], "contradicts", -9), (wrong[1], "contradicts", -8)
    ]  # fmt: skip
    assert annotation.annotator.actions == {"contradicts": "flip"}
    assert annotation.statements == held["count"]
    chances = [row["chance"] for row in held["rows"]]
    assert chances == sorted(chances)
    assert max(chances) <= 0.1
    assert f"--annotation {held['annotation']}" in made.verdict[4]


@slow
def test_an_annotation_of_someone_else_is_left(out):
    mine = pairsmith.annotate(out, "model-contradicted", [], pairsmith.Annotator("a reader", "1"))
    made = pairsmith.evaluate(out, "model", words=False)
    assert pairsmith.read_annotation(out, mine.name).annotator.name == "a reader"
    assert made.numbers["contradicted"]["annotation"] is None
    assert any("someone else" in remark for remark in made.numbers["remarks"])


@slow
def test_texts_are_shown_where_asked_for_alone(out, scores):
    scores["tea/test/5"] = (-9.0, 0.0)
    annotate(out, "model", scores)
    [row] = [r for r in pairsmith_rows(out, "tea") if r["id"] == "tea/test/5"]
    text = row["chosen"][0]["content"]
    report = out / "evaluations" / "model" / "report.html"
    pairsmith.evaluate(out, "model", words=False)
    assert "tea/test/5" in report.read_text()
    assert text not in report.read_text()
    pairsmith.evaluate(out, "model", words=False, text=True)
    assert text in report.read_text()


def pairsmith_rows(out, subset):
    return [row for row in shards_of(out) if row["id"].startswith(subset)]


@slow
def test_hashed_words_are_beside_it_and_learn_nothing_here(out):
    held = pairsmith.evaluate(out, "model").numbers["accuracy"]
    words = held["baselines"]["hashed_words"]
    assert words["accuracy"]["low"] < 0.5 < words["accuracy"]["high"]
    assert words["model_less_this"]["low"] > 0
    assert sum(found["rows"] for found in held["by_hashed_words"].values()) == 240


@slow
def test_hostile_names_are_only_text(out, scores):
    said = "</style><script>alert(1)</script> {{ 7 * 7 }} \x1b[31m \u202etxet"
    hostile = pairsmith.Annotator("pairsmith score", "1", {"model": {"name": said}})
    annotate(out, "model", scores, hostile)
    made = pairsmith.evaluate(out, "model", words=False)
    report = (made.folder / "report.html").read_text()
    assert "<script" not in report
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }}" in report
    assert not set(report) & set("\x1b\u202e")


@slow
def test_where_it_fails_is_told(out, scores):
    chance = np.random.default_rng(5)
    for id in scores:
        if id.startswith("moss/test/"):
            scores[id] = (chance.normal(), 0.0)
    annotate(out, "model", scores)
    made = pairsmith.evaluate(out, "model", words=False)
    assert "moss/test" in made.verdict[3]


@slow
def test_all_of_one_length_are_no_length_at_all(out, scores, tmp_path):
    """Whatever is missing to measure something, the rest is measured."""
    rows = [
        {"chosen": f"\n\nHuman: tea {n}?\n\nAssistant: yes", "rejected": f"\n\nHuman: tea {n}?"
         "\n\nAssistant: nay"}
        for n in range(60)
    ]  # fmt: skip
    (tmp_path / "tea").mkdir()
    (tmp_path / "tea" / "test.jsonl").write_text("\n".join(map(json.dumps, rows)))
    alike = tmp_path / "alike"
    pairsmith.build(str(tmp_path / "tea"), alike)
    ids = [row["id"] for row in pairsmith_rows(alike, "")]
    annotate(alike, "model", {id: (n % 3 - 0.5, 0.0) for n, id in enumerate(ids)})
    made = pairsmith.evaluate(alike, "model", words=False)
    assert "of one length" in made.verdict[2]
    assert made.numbers["length"]["model_less_labels"]["estimate"] is None
    assert made.numbers["length"]["logistic"]["doubling"] is None


def test_two_models_are_held_against_each_other(out, scores):
    chance = np.random.default_rng(5)
    other = {id: (a + chance.normal(0, 0.1), b) for id, (a, b) in scores.items() if "/t" in id}
    other.pop("tea/test/1")
    annotate(out, "other", other)
    held = pairsmith.evaluate(out, "model", against="other", words=False).numbers["against"]
    assert held["rows"] == 239
    assert held["agreement"]["estimate"] > 0.9
    assert held["curve"][-1]["n"] == 2
    assert held["scores"]["name"] == "other"


def test_ties_are_wrong(out, scores):
    annotate(out, "model", dict.fromkeys(scores, (1.0, 1.0)))
    made = pairsmith.evaluate(out, "model", words=False)
    assert made.numbers["accuracy"]["all"]["estimate"] == 0
    assert "these scores tell nothing" in made.verdict[0]
    assert len(made.verdict) == 5


@slow
def test_the_wrong_way_round_is_told(out, scores):
    annotate(out, "model", {id: (b, a) for id, (a, b) in scores.items()})
    made = pairsmith.evaluate(out, "model", words=False)
    assert "worse than chance" in made.verdict[0]
    assert "no better than chance" in made.verdict[1]
    assert "has not learnt these labels" in made.verdict[4]
    assert made.numbers["contradicted"]["count"] == 0


@slow
def test_scores_of_train_alone_are_called_that(out, scores):
    annotate(out, "model", {id: of for id, of in scores.items() if "/train/" in id})
    made = pairsmith.evaluate(out, "model", words=False)
    assert made.numbers["rows"]["is_held_out"] is False
    assert "240 training rows" in made.verdict[0]
    assert "learnt these labels by heart" in made.verdict[0]


@slow
def test_rows_scored_by_models_of_other_rows_are_all_held_out(out, scores):
    crossed = pairsmith.Annotator("pairsmith score", "1", {"model": {"name": "linear"}, "folds": 5})
    annotate(out, "model", scores, crossed)
    made = pairsmith.evaluate(out, "model", words=False)
    assert "480 held-out rows" in made.verdict[0]
    assert made.numbers["rows"]["conversation_also_in_train"] == 0


@slow
def test_missing_sides_are_counted(out, scores):
    scores["tea/test/3"] = (float("nan"), 0.0)
    statements = [
        {
            "id": id,
            "chosen_score": None if chosen != chosen else chosen,
            "rejected_score": rejected,
        }
        for id, (chosen, rejected) in scores.items()
    ]
    pairsmith.annotate(out, "model", statements, SCORER, {})
    held = pairsmith.evaluate(out, "model", words=False).numbers["rows"]
    assert (held["one_side_missing"], held["scored"], held["judged"]) == (1, 479, 239)


@pytest.mark.parametrize("rows", quick([1, 3], 3))
def test_few_rows_are_called_few(out, scores, rows):
    few = [f"tea/test/{number}" for number in range(1, rows + 1)]
    annotate(out, "model", {id: scores[id] for id in few})
    made = pairsmith.evaluate(out, "model", words=False)
    assert "too few to say" in made.verdict[0]
    assert len(made.verdict) == 5
    assert made.numbers["accuracy"]["all"]["low"] is None


@slow
def test_rows_of_one_conversation_are_few_whatever_their_number(tmp_path):
    turns, lines = ["Which pot for a fern?"], []
    for number in range(40):
        sides = ([*turns, f"A pot {number}"], [*turns, f"A jar {number}"])
        texts = ["".join(f"\n\n{'HA'[i % 2]}: {t}" for i, t in enumerate(side)) for side in sides]
        texts = [
            t.replace("\n\nH:", "\n\nHuman:").replace("\n\nA:", "\n\nAssistant:") for t in texts
        ]
        lines.append(json.dumps(dict(zip(("chosen", "rejected"), texts, strict=True))))
        turns += [f"A pot {number}", f"And then {number}?"]
    (tmp_path / "tea").mkdir()
    (tmp_path / "tea" / "test.jsonl").write_text("\n".join(lines))
    out = tmp_path / "out"
    pairsmith.build(str(tmp_path / "tea"), out)
    ids = [row["id"] for row in pairsmith_rows(out, "")]
    annotate(out, "model", dict.fromkeys(ids, (1.0, 0.0)))
    made = pairsmith.evaluate(out, "model", words=False)
    assert made.numbers["accuracy"]["all"]["conversations"] == 1
    assert "too few to say" in made.verdict[0]
