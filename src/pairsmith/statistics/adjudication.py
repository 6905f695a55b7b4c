"""What several opinions make of a label: keep it, flip it, or ask one more person.

A label says that one of two replies is better. It is right with the chance π, the prior, and is an
opinion among others: people who are asked, without being shown it, agree with it or not. With one
accuracy a_j for each source of opinions (Dawid and Skene, Maximum likelihood estimation of observer
error-rates using the EM algorithm, Applied Statistics 28 (1979), 20-28, with one number a rater),
independent of each other given which reply is better, the odds that the label is right are

    odds = π / (1 - π) · Π_agree a_j / (1 - a_j) · Π_against (1 - a_j) / a_j

**Three opinions are too few.** Of 100 labels let 10 be wrong, and people right 80 % of the time. If
all three are against, the odds are 0.9 · 0.2³ to 0.1 · 0.8³, 0.0072 to 0.0512, and flipping is
best; if two are, they are 0.0288 to 0.0128, and keeping is. So no rule of three opinions a label
makes fewer errors than one that mends 0.8³ = 51.2 % of the wrong ones and harms 0.8 % of the right
ones; by a plain majority 89.6 % are mended and 10.4 % harmed, which leaves no fewer wrong labels
than before.

**So more are asked where it is not decided** (Wald, Sequential tests of statistical hypotheses,
Annals of Mathematical Statistics 16 (1945), 117-186): until the label is right with a chance of
`keep` at least, or wrong with one of `flip`, or `most` opinions were given. Where `most` is not
reached, these two bound what is done: with k the share of labels that are kept and f that of those
that are flipped,

    not mended ≤ (1 - keep) · k / (1 - π),   harmed ≤ (1 - flip) · f / π

with the defaults and π = 0.9 about 9 % and 1.8 %. At an accuracy of 80 % the two are reached with
two more for the label than against it, and with three more against it than for it: 92.5 % are
mended and 1.4 % harmed by 3.3 opinions a label on average (`expect`).

**Accuracies and π** are estimated from opinions that overlap, by EM with a little prior weight.
What opinions are asked for may depend on those that were given: the likelihood is the same.
A source is whatever shares an accuracy: a person, or a person's strong and weak preferences apart.

What the model cannot see: pairs that are hard for everybody, on which opinions are wrong together,
and people who share a taste that the label's author has not. It then claims more than it knows.

>>> against = decide([-3, -1, -2], [0.8, 0.8, 0.8], prior=0.9)
>>> round(against.right, 3), against.verdict, against.wants_more
(0.123, 'flip', False)
>>> divided = decide([-1, -1, 1], [0.8, 0.8, 0.8], prior=0.9)
>>> round(divided.right, 3), divided.verdict, divided.wants_more
(0.692, 'undecided', True)
>>> found = expect(0.8, 0.9)
>>> round(found.mended, 3), round(found.harmed, 3), round(found.opinions, 2)
(0.925, 0.014, 3.31)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Literal, NamedTuple

import numpy as np

from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index

Verdict = Literal["keep", "flip", "undecided"]

PRIOR, PRIOR_WEIGHT = 0.9, 10
"""How many labels are right before anything is known, and as how many labels that counts."""
ACCURACY, ACCURACY_WEIGHT = 0.75, 10
"""How often a source is right before anything is known, and as how many opinions that counts."""
LEAST_ACCURACY, MOST_ACCURACY = 0.5, 0.99
"""Nobody's opinion counts for its opposite, and none decides alone."""
STEPS = 1_000
"""Steps of EM at most."""
CLOSE = 1e-9
"""The largest change of a last step."""


@dataclass(frozen=True)
class Rule:
    """When enough opinions have been asked for.

    Attributes:
        keep: The chance of being right from which a label is kept.
        flip: The chance of being wrong from which it is flipped; above one half.
        most: How many opinions are asked for at most; beyond it a label stays undecided.
    """

    keep: float = 0.99
    flip: float = 0.85
    most: int = 11

    def __post_init__(self) -> None:
        if not (0.5 < self.keep < 1 and 0.5 < self.flip < 1 and self.most >= 1):
            raise ValueError("keep and flip have to be between 0.5 and 1, most at least 1")

    def judge(self, right: float) -> Verdict:
        """What to do with a label that is right with such a chance."""
        if right >= self.keep:
            return "keep"
        return "flip" if 1 - right >= self.flip else "undecided"


class Decision(NamedTuple):
    """What opinions make of a label.

    Attributes:
        right: The chance that it is right.
        verdict: What to do with it; an undecided label stays as it is.
        wants_more: Whether one more person should be asked.
    """

    right: float
    verdict: Verdict
    wants_more: bool

    @property
    def confidence(self) -> float:
        """The chance that what the verdict leaves is right."""
        return 1 - self.right if self.verdict == "flip" else self.right


class Expected(NamedTuple):
    """What a rule does on average, if the model holds.

    Attributes:
        mended: The share of wrong labels that are flipped.
        harmed: The share of right labels that are flipped.
        undecided: The share of all labels on which `most` opinions decide nothing.
        opinions: Opinions a label.
    """

    mended: float
    harmed: float
    undecided: float
    opinions: float


@dataclass(frozen=True, eq=False)
class Opinions:
    """What n opinions say of R labels and S sources.

    Attributes:
        prior: The share of labels that are right, π.
        accuracy: How often each source is right, from 0.5.
        right: The chance that each label is right.
        given: Opinions of each source, ties not counted.
        asked: Opinions on each label, ties among them.
        converged: Whether the estimates had settled.
    """

    prior: float
    accuracy: Floats
    right: Floats
    given: Index
    asked: Index
    converged: bool

    def decide(self, rule: Rule | None = None) -> list[Decision]:
        """What to do with each label."""
        rule = rule or Rule()
        pairs = zip(self.right.tolist(), self.asked.tolist(), strict=True)
        return [_decide(right, asked, rule) for right, asked in pairs]


def decide(
    opinions: Sequence[float],
    accuracy: Sequence[float],
    prior: float = PRIOR,
    rule: Rule | None = None,
) -> Decision:
    """What opinions make of one label.

    Args:
        opinions: Above 0 for the label, below 0 against it, 0 for neither: that tells nothing, and
            counts as asked. How far from 0 they are plays no part: see `fit_opinions`.
        accuracy: How often the source of each opinion is right.
        prior: The share of such labels that are right.
        rule: When enough have been asked; None for the default one.

    Raises:
        ValueError: An accuracy or the prior is not between 0 and 1, or lengths differ.
    """
    if not (0 < prior < 1 and all(0 < held < 1 for held in accuracy)):
        raise ValueError("accuracies and the prior have to be between 0 and 1")
    odds = _logit(prior)
    for opinion, held in zip(opinions, accuracy, strict=True):
        trusted = min(max(held, LEAST_ACCURACY), MOST_ACCURACY)
        odds += float(np.sign(opinion)) * _logit(trusted)
    return _decide(_chance(odds), len(opinions), rule or Rule())


def fit_opinions(rows: Index, sources: Index, opinions: Floats) -> Opinions:
    """Estimates how often sources and labels are right, from n opinions that overlap.

    Args:
        rows: The label that each opinion is on, from 0; a label without any has the prior.
        sources: Where it comes from, from 0: a person; or a person's opinions of some strength, so
            that strong ones count for more if they are right more often.
        opinions: Above 0 for the label, below 0 against it, 0 for neither.

    Raises:
        ValueError: An opinion is no number, one source has two on a label, or lengths differ.
    """
    rows, sources = np.asarray(rows), np.asarray(sources)
    signs = np.sign(np.asarray(opinions, np.float64))
    if not len(rows) == len(sources) == len(signs) or np.isnan(signs).any():
        raise ValueError("rows, sources and opinions have to be as many, opinions numbers")
    if len(np.unique(np.stack([rows, sources]), axis=1).T) < len(rows):
        raise ValueError("one source has two opinions on a label")
    labels, many = int(rows.max(initial=-1)) + 1, int(sources.max(initial=-1)) + 1
    asked = np.bincount(rows, minlength=labels)
    said = signs != 0
    row, source, sign = rows[said], sources[said], signs[said]
    given = np.bincount(source, minlength=many)
    prior, accuracy, some, moved = PRIOR, np.full(many, ACCURACY), asked > 0, 1.0
    for _ in range(STEPS):
        right = _posterior(prior, accuracy, row, source, sign, labels)
        correct = np.where(sign > 0, right[row], 1 - right[row])
        sums = np.bincount(source, correct, many) + ACCURACY * ACCURACY_WEIGHT
        better = np.clip(sums / (given + ACCURACY_WEIGHT), LEAST_ACCURACY, MOST_ACCURACY)
        share = float(right[some].sum() + PRIOR * PRIOR_WEIGHT) / (some.sum() + PRIOR_WEIGHT)
        share = min(max(share, LEAST_ACCURACY), MOST_ACCURACY)
        moved = max(abs(share - prior), float(np.abs(better - accuracy).max(initial=0)))
        prior, accuracy = share, better
        if moved < CLOSE:
            break
    right = _posterior(prior, accuracy, row, source, sign, labels)
    return Opinions(prior, accuracy, right, given, asked, moved < CLOSE)


def expect(accuracy: float, prior: float = PRIOR, rule: Rule | None = None) -> Expected:
    """What a rule does on average with sources of one accuracy, counted and not simulated.

    Args:
        accuracy: How often each opinion is right, between 0.5 and 1.
        prior: The share of labels that are right.
        rule: When enough have been asked; None for the default one.
    """
    rule = rule or Rule()
    flipped, left, opinions = [], [], []
    for agrees in (accuracy, 1 - accuracy):  # of a right label, and of a wrong one
        found = _walk(agrees, accuracy, prior, rule)
        flipped.append(found[0])
        left.append(found[1])
        opinions.append(found[2])
    share = np.array([prior, 1 - prior])
    return Expected(flipped[1], flipped[0], float(share @ left), float(share @ opinions))


def _walk(agrees: float, accuracy: float, prior: float, rule: Rule) -> tuple[float, float, float]:
    """The chances of a label to be flipped and to stay undecided, and its mean opinions."""
    reached, flipped, asked = {0: 1.0}, 0.0, 0.0  # by opinions for it less those against it
    for _ in range(rule.most):
        going: dict[int, float] = {}
        for ahead, chance in reached.items():
            verdict = rule.judge(_chance(_logit(prior) + ahead * _logit(accuracy)))
            if verdict != "undecided":
                flipped += chance * (verdict == "flip")
                continue
            asked += chance
            for way, part in ((1, agrees), (-1, 1 - agrees)):
                going[ahead + way] = going.get(ahead + way, 0.0) + chance * part
        reached = going
    left = 0.0
    for ahead, chance in reached.items():
        verdict = rule.judge(_chance(_logit(prior) + ahead * _logit(accuracy)))
        flipped += chance * (verdict == "flip")
        left += chance * (verdict == "undecided")
    return flipped, left, asked


def _posterior(
    prior: float, accuracy: Floats, row: Index, source: Index, sign: Floats, labels: int
) -> Floats:
    """The chance that each label is right."""
    weight = np.log(accuracy / (1 - accuracy))
    odds = _logit(prior) + np.bincount(row, sign * weight[source], labels)
    found: Floats = 1 / (1 + np.exp(-odds))
    return found


def _decide(right: float, asked: int, rule: Rule) -> Decision:
    verdict = rule.judge(right)
    return Decision(right, verdict, verdict == "undecided" and asked < rule.most)


def _logit(chance: float) -> float:
    return log(chance / (1 - chance))


def _chance(odds: float) -> float:
    return 1 / (1 + exp(-odds))
