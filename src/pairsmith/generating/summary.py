"""What came of best-of-n: how much better the best is than the first, and how far it has moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np

from pairsmith.generating.kl import Scored, measure
from pairsmith.generating.pairing import usable
from pairsmith.statistics.intervals import student


class Summary:
    """Gathers numbers, prompt by prompt.

    Args:
        best_of: Samples of a prompt.
    """

    def __init__(self, best_of: int) -> None:
        self.best_of = best_of
        self.first, self.best = list[float](), list[float]()
        self.scored = list[list[Scored]]()
        self.counts = dict.fromkeys(("asked", "failed", "empty", "repeated", "trimmed"), 0)
        self.faults = Counter[str]()

    def add(self, samples: Sequence[Mapping[str, Any]]) -> None:
        """Takes the samples of a prompt into account."""
        good = usable(samples)
        texts = [one["text"] for one in good]
        faults = [one["fault"] for one in samples if "fault" in one]
        self.counts["asked"] += len(samples)
        self.counts["empty"] += faults.count("empty")
        self.counts["failed"] += len(faults) - faults.count("empty")
        self.counts["trimmed"] += sum("around" in one for one in samples)
        self.faults.update(fault for fault in faults if fault != "empty")
        self.counts["repeated"] += len(texts) - len(set(texts))
        scores = [one["score"] for one in good if one["score"] is not None]
        if not scores or len(scores) < len(good):
            return
        self.first.append(scores[0])
        self.best.append(max(scores))
        if len(good) == self.best_of and all("log_prob" in one for one in good):
            self.scored.append([Scored(o["text"], o["score"], o["log_prob"]) for o in good])

    def to_dict(self) -> dict[str, Any]:
        """The numbers, by name; none where nothing was scored.

        `prompts` with scores, the mean score of the `first` sample and of the `best`, their
        difference `gain` with the ends of its 95 % interval by prompt, and the divergence `kl`.
        """
        if not self.first:
            return {}
        first, best = np.array(self.first), np.array(self.best)
        gain, count = best - first, len(first)
        reach = 0.0
        if count > 1:
            reach = student(count - 1) * float(gain.std(ddof=1)) / sqrt(count)
        middle = float(gain.mean())
        return {
            "prompts": count,
            "first": float(first.mean()),
            "best": float(best.mean()),
            "gain": middle,
            "gain_low": middle - reach,
            "gain_high": middle + reach,
            "kl": measure(self.scored, self.best_of).to_dict(),
        }
