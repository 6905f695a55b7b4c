"""The first question of a stored row has the key that its row of the source is split by."""

import json
from hashlib import sha256

import pytest

import pairsmith
from pairsmith.dataset.questions import first_questions, held_out_questions, trained_on


def row(*said, reply="Yes."):
    speakers = ("Human", "Assistant")
    talk = "".join(f"\n\n{speakers[i % 2]}: {text}" for i, text in enumerate(said))
    return {
        name: f"{talk}\n\nAssistant: {text}"
        for name, text in (("chosen", reply), ("rejected", "No."))
    }


def write(folder, **splits):
    folder.mkdir()
    for name, rows in splits.items():
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in rows))
    return folder


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"template": "llama2"},
        {"template": "llama2", "system": "Be brief."},
        {"template": "gemma"},
    ],
)
def test_keys_are_those_of_the_source(tmp_path, options):
    rows = [row(" Tea?\n"), row("Tea?", "Green?", "Black."), row("Milk?"), row("Cups?\n\nOr mugs?")]
    source = write(tmp_path / "in", train=rows, test=rows[2:3])
    pairsmith.build(source, tmp_path / "out", **options)
    asked = {place.split: place for place in first_questions(tmp_path / "out")}
    wanted = [
        sha256(text.encode()).digest() for text in ("Tea?", "Tea?", "Milk?", "Cups?\n\nOr mugs?")
    ]
    assert asked["train"].keys == wanted
    assert asked["train"].ids[0].endswith("/train/1")
    assert asked["test"].keys == wanted[2:3]


def test_rows_of_train_that_are_held_out_elsewhere_are_named(tmp_path):
    first = write(tmp_path / "in", train=[row("Tea?")], test=[row("Milk?")])
    later = write(
        tmp_path / "later", train=[row("Soup?"), row("Milk?", "No.", "Why?", reply="So.")]
    )
    built, again = tmp_path / "built", tmp_path / "again"
    pairsmith.build(first, built)
    pairsmith.build(later, again)
    held = held_out_questions(built)
    [subset] = {id.split("/")[0] for id in held.values()}
    assert [*trained_on(again, held)] == [(f"{subset}/train/2", f"{subset}/test/1")]
    assert [*trained_on(built, held)] == []
