"""Two models against each other: does what one chooses please the other, the harder it chooses?

Best-of-n takes, of n replies to a prompt, the one that a first model scores highest. The further a
policy is led by a model, the more of what it gains is the model's error (Gao, Schulman and Hilton,
2022, arXiv:2210.10760): the first model's own score goes on rising, while that of a second one,
which learnt from other rows, rises less, or falls. The distance gone is ln n - (n - 1) / n nats.

For a prompt with k candidate replies the expected score of the best of n is computed over all
choices of n without replacement, not drawn: the reply of rank i (1 is the worst) is the best of
C(i - 1, n - 1) of the C(k, n) choices.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pairsmith.evaluating.rows import Rows
from pairsmith.statistics.bootstrap import FEW, Bootstrap, Estimate, Floats, interval
from pairsmith.statistics.correlation import correlate
from pairsmith.text.spans import Index

MOST = 1 << 10
"""Best of at most this many."""


class Candidates(NamedTuple):
    """m replies to prompts, those of one prompt one behind the other.

    Attributes:
        group: The number of the prompt of each, from 0, ascending.
        scores: Of the first model and of the second, shape (m, 2).
        conversation: Of each group.
    """

    group: Index
    scores: Floats
    conversation: Index


def gather(rows: Rows, first: Floats, second: Floats) -> Candidates:
    """The different replies to each prompt that has at least two.

    Args:
        rows: n rows.
        first: The scores of both sides by the first model, shape (n, 2).
        second: Those by the second.
    """
    prompt, reply = np.repeat(rows.prompt, 2), rows.replies.ravel()
    scores = np.stack([first.ravel(), second.ravel()], axis=1)
    order = np.lexsort((reply, prompt))
    prompt, reply, scores = prompt[order], reply[order], scores[order]
    new = np.append(True, (prompt[1:] != prompt[:-1]) | (reply[1:] != reply[:-1]))[: len(prompt)]
    prompt, scores, row = prompt[new], scores[new], (order // 2)[new]
    _, group, counts = np.unique(prompt, return_inverse=True, return_counts=True)
    many = counts[group] > 1
    group = np.unique(group[many], return_inverse=True)[1].astype(np.int64)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    return Candidates(group, scores[many], rows.conversation[row[many][starts]])


def weights_of_best(ranks: Index, counts: Index, n: int) -> Floats:
    """The chance of each candidate to be the best of n of its prompt's.

    >>> weights_of_best(np.array([1, 2, 3]), np.array([3, 3, 3]), 2).round(4).tolist()
    [0.0, 0.3333, 0.6667]

    Args:
        ranks: m ranks among the candidates of a prompt, from 1 for the worst.
        counts: m numbers of candidates of the prompt, each at least n.
        n: How many are drawn.
    """
    from scipy.special import gammaln

    def log_choices(of: Index) -> Floats:
        some = np.maximum(of, n - 1).astype(np.float64)
        logs: Floats = gammaln(some + 1) - gammaln(some - n + 2)
        return logs

    # C(i - 1, n - 1) / C(k, n) = n · (i - 1)! (k - n)! / ((i - n)! k!)
    logs = log_choices(ranks - 1) - log_choices(counts - 1)
    chances: Floats = np.where(ranks >= n, n / counts * np.exp(logs), 0.0)
    return chances


def gains_of(candidates: Candidates, judge: int, n: int) -> tuple[Floats, Index]:
    """What the best of n by one model gains over a reply at random, for each prompt.

    Args:
        candidates: The candidates.
        judge: Which model chooses, 0 or 1.
        n: The number of replies that it chooses from.

    Returns:
        The gains by the scores of both models, shape (prompts with n candidates, 2), and these
        prompts.
    """
    group, scores = candidates.group, candidates.scores
    sizes = np.bincount(group)
    order = np.lexsort((scores[:, judge], group))
    scores = scores[order]
    ranks = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 1
    # candidates that the judge cannot tell apart are chosen by lot
    tied = np.append(False, (np.diff(scores[:, judge]) == 0) & (np.diff(group) == 0))
    block = np.cumsum(~tied[: len(group)]) - 1
    lots = np.bincount(block)
    counts = sizes[group]
    enough = counts >= n
    chance = np.where(enough, weights_of_best(ranks, np.maximum(counts, n), n), 0.0)
    chance = (np.bincount(block, chance) / lots)[block]
    best = np.stack([np.bincount(group, chance * scores[:, k]) for k in (0, 1)], axis=1)
    means = np.stack([np.bincount(group, scores[:, k]) / sizes for k in (0, 1)], axis=1)
    which = np.flatnonzero(sizes >= n)
    return (best - means)[which], which


def distance(n: int) -> float:
    """How far best-of-n is from a reply at random: ln n - (n - 1) / n, in nats."""
    return float(np.log(n) - (n - 1) / n)


def over_optimise(rows: Rows, first: Floats, second: Floats, seed: int) -> dict[str, Any]:
    """Best-of-n by the first model, as both see it, as `evaluation.json` holds it.

    Args:
        rows: n rows that both models scored.
        first: The scores of both sides by the first, shape (n, 2).
        second: Those by the second.
        seed: Of the bootstrap.

    Returns:
        `agreement`: how often they prefer the same reply; `correlation` of margins; `curve`: for
        each n the `distance`, the `gain` that the first model sees, the `gain_by_other`, and
        `reachable`, what the other would gain if it chose; `most_candidates`; `falls`: the n from
        which the other's gain is surely lower than before, None where it does not fall.
    """
    margins = [sides[:, 0] - sides[:, 1] for sides in (first, second)]
    boot = Bootstrap(rows.conversation, seed=seed)
    same = (np.sign(margins[0]) == np.sign(margins[1])).astype(np.float64)
    candidates = gather(rows, first, second)
    sizes = np.bincount(candidates.group) if len(candidates.group) else np.zeros(0, np.int64)
    most = int(sizes.max(initial=0))
    steps = [n for n in _steps(most) if (sizes >= n).sum() >= 1]
    drawn = {n: _step(candidates, n, seed) for n in steps}
    return {
        "rows": len(rows.ids),
        "agreement": boot.mean(same).to_dict(),
        "correlation": correlate(margins[0], margins[1], boot).to_dict(),
        "prompts": len(sizes),
        "most_candidates": most,
        "unit": "log-odds above a reply at random",
        "curve": [{"n": n, "distance": distance(n), **_told(drawn[n])} for n in steps],
        "falls": _fall(candidates, steps, seed),
    }


def _steps(most: int) -> list[int]:
    """1, 2, 3, 4, 6, 8, 12, 16, … up to the most candidates of a prompt."""
    small = sorted({1 << k for k in range(11)} | {3 << k for k in range(9)})
    return [n for n in small if n <= min(most, MOST)]


def _step(candidates: Candidates, n: int, seed: int) -> dict[str, Estimate]:
    chosen, which = gains_of(candidates, 0, n)
    reachable, _ = gains_of(candidates, 1, n)
    boot = Bootstrap(candidates.conversation[which], seed=seed)
    return {
        "gain": boot.mean(chosen[:, 0]),
        "gain_by_other": boot.mean(chosen[:, 1]),
        "reachable": boot.mean(reachable[:, 1]),
    }


def _told(step: dict[str, Estimate]) -> dict[str, Any]:
    return {name: estimate.to_dict() for name, estimate in step.items()}


def _fall(candidates: Candidates, steps: list[int], seed: int) -> int | None:
    """The first n whose gain by the other is surely below that of a smaller n, on one's prompts."""
    for place, n in enumerate(steps):
        mine, which = gains_of(candidates, 0, n)
        boot = Bootstrap(candidates.conversation[which], seed=seed)
        if boot.count < FEW:
            return None
        for fewer in steps[1:place]:
            others, all_of = gains_of(candidates, 0, fewer)
            before = others[np.isin(all_of, which), 1]
            _, high = interval(boot.drawn(boot.summed(mine[:, 1] - before))[:, 0])
            if high is not None and high < 0:
                return n
    return None
