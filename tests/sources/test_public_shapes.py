"""Public data sets, told by themselves under their very field names, and read row by row."""

import pytest

from pairsmith.sources.describe import describe
from pairsmith.sources.detected import Asked, Detected
from pairsmith.sources.fields import is_covered, paths_of
from pairsmith.sources.grouping import group_rows
from pairsmith.sources.outcomes import Refused
from pairsmith.sources.row_reading import read_row
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
