"""Files divided by what their rows tell: every row is read once, however blocks are cut."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.errors import SourceError
from pairsmith.io.identity import WatchedFile
from pairsmith.sources.layouts import look
from pairsmith.sources.read import read_rows
from pairsmith.sources.told_places import divide, split_said
from support.folders import rows, write

VALUES = st.sampled_from(["train", "test", "Valid", "valid1", "", "  ", "?", None, 3, ["test"]])
LINES = st.sampled_from(["no row", '{"split": "test"', "[]", '{"split": "test", "split": "x"}'])


def parts_of(path, columns=None):
    return divide(look(str(path)), columns or {}).found.files


def numbers_of(file, at_once):
    with WatchedFile(file.place, file.path) as metered:
        held = [(b.numbers, b.raw(0)) for b in read_rows(file, metered, at_once=at_once)]
    return [int(n) for numbers, _ in held for n in numbers]


@given(said=st.lists(st.one_of(VALUES, LINES.map(lambda line: (line,))), max_size=20),
       at_once=st.integers(1, 7))  # fmt: skip
def test_every_row_is_read_once(tmp_path_factory, said, at_once):
    path = tmp_path_factory.mktemp("told") / "data.jsonl"
    held = [{"split": "train"}, {"split": "test"}, *said]
    lines = [
        one[0] if isinstance(one, tuple)
        else json.dumps({**rows(1, n)[0], **(one if isinstance(one, dict) else {"split": one})})
        for n, one in enumerate(held)
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    parts = parts_of(path)
    found = {part.split: numbers_of(part, at_once) for part in parts}
    assert all(numbers == sorted(numbers) and numbers for numbers in found.values())
    assert sorted(n for numbers in found.values() for n in numbers) == [*range(1, len(lines) + 1)]
    for split, numbers in found.items():
        for number in numbers:
            one = held[number - 1]
            one = one["split"] if isinstance(one, dict) else one
            assert (split_said(one if isinstance(one, str) else None) or "train") == split


@pytest.mark.parametrize("name", ["data.jsonl", "data.parquet", "data.csv"])
def test_rows_that_are_taken_are_the_same_rows(tmp_path, name):
    path = write(tmp_path / name, rows(9))
    [file] = look(str(path)).files
    with WatchedFile(file.place, file.path) as metered:
        [block] = read_rows(file, metered)
    some = np.array([1, 4, 8])
    taken = block.take(some)
    assert taken.numbers.tolist() == block.numbers[some].tolist()
    assert taken.lines.tolist() == block.lines[some].tolist()
    assert [taken.raw(n) for n in range(3)] == [block.raw(n) for n in (1, 4, 8)]
    assert taken.part(1, 2).load(1) == block.load(8)


def test_rows_that_tell_what_they_did_not_are_a_fault(tmp_path):
    held = [{**row, "split": ("train", "test")[n % 2]} for n, row in enumerate(rows(6))]
    path = write(tmp_path / "data.jsonl", held)
    parts = parts_of(path)
    write(path, [*held[:-1], {**held[-1], "split": "dev"}])
    for part in parts:
        with pytest.raises(SourceError, match="changed or replaced"):
            numbers_of(part, None)


def test_a_file_without_such_a_field_is_left_as_it_is(tmp_path):
    path = write(tmp_path / "data.jsonl", rows(6))
    found = look(str(path))
    assert divide(found, {}).found == found
