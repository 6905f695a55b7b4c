"""The KL divergence of best-of-n, measured on distributions where it can be counted out."""

from itertools import pairwise
from math import log

import numpy as np
import pytest

from pairsmith.generating.kl import Scored, measure, predict, shortfall
from support.slow import quick


def exact(shares, samples):
    """The divergence for outcomes of these probabilities, in the order of their scores."""
    ends = np.concatenate([[0.0], np.cumsum(shares)])
    best = [high**samples - low**samples for low, high in pairwise(ends)]
    return sum(b * log(b / p) for b, p in zip(best, shares, strict=True) if b > 0)


def drawn(shares, samples, prompts, seed):
    """Samples of prompts, each of the same distribution, whose scores are in another order."""
    random = np.random.default_rng(seed)
    found = random.choice(len(shares), (prompts, samples), p=shares)
    return [[Scored(str(n), float(n), float(np.log(shares[n]))) for n in row] for row in found]


WORLDS = {
    "many": np.full(5_000, 1 / 5_000),
    "some": np.full(40, 1 / 40),
    "few": np.full(5, 0.2),
    "uneven": np.array([0.3, 0.05, 0.4, 0.05, 0.1, 0.1]),
    "top": np.array([0.02] * 25 + [0.5]),
    "one": np.array([1.0]),
}


@pytest.mark.parametrize("samples", quick([2, 4, 16], 16))
@pytest.mark.parametrize("world", WORLDS)
def test_what_is_measured_is_what_can_be_counted_out(world, samples):
    shares = WORLDS[world]
    found = measure(drawn(shares, samples, 4_000, 1), samples)
    truth = exact(shares, samples)
    assert found.predicted == pytest.approx(log(samples) - (samples - 1) / samples)
    assert found.low - 1e-3 <= truth <= found.high + 1e-3
    assert found.measured == pytest.approx(truth, abs=0.1)
    assert found.low <= found.measured <= found.high <= found.predicted + 1e-12


def test_a_likely_reply_makes_it_smaller():
    last = -1.0
    for share in (0.0, 1e-9, 1e-5, 1e-3, 0.1, 0.5, 0.9, 1.0):
        told = shortfall(share, 16)
        assert told >= last
        last = told
    assert last == predict(16)
    assert predict(1) == shortfall(0.7, 1) == 0


@pytest.mark.parametrize("share", quick([1e-4, 0.01, 0.3, 0.99], 0.3))
def test_it_is_the_divergence_of_two_densities(share):
    places = np.linspace(1 - share, 1, 200_001)
    density = places**15
    density /= np.trapezoid(density, places)
    wanted = np.trapezoid(density * np.log(density * share), places)
    assert shortfall(share, 16) == pytest.approx(wanted, rel=1e-4, abs=1e-9)


def test_nothing_is_measured_where_no_probability_is_known():
    found = measure([], 16)
    assert (found.measured, found.low, found.high, found.prompts) == (None, None, None, 0)
    assert found.predicted == predict(16)
