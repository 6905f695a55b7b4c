"""Columns of token ids do what the same loops over lists do."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.tokens import ragged
from pairsmith.tokens.ragged import NO_ID, from_lists

ids = st.lists(st.integers(0, 3), max_size=6)
pairs = st.lists(st.tuples(ids, ids, st.integers(0, 8)), max_size=6)


def columns(rows):
    left, right, numbers = zip(*rows, strict=True) if rows else ((), (), ())
    return from_lists(left), from_lists(right), np.array(numbers, np.int64)


def lists(rows):
    return [rows.row(number) for number in range(len(rows.starts))]


def shared(left, right):
    return next(
        (n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )


@given(pairs)
def test_slices(rows):
    left, _, numbers = columns(rows)
    assert lists(left) == [a for a, _, _ in rows]
    assert lists(left.first(numbers)) == [a[:n] for a, _, n in rows]
    assert lists(left.after(numbers)) == [a[n:] for a, _, n in rows]
    assert lists(left.take(numbers > 3)) == [a for a, _, n in rows if n > 3]
    assert left.lengths.tolist() == [len(a) for a, _, _ in rows]


@given(pairs)
def test_comparisons_of_slices(rows):
    left, right, numbers = columns(rows)
    left, right = left.after(numbers // 2), right.after(numbers // 3)
    known = [(a[n // 2 :], b[n // 3 :]) for a, b, n in rows]
    assert ragged.common_prefix(left, right).tolist() == [shared(a, b) for a, b in known]
    assert ragged.same_tokens(left, right).tolist() == [a == b for a, b in known]
    row, place = ragged.positions(left)
    assert left.ids[place].tolist() == [id for a, _ in known for id in a]
    assert row.tolist() == [n for n, (a, _) in enumerate(known) for _ in a]
    padded = [(a + [NO_ID] * 3, a[::-1] + [NO_ID] * 3) for a, _ in known]
    assert ragged.first_tokens(left, 3).tolist() == [a[:3] for a, _ in padded]
    assert ragged.last_tokens(left, 3).tolist() == [b[:3] for _, b in padded]
