"""The ids of a build's rows: each has a place of its own, and nothing else has one."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.quarantine import Refused
from pairsmith.dataset.row_ids import (
    RowIds,
    _joined,
    _Runs,
    _runs_in,
    numbers_of,
    read_row_ids,
)
from pairsmith.dataset.rows import kept_rows, refused_rows, rows_by_id

numbers = st.lists(st.sets(st.integers(1, 40), min_size=1).map(sorted), max_size=4)


@given(numbers)
def test_numbers_in_batches_become_runs(batches):
    import numpy as np

    held = [
        sorted({*batch} - {n for b in batches[:at] for n in b}) for at, batch in enumerate(batches)
    ]
    runs = [_runs_in(np.array(batch)) for batch in held if batch]
    first, last = _joined(np.concatenate([np.empty((2, 0), np.int64), *runs], axis=1))
    every = sorted(n for batch in held for n in batch)
    assert [n for a, b in zip(first, last, strict=True) for n in range(a, b + 1)] == every
    assert all(a > b + 1 for a, b in zip(first[1:], last, strict=False))
    if every:
        sizes = last - first + 1
        ids = RowIds({"a/train": _Runs(first, last, np.cumsum(sizes) - sizes)}, len(every))
        asked = pa.array([f"a/train/{n}" for n in range(43)])
        places = {n: place for n, place in enumerate(ids.find(asked).tolist()) if place >= 0}
        assert places == {n: place for place, n in enumerate(every)}


def test_blank_lines_are_no_rows(tmp_path):
    row = {"prompt": "Is tea hot?", "chosen": "Mostly.", "rejected": "No."}
    lines = [json.dumps(held) for held in (row, row, {**row, "chosen": ""}, row)]
    text = f"\n{lines[0]}\n\n\n{lines[2]}\n{lines[1]}\n\n{lines[3]}\n"
    path = tmp_path / "tea.jsonl"
    path.write_text(text)
    pairsmith.build(path, tmp_path / "out", subset="tea")
    built = read_manifest(tmp_path / "out")
    ids = read_row_ids(tmp_path / "out", built)
    asked = [f"tea/train/{number}" for number in range(10)]
    assert ids.find(pa.array(asked)).tolist() == [-1, -1, 0, -1, -1, 1, 2, -1, 3, -1]
    assert ids.count == 4
    found = rows_by_id(tmp_path / "out", built, asked)
    held = [*kept_rows(tmp_path / "out", built), *refused_rows(tmp_path / "out", built)]
    assert sorted(map(str, found.values())) == sorted(map(str, held))
    refused = found["tea/train/5"]
    assert isinstance(refused, Refused)
    assert refused.reason == "empty_reply"


def test_every_row_of_a_build_has_a_place(sample_text):
    built = read_manifest(sample_text)
    ids = read_row_ids(sample_text, built)
    rows = [row["id"] for row in kept_rows(sample_text, built)]
    rows += [row.id for row in refused_rows(sample_text, built)]
    places = ids.find(pa.array([*rows, "no-such/train/1", "harmless-base/train/1/2", ""]))
    assert sorted(places[:-3].tolist()) == list(range(ids.count))
    assert places[-3:].tolist() == [-1, -1, -1]
    assert ids.count == built.totals.read
    assert set(rows_by_id(sample_text, built, rows)) == set(rows)


rows_of = st.lists(
    st.tuples(st.sampled_from([None, 0, 1, 12]), st.integers(1, 30), st.sampled_from([None, 1, 2])),
    unique=True,
)


@given(rows_of)
def test_files_and_comparisons_are_numbers_of_their_own(held):
    def name(file, row, comparison):
        front = "" if file is None else f"{file}-"
        return f"a/b_c/{front}{row}" + ("" if comparison is None else f"/{comparison}")

    ids = [name(*parts) for parts in held]
    numbers = numbers_of(pa.array(ids, pa.string()), "a/b_c")
    assert sum(len(set(one.tolist())) for one in numbers.values()) == len(ids)
    assert all(key == "a/b_c" or key.startswith("a/b_c/") for key in numbers)


@pytest.mark.parametrize(
    "strange",
    ["a/b_c/0", "a/b_c/01", "a/b_c/1-0", "a/b_c/-1", "a/b_c/1/0", "a/b_c/1/", "a/b/1",
     "a/b_c/1-2-3", "a/b_c/00-1", "A/b_c/1", "a/b_c/1000000000000/1", "a/b_cd/1", "a/b_c", ""],
)  # fmt: skip
def test_what_is_no_id_of_the_split(strange):
    with pytest.raises(ValueError, match="an id is not a/b_c and a number"):
        numbers_of(pa.array(["a/b_c/1", strange]), "a/b_c")
