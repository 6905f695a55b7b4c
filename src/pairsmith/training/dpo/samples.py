"""What a policy writes, beside what the model that it began as writes, to prompts held out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pairsmith.dataset.manifest import Manifest
from pairsmith.errors import TokenizerError
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
from pairsmith.models.generation.replies import reply_reader
from pairsmith.models.generation.sample import Sample, Sampling, seed_of
from pairsmith.schema.rows import Form
from pairsmith.statistics.bootstrap import Bootstrap, Floats
from pairsmith.text.spans import Mask
from pairsmith.tokens.preview import open_writer
from pairsmith.tokens.ragged import from_lists
from pairsmith.tokens.reward_ids import Said, reward_ids
from pairsmith.training.dpo.log_ratios import Compared, held_out_batches

if TYPE_CHECKING:
    from pairsmith.kernel.render import Writer
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
        said = [read_prompt(row) for row in rows]
        texts = write_prompts(said, chat, list(map(read_tools, rows)))
        reader = reply_reader(models.after, said, chat)
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
    before, after = (
        sample(model, ids, seeds, sampling, reader=reader)
        for model in (models.before, models.after)
    )
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
    """What a preference model gives the replies, shape (2, n), before in front.

    A reply that the model's chat template refuses, or that is longer than it reads, has NaN.
    """
    config: Any = scorer.model.config.get_text_config()
    most = getattr(config, "max_position_embeddings", None)
    sides = [written.before, written.after]
    with open_writer(built, scorer.tokenizer, scorer.name) as chat:
        ids = [
            _ids_to_score(read_prompt(row), reply.text, scorer, chat)
            for replies in sides
            for row, reply in zip(written.rows, replies, strict=True)
        ]
    fits = [number for number, one in enumerate(ids) if one and (most is None or len(one) <= most)]
    scores = np.full(len(ids), np.nan)
    if fits:
        held = from_lists([ids[number] for number in fits])
        scores[fits] = Reader(scorer, BATCH_TOKENS).read_ends(held)
    return scores.reshape(2, -1)


def _ids_to_score(prompt: Said, text: str, scorer: Scorer, chat: Writer | None) -> list[int]:
    """The ids of a prompt and a reply, as the preference model learnt such; none if refused."""
    reply: Said = text if chat is None else [{"role": "assistant", "content": text}]
    try:
        return reward_ids([prompt], [reply], scorer.tokenizer, chat).row(0)
    except TokenizerError:  # what a policy writes may be anything, a NUL even
        return []


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
    if score is None:
        return held
    return {**held, "score": float(score) if np.isfinite(score) else None}


def numbers_of(written: Written, boot: Bootstrap) -> dict[str, Any]:
    """What the replies come to, with intervals.

    Args:
        written: The replies.
        boot: Over the conversations of their prompts.

    Returns:
        `kl`, its mean over replies; `tokens` and, with a preference model, `score`: before, after,
        and the difference; `not_scored`, prompts with a reply that has no score.
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
        told["not_scored"] = int(np.isnan(written.scores).any(axis=0).sum())
    return told


def estimate_kl(log_ratios: Floats) -> float:
    """KL(π ‖ π₀) of a reply that π wrote: for each token r, its log-ratio, exp(−r) − 1 + r.

    Its mean is that of the sum of r, since exp(−r) has the mean 1, and it is never below 0
    (Schulman, Approximating KL divergence, 2020).
    """
    return float((np.expm1(-log_ratios) + log_ratios).sum())


def _before_after(values: Floats, boot: Bootstrap) -> dict[str, Any]:
    """Of the replies of which both numbers are known."""
    both: Mask = np.asarray(np.isfinite(values).all(axis=0))
    before, after = np.where(both, values, 0.0)
    named = {"before": before, "after": after, "difference": after - before}
    return {name: boot.mean(held, both).to_dict() for name, held in named.items()}
