"""Actions: rows that were planted are dropped, exchanged or marked, and no other ones."""

import json
import shutil
from collections import Counter

import pytest

import pairsmith
from pairsmith import extras
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import DamagedInputError, RecipeError
from pairsmith.exporting import TRAINERS
from pairsmith.schema.reasons import DROPS
from pairsmith.schema.rows import CONFIDENCE
from support.defects import (
    PLANTED,
    ROWS,
    is_mislabelled,
    kept,
    labelled,
    refused,
    told,
    turned,
    write_source,
)
from support.defects import row as planted_row
from support.slow import quick, slow
from support.tiny import llama_tokenizer


@pytest.fixture(scope="module")
def smoothed(doubtful, tmp_path_factory):
    out = tmp_path_factory.mktemp("smoothed") / "out"
    pairsmith.build(doubtful, out, smooth=1)
    return out


# Dropped


@pytest.mark.parametrize("name", quick(PLANTED, "near", "flipped"))
@pytest.mark.parametrize("template", quick([None, "llama2"]))
def test_what_was_planted_is_dropped_and_nothing_else(planted, tmp_path, name, template):
    pairsmith.build(planted, tmp_path / "plain", template=template)
    built = pairsmith.build(planted, tmp_path / "out", template=template, drop=[name])
    found = refused(tmp_path / "out")
    assert found.pop("two/train/5") == refused(tmp_path / "plain")["two/train/5"]
    assert {reason for reason, _ in found.values()} == {DROPS[name].value}
    assert found.keys() == PLANTED[name].keys()
    for id, words in PLANTED[name].items():
        assert words in found[id][1]
    assert all(entry.balances for entry in built.ledger)
    usual = kept(tmp_path / "plain")
    assert kept(tmp_path / "out") == {id: row for id, row in usual.items() if id not in found}
    assert pairsmith.check(tmp_path / "out") == []


def test_a_row_has_the_first_reason_that_applies(planted, tmp_path):
    built = pairsmith.build(planted, tmp_path / "out", drop=reversed(DROPS))
    found = refused(tmp_path / "out")
    wanted = {id: DROPS[name].value for name in reversed(DROPS) for id in PLANTED[name]}
    assert {id: reason for id, (reason, _) in found.items()} == {
        "two/train/5": "malformed",
        **wanted,
    }
    assert built.totals.quarantined == Counter(reason for reason, _ in found.values())
    assert [entry.kept for entry in built.ledger if entry.split == "test"] == [4]


def test_a_row_that_was_quarantined_in_the_first_place_stays_so(tmp_path):
    """The first look is without a template, whose control text may refuse a row."""
    rows = [told(1), told(2)]
    rows[0]["chosen"] += " </s>"
    source = write_source(tmp_path / "in", one_train=[rows[0], rows[1], rows[0], rows[1]])
    pairsmith.build(source, tmp_path / "out", template="llama2", drop=["duplicates"])
    reasons = {id: reason for id, (reason, _) in refused(tmp_path / "out").items()}
    assert reasons == {
        "one/train/1": "control_token", "one/train/3": "control_token", "one/train/4": "duplicate",
    }  # fmt: skip


def test_policies_shape_and_a_single_file_hold_for_the_first_look_too(tmp_path):
    same = {"prompt": "Is tea hot?", "chosen": "Mostly.", "rejected": "Mostly."}
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [same, same]))
    options = {"policies": {"identical": "keep"}, "from_": "trl-text", "subset": "tea"}
    pairsmith.build(path, tmp_path / "out", drop=["duplicates"], **options)
    assert refused(tmp_path / "out") == {
        "tea/train/2": ("duplicate", "the same pair as tea/train/1")
    }


def test_dialogues_are_left_alone(tmp_path):
    built = pairsmith.build("sample", tmp_path / "out", drop=["duplicates", "flipped"])
    plain = pairsmith.build("sample", tmp_path / "plain")
    entries = [[e for e in m.ledger if e.subset == "red-team-attempts"] for m in (built, plain)]
    assert entries[0] == entries[1] != []
    assert pairsmith.check(tmp_path / "out") == []


# Flipped and smoothed


def numbers(ids):
    return [int(id.rpartition("/")[2]) - 1 for id in ids]


@slow
def test_most_labels_that_are_wrong_are_turned_round(doubtful, flipped, tmp_path):
    pairsmith.build(doubtful, tmp_path / "plain", template="llama2")
    usual, rows = kept(tmp_path / "plain"), kept(flipped)
    assert rows.keys() == usual.keys()
    changed = [id for id, row in rows.items() if row["notes"] != usual[id]["notes"]]
    for id, row in rows.items():
        was = usual[id]
        sides = ("rejected", "chosen") if id in changed else ("chosen", "rejected")
        assert (row["chosen"], row["rejected"]) == tuple(was[side] for side in sides)
        assert row["prompt"] == was["prompt"]
        assert row["notes"] == was["notes"] + ["label_flipped"] * (id in changed)
        assert (row[CONFIDENCE] < 0.27) if id in changed else (row[CONFIDENCE] == 1.0)
    assert all(id.startswith("one/train/") for id in changed)
    right = sum(map(is_mislabelled, numbers(changed)))
    assert right >= 0.8 * sum(map(is_mislabelled, range(ROWS)))
    assert right >= 0.9 * len(changed)
    assert pairsmith.check(flipped) == []


def test_smoothed_rows_stay_as_they_are(doubtful, flipped, smoothed, tmp_path):
    pairsmith.build(doubtful, tmp_path / "plain")
    usual, rows, other = kept(tmp_path / "plain"), kept(smoothed), kept(flipped)
    for id, row in rows.items():
        confidence, notes = row.pop(CONFIDENCE), row.pop("notes")
        assert row | {"notes": []} == usual[id]
        assert notes == (["label_smoothed"] if confidence < 1 else [])
        assert confidence == other[id][CONFIDENCE]
    assert pairsmith.check(smoothed) == []


def test_the_column_is_read_by_datasets(smoothed):
    datasets = pytest.importorskip("datasets")
    held = datasets.load_dataset(str(smoothed))
    assert held["train"].features[CONFIDENCE].dtype == "float64"
    assert min(held["train"][CONFIDENCE]) < 0.3
    assert set(held["test"][CONFIDENCE]) == {1.0}


@pytest.mark.parametrize("trainer", TRAINERS)
def test_every_trainer_gets_the_pairs(smoothed, tmp_path, trainer):
    written = pairsmith.export(smoothed, tmp_path / "exported", trainer=trainer)
    assert sum(file.pairs for file in written.files) == ROWS + 60
    assert not written.left_out


@slow
def test_preview_reads_the_rows(flipped, tmp_path):
    pytest.importorskip("transformers")
    llama_tokenizer([told(1)["chosen"]]).save_pretrained(tmp_path / "tokenizer")
    seen = pairsmith.preview(flipped, tmp_path / "tokenizer", rows=1)
    assert seen.totals.rows == ROWS + 60


@slow
def test_an_audit_reads_the_rows(flipped, tmp_path):
    out = shutil.copytree(flipped, tmp_path / "out")
    made = pairsmith.audit(out, questions=["duplicates", "labels"])
    assert made.kept == ROWS + 60
    assert all(not answer.unanswered for answer in made.answers)


def told_otherwise(out, **recipe):
    """What `check` says once the manifest tells of another recipe."""
    path = out / "manifest.json"
    held = json.loads(path.read_text())
    held["recipe"].pop("smooth", None)
    held["recipe"].update(recipe)
    path.write_text(json.dumps(held))
    return [problem.message for problem in pairsmith.check(out)]


def test_check_wants_the_column_where_labels_were_judged_and_only_there(smoothed, tmp_path):
    shutil.copytree(smoothed, tmp_path / "with")
    pairsmith.build("sample", tmp_path / "without")
    for out, recipe in (("with", {}), ("without", {"smooth": 1.0})):
        said = told_otherwise(tmp_path / out, **recipe)
        assert any("its columns are" in message for message in said)


def test_a_pair_can_be_dropped_in_the_build_that_flips_others(tmp_path):
    rows = [labelled(number) for number in range(ROWS)]
    source = write_source(tmp_path / "in", one_train=[*rows, rows[3], turned(rows[8])])
    built = pairsmith.build(source, tmp_path / "out", drop=["duplicates", "flipped"], flip=1)
    reasons = {id: reason for id, (reason, _) in refused(tmp_path / "out").items()}
    assert reasons == {
        f"one/train/{ROWS + 1}": "duplicate", "one/train/9": "flipped",
        f"one/train/{ROWS + 2}": "flipped",
    }  # fmt: skip
    assert built.totals.noted["label_flipped"] > 0
    assert all(entry.balances for entry in built.ledger)


# The recipe


def test_the_recipe_comes_back_as_it_was(flipped, planted, tmp_path):
    assert read_manifest(flipped).recipe.flip == 1.0
    built = pairsmith.build(planted, tmp_path / "out", drop=["leaks", "duplicates", "leaks"])
    assert built.recipe.to_dict()["drop"] == ["duplicates", "leaks"]
    assert read_manifest(tmp_path / "out") == built
    again = pairsmith.build(planted, tmp_path / "out", drop=("duplicates", "leaks"))
    assert again.reused


def test_without_actions_the_recipe_and_the_card_do_not_mention_them(sample_text):
    assert not {"drop", "flip", "smooth"} & read_manifest(sample_text).recipe.to_dict().keys()
    card = (sample_text / "README.md").read_text()
    assert CONFIDENCE not in card
    assert "label_" not in card


def test_the_card_tells_what_was_done(flipped, planted, tmp_path):
    pairsmith.build(planted, tmp_path / "out", drop=["duplicates"])
    assert "Dropped as `duplicate`: 5 train rows" in (tmp_path / "out" / "README.md").read_text()
    count = read_manifest(flipped).totals.noted["label_flipped"]
    card = (flipped / "README.md").read_text()
    assert f"exchanged, `label_flipped`: {count} train rows" in card
    assert "by more than 1.0 in log-odds" in card
    assert "label_smoothed" not in card


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"drop": ["twins"]}, "twins"),
        ({"drop": "duplicates,near"}, "duplicates,near"),
        ({"drop": [3]}, "3"),
        ({"flip": 0}, "log-odds"),
        ({"flip": -1.0}, "log-odds"),
        ({"smooth": float("nan")}, "log-odds"),
        ({"smooth": float("inf")}, "log-odds"),
        ({"flip": "much"}, "number"),
        ({"flip": True}, "number"),
        ({"flip": 1, "smooth": 1}, "not both"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(planted, tmp_path, options, said):
    with pytest.raises(RecipeError, match=said):
        pairsmith.build(planted, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


# Rows that do not tell


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ({"one_train": [told(1)]}, {"drop": ["leaks"]}, "no rows of test"),
        ({"one_test": [told(1)]}, {"drop": ["duplicates"]}, "no rows of train"),
        ({"one_train": [told(1), told(2)]}, {"flip": 1}, "cannot learn from 2"),
        ({"one_train": [told(1), told(1)]}, {"drop": ["near"]}, "not two different pairs"),
        ({"one_train": [planted_row("Is tea hot?", "", "")]}, {"smooth": 1}, "no rows of train"),
    ],
)
def test_a_source_that_cannot_tell_is_a_sentence_and_nothing_is_written(
    tmp_path, rows, options, said
):
    source = write_source(tmp_path / "in", **rows)
    with pytest.raises(RecipeError, match=said):
        pairsmith.build(source, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_labels_that_nothing_tells_are_not_judged(tmp_path):
    """Half of the labels are wrong."""
    rows = [turned(told(n)) if n % 2 else told(n) for n in range(400)]
    source = write_source(tmp_path / "in", one_train=rows)
    with pytest.raises(RecipeError, match="no better than chance"):
        pairsmith.build(source, tmp_path / "out", flip=1)
    assert not (tmp_path / "out").exists()


def test_only_dialogues_are_no_pairs(tmp_path):
    line = json.dumps({"transcript": "\n\nHuman: a\n\nAssistant: b"})
    path = tmp_path / "red-team-attempts" / "red_team_attempts.jsonl"
    path.parent.mkdir()
    path.write_text(line + "\n")
    with pytest.raises(RecipeError, match="no pairs"):
        pairsmith.build(path.parent, tmp_path / "out", drop=["duplicates"])


def test_an_earlier_build_stays_where_the_new_one_cannot_tell(tmp_path):
    source = write_source(tmp_path / "in", one_train=[told(1), told(2)])
    built = pairsmith.build(source, tmp_path / "out")
    with pytest.raises(RecipeError):
        pairsmith.build(source, tmp_path / "out", flip=1, force=True)
    assert read_manifest(tmp_path / "out") == built
    assert pairsmith.check(tmp_path / "out") == []


def test_a_damaged_file_is_a_sentence_of_its_own(tmp_path):
    source = write_source(tmp_path / "in", one_train=[told(1), told(2)])
    (source / "one" / "test.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00damaged")
    with pytest.raises(DamagedInputError, match="mend the file") as caught:
        pairsmith.build(source, tmp_path / "out", drop=["duplicates"])
    assert "pairsmith-" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_missing_library_is_named(planted, tmp_path, monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "audit", ("duckdb", "no_such_library"))
    with pytest.raises(RecipeError, match=r"no_such_library(.|\n)*pip install '\.\[audit\]'"):
        pairsmith.build(planted, tmp_path / "out", drop=["duplicates"])
    assert not (tmp_path / "out").exists()
    assert pairsmith.build(planted, tmp_path / "out").totals.kept


def test_of_rows_that_are_nearly_one_of_test_none_stays(tmp_path):
    words = " ".join(f"word{number}" for number in range(60))
    alike = [planted_row("What is it?", f"{words} ends {n}", f"{words} no {n}") for n in range(4)]
    apart = [planted_row("Which?", "This one.", "That one."), alike[3], alike[0]]
    source = write_source(
        tmp_path / "in", a_train=[*alike[:2], apart[0], turned(alike[1])], b_test=[alike[3]],
        c_train=apart, c_test=[alike[2], alike[3]],
    )  # fmt: skip
    built = pairsmith.build(source, tmp_path / "out", drop=["near"])
    found = refused(tmp_path / "out")
    assert found.keys() == {"a/train/1", "a/train/2", "c/train/3"}
    assert all(detail.startswith("nearly the same pair as ") for _, detail in found.values())
    assert built.totals.kept == 7
