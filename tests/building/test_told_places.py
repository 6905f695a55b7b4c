"""A field that tells the split of a row, or its subset: no held-out row is trained on."""

import json

import pytest
from datasets import load_dataset

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import kept_rows, refused_rows
from pairsmith.errors import RecipeError, SourceError
from support.folders import rows, write
from support.slow import quick

TOLD = ("train", "Test", "valid1", "train", "valid2")
SPLITS = {"train": 8, "test": 4, "valid1": 4, "valid2": 4}


def said(count=20, name="split", values=TOLD):
    return [
        {**row, name: values[n % len(values)]} for n, row in enumerate(rows(count))
    ]  # row n + 1 of the file says values[n % len(values)]


def transcripts(count=20, values=TOLD):
    return [
        {side: f"\n\nHuman: Is tea {n} hot?\n\nAssistant: {side} {n}."
         for side in ("chosen", "rejected")} | {"split": values[n % len(values)]}
        for n in range(count)
    ]  # fmt: skip


def nested(count=20):
    return [{**row, "meta": {"split": TOLD[n % 5], "n": n}} for n, row in enumerate(rows(count))]


def of_splits(built):
    return {entry.split: entry.rows for entry in built.ledger}


def build(held, tmp_path, name="data.jsonl", **options):
    built = pairsmith.build(str(write(tmp_path / name, held)), tmp_path / "out", **options)
    assert pairsmith.check(tmp_path / "out") == []
    assert sum(entry.source_rows for entry in built.ledger) == sum(e.rows for e in built.inputs)
    for entry in built.ledger:
        assert entry.balances
        for counts in entry.fields.values():
            assert sum(counts.values()) <= entry.rows
    return built


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["data.jsonl", "data.json", "data.csv", "data.parquet",
                                  "data.arrow", "data.jsonl.gz"])  # fmt: skip
def test_a_field_split_tells_the_split_of_each_row(tmp_path, name):
    built = build(said(), tmp_path, name)
    assert of_splits(built) == SPLITS
    assert [(entry.path, entry.rows) for entry in built.inputs] == [(name, 20)]
    for entry in built.ledger:
        assert entry.fields["split"] == {"used": entry.rows}
    ids = [row["id"] for row in kept_rows(tmp_path / "out", built)]
    assert [name for name in ids if "/test/" in name] == [
        f"pairs/test/{number}" for number in (2, 7, 12, 17)
    ]
    assert any(name in remark and "test 4, train 8" in remark for remark in built.remarks)
    loaded = load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(loaded[split]) for split in loaded} == SPLITS


@pytest.mark.parametrize(
    "options",
    quick([{}, {"workers": 2}, {"batch_rows": 1}, {"shard_rows": 3}], {}, {"batch_rows": 1}),
)
def test_transcripts_stay_transcripts_however_they_are_cut(tmp_path, options):
    built = build(transcripts(), tmp_path, **options)
    assert of_splits(built) == SPLITS
    assert built.recipe.shape == "hh"
    held = [(row["id"], row["chosen"]) for row in kept_rows(tmp_path / "out", built)]
    assert len(held) == 20
    for name, chosen in held:
        number = int(name.rpartition("/")[2]) - 1
        assert chosen[-1]["content"] == f"chosen {number}."


def test_rows_that_tell_none_go_to_train_and_are_counted(tmp_path):
    held = said(values=("train", "test", None, " ", "train"))
    path = write(tmp_path / "data.jsonl", held)
    with path.open("a") as file:
        file.write("no row\n" + json.dumps({**held[0], "split": 5}) + "\n")
    built = pairsmith.build(str(path), tmp_path / "out")
    assert of_splits(built) == {"train": 18, "test": 4}
    assert any("10 tell none, and are train" in remark for remark in built.remarks)
    [refused] = refused_rows(tmp_path / "out", built)
    assert (refused.line, refused.data) == (21, b"no row")
    assert pairsmith.check(tmp_path / "out") == []


def test_a_file_that_is_held_out_stays_so_whatever_its_rows_say(tmp_path):
    write(tmp_path / "in" / "test.jsonl", said())
    write(tmp_path / "in" / "train.jsonl", said())
    built = pairsmith.build(str(tmp_path / "in"), tmp_path / "out")
    assert of_splits(built) == {"train": 8, "test": 24, "valid1": 4, "valid2": 4}
    assert pairsmith.check(tmp_path / "out") == []
    ids = {row["id"] for row in kept_rows(tmp_path / "out", built)}
    assert len(ids) == 40
    assert {"pairs/test/0-1", "pairs/test/1-2", "pairs/train/1"} <= ids


@pytest.mark.parametrize("values", [("north", "south"), (1, 2), (None,)])
def test_a_field_split_of_another_meaning_tells_nothing(tmp_path, values):
    built = build(said(values=values), tmp_path)
    assert of_splits(built) == {"train": 20}
    assert "used" not in built.ledger[0].fields.get("split", {})
    assert built.recipe.told == ()


@pytest.mark.parametrize("options", [{"columns": "split=-"}, {"split": "train"}])
def test_the_field_can_be_said_to_mean_nothing(tmp_path, options):
    built = build(said(), tmp_path, **options)
    assert of_splits(built) == {"train": 20}
    assert built.ledger[0].fields["split"] == {"left_out": 20}


def test_a_field_of_another_name_and_inside_of_others(tmp_path):
    built = build(said(name="part"), tmp_path, columns="split=part")
    assert of_splits(built) == SPLITS
    built = build(nested(), tmp_path / "n", columns={"split": "meta.split"})
    assert of_splits(built) == SPLITS
    [entry] = [entry for entry in built.ledger if entry.split == "test"]
    assert entry.fields["meta.split"] == {"used": 4}
    assert entry.fields["meta.n"] == {"left_out": 4}


def test_subsets_are_told_only_where_it_is_asked_for(tmp_path):
    held = [{**row, "subset": f"Hard {n % 2}"} for n, row in enumerate(said())]
    built = build(held, tmp_path)
    assert {entry.subset for entry in built.ledger} == {"pairs"}
    assert built.ledger[0].fields["subset"]["left_out"]
    built = build(held, tmp_path / "asked", columns="subset=subset")
    found = {(entry.subset, entry.split): entry.rows for entry in built.ledger}
    assert found == {
        (f"hard-{n}", split): count // 2 for n in (0, 1) for split, count in SPLITS.items()
    }


def test_replies_of_one_row_each_are_grouped_within_their_split(tmp_path):
    held = [
        {"prompt": f"Is mint {n // 2} dry?", "completion": f"It is {n}.", "label": n % 2 == 0,
         "split": ("train", "test")[n // 2 % 2]}
        for n in range(8)
    ]  # fmt: skip
    built = build(held, tmp_path)
    assert of_splits(built) == {"train": 4, "test": 4}
    assert [entry.kept for entry in built.ledger] == [2, 2]


def test_actions_look_at_rows_by_their_split(tmp_path):
    held = said()
    held[1] |= {name: held[0][name] for name in ("prompt", "chosen", "rejected")}
    built = build(held, tmp_path, drop=["leaks"])
    assert built.totals.quarantined == {"leak": 1}
    [refused] = refused_rows(tmp_path / "out", built)
    assert refused.id == "pairs/train/1"


def test_a_build_that_is_there_is_known_again_and_another_field_is_another(tmp_path):
    build(said(), tmp_path)
    again = pairsmith.build(str(tmp_path / "data.jsonl"), tmp_path / "out")
    assert again.reused
    assert read_manifest(tmp_path / "out").recipe.told == (("split", "split"),)
    with pytest.raises(pairsmith.PairsmithError, match="told"):
        pairsmith.build(str(tmp_path / "data.jsonl"), tmp_path / "out", columns="split=-")


@pytest.mark.parametrize(
    ("columns", "held", "error", "words"),
    [
        ("split=part", said(), SourceError, "No row has the field 'part'"),
        ("split=a+b", said(), RecipeError, "takes one field"),
        ("split=prompt", rows(100), SourceError, "more than 64"),
        ("subset=subset", [{**row, "subset": "quarantine"} for row in rows(3)], SourceError,
         "cannot name a subset"),
        ("subset=subset", [{**row, "subset": "red-team-attempts"} for row in rows(3)], SourceError,
         "pairs cannot be of"),
        (None, said(values=("test", "train_dev")), SourceError, "says train and validation"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_a_fault(tmp_path, columns, held, error, words):
    path = write(tmp_path / "data.jsonl", held)
    with pytest.raises(error, match=words):
        pairsmith.build(str(path), tmp_path / "out", columns=columns)
    assert not (tmp_path / "out" / "manifest.json").exists()
