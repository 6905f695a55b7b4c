"""Public data sets, told by themselves under their very field names, and read row by row."""

import json

import pyarrow as pa
import pytest

from pairsmith.errors import SourceError
from pairsmith.sources.detection.describe import describe
from pairsmith.sources.fields import is_covered, paths_of
from pairsmith.sources.outcomes import Refused
from pairsmith.sources.rows.detected import Asked, Detected
from pairsmith.sources.rows.grouping import group_rows
from pairsmith.sources.rows.reading import read_row
from support.annotated_shapes import ANNOTATED
from support.public_shapes import PUBLIC

ALL = {**PUBLIC, **ANNOTATED}


def plain(outcome):
    """An outcome as a reason, or the contents of the prompt, and of the replies."""
    if isinstance(outcome, Refused):
        return outcome.reason.value
    better, worse = ([m["content"] for m in side] for side in (outcome.chosen, outcome.rejected))
    assert better[:-1] == worse[:-1]
    return tuple(better[:-1]), better[-1], worse[-1]


def readings(held, rows):
    shape = held.shape()
    for numbers, row in group_rows(enumerate(rows, 1), shape):
        yield [rows[number - 1] for number in numbers], read_row(row, shape)


@pytest.mark.parametrize("name", ALL)
def test_a_public_data_set(name):
    public = ALL[name]
    held = describe(public.rows, Asked(**dict(public.asked)), name)
    assert held.name == public.shape
    told = list(readings(held, public.rows))
    assert [[plain(o) for o in reading.outcomes] for _, reading in told] == public.expected
    assert Detected.from_dict(held.to_dict()) == held


@pytest.mark.parametrize("name", ALL)
def test_every_field_of_a_public_data_set_is_used_or_left_out(name):
    public = ALL[name]
    held = describe(public.rows, Asked(**dict(public.asked)), name)
    kept = [(rows, reading) for rows, reading in readings(held, public.rows)
            if not isinstance(reading.outcomes[0], Refused)]  # fmt: skip
    left = {
        path
        for rows, reading in kept
        for row in rows
        for path in paths_of(row)
        if not is_covered(path, reading.used)
    }
    assert left == public.left_out


@pytest.mark.parametrize("name", ALL)
def test_a_public_data_set_in_columns_gives_the_same(name):
    """Parquet has every field in every row, null where it is missing."""
    public = ALL[name]
    try:
        rows = pa.Table.from_pylist(public.rows).to_pylist()
    except pa.ArrowInvalid:
        pytest.skip("its fields are of more than one type")
    held = describe(rows, Asked(**dict(public.asked)), name)
    assert held.name == public.shape
    told = [[plain(o) for o in reading.outcomes] for _, reading in readings(held, rows)]
    assert told == public.expected


WORDS = {"reward-bench-2"}
"""Replies that are JSON lists may be what was asked for."""


@pytest.mark.parametrize("name", [name for name in ALL if name not in WORDS])
def test_a_public_data_set_as_csv_gives_the_same(name):
    """CSV has texts alone: numbers, flags and lists are written in them."""
    public = ALL[name]
    rows = [
        {
            field: value if isinstance(value, str) else "" if value is None else json.dumps(value)
            for field, value in row.items()
        }
        for row in public.rows
    ]
    try:
        held = describe(rows, Asked(**dict(public.asked)), name)
    except SourceError:
        assert any(isinstance(value, dict | list) for row in public.rows for value in row.values())
        return
    told = [[plain(o) for o in reading.outcomes] for _, reading in readings(held, rows)]
    assert told == public.expected
    for given, reading in readings(held, rows):
        if not isinstance(reading.outcomes[0], Refused):
            assert reading.used <= set().union(*map(set, given))
