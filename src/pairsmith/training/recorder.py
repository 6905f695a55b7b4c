"""The record of a training while it goes on: a line of metrics a logging step, and the progress.

Imports transformers, and is imported where it trains alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from pairsmith.training import metrics
from pairsmith.training.progress import TrainingProgress, TrainingWatch

if TYPE_CHECKING:
    from pairsmith.training.trainer import RunTrainer


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
        self.trainer: RunTrainer | None = None
        self.started, self.first_step, self.first_tokens = time.monotonic(), 0, 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_held: Any) -> None:
        """Begins to count time and tokens."""
        self.started, self.first_step = time.monotonic(), state.global_step
        if self.trainer is not None:
            if self.records:  # TRL counts from nothing where a run goes on
                self.trainer._total_train_tokens = int(self.records[-1].get("num_tokens", 0))
            self.first_tokens = self.trainer.tokens

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

    def _progress(self, trainer: RunTrainer, state: Any) -> TrainingProgress:
        seconds = max(time.monotonic() - self.started, 1e-9)
        made = max(state.global_step - self.first_step, 1)
        left = (state.max_steps - state.global_step) * seconds / made
        tokens = trainer.tokens - self.first_tokens
        loss, right = _mean(trainer.step_loss), _mean(trainer.step_right)
        done, total = state.global_step, state.max_steps
        return TrainingProgress(
            "training", "", done, total, loss, right, tokens / seconds, left, trainer.readings
        )

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
