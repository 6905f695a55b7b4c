"""The proof for preference models: whole sides, as RewardTrainer prepares them."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pairsmith.schema.rows import Form
from pairsmith.tokens.row import read_tokens
from pairsmith.training.proof import SIDES, compare_ids, given_to_trl
from pairsmith.training.rows import SampleRow

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


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
        held = [theirs["chosen_ids"], theirs["rejected_ids"]]
        compare_ids(row, SIDES, held, "TRL's own preparation")
        shown = [read_tokens(text, tokenizer, form == Form.TEXT) for text in row.texts]
        compare_ids(row, SIDES, [[token.id for token in side] for side in shown], "a preview")
    return len(sample)


def _by_trl(
    sample: Sequence[SampleRow], tokenizer: PreTrainedTokenizerBase, form: Form
) -> list[dict[str, Any]]:
    """The rows as RewardTrainer prepares them, which does so without a trainer."""
    from trl.trainer.reward_trainer import RewardTrainer

    unlimited = SimpleNamespace(max_length=None, dataset_num_proc=None)
    prepare: Any = RewardTrainer._prepare_dataset
    return list(prepare(None, given_to_trl(sample, form), tokenizer, unlimited, "sample"))
