"""Rows put into batches: each once, within the budget, and little padding."""

import numpy as np
import pytest

from pairsmith.models.batches import Work, fill, join, plan_batches, work_of
from pairsmith.tokens.ragged import from_lists

LENGTHS = np.random.default_rng(0).integers(1, 900, 3000)


@pytest.mark.parametrize("budget", [1, 500, 16_384])
def test_every_row_is_in_one_batch(budget):
    batches = plan_batches(LENGTHS, budget)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(LENGTHS)))
    for rows in batches:
        assert len(rows) == 1 or len(rows) * LENGTHS[rows].max() <= budget


def test_little_is_padding():
    assert work_of(LENGTHS, plan_batches(LENGTHS, 16_384)).padding < 0.05


def test_a_few_long_rows_do_not_make_padding_of_the_short_ones():
    lengths = np.array([4000, 3000, 2100, *[100] * 200])
    assert work_of(lengths, plan_batches(lengths, 16_384)).padding < 0.05


def test_no_rows_are_no_batches():
    assert plan_batches(np.zeros(0, np.int64), 100) == []
    assert Work().padding == 0


def test_rows_are_padded_on_the_right():
    rows = from_lists([[1, 2, 3], [], [4]])
    assert fill(rows, np.array([2, 0]), pad=9).tolist() == [[4, 9, 9], [1, 2, 3]]


def test_rows_are_joined():
    joined = join(from_lists([[1, 2], [], [3]]), from_lists([[4], [5, 6], []]))
    assert [joined.row(n) for n in range(3)] == [[1, 2, 4], [5, 6], [3]]
