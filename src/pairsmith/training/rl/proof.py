"""Proof before the first step: prompts are TRL's, and a reward reads what it was trained on.

Of a sample of rows three things are compared. The ids of their prompts with those that TRL's
trainers make. The ids of both sides, by the preference model's tokenizer, with those that TRL's
RewardTrainer makes and a preview shows. And with these what a reward reads where a policy writes
just the chosen reply: from its ids, by way of its text, back to ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pairsmith.errors import TokenizerError
from pairsmith.models.generation.replies import ReplyReader
from pairsmith.schema.rows import Form, Kind
from pairsmith.tokens.preview import EncodedBatch, encode_rows
from pairsmith.tokens.texts import TextEncoder
from pairsmith.training.judges import Judge
from pairsmith.training.reward.proof import prove_ids
from pairsmith.training.rl.prompts import Prompt, PromptReader
from pairsmith.training.rows import SampleRow

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MENDED = "Nothing was trained. Please report the tokenizer, for this is to be mended."


def prove_prompts(
    prompts: Sequence[Prompt], tokenizer: PreTrainedTokenizerBase, behind: int
) -> int:
    """Compares the ids of prompts with TRL's.

    Args:
        prompts: The prompts; those with tools are left aside, which TRL has no column for.
        tokenizer: The policy's.
        behind: How many tokens the tokenizer puts behind a text, which end no prompt.

    Returns:
        How many were compared.

    Raises:
        TokenizerError: A prompt has other ids.
    """
    from trl.trainer.rloo_trainer import RLOOTrainer

    plain = [one for one in prompts if one.tools is None]
    if not plain:
        return 0
    held = SimpleNamespace(processing_class=tokenizer, chat_template_kwargs={})
    tokenize: Any = RLOOTrainer._tokenize_prompts
    theirs, _, _ = tokenize(held, [one.to_asked().said for one in plain])
    for mine, other in zip(plain, theirs, strict=True):
        if mine.ids != list(other)[: len(other) - behind]:
            raise TokenizerError(
                f"The prompt of {mine.id} would be asked with other tokens than TRL makes of it: "
                f"{len(mine.ids)} and {len(other)}.",
                MENDED,
            )
    return len(plain)


def prove_rewards(
    sample: pa.RecordBatch, reader: PromptReader, replies: ReplyReader, judge: Judge
) -> int:
    """Compares what a preference model reads of replies with what it was trained on.

    Args:
        sample: Rows of pairs, as shards have them.
        reader: What reads prompts, by the policy's tokenizer.
        replies: What reads the policy's replies.
        judge: The preference model; its tokenizer and what writes messages are looked at.

    Returns:
        How many rows were compared from a reply's ids to those of the reward; others hold what no
        policy writes as one reply of plain text.

    Raises:
        TokenizerError: A row has other ids.
    """
    form = Form.MESSAGES if judge.chat is not None else Form.TEXT
    tokenizer = judge.scorer.tokenizer
    made = encode_rows(sample, TextEncoder(tokenizer, special=judge.chat is None), judge.chat)
    rows = _sample_rows(made)
    prove_ids(rows, tokenizer, form)
    prompts, _ = reader.read(sample, Kind.PAIRS)
    asked = {one.id: one for one in prompts}
    compared = 0
    for row in rows:
        prompt, whole = asked.get(row.id), row.ids[0]
        if prompt is None or not _is_plain(row, prompt.ids, replies):
            continue
        [text] = replies.read([prompt.ids], [whole[len(prompt.ids) :]])
        mine = judge.ids([prompt.to_asked()], [text]).row(0)
        if mine != whole:
            first = next(
                (n for n, pair in enumerate(zip(mine, whole, strict=False)) if len({*pair}) > 1),
                min(len(mine), len(whole)),
            )
            raise TokenizerError(
                f"The reward of the chosen reply of {row.id} would be read from other tokens than "
                f"a preference model is trained on: {len(mine)} and {len(whole)}, and they differ "
                f"from token {first + 1} on.",
                MENDED,
            )
        compared += 1
    return compared


def _sample_rows(made: EncodedBatch) -> list[SampleRow]:
    held = made.stored.take(pa.array(made.texts.rows, pa.int64())).to_pylist()
    sides = made.encoded.whole_chosen, made.encoded.whole_rejected
    return [
        SampleRow(
            stored["id"],
            stored,
            (made.texts.chosen[place].as_py(), made.texts.rejected[place].as_py()),
            (sides[0].row(place), sides[1].row(place)),
        )
        for place, stored in enumerate(held)
    ]


def _is_plain(row: SampleRow, prompt: list[int], replies: ReplyReader) -> bool:
    """Whether a policy could write the chosen reply: one message of text without special tokens."""
    chosen, whole = row.stored["chosen"], row.ids[0]
    if not isinstance(chosen, str) and (
        len(chosen) != 1
        or chosen[0]["role"] != "assistant"
        or any(
            value is not None
            for name, value in chosen[0].items()
            if name not in ("role", "content")
        )
    ):
        return False
    if whole[: len(prompt)] != prompt:
        return False
    said = whole[len(prompt) :]
    special = {*replies.tokenizer.all_special_ids}
    ended = next((n for n, id in enumerate(said) if id in replies.ends), len(said))
    return not any(id in special for id in said[:ended]) and not any(
        id not in special for id in said[ended:] if _shown(replies, id)
    )


def _shown(replies: ReplyReader, id: int) -> bool:
    """Whether a token stands for more than white space."""
    return bool(str(replies.tokenizer.decode([id])).strip())
