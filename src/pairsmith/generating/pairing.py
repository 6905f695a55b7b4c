"""A prompt's samples to a row: a pair, best against another, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from pairsmith.generating.options import GenerateOptions
from pairsmith.generating.prompts import Prompt
from pairsmith.models.generation.sample import Failed, Sample, seed_of

FAILED, IDENTICAL, TIED, UNSCORED = "failed", "identical", "tied", "unscored"
"""Why a prompt with samples gives no pair: fewer than two of them can be used, all say the same, no
other has a lower score than the best, or nothing scored them."""

EMPTY, NUL = "empty", "nul_character"
"""What is wrong with a sample that says nothing, or holds a character that no build takes."""

Held = dict[str, Any]
"""A sample as it is written: `text`, `seed`, `score`, `tokens`, `finish_reason`, `log_prob` where
the model is at hand, `around`, the white space that stood before and behind the text, where there
was any, and `fault` where it cannot be used."""


def hold(one: Sample | Failed) -> Held:
    """A sample as it is written, without a score; white space around its text stands apart."""
    if isinstance(one, Failed):
        return {
            "text": None, "seed": one.seed, "score": None, "tokens": None, "finish_reason": None,
            "fault": one.kind, "said": one.said,
        }  # fmt: skip
    text = one.text.strip()
    held: Held = {
        "text": text, "seed": one.seed, "score": None, "tokens": one.tokens,
        "finish_reason": one.finish_reason,
    }  # fmt: skip
    if text != one.text:
        before = one.text[: len(one.text) - len(one.text.lstrip())]
        held["around"] = [before, one.text[len(before) + len(text) :]]
    if one.log_prob is not None:
        held["log_prob"] = round(one.log_prob, 5)
    if not text or "\0" in text:
        held["fault"] = NUL if text else EMPTY
    return held


def usable(samples: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The samples with which nothing is wrong."""
    return [one for one in samples if "fault" not in one]


def make_row(
    prompt: Prompt, samples: Sequence[Held], options: GenerateOptions, model: str, scored: bool
) -> tuple[dict[str, Any], str | None]:
    """The row of a prompt.

    Args:
        prompt: The prompt.
        samples: Its samples.
        options: Which are paired.
        model: What wrote them, as rows name it.
        scored: Whether a preference model scored them.

    Returns:
        The row, and None; or a row without replies, and why there is no pair.
    """
    row: dict[str, Any] = {"id": prompt.id, "prompt": prompt.messages}
    ending = {"round": options.round, "model": model, "samples": [*samples]}
    reason = prompt.refused or (None if scored else UNSCORED)
    pair = None if reason else choose(prompt, usable(samples), options)
    if isinstance(pair, str):
        reason = pair
    if reason is not None or pair is None or isinstance(pair, str):
        return {**row, "reason": reason, **ending}, reason
    best, other = pair
    return {
        **row,
        "chosen": [_said(best)],
        "rejected": [_said(other)],
        "chosen_score": best["score"],
        "rejected_score": other["score"],
        **ending,
    }, None


def choose(
    prompt: Prompt, samples: Sequence[Mapping[str, Any]], options: GenerateOptions
) -> tuple[Mapping[str, Any], Mapping[str, Any]] | str:
    """The best sample and the other of a pair, or why there is none.

    Of equal scores the first counts. The other says something else, and its score is lower.
    """
    if len(samples) < 2:
        return FAILED
    if len({one["text"] for one in samples}) == 1:
        return IDENTICAL
    best = max(samples, key=lambda one: one["score"])
    others = [one for one in samples if one["score"] < best["score"]]
    others = [one for one in others if one["text"] != best["text"]]
    if not others:
        return TIED
    if options.against == "second":
        return best, max(others, key=lambda one: one["score"])
    if options.against == "worst":
        return best, min(others, key=lambda one: one["score"])
    drawn = Random(seed_of(options.seed, prompt.messages, -1)).randrange(len(others))  # noqa: S311
    return best, others[drawn]


def _said(one: Mapping[str, Any]) -> dict[str, str]:
    return {"role": "assistant", "content": one["text"]}
