"""TRL's RewardTrainer with what is ours: confidence in the loss, rows by name, sealed checkpoints.

Imports TRL, and is imported where it trains alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback
from trl.trainer.reward_trainer import DataCollatorForPreference, RewardTrainer

from pairsmith.errors import ModelError, OutputError
from pairsmith.training import checkpoints, metrics
from pairsmith.training.losses import confidence_loss
from pairsmith.training.progress import TrainingProgress, TrainingWatch

MOST_NAMED = 16
"""At most this many rows are named where a loss is no number."""


@dataclass
class Collator(DataCollatorForPreference):
    """TRL's collator, which hands on which rows a batch has, and the confidence in their labels."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """A batch of rows."""
        batch: dict[str, Any] = super().torch_call(examples)
        batch["row"] = torch.tensor([example["row"] for example in examples])
        if "confidence" in examples[0]:
            told = [example["confidence"] for example in examples]
            batch["confidence"] = torch.tensor(told, dtype=torch.float)
        return batch


class PreferenceTrainer(RewardTrainer):
    """TRL's trainer. Its loss is its own where no confidence is told.

    Attributes:
        ids: From the number of a row to its id.
        keep: How many whole checkpoints stay.
        step_rows: The rows of the step at hand, of this process.
        step_loss, step_right: The loss and the accuracy of its batches.
    """

    def __init__(self, *given: Any, ids: Callable[[int], str], keep: int, **named: Any) -> None:
        self.ids, self.keep = ids, keep
        self.step_rows: list[int] = []
        self.step_loss: list[float] = []
        self.step_right: list[float] = []
        super().__init__(*given, **named)

    def _send_telemetry(self) -> None:
        """Tells nobody."""

    def create_model_card(self, *_given: Any, **_named: Any) -> None:
        """Writes none: the run has its own."""

    def _set_signature_columns_if_needed(self) -> None:
        theirs: Any = super()._set_signature_columns_if_needed
        theirs()
        self._signature_columns += ["row", "confidence"]

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """TRL's loss, or the one with confidence where the batch has some."""
        inputs = dict(inputs)
        rows = inputs.pop("row").tolist()
        confidence = inputs.pop("confidence", None)
        theirs: Any = super().compute_loss
        loss, outputs = theirs(model, inputs, True, num_items_in_batch)
        chosen, rejected = torch.chunk(outputs.logits.squeeze(-1), chunks=2)
        if confidence is not None:
            loss = confidence_loss(chosen, rejected, confidence, inputs.get("margin"))
            centre = self.args.center_rewards_coefficient
            if centre is not None:
                loss = loss + centre * torch.mean((chosen + rejected) ** 2)
        self.step_rows += rows
        self.step_loss.append(float(loss.detach()))
        self.step_right.append(float((chosen > rejected).float().mean()))
        if not math.isfinite(self.step_loss[-1]):
            raise self._no_number("loss", rows)
        return (loss, outputs) if return_outputs else loss

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        """The norm of the gradient, before the weights are changed by it."""
        norm = super()._get_grad_norm(model, grad_norm)
        scaled = self.args.fp16  # then overflows are part of finding the scale
        if norm is not None and not scaled and not math.isfinite(float(norm)):
            raise self._no_number("gradient", self.step_rows)
        return norm

    def _no_number(self, what: str, rows: Sequence[int]) -> ModelError:
        named = [self.ids(row) for row in rows[:MOST_NAMED]]
        more = f" and {len(rows) - MOST_NAMED} more" if len(rows) > MOST_NAMED else ""
        return ModelError(
            f"The {what} is no finite number in step {self.state.global_step + 1}, of the rows "
            f"{', '.join(named)}{more}.",
            "Training stopped; the last whole checkpoint is as it was. Try a lower learning_rate; "
            "pairsmith show BUILD --id shows a row.",
        )

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Writes a checkpoint, seals it, and only then removes the one before.

        Raises:
            OutputError: There is no room for it, or it cannot be written.
        """
        folder = Path(self.args.output_dir)
        place = folder / f"checkpoint-{self.state.global_step}"
        try:
            theirs: Any = super()._save_checkpoint
            theirs(model, trial)
            self.accelerator.wait_for_everyone()
            if self.accelerator.is_main_process:
                checkpoints.seal(place)
                checkpoints.remove_old(folder, self.keep)
        # a full disk is an OSError, a RuntimeError of torch's, a SafetensorError: no common kind
        except Exception as error:
            said = _why(error)
            if self.accelerator.is_main_process:
                checkpoints.remove_broken(folder)
            last = checkpoints.last_whole(folder)
            step = f"that of step {checkpoints.step_of(last)}" if last else "none"
            raise OutputError(
                f"The checkpoint of step {self.state.global_step} cannot be written to {folder}: "
                f"{said}.",
                f"Make room; the same command goes on from the last whole checkpoint, {step}.",
            ) from error


NO_ROOM = ("no space left", "file too large", "quota exceeded", "unexpected pos")
"""What is said of a full disk; the last by torch, which does not look why it stopped short."""


def _why(error: Exception) -> str:
    """A fault of writing in a few words, whichever library it comes from."""
    text = (str(error).splitlines() or [type(error).__name__])[0].rstrip(" .")[:200]
    if any(said in str(error).lower() for said in NO_ROOM):
        return f"there is no room left ({text})"
    return text


class Recorder(TrainerCallback):  # type: ignore[misc]  # transformers may be absent
    """Writes a line of metrics whenever the trainer logs, and tells how far it has come.

    Args:
        path: The file of metrics; None in processes that write none.
        records: What it holds.
        watch: Whom to tell; None for nobody.
    """

    def __init__(
        self, path: Path | None, records: list[dict[str, Any]], watch: TrainingWatch | None
    ) -> None:
        self.path, self.records, self.watch = path, records, watch
        self.trainer: PreferenceTrainer | None = None
        self.started, self.first_step, self.first_tokens = time.monotonic(), 0, 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_held: Any) -> None:
        """Begins to count time and tokens."""
        self.started, self.first_step = time.monotonic(), state.global_step
        if self.trainer is not None:
            if self.records:  # TRL counts from nothing where a run goes on
                self.trainer._total_train_tokens = int(self.records[-1].get("num_tokens", 0))
            self.first_tokens = self.trainer._total_train_tokens

    def on_step_end(self, args: Any, state: Any, control: Any, **_held: Any) -> Any:
        """Has every checkpoint logged, so that a run that goes on from it logs as if unbroken."""
        if control.should_save:
            control.should_log = True
        trainer = self.trainer
        if trainer is not None:
            if self.watch is not None:
                self.watch(self._progress(trainer, state))
            trainer.step_rows, trainer.step_loss, trainer.step_right = [], [], []
        return control

    def _progress(self, trainer: PreferenceTrainer, state: Any) -> TrainingProgress:
        seconds = max(time.monotonic() - self.started, 1e-9)
        made = max(state.global_step - self.first_step, 1)
        left = (state.max_steps - state.global_step) * seconds / made
        tokens = trainer._total_train_tokens - self.first_tokens
        loss, right = _mean(trainer.step_loss), _mean(trainer.step_right)
        done, total = state.global_step, state.max_steps
        return TrainingProgress("training", "", done, total, loss, right, tokens / seconds, left)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_held: Any) -> None:
        """Writes a line."""
        if not logs or "loss" not in logs:
            return
        step = state.global_step
        steps = step - (self.records[-1]["step"] if self.records else 0)
        seconds = time.monotonic() - self.started
        numbers = {name: value for name, value in logs.items() if isinstance(value, int | float)}
        tokens = (numbers.get("num_tokens", 0) - self.first_tokens) / max(seconds, 1e-9)
        record = {"step": step, "steps": steps, **numbers, "tokens_per_second": round(tokens, 1)}
        self.records.append(record)
        if self.path is not None:
            metrics.append(self.path, record)


def _mean(numbers: Sequence[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None
