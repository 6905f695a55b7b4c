"""Labels kept and flipped by opinions: what is expected, and what planted raters bring about."""

import numpy as np
import pytest
from scipy.optimize import minimize

from pairsmith.statistics import adjudication
from pairsmith.statistics.adjudication import Rule, decide, expect, fit_opinions
from support.slow import slow

STRICT = Rule(keep=0.997, flip=0.9, most=17)


def collect(seed, rule=None, labels=200, raters=20, wrong=0.1, accuracy=0.8, first=3):
    """Asks planted raters as the rule says, accuracies and the prior being estimated on the way.

    Returns:
        The share of wrong labels that are flipped, of right ones, and the opinions a label.
    """
    chance = np.random.default_rng(seed)
    planted = chance.permutation(labels) < round(labels * wrong)
    order = np.array([chance.permutation(raters) for _ in range(labels)])
    rows, sources, opinions = [], [], []
    asked = np.zeros(labels, int)
    wanted = [row for row in range(labels) for _ in range(first)]
    while wanted:
        for row in wanted:
            is_right = chance.random() < accuracy
            opinions.append(1 if is_right != planted[row] else -1)
            rows.append(row)
            sources.append(order[row, asked[row]])
            asked[row] += 1
        found = fit_opinions(np.array(rows), np.array(sources), np.array(opinions))
        decided = found.decide(rule)
        wanted = [row for row in range(labels) if decided[row].wants_more]
    flipped = np.array([one.verdict == "flip" for one in decided])
    return flipped[planted].mean(), flipped[~planted].mean(), asked.mean()


def test_three_opinions_flip_only_where_all_are_against():
    told = [decide(opinions, [0.8] * 3, 0.9) for opinions in ([-1] * 3, [-1, -1, 1])]
    assert told[0].right == pytest.approx(0.0072 / (0.0072 + 0.0512))
    assert told[1].right == pytest.approx(0.0288 / (0.0288 + 0.0128))
    assert [one.verdict for one in told] == ["flip", "undecided"]
    assert told[0].confidence == pytest.approx(1 - told[0].right)
    # what the best rule of exactly three opinions does
    three = expect(0.8, 0.9, Rule(keep=1 - 1e-9, flip=0.85, most=3))
    assert (three.mended, three.harmed) == pytest.approx((0.512, 0.008))
    assert three.opinions == 3


def test_ties_tell_nothing_and_count_as_asked():
    one, other = decide([-1, 0, 0], [0.8] * 3, 0.9), decide([-1], [0.8], 0.9)
    assert one.right == other.right
    rule = Rule(most=3)
    assert not decide([-1, 0, 0], [0.8] * 3, 0.9, rule).wants_more
    assert decide([-1, 0], [0.8] * 2, 0.9, rule).wants_more


def test_nobody_counts_for_the_opposite_and_none_decides_alone():
    assert decide([-1], [0.2], 0.9).right == pytest.approx(0.9)
    assert decide([-1], [1 - 1e-12], 0.95).right == pytest.approx(1 / (1 + 99 / 19))


def test_expectations_are_the_gamblers_ruin():
    """Two more for it than against, or three more against: with endless opinions, closed forms."""
    found = expect(0.8, 0.9, Rule(most=400))
    assert found.mended == pytest.approx(1 - (4**3 - 1) / (4**5 - 1))
    assert found.harmed == pytest.approx((0.25**3 - 0.25**5) / (1 - 0.25**5))
    right = ((1 - found.harmed) * 2 - found.harmed * 3) / 0.6
    wrong = (found.mended * 3 - (1 - found.mended) * 2) / 0.6
    assert found.opinions == pytest.approx(0.9 * right + 0.1 * wrong)
    assert found.undecided == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("accuracy", [0.7, 0.8, 0.9])
def test_the_thresholds_bound_what_is_done(accuracy):
    for prior in (0.75, 0.9, 0.95):
        rule = Rule(most=400)
        found = expect(accuracy, prior, rule)
        flipped = prior * found.harmed + (1 - prior) * found.mended
        assert 1 - found.mended <= (1 - rule.keep) * (1 - flipped) / (1 - prior)
        assert found.harmed <= (1 - rule.flip) * flipped / prior


def test_expectations_are_those_of_decisions_one_by_one():
    chance = np.random.default_rng(2)
    flipped, asked = np.zeros(3_000, bool), np.zeros(3_000)
    wrong = chance.random(3_000) < 0.25
    for label in range(3_000):
        said = []
        while (told := decide(said, [0.75] * len(said), 0.75)).wants_more:
            said.append(1 if (chance.random() < 0.75) != wrong[label] else -1)
        flipped[label], asked[label] = told.verdict == "flip", len(said)
    found = expect(0.75, 0.75)
    assert flipped[wrong].mean() == pytest.approx(found.mended, abs=0.03)
    assert flipped[~wrong].mean() == pytest.approx(found.harmed, abs=0.012)
    assert asked.mean() == pytest.approx(found.opinions, abs=0.2)


def test_estimates_are_the_greatest_posterior():
    chance = np.random.default_rng(3)
    rows, sources = (held.ravel() for held in np.indices((120, 4)))
    wrong = chance.random(120) < 0.2
    is_right = chance.random(480) < np.array([0.9, 0.8, 0.7, 0.6])[sources]
    opinions = np.where(is_right != wrong[rows], 3.0, -1.0)
    found = fit_opinions(rows, sources, opinions)
    assert found.converged

    def loss(logits):
        held = 1 / (1 + np.exp(-logits))
        prior, accuracy = held[0], held[1:]
        agree = np.where(opinions > 0, accuracy[sources], 1 - accuracy[sources])
        against = np.where(opinions > 0, 1 - accuracy[sources], accuracy[sources])
        right, other = (np.exp(np.bincount(rows, np.log(each))) for each in (agree, against))
        weight = (adjudication.PRIOR, adjudication.PRIOR_WEIGHT)
        added = weight[1] * (weight[0] * np.log(prior) + (1 - weight[0]) * np.log(1 - prior))
        middle, many = adjudication.ACCURACY, adjudication.ACCURACY_WEIGHT
        added += many * (middle * np.log(accuracy) + (1 - middle) * np.log(1 - accuracy)).sum()
        return -np.log(prior * right + (1 - prior) * other).sum() - added

    best = minimize(loss, np.full(5, 1.0), method="BFGS", options={"gtol": 1e-8}).x
    expected = 1 / (1 + np.exp(-best))
    assert [found.prior, *found.accuracy] == pytest.approx(expected, abs=1e-5)
    assert found.accuracy == pytest.approx([0.9, 0.8, 0.7, 0.6], abs=0.1)
    told = decide(opinions[:4], found.accuracy, found.prior)
    assert found.decide()[0].right == pytest.approx(told.right)


def test_strong_opinions_count_for_more_where_they_are_right_more_often():
    chance = np.random.default_rng(4)
    rows = np.repeat(np.arange(600), 3)
    wrong = chance.random(600) < 0.2
    strong = chance.random(1_800) < 0.5
    is_right = chance.random(1_800) < np.where(strong, 0.95, 0.6)
    opinions = np.where(is_right != wrong[rows], 1, -1) * np.where(strong, 3, 1)
    people = np.tile(np.arange(3), 600)
    apart = fit_opinions(rows, people * 2 + strong, opinions)
    assert apart.accuracy.reshape(3, 2) == pytest.approx(np.tile([0.6, 0.95], (3, 1)), abs=0.06)
    together = fit_opinions(rows, people, opinions)
    errors = [((held.right < 0.5) != wrong).mean() for held in (apart, together)]
    assert errors[0] < 0.8 * errors[1]


def test_without_opinions_there_is_the_prior():
    none = np.zeros(0, np.int64)
    empty = fit_opinions(none, none, none)
    assert (empty.prior, len(empty.right), empty.converged) == (0.9, 0, True)
    told = fit_opinions(np.array([2]), np.array([1]), np.array([0.0])).decide()
    assert [one.right for one in told] == pytest.approx([0.9] * 3)
    assert told[2].wants_more


@pytest.mark.parametrize(
    "call",
    [
        lambda: Rule(flip=0.5),
        lambda: Rule(most=0),
        lambda: decide([1], [1.0], 0.9),
        lambda: decide([1], [0.8], 1.0),
        lambda: decide([1, 1], [0.8], 0.9),
        lambda: fit_opinions(np.array([0, 0]), np.array([1, 1]), np.array([1.0, -1])),
        lambda: fit_opinions(np.array([0]), np.array([1]), np.array([np.nan])),
    ],
)
def test_what_is_no_opinion_is_refused(call):
    with pytest.raises(ValueError, match=r"between|zip|two opinions|numbers"):
        call()


def test_planted_labels_are_mended():
    """One collection of 200 labels, 20 of them wrong, as a project would run it."""
    mended, harmed, asked = collect(1, STRICT)
    assert mended >= 0.9
    assert harmed < 0.02
    assert asked < 7


@slow
@pytest.mark.parametrize(("rule", "opinions"), [(None, 4.8), (STRICT, 6.2)])
def test_planted_labels_are_mended_on_average(rule, opinions):
    mended, harmed, asked = np.mean([collect(seed, rule) for seed in range(40)], axis=0)
    assert mended >= 0.9
    assert harmed < 0.02
    assert asked < opinions
