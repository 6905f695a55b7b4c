"""What a policy writes beside what its start writes: a reply of each to the same held-out prompts.

The KL divergence from the start is estimated from the replies that the finished policy wrote: the
mean over replies of Σ exp(−r) − 1 + r over their tokens, r = log π − log π₀ of the distributions
that tokens are drawn from, in nats. It is free of bias and never below 0 (Schulman, Approximating
KL divergence, 2020).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.models.generation.sample import LENGTH, Sample, Sampling, seed_of
from pairsmith.statistics.intervals import student
from pairsmith.training.judges import Asked, Judge

if TYPE_CHECKING:
    from pairsmith.models.generation.replies import ReplyReader
    from pairsmith.models.policies import Policy
    from pairsmith.training.progress import Tell

FOLDER, NAME, SAMPLES = "evaluation", "evaluation.json", "samples.jsonl"
"""In a run: the numbers of its evaluation, and the replies before and after side by side."""

Floats = NDArray[np.float64]


class Mean(NamedTuple):
    """A mean of independent values with its 95 % interval, by Student's t.

    Attributes:
        estimate: The mean; None without values.
        low, high: The ends of the interval; None where there are less than two values.
        rows: The number of values.
    """

    estimate: float | None
    low: float | None
    high: float | None
    rows: int

    @classmethod
    def of(cls, values: Sequence[float] | Floats) -> Mean:
        """The mean of those values that are finite."""
        held = np.asarray(values, np.float64)
        held = held[np.isfinite(held)]
        if not len(held):
            return cls(None, None, None, 0)
        mean = float(held.mean())
        if len(held) < 2:
            return cls(mean, None, None, len(held))
        half = student(len(held) - 1) * float(held.std(ddof=1)) / math.sqrt(len(held))
        return cls(mean, mean - half, mean + half, len(held))

    def __str__(self) -> str:
        if self.estimate is None:
            return "unknown"
        if self.low is None or self.high is None:
            return f"{self.estimate:.3g}"
        return f"{self.estimate:.3g} ({self.low:.3g} to {self.high:.3g})"

    def numbers(self, name: str) -> dict[str, float]:
        """As a manifest holds it, under a name."""
        told = {name: self.estimate, f"{name}_low": self.low, f"{name}_high": self.high}
        return {key: value for key, value in told.items() if value is not None}


class Change(NamedTuple):
    """A number of replies before and after, and the difference between replies to one prompt."""

    before: Mean
    after: Mean
    difference: Mean

    @classmethod
    def of(cls, values: Floats) -> Change:
        """Of numbers of shape (2, n), before in front: of prompts where both are finite."""
        known = values[:, np.isfinite(values).all(axis=0)]
        return cls(Mean.of(known[0]), Mean.of(known[1]), Mean.of(known[1] - known[0]))

    def to_dict(self) -> dict[str, Any]:
        """As `evaluation.json` holds it."""
        return {name: mean._asdict() for name, mean in self._asdict().items()}

    def numbers(self, name: str) -> dict[str, float]:
        """As a manifest holds it, under a name."""
        before, after = self.before.numbers(f"{name}_before"), self.after.numbers(name)
        return {**before, **after, **self.difference.numbers(f"{name}_gain")}


@dataclass(frozen=True)
class Replies:
    """Replies to n prompts, before and after.

    Attributes:
        asked: The prompts.
        before, after: n replies of each policy, drawn with the same seeds.
        log_ratios: log π − log π₀ of each of the n replies in `after`, summed over its tokens.
        divergences: The estimate of the KL divergence by each of them.
        scores: By role, the scores by a preference model, shape (2, n), before in front; NaN where
            it cannot read a reply.
    """

    asked: Sequence[Asked]
    before: list[Sample]
    after: list[Sample]
    log_ratios: Floats
    divergences: Floats
    scores: dict[str, Floats] = field(default_factory=dict)

    @property
    def kl(self) -> Mean:
        """The KL divergence from the start, in nats a reply."""
        return Mean.of(self.divergences)

    @property
    def lengths(self) -> Change:
        """The tokens of a reply."""
        sides = (self.before, self.after)
        return Change.of(np.array([[float(one.tokens or 0) for one in side] for side in sides]))

    @property
    def without_end(self) -> tuple[float, float]:
        """The share of replies without an end, before and after."""
        before, after = (
            float(np.mean([one.finish_reason == LENGTH for one in side]))
            for side in (self.before, self.after)
        )
        return before, after

    @property
    def changes(self) -> dict[str, Change]:
        """The scores by role, before and after."""
        return {role: Change.of(values) for role, values in self.scores.items()}

    def score(self, role: str, judge: Judge) -> None:
        """Has a preference model score the replies.

        Args:
            role: The name under which the scores are kept.
            judge: The model, made ready to read conversations.
        """
        sides = [[one.text for one in side] for side in (self.before, self.after)]
        self.scores[role] = np.array([judge.score_known(self.asked, side) for side in sides])

    def to_dict(self) -> dict[str, Any]:
        """As `evaluation.json` holds it."""
        before, after = self.without_end
        scored = {role: change.to_dict() for role, change in self.changes.items()}
        missing = self.not_scored
        return {
            "prompts": len(self.asked),
            "kl": self.kl._asdict(),
            "tokens": self.lengths.to_dict(),
            "without_end": {"before": before, "after": after},
            "scores": {
                role: {**held, "not_scored": missing[role]} for role, held in scored.items()
            },
        }

    @property
    def not_scored(self) -> dict[str, int]:
        """By role the prompts of which a reply has no score that is a number."""
        return {
            role: int((~np.isfinite(values)).any(axis=0).sum())
            for role, values in self.scores.items()
        }

    def numbers(self) -> dict[str, float]:
        """As the manifest of a run holds it."""
        told = {"held_out_prompts": float(len(self.asked)), **self.kl.numbers("held_out_kl")}
        told |= self.lengths.numbers("held_out_length")
        for role, change in self.changes.items():
            told |= change.numbers(f"held_out_{role}")
        return told

    def table(self) -> list[tuple[str, str, str, str]]:
        """Rows of a table: what is compared, before, after, and the difference."""
        told = {**self.changes, "tokens of a reply": self.lengths}
        rows = [(name, *(str(mean) for mean in change)) for name, change in told.items()]
        before, after = self.without_end
        return [*rows, ("replies without an end", f"{before:.0%}", f"{after:.0%}", "")]  # type: ignore[list-item]

    def to_markdown(self) -> str:
        """The table, for a card."""
        head = ["| | start | this policy | difference |", "| --- | ---: | ---: | ---: |"]
        return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in self.table())]) + "\n"

    def verdict(self) -> tuple[str, ...]:
        """The same in a few lines, for the screen."""
        lines = [
            f"{name}: {before} before, {after} after" for name, before, after, _ in self.table()
        ]
        kl = f"KL from the start: {self.kl} nats a reply, from {len(self.asked)} sampled replies"
        missing = [
            f"{role} of {count} of {len(self.asked)} prompts is not known: the model refuses the "
            "replies, cannot read them, or gives no numbers"
            for role, count in self.not_scored.items()
            if count
        ]
        return (*lines, *missing, kl)

    def save(self, path: Path) -> None:
        """Writes the replies side by side, a line a prompt.

        They are kept apart from the card: replies to prompts of this kind may offend.
        """
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for place, one in enumerate(self.asked):
                line = {
                    "id": one.id,
                    "prompt": one.said,
                    "before": self._told(0, place),
                    "after": self._told(1, place),
                    "log_ratio": float(self.log_ratios[place]),
                    "kl": float(self.divergences[place]),
                }
                file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")

    def _told(self, side: int, place: int) -> dict[str, Any]:
        one = (self.before, self.after)[side][place]
        scores = {role: float(values[side, place]) for role, values in self.scores.items()}
        return {
            "text": one.text,
            "seed": one.seed,
            "tokens": one.tokens,
            "finish_reason": one.finish_reason,
            "scores": {
                role: said if math.isfinite(said) else None for role, said in scores.items()
            },
        }


class How(NamedTuple):
    """How replies are drawn.

    Attributes:
        sampling: Temperature and the most tokens.
        seed: Of the whole; each prompt has a seed of its own by it.
        reader: What makes texts of the ids.
        tell: Called with what is done, the replies so far and all.
    """

    sampling: Sampling
    seed: int
    reader: ReplyReader
    tell: Tell | None = None


def write_replies(start: Policy, finished: Policy, asked: Sequence[Asked], how: How) -> Replies:
    """Has both policies write a reply to each prompt, with the same seeds.

    Args:
        start: The policy before its training.
        finished: After it.
        asked: Prompts, at least one.
        how: How replies are drawn.

    Raises:
        ModelError: A prompt leaves too little room for a reply, or the device is too small.
    """
    from pairsmith.models.generation.local import sample
    from pairsmith.models.generation.log_probs import log_probs

    prompts = [one.ids for one in asked]
    seeds = [seed_of(how.seed, one.said, 0) for one in asked]
    done = 0

    def tick(count: int) -> None:
        nonlocal done
        done += count
        if how.tell is not None:
            how.tell("replies", done, 2 * len(asked))

    before, after = (
        sample(one, prompts, seeds, how.sampling, reader=how.reader, tick=tick)
        for one in (start, finished)
    )
    replies = [one.ids or () for one in after]
    now, then = (
        log_probs(one, prompts, replies, sampling=how.sampling) for one in (finished, start)
    )
    ratios = [a.astype(np.float64) - b for a, b in zip(now, then, strict=True)]
    return Replies(
        asked,
        before,
        after,
        np.array([float(r.sum()) for r in ratios]),
        np.array([estimate_kl(r) for r in ratios]),
    )


def estimate_kl(log_ratios: Floats) -> float:
    """KL(π ‖ π₀) by one reply that π wrote, from the log-ratio r of each token: Σ exp(−r) − 1 + r.

    Its mean is that of the sum of r, since exp(−r) has the mean 1.
    """
    return float((np.expm1(-log_ratios) + log_ratios).sum())


def save_evaluation(finished: Path, numbers: Mapping[str, Any], replies: Replies | None) -> None:
    """Writes the numbers of an evaluation into a run, and the replies where there are any."""
    folder = finished / FOLDER
    folder.mkdir(exist_ok=True)
    text = json.dumps(numbers, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / NAME).write_text(text + "\n", encoding="utf-8", newline="\n")
    if replies is not None:
        replies.save(folder / SAMPLES)
