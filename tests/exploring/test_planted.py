"""An exploration held against planted truth: what is there is found, what is not there is not.

Draws are small and many, their seeds are fixed. Of 200 intervals that hold the truth with a chance
of 95 %, the share that does is within 3.1 points of it in 95 % of cases.
"""

from collections import Counter

import numpy as np
import pytest

from pairsmith.exploring.explore import weigh_chances
from pairsmith.exploring.questions import OF_DIALOGUES
from pairsmith.exploring.record import SURE
from pairsmith.exploring.topics.topics import topics_of
from pairsmith.statistics.adjusted import Adjustment
from support.planted_attempts import MODELS, NOTHING, REVIEWED, attempts_of, plant
from support.planted_words import TOPICS
from support.slow import slow
from support.studied import ask, ask_all, effects_of

TRENDS = "Differences in success, by tenfold size"
DRAWS = 200
LEAST, MOST = 0.93, 0.97
CHANCE = 2 * (0.95 * 0.05 / DRAWS) ** 0.5
"""Two standard deviations of the share of intervals that hold the truth."""
NAMES = [
    f"{kind} {size}"
    for kind in ("plain", "prompted", "rejection sampling", "RLHF")
    for size in ("2.7B", "13B", "52B")
]
"""Models as an answer names them, in the order of `MODELS`."""


def assert_covered(held):
    """Whether as many intervals hold the truth as should, as far as so many draws tell."""
    assert len(held) >= DRAWS
    share = np.mean(held)
    assert LEAST - CHANCE <= share <= min(MOST + CHANCE, 1), share


def holds(effect, truth):
    return effect["low"] <= truth <= effect["high"]


@slow
@pytest.mark.parametrize("confounding", [0.0, 0.8], ids=["at random", "better members choose"])
def test_intervals_of_models_hold_the_truth_whoever_attacks_them(confounding):
    rates = dict(zip(NAMES, (plant(12).effects.rates[one] for one in MODELS), strict=True))
    held, gaps = [], {"plain": [], "adjusted": []}
    for seed in range(DRAWS):
        answer = ask("models", plant(1000, seed, confounding=confounding))
        for name, told in answer.numbers["success"].items():
            if told["adjusted"] and told["adjusted"]["low"] is not None:
                held.append(holds(told["adjusted"], rates[name]))
                for kind in gaps if name == "RLHF 52B" else ():
                    gaps[kind].append(told[kind]["estimate"] - rates[name])
    assert_covered(held)
    plain, adjusted = (np.mean(gaps[kind]) for kind in ("plain", "adjusted"))
    assert abs(adjusted) < 0.02
    assert (plain > 0.06) == bool(confounding), plain


@slow
def test_intervals_of_trends_hold_the_truth_and_the_planted_one_is_found():
    x = np.log10([2.7, 13, 52])
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    rates = plant(12).effects.rates
    truth = 100 * weights @ [rates["rlhf", size] for size in ("2.7B", "13B", "52B")]
    held, found = [], Counter()
    for seed in range(DRAWS):
        answer = ask("models", plant(1500, seed, confounding=0.5))
        [listed] = [
            one for one in answer.effects if one.title.startswith("Differences in success, by")
        ]
        for effect in listed.effects:
            if effect.p is not None:
                found[effect.of] += effect.p <= SURE
            if effect.of == "RLHF" and effect.low is not None:
                held.append(holds(effect._asdict(), truth))
    assert_covered(held)
    assert found["RLHF"] > 3 * found["rejection sampling"]


@slow
def test_intervals_of_topics_words_and_replies_hold_the_truth():
    effects = {"topics": {"ships": 0.1}, "words": {"lantern": 0.15}, "reply": 0.03}
    held = {"topic": [], "word": [], "reply": []}
    for seed in range(DRAWS):
        planted = plant(1000, seed, confounding=0.5, **effects)
        features = [planted.topic == 1, planted.has["lantern"], planted.replies]
        adjustment = Adjustment(planted.success.astype(float), planted.model, planted.member)
        told = adjustment.effects(np.column_stack(features).astype(float))
        for place, (name, truth) in enumerate(zip(held, (0.1, 0.15, 0.03), strict=True)):
            held[name].append(told.low[place] <= truth <= told.high[place])
    for shown in held.values():
        assert_covered(shown)


def odds_ratio(planted, tag):
    """What the odds ratio of a tag among reviewed rows is expected to be (Mantel and Haenszel)."""
    has = np.array([tag in row for row in planted.tags])
    reviewed = np.array([bool(row) for row in planted.tags])
    above = below = 0.0
    for model in map(MODELS.index, REVIEWED):
        cells = []
        for some in (has, ~has):
            chance = planted.chance[reviewed & some & (planted.model == model)]
            cells.append((chance.sum(), (1 - chance).sum()))
        (a, b), (c, d) = cells
        above, below = above + a * d / (a + b + c + d), below + b * c / (a + b + c + d)
    return above / below


@slow
def test_intervals_of_odds_ratios_hold_the_truth_within_reviewed_rows():
    effects = {"tags": {"Tall tales": 0.2}, "reviewed": 0.4}
    truth = odds_ratio(plant(200_000, **effects), "Tall tales")
    assert truth > 2
    held = []
    for seed in range(DRAWS):
        effect = effects_of(ask("tags", plant(800, seed, **effects)))["Tall tales"]
        held.append(holds(effect._asdict(), truth))
    assert_covered(held)


def test_planted_topics_come_back():
    from sklearn.metrics import adjusted_rand_score

    planted = plant(1200, seed=5)
    attempts = attempts_of(planted)
    found = topics_of((attempts.task, attempts.opening), 0)
    assert adjusted_rand_score(planted.topic, found.of) >= 0.9


@slow
@pytest.mark.parametrize("seed", range(2))
def test_a_planted_word_ranks_first(seed):
    planted = plant(10_000, seed, words={"lantern": 0.2}, confounding=0.5)
    answer = ask("words", planted)
    first = answer.effects[0].effects[0]
    assert first.of == "lantern"
    assert holds(first._asdict(), 20)
    assert weigh_chances([answer])["words", answer.effects[0].title, "lantern"] <= SURE


@slow
def test_a_planted_topic_ranks_first_among_topics():
    planted = plant(6000, 1, topics={"ships": 0.2}, confounding=0.5)
    found = [e for e in effects_of(ask("topics", planted)).values() if e.p is not None]
    first = min(found, key=lambda effect: effect.p)
    assert first.estimate == max(effect.estimate for effect in found)
    assert set(first.of.replace(",", " ").split()) & set(TOPICS["ships"].split())


@slow
def test_where_nothing_is_planted_nothing_is_found():
    draws, names = 60, [*OF_DIALOGUES]
    found = []
    for seed in range(draws):
        planted = plant(600, seed, **NOTHING, reviewed=0.2)
        answers = ask_all(names, planted)
        assert {"models", "people", "tags", "words", "course", "agreement"} <= {
            answer.question for answer in answers
        }
        chances = weigh_chances(answers)
        assert len(chances) > 50
        found += [(seed, place) for place, q in chances.items() if q <= SURE][:1]
    assert len(found) <= 6, found  # 5 % of 60 and two standard deviations
