"""What a policy writes, beside what the model that it began as writes, to prompts held out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pairsmith.dataset.manifest import Manifest
from pairsmith.io.remote import StoragePath
from pairsmith.models.forward import Reader
from pairsmith.models.generation.local import context_of, sample
from pairsmith.models.generation.log_probs import log_probs
from pairsmith.models.generation.prompts import (
    encode_prompts,
    read_prompt,
    read_tools,
    write_prompts,
)
from pairsmith.models.generation.sample import Sample, Sampling, seed_of
from pairsmith.schema.rows import Form
from pairsmith.statistics.bootstrap import Bootstrap, Floats
from pairsmith.tokens.preview import open_writer
from pairsmith.tokens.reward_ids import Said, reward_ids
from pairsmith.training.dpo.log_ratios import Compared, held_out_batches

if TYPE_CHECKING:
    from pairsmith.models.loading import Scorer

PROMPTS = 32
"""At most this many prompts are replied to."""

TOKENS = 256
"""At most this many tokens has a reply."""

BATCH_TOKENS = 16_384
"""Of what a preference model reads at once."""


@dataclass(frozen=True)
class Written:
    """Replies to n prompts, before and after.

    Attributes:
        rows: The n rows of the build that they are of.
        before, after: n replies of each model, drawn with the same seeds.
        log_ratios: Of each token of the n replies of the policy: log π − log π₀.
        scores: What a preference model gives them, shape (2, n), before in front; None without one.
    """

    rows: list[dict[str, Any]]
    before: list[Sample]
    after: list[Sample]
    log_ratios: list[Floats]
    scores: Floats | None


def write_replies(
    out: StoragePath, built: Manifest, models: Compared, subsets: frozenset[str], seed: int
) -> Written | None:
    """Has both models reply to prompts that are held out, spread over these.

    Args:
        out: The folder of the build.
        built: Its manifest.
        models: The models.
        subsets: Of these subsets alone; empty for all.
        seed: Of the samples.

    Returns:
        The replies; None where no prompt leaves room for one.
    """
    rows = [
        {name: batch[name][number].as_py() for name in batch.schema.names if name in NAMES}
        for _, batch in held_out_batches(out, built, subsets)
        for number in _spread(len(batch))
    ]
    rows = [rows[number] for number in _spread(len(rows))]
    tokenizer = models.after.tokenizer
    with open_writer(built, tokenizer, models.after.name) as chat:
        texts = write_prompts([read_prompt(row) for row in rows], chat, list(map(read_tools, rows)))
    kept = [number for number, text in enumerate(texts) if isinstance(text, str)]
    special = built.recipe.form == Form.TEXT
    ids = encode_prompts([str(texts[number]) for number in kept], tokenizer, special)
    most = context_of(models.after)
    room = TOKENS if most is None else min(TOKENS, most // 2)
    fits = [n for n, one in enumerate(ids) if one and (most is None or len(one) + room <= most)]
    if not fits:
        return None
    rows, ids = [rows[kept[number]] for number in fits], [ids[number] for number in fits]
    seeds = [seed_of(seed, read_prompt(row), 0) for row in rows]
    sampling = Sampling(max_tokens=room)
    before, after = (sample(model, ids, seeds, sampling) for model in (models.before, models.after))
    replies = [one.ids or () for one in after]
    ratios = [
        said.astype(np.float64) - was
        for said, was in zip(
            *(log_probs(model, ids, replies) for model in (models.after, models.before)),
            strict=True,
        )
    ]
    return Written(rows, before, after, ratios, None)


NAMES = ("id", "prompt", "tools")
"""The columns of a row that are asked with."""


def _spread(count: int) -> list[int]:
    """At most `PROMPTS` numbers below a count, evenly spread."""
    return sorted({number * count // PROMPTS for number in range(PROMPTS)}) if count else []


def score_replies(written: Written, scorer: Scorer, built: Manifest) -> Floats:
    """What a preference model gives the replies, shape (2, n), before in front."""
    prompts = [read_prompt(row) for row in written.rows]
    reader = Reader(scorer, BATCH_TOKENS)
    with open_writer(built, scorer.tokenizer, scorer.name) as chat:
        return np.stack(
            [
                reader.read_ends(
                    reward_ids(prompts, _as_said(replies, chat is None), scorer.tokenizer, chat)
                ).astype(np.float64)
                for replies in (written.before, written.after)
            ]
        )


def _as_said(replies: Sequence[Sample], text: bool) -> list[Said]:
    if text:
        return [one.text for one in replies]
    return [[{"role": "assistant", "content": one.text}] for one in replies]


def save_samples(path: Path, written: Written) -> None:
    """Writes the replies side by side, a line a prompt.

    They are kept apart from the card: replies to prompts of this kind may offend.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number, row in enumerate(written.rows):
            sides = {
                name: _told(held[number], None if written.scores is None else scores[number])
                for name, held, scores in zip(
                    ("before", "after"),
                    (written.before, written.after),
                    written.scores if written.scores is not None else ([], []),
                    strict=True,
                )
            }
            line = {
                "id": row["id"],
                "prompt": read_prompt(row),
                **sides,
                "log_ratio": float(written.log_ratios[number].sum()),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _told(one: Sample, score: float | None) -> dict[str, Any]:
    held = {"text": one.text, "seed": one.seed, "tokens": one.tokens, "ended": one.finish_reason}
    return held if score is None else {**held, "score": float(score)}


def numbers_of(written: Written, boot: Bootstrap) -> dict[str, Any]:
    """What the replies come to, with intervals.

    Args:
        written: The replies.
        boot: Over the conversations of their prompts.

    Returns:
        `kl`, its mean over replies; `tokens` and, with a preference model, `score`: before, after,
        and the difference.
    """
    lengths = np.array(
        [[one.tokens or 0 for one in held] for held in (written.before, written.after)]
    )
    told = {
        "prompts": len(written.rows),
        "kl": boot.mean(np.array([estimate_kl(one) for one in written.log_ratios])).to_dict(),
        "tokens": _before_after(lengths.astype(np.float64), boot),
    }
    if written.scores is not None:
        told["score"] = _before_after(written.scores, boot)
    return told


def estimate_kl(log_ratios: Floats) -> float:
    """KL(π ‖ π₀) of a reply that π wrote: for each token r, its log-ratio, exp(−r) − 1 + r.

    Its mean is that of the sum of r, since exp(−r) has the mean 1, and it is never below 0
    (Schulman, Approximating KL divergence, 2020).
    """
    return float((np.expm1(-log_ratios) + log_ratios).sum())


def _before_after(values: Floats, boot: Bootstrap) -> dict[str, Any]:
    return {
        "before": boot.mean(values[0]).to_dict(),
        "after": boot.mean(values[1]).to_dict(),
        "difference": boot.mean(values[1] - values[0]).to_dict(),
    }
