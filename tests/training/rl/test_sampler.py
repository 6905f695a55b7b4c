"""Every prompt is asked in every epoch, in an order that seed and epoch decide."""

import pytest

pytest.importorskip("torch")
from pairsmith.training.rl.sampler import PromptSampler


def test_groups_batches_and_repeats():
    assert list(PromptSampler(3, group=2, batch=2, repeats=2, seed=None)) == [
        0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 0, 0, 2, 2, 0, 0,
    ]  # fmt: skip
    assert list(PromptSampler(1, group=2, batch=2, repeats=1, seed=None)) == [0] * 4


def test_nothing_is_left_out_and_the_epoch_decides():
    one, other = (PromptSampler(10, group=2, batch=4, repeats=1, seed=3) for _ in range(2))
    assert set(one) == set(range(10))
    assert len(list(one)) == len(one) == 24
    assert list(one) == list(one) == list(other)
    first = list(one)
    other.set_epoch(1)
    assert list(other) != first
    other.set_epoch(0)
    assert list(other) == first
