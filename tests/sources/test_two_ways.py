"""Rows of plain messages come out the same by columns and one by one, wherever a file is cut."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairsmith.io.identity import WatchedFile
from pairsmith.sources.columnar.shapes import SHAPES
from pairsmith.sources.field_uses import FieldCounts
from pairsmith.sources.read import arrange_rows, read_rows
from pairsmith.sources.reader import read_by_shape
from support.mutated import break_row
from support.shapes import WRITE, example, rows, source_file, write
from support.slow import quick

BESIDE = {
    "id": st.integers(),
    "meta": st.fixed_dictionaries({"from": st.text(max_size=3)}),
    "tags": st.lists(st.text(max_size=3), max_size=2),
    "score_chosen": st.sampled_from([0.5, 3, None]),
    "score_rejected": st.sampled_from([1, 3.0, None]),
    "system": st.sampled_from(["Be brief.", "", " ", None]),
    "images": st.sampled_from([[], None]),
    "context": st.sampled_from(["", None]),
}
"""Fields that any row may have beside its own."""


SHAPED = [name for name in WRITE if SHAPES[name].messages]


def arrange(path, reader, at_once=None):
    """The rows that a reader finds, and the counts of fields, over all blocks."""
    file = source_file(path)
    held, counts = [], FieldCounts({})
    with WatchedFile(file.place, file.path) as metered:
        for block in read_rows(file, metered, reader, at_once):
            arranged = arrange_rows(file, block, reader)
            arranged.rows.validate(full=True)
            held += arranged.rows.to_pylist()
            sound = arranged.rows["fault"].is_null().to_numpy(zero_copy_only=False)
            kept = np.zeros(len(block.numbers), bool)
            kept[arranged.origins[sound]] = True
            counts.update(arranged.uses.tally(kept).counts)
    return held, counts.in_order()


def without_words(held):
    """Rows without the sentences of their faults, which either way may word."""
    return [
        {**row, "fault": None, "refused": row["refused"] or (row["fault"] and "malformed")}
        for row in held
    ]


@pytest.mark.parametrize("shape", quick(SHAPED, "trl"))
@given(data=st.data())
@settings(max_examples=25)
def test_plain_rows_by_columns_and_one_by_one(shape, data, tmp_path_factory):
    drawn = [data.draw(rows(shape))[0] for _ in range(data.draw(st.integers(1, 5)))]
    given_rows = [{**data.draw(st.fixed_dictionaries({}, optional=BESIDE)), **row} for row in drawn]
    path = write(tmp_path_factory.mktemp("two") / "train.jsonl", given_rows)
    reader = read_by_shape(shape)
    columns, counted = arrange(path, reader)
    one_by_one, counted_too = arrange(path, reader._replace(shape=None))
    assert without_words(columns) == without_words(one_by_one)
    assert counted == counted_too
    for at_once in (1, 2):
        again, counted_again = arrange(path, reader, at_once)
        assert again == columns
        assert counted_again == counted


def by_row(held):
    """The outcomes of each row, whose fault either way may word."""
    found = {}
    for row in without_words(held):
        found.setdefault("/".join(row["id"].split("/")[:3]), []).append(row)
    return found


@pytest.mark.parametrize("shape", quick(SHAPED, "ultrafeedback"))
def test_broken_rows_by_columns_and_one_by_one(shape, tmp_path):
    dice = random.Random(shape)
    broken = [break_row(example(shape), dice) for _ in range(150)]
    path = write(tmp_path / "train.jsonl", broken)
    reader = read_by_shape(shape)
    columns, counted = arrange(path, reader)
    one_by_one, counted_too = arrange(path, reader._replace(shape=None))
    assert by_row(columns) == by_row(one_by_one)
    assert counted == counted_too
    assert arrange(path, reader, 1) == (columns, counted)


@pytest.mark.parametrize(
    ("shape", "beside"),
    [
        ("axolotl", {"messages": []}),  # a reply to nothing
        ("trl-implicit", {"rejected": [{"role": "assistant", "content": "No."}]}),
        ("trl", {"history": {}}),  # says nothing
        ("trl-text", {"tools": [{}]}),
        ("alpaca", {"system": [None]}),
        ("ultrafeedback", {"prompt": "Name a tree."}),  # is not in the conversations
        ("trl-text", {"": {"text": "Thyme."}}),  # a field without a name
        ("alpaca", {"instruction": "\n\nHuman: Hi.\n\nAssistant: Yes."}),
    ],
)
def test_a_row_is_the_same_either_way(shape, beside, tmp_path):
    path = write(tmp_path / "train.jsonl", [{**example(shape), **beside}])
    reader = read_by_shape(shape)
    columns, counted = arrange(path, reader)
    one_by_one, counted_too = arrange(path, reader._replace(shape=None))
    assert without_words(columns) == without_words(one_by_one)
    assert counted == counted_too


def test_fields_of_a_transcript_that_is_none_are_accounted_for(tmp_path):
    path = tmp_path / "train.jsonl"
    write(path, [example_of_hh(), {"chosen": [{"role": "user"}], "rejected": "x", "id": 2}])
    _, counted = arrange(path, read_by_shape("hh"))
    assert counted == {
        "chosen": {"used": 1},
        "chosen[].role": {"quarantined": 1},
        "id": {"quarantined": 1},
        "rejected": {"used": 1, "quarantined": 1},
    }


def example_of_hh():
    said = "\n\nHuman: Is mint dry?\n\nAssistant:"
    return {"chosen": f"{said} A little.", "rejected": f"{said} No."}
