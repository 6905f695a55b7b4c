"""The proof for DPO: prompt and replies apart, as DPOTrainer prepares them."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pairsmith.schema.rows import Form
from pairsmith.tokens.row import read_tokens
from pairsmith.training.proof import PARTS, compare_ids, given_to_trl
from pairsmith.training.rows import SampleRow

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def prove_ids(sample: Sequence[SampleRow], tokenizer: PreTrainedTokenizerBase, form: Form) -> int:
    """Compares the ids of rows with TRL's and with the preview's.

    Args:
        sample: The rows, each with the ids of its prompt and of both replies.
        tokenizer: The tokenizer, as it is given to the trainer.
        form: The form of the build.

    Returns:
        How many rows were compared.

    Raises:
        TokenizerError: A row has other ids.
    """
    for row, theirs in zip(sample, _by_trl(sample, tokenizer, form), strict=True):
        held = [theirs[f"{part}_ids"] for part in PARTS]
        compare_ids(row, PARTS, held, "TRL's own preparation")
        end = len(row.ids[0])
        shown = [
            [token.id for token in read_tokens(text, tokenizer, form == Form.TEXT)]
            for text in row.texts
        ]
        parted = [shown[0][:end], *(side[end:] for side in shown)]
        compare_ids(row, PARTS, parted, "a preview")
    return len(sample)


def _by_trl(
    sample: Sequence[SampleRow], tokenizer: PreTrainedTokenizerBase, form: Form
) -> list[dict[str, Any]]:
    """The rows as DPOTrainer prepares them, which asks of a trainer its tokenizer alone."""
    from trl.trainer.dpo_trainer import DPOTrainer

    trainer: Any = SimpleNamespace(_tokenizer=tokenizer)
    unlimited: Any = SimpleNamespace(max_length=None, dataset_num_proc=None)
    prepare: Any = DPOTrainer._prepare_dataset
    return list(prepare(trainer, given_to_trl(sample, form), tokenizer, unlimited, "sample"))
