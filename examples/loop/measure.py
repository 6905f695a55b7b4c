"""What came of the rounds: true utility, Elo, proxy and KL, with intervals over prompts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import commands
import numpy as np
import torch
import world
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

from pairsmith.statistics.elo import fit_elo
from pairsmith.statistics.intervals import student

REPLIES = 4
"""To each question that is held out."""


class Mean(NamedTuple):
    """A mean with its 95 % interval, by Student's t over prompts.

    Attributes:
        mean: The mean.
        reach: From the mean to each end of the interval.
        n: How many prompts.
    """

    mean: float
    reach: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.reach:.2f}"


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of values, one a prompt."""
    held = np.asarray(values, float)
    reach = student(len(held) - 1) * held.std(ddof=1) / len(held) ** 0.5
    return Mean(float(held.mean()), float(reach), len(held))


class Judged(NamedTuple):
    """Replies of a policy to the questions that are held out, by question.

    Attributes:
        utility: The true utility of each reply.
        score: Its score by the preference model.
        kl: How much likelier the policy makes it than the base model does, in nats.
    """

    utility: dict[str, list[float]]
    score: dict[str, list[float]]
    kl: dict[str, list[float]]


def judge(policy: str, reward: str, out: str, tokens: int) -> Judged:
    """Has a policy reply to the questions that are held out, and says what the replies are worth.

    Args:
        policy: The folder of the model.
        reward: That of the preference model that scores.
        out: Where the samples go.
        tokens: The most tokens of a reply.
    """
    rows = commands.generate(
        "round-1/pairs", out, model=policy, score=reward,
        split="test", best_of=REPLIES, max_tokens=tokens, seed=99,
    )  # fmt: skip
    held = {row["prompt"][-1]["content"]: row["samples"] for row in rows if row["samples"]}
    said = [(q, one["text"] or "") for q, samples in held.items() for one in samples]
    apart = iter(np.subtract(log_probs(policy, said), log_probs("base", said)).tolist())
    return Judged(
        {
            q: [world.utility(q, one["text"] or "") for one in samples]
            for q, samples in held.items()
        },
        {q: [one["score"] or 0.0 for one in samples] for q, samples in held.items()},
        {q: [next(apart) for _ in samples] for q, samples in held.items()},
    )


def log_probs(model: str, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """The logarithm of the probability with which a model replies so, each with its end."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    policy = AutoModelForCausalLM.from_pretrained(model).eval()
    found = []
    for begin in range(0, len(pairs), 256):
        texts = [f"<s><user>{q}<end><assistant>{r}<end>" for q, r in pairs[begin : begin + 256]]
        batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.no_grad():
            logits = policy(**batch).logits[:, :-1].log_softmax(-1)
        ids = batch.input_ids[:, 1:]
        start = tokenizer.convert_tokens_to_ids("<assistant>")
        counted = (batch.input_ids == start).cumsum(1)[:, :-1] * batch.attention_mask[:, 1:]
        found += (logits.gather(2, ids[..., None])[..., 0] * counted).sum(1).tolist()
    return found


def rise(before: Judged, after: Judged) -> Mean:
    """How much more the replies are worth, prompt by prompt."""
    return mean_of([np.mean(after.utility[q]) - np.mean(u) for q, u in before.utility.items()])


def elo(policies: Sequence[Judged]) -> list[tuple[float, float]]:
    """Elo of policies above the first one by true utility, each with the reach of its interval."""
    told = [
        (one, other, 0.5 if mine == theirs else float(mine > theirs), number)
        for one, other in combinations(range(len(policies)), 2)
        for number, question in enumerate(policies[one].utility)
        for mine, theirs in zip(
            policies[one].utility[question], policies[other].utility[question], strict=True
        )
    ]
    first, second, won, groups = (np.array(each) for each in zip(*told, strict=True))
    fitted = fit_elo(first, second, won, len(policies), groups)
    gaps = [fitted.difference(place, 0) for place in range(1, len(policies))]
    return [(0.0, 0.0), *((gap.estimate or 0.0, gap.estimate - gap.low) for gap in gaps)]


def line_of(judged: Judged) -> dict[str, Any]:
    """The numbers of a policy, each with its reach."""
    return {
        name: mean_of([float(np.mean(each)) for each in values.values()])
        for name, values in zip(Judged._fields, judged, strict=True)
    }


def best_of(folder: str) -> dict[str, Any]:
    """What the best of n replies to held-out questions is worth, and how far it is from the model.

    Args:
        folder: Of samples that were scored.
    """
    rows = [row for row in commands.rows_of(folder) if "/test/" in row["id"] and row["samples"]]
    first, best = list[float](), list[float]()
    for row in rows:
        question, usable = row["prompt"][-1]["content"], [s for s in row["samples"] if s["text"]]
        first.append(world.utility(question, usable[0]["text"]))
        best.append(world.utility(question, max(usable, key=lambda s: s["score"] or -99)["text"]))
    manifest = json.loads(Path(folder, "manifest.json").read_text(encoding="utf-8"))
    return {"first": mean_of(first), "best": mean_of(best), "kl": manifest["summary"]["kl"]}


def accuracy(reward: str) -> Mean:
    """How often a preference model prefers the truly better of two replies of the base model."""
    rows = [row for row in commands.rows_of("judged/0") if len(row["samples"]) > 1]
    tests = [
        [
            {"prompt": row["prompt"], "replies": (a["text"], b["text"])}
            for a, b in combinations(row["samples"], 2)
            if a["text"] and b["text"]
        ]
        for row in rows
    ]
    flat = [(one["prompt"][-1]["content"], *one["replies"]) for each in tests for one in each]
    scores = score_all(reward, [(q, text) for q, *both in flat for text in both])
    right = iter(
        float((mine > theirs) == (world.utility(q, a) > world.utility(q, b)))
        for (q, a, b), mine, theirs in zip(flat, scores[::2], scores[1::2], strict=True)
    )
    return mean_of([float(np.mean([next(right) for _ in each])) for each in tests if each])


def score_all(reward: str, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """The score of each reply to its question."""
    tokenizer = AutoTokenizer.from_pretrained(reward)
    model = AutoModelForSequenceClassification.from_pretrained(reward).eval()
    found = []
    for begin in range(0, len(pairs), 256):
        texts = [f"<s><user>{q}<end><assistant>{r}<end>" for q, r in pairs[begin : begin + 256]]
        batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.no_grad():
            found += model(**batch).logits[:, 0].tolist()
    return found


def score_of(reward: str, folder: str) -> Mean:
    """The mean score that a preference model gives the replies in a folder of samples."""
    rows = [row for row in commands.rows_of(folder) if row["samples"]]
    pairs = [
        (row["prompt"][-1]["content"], s["text"] or "") for row in rows for s in row["samples"]
    ]
    told = iter(score_all(reward, pairs))
    return mean_of([float(np.mean([next(told) for _ in row["samples"]])) for row in rows])
