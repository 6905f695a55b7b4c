"""TRL's RewardTrainer with what is ours: confidence in the loss, rows by name, sealed checkpoints.

Imports TRL, and is imported where it trains alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from trl.trainer.reward_trainer import DataCollatorForPreference, RewardTrainer

from pairsmith.training.losses import confidence_loss
from pairsmith.training.trainer import ROW, NamedRows, RunTrainer


@dataclass
class Collator(NamedRows, DataCollatorForPreference):
    """TRL's collator, which hands on which rows a batch has, and the confidence in their labels."""


class PreferenceTrainer(RunTrainer, RewardTrainer):
    """TRL's trainer. Its loss is its own where no confidence is told."""

    columns = (ROW, "confidence")

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """TRL's loss, or the one with confidence where the batch has some."""
        inputs = dict(inputs)
        rows = inputs.pop(ROW).tolist()
        confidence = inputs.pop("confidence", None)
        theirs: Any = super().compute_loss
        loss, outputs = theirs(model, inputs, True, num_items_in_batch)
        chosen, rejected = torch.chunk(outputs.logits.squeeze(-1), chunks=2)
        if confidence is not None:
            loss = confidence_loss(chosen, rejected, confidence, inputs.get("margin"))
            centre = self.args.center_rewards_coefficient
            if centre is not None:
                loss = loss + centre * torch.mean((chosen + rejected) ** 2)
        self.note_batch(rows, loss, float((chosen > rejected).float().mean()))
        return (loss, outputs) if return_outputs else loss
