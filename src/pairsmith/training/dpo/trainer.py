"""TRL's DPOTrainer with what is ours: ids as they are, confidence and margins in the loss.

Imports TRL, and is imported where it trains alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import Any

import torch
from trl.trainer.dpo_trainer import DataCollatorForPreference, DPOTrainer

from pairsmith.training.losses import confidence_loss
from pairsmith.training.trainer import ROW, NamedRows, RunTrainer

OURS = (ROW, *NamedRows.numbers)
"""What a batch has that the model does not take."""


@dataclass
class Collator(NamedRows, DataCollatorForPreference):
    """TRL's collator, which hands on which rows a batch has, their margins and confidence."""


class PolicyTrainer(RunTrainer, DPOTrainer):
    """TRL's trainer. Its loss is its own where neither confidence nor margins are asked for."""

    columns = OURS

    def _prepare_dataset(self, dataset: Any, *_given: Any) -> Any:
        """The rows as they are: they hold the ids that TRL itself would make, which is proved."""
        return dataset

    def _precompute_ref_logps(self, *given: Any) -> Any:
        theirs: Any = super()._precompute_ref_logps
        with redirect_stderr(StringIO()):  # a bar that TRL draws, whatever it is told
            return theirs(*given)

    def compute_ref_log_probs(self, model: Any, inputs: dict[str, Any]) -> Any:
        """What the reference says of a batch."""
        theirs: Any = super().compute_ref_log_probs
        return theirs(model, {name: held for name, held in inputs.items() if name not in OURS})

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """TRL's loss, or the one with confidence and margins where the batch has some.

        TRL computes its own in either case, and keeps its metrics; what it asked the models for is
        looked at, so that none is asked twice.
        """
        batch = dict(inputs)
        rows = batch.pop(ROW).tolist()
        confidence, margin = (batch.pop(name, None) for name in ("confidence", "margin"))
        theirs: Any = super().compute_loss
        with self._watched() as seen:
            loss = theirs(model, batch, False, num_items_in_batch)
        if confidence is not None or margin is not None:
            loss = self._own_loss(seen, batch, confidence, margin)
        self.note_batch(rows, loss, self._metrics["train"]["rewards/accuracies"][-1])
        return loss

    @contextmanager
    def _watched(self) -> Iterator[list[Any]]:
        """Notes what the models give, the policy first."""
        seen: list[Any] = []
        models = [self.accelerator.unwrap_model(self.model)]
        if self.ref_model is not None:
            models.append(self.accelerator.unwrap_model(self.ref_model))

        def note(_model: Any, _given: Any, made: Any) -> None:
            seen.append(made)

        hooks = [model.register_forward_hook(note) for model in models]
        try:
            yield seen
        finally:
            for hook in hooks:
                hook.remove()

    def _own_loss(
        self, seen: list[Any], batch: dict[str, Any], confidence: Any, margin: Any
    ) -> Any:
        """The loss with z = β (log-ratio of chosen − that of rejected) for a difference of scores.

        Args:
            seen: What the policy gave, and the reference unless that was asked before training.
            batch: The batch.
            confidence: In the labels, shape (pairs,); None for 1.
            margin: What chosen is to be better by, shape (pairs,); None for 0.
        """
        mask, alpha = batch["completion_mask"], self.ld_alpha
        policy = sum_log_probs(seen[0].log_probs, mask, alpha)
        if self.precompute_ref_logps:
            reference = torch.cat([batch["ref_chosen_logps"], batch["ref_rejected_logps"]])
        else:
            reference = sum_log_probs(seen[1].log_probs, mask, alpha)
        chosen, rejected = (self.beta * (policy - reference.detach())).chunk(2)
        sure = torch.ones_like(chosen) if confidence is None else confidence
        loss = self.loss_weights[0] * confidence_loss(chosen, rejected, sure, margin)
        if self.aux_loss_enabled:
            loss = loss + self.router_aux_loss_coef * seen[0].aux_loss
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Logs, with the accuracy by the name that it has in every method's metrics."""
        held = self._metrics["train"].get("rewards/accuracies")
        if held:
            logs["accuracy"] = sum(held) / len(held)
        theirs: Any = super().log
        theirs(logs, start_time)


def sum_log_probs(log_probs: Any, mask: Any, alpha: float | None) -> Any:
    """The sum of the logarithmic probabilities of each reply's tokens, as TRL sums them.

    Args:
        log_probs: Of each token but the first; shape (sides, places), or with more in front.
        mask: 1 at the tokens of replies, shape (sides, places + 1); chosen sides before rejected.
        alpha: What tokens count beyond the shorter reply's length; None for as much as others.
    """
    shifted = mask[..., 1:]
    held = log_probs[:, -shifted.size(1) :]
    if alpha is None:
        return held.sum(dim=1)
    place = shifted.cumsum(dim=1)
    shared = torch.minimum(*shifted.sum(dim=1).chunk(2)).repeat(2)[:, None]
    return (held * ((place > 0) & (place <= shared))).sum(dim=1) + alpha * (
        held * (place > shared)
    ).sum(dim=1)
