"""Proof on a sample, before the first step, that the trainer sees what everybody else sees.

The ids that rows have here are compared with those that TRL's own preparation makes of the same
rows, given as text or as messages, and with those that a preview shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pairsmith.errors import TokenizerError
from pairsmith.schema.messages import read_stored
from pairsmith.schema.rows import Form
from pairsmith.tokens.row import read_tokens
from pairsmith.training.rows import SampleRow

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SIDES = ("chosen", "rejected")


def prove_ids(sample: Sequence[SampleRow], tokenizer: PreTrainedTokenizerBase, form: Form) -> int:
    """Compares the ids of rows with TRL's and with the preview's.

    Args:
        sample: The rows.
        tokenizer: The tokenizer, as it is given to the trainer.
        form: The form of the build.

    Returns:
        How many rows were compared.

    Raises:
        TokenizerError: A row has other ids.
    """
    for row, theirs in zip(sample, _by_trl(sample, tokenizer, form), strict=True):
        _compare(row, [theirs["chosen_ids"], theirs["rejected_ids"]], "TRL's own preparation")
        shown = [read_tokens(text, tokenizer, form == Form.TEXT) for text in row.texts]
        _compare(row, [[token.id for token in side] for side in shown], "a preview")
    return len(sample)


def _compare(row: SampleRow, theirs: Sequence[Sequence[int]], whose: str) -> None:
    for side, mine, other in zip(SIDES, row.ids, theirs, strict=True):
        if mine != list(other):
            pairs = zip(mine, other, strict=False)
            length = min(len(mine), len(other))
            first = next((n for n, (a, b) in enumerate(pairs) if a != b), length)
            raise TokenizerError(
                f"{row.id} would be trained on with other tokens than {whose} makes: {side} has "
                f"{len(mine)} and {len(other)}, and they differ from token {first + 1} on.",
                "Nothing was trained. Please report the tokenizer, for this is to be mended.",
            )


def _by_trl(
    sample: Sequence[SampleRow], tokenizer: PreTrainedTokenizerBase, form: Form
) -> list[dict[str, Any]]:
    """The rows as RewardTrainer prepares them, which does so without a trainer."""
    from datasets import IterableDataset
    from trl.trainer.reward_trainer import RewardTrainer

    # a stream hands rows over as they are; a table would give messages the fields of one another
    rows = IterableDataset.from_generator(_given, gen_kwargs={"sample": list(sample), "form": form})
    unlimited = SimpleNamespace(max_length=None, dataset_num_proc=None)
    prepare: Any = RewardTrainer._prepare_dataset
    return list(prepare(None, rows, tokenizer, unlimited, "sample"))


def _given(sample: Sequence[SampleRow], form: Form) -> Iterator[dict[str, Any]]:
    """The rows as TRL's documentation has them."""
    for row in sample:
        held = {name: row.stored[name] for name in ("prompt", *SIDES)}
        if form == Form.MESSAGES:
            held = {name: [read_stored(one) for one in turns] for name, turns in held.items()}
        if row.stored.get("tools"):
            held["tools"] = json.loads(row.stored["tools"])
        yield held
