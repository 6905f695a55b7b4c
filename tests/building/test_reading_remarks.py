"""What a build says of how rows are read, where that is not what was meant."""

import json

import pytest

import pairsmith
from support.folders import rows

TWO = "changes nothing: rows have only two replies"
SEVERAL = "Rows are of several shapes"


def built(tmp_path, held, **options):
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in held))
    return pairsmith.build(str(path), tmp_path / "out", **options)


def several(count):
    return [
        {"prompt": f"Is mint {n} dry?", "chosen": [f"Mint {n} is."],
         "rejected": [f"No, not {n}.", f"Never, {n}."]}
        for n in range(count)
    ]  # fmt: skip


def talks(count):
    return [
        {"prompt": [{"role": "user", "content": f"Is sage {n} dry?"}],
         "chosen": [{"role": "assistant", "content": f"Sage {n} is."}],
         "rejected": [{"role": "assistant", "content": f"No, not {n}."}]}
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize(("held", "in_vain"), [(rows(4), True), (several(4), False)])
def test_pairs_of_rows_with_two_replies_are_said_to_change_nothing(tmp_path, held, in_vain):
    said = built(tmp_path, held, pairs="best-rest").remarks
    assert any(f"--pairs best-rest {TWO}" in remark for remark in said) == in_vain


def test_pairs_of_transcripts_change_neither_bytes_nor_recipe(tmp_path):
    held = [
        {side: f"\n\nHuman: Mint {n}?\n\nAssistant: {side}" for side in ("chosen", "rejected")}
        for n in range(4)
    ]
    asked = built(tmp_path, held, pairs="best-rest")
    usual = pairsmith.build(str(tmp_path / "data.jsonl"), tmp_path / "usual")
    assert any(TWO in remark for remark in asked.remarks)
    assert asked.recipe == usual.recipe
    assert asked.outputs == usual.outputs


def test_nothing_is_said_where_nothing_was_asked(tmp_path):
    assert not any(
        TWO in remark or SEVERAL in remark for remark in built(tmp_path, rows(4)).remarks
    )


def test_rows_of_another_shape_are_counted(tmp_path):
    made = built(tmp_path, [*rows(9), *talks(3)])
    [said] = [remark for remark in made.remarks if SEVERAL in remark]
    assert "of the first 12, 9 look like trl-text, as which all are read, 3 like trl" in said


def test_rows_that_are_merely_broken_are_of_no_shape(tmp_path):
    made = built(tmp_path, [*rows(9), {"prompt": "Is it?"}, {"chosen": 3, "rejected": None}])
    assert made.totals.quarantined
    assert not any(SEVERAL in remark for remark in made.remarks)
