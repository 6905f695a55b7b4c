"""What trainers of all methods have beside TRL's: rows by name, sealed checkpoints.

Imports transformers, and is imported where it trains alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer

from pairsmith.errors import ModelError, OutputError
from pairsmith.training import checkpoints
from pairsmith.training.settings import REFUSALS, refused_settings

MOST_NAMED = 16
"""At most this many rows are named where a loss is no number."""

ROW = "row"
"""In a batch: the numbers of its rows in the file that the trainer reads."""


class NamedRows:
    """A collator that hands on which rows a batch has, and the numbers that its loss asks for.

    It stands before a collator of TRL's among the bases of a class.
    """

    numbers = ("margin", "confidence")
    """Columns of the rows that become tensors of a batch, where they are there."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """A batch of rows."""
        theirs: Any = super()
        held = [name for name in self.numbers if name in examples[0]]
        batch: dict[str, Any] = theirs.torch_call(examples)
        batch[ROW] = torch.tensor([example[ROW] for example in examples])
        for name in held:
            told = [example[name] for example in examples]
            batch[name] = torch.tensor(told, dtype=torch.float)
        return batch


class RunTrainer(Trainer):  # type: ignore[misc]  # transformers may be absent
    """A trainer of a run. It stands before a trainer of TRL's among the bases of a class.

    Attributes:
        ids: From the number of a row to its id.
        keep: How many whole checkpoints stay.
        step_rows: The rows of the step at hand, of this process.
        step_loss, step_right: The loss and the accuracy of its batches.
    """

    columns: tuple[str, ...] = (ROW,)
    """Columns of the rows that TRL's trainer would not hand on."""

    def __init__(self, *given: Any, ids: Callable[[int], str], keep: int, **named: Any) -> None:
        self.ids, self.keep = ids, keep
        self.step_rows: list[int] = []
        self.step_loss: list[float] = []
        self.step_right: list[float] = []
        _as_set(super().__init__, *given, **named)

    def _send_telemetry(self) -> None:
        """Tells nobody."""

    def create_model_card(self, *_given: Any, **_named: Any) -> None:
        """Writes none: the run has its own."""

    def _set_signature_columns_if_needed(self) -> None:
        theirs: Any = super()._set_signature_columns_if_needed
        theirs()
        self._signature_columns += [
            name for name in self.columns if name not in self._signature_columns
        ]

    def note_batch(self, rows: Sequence[int], loss: Any, right: float | None = None) -> None:
        """Notes what a batch came to.

        Args:
            rows: The numbers of its rows.
            loss: Its loss, a scalar.
            right: The share of its rows whose chosen side was the better; None where there is none.

        Raises:
            ModelError: The loss is no finite number.
        """
        self.step_rows += rows
        self.step_loss.append(float(loss.detach()))
        if right is not None:
            self.step_right.append(right)
        if not math.isfinite(self.step_loss[-1]):
            raise self._no_number("loss", rows)

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        """The norm of the gradient, before the weights are changed by it."""
        norm = super()._get_grad_norm(model, grad_norm)
        scaled = self.args.fp16  # then overflows are part of finding the scale
        if norm is not None and not scaled and not math.isfinite(float(norm)):
            raise self._no_number("gradient", self.step_rows)
        return norm

    def _no_number(self, what: str, rows: Sequence[int]) -> ModelError:
        each = [*dict.fromkeys(rows)]  # of a prompt there may be several replies
        named = [self.ids(row) for row in each[:MOST_NAMED]]
        more = f" and {len(each) - MOST_NAMED} more" if len(each) > MOST_NAMED else ""
        return ModelError(
            f"The {what} is no finite number in step {self.state.global_step + 1}, of the rows "
            f"{', '.join(named)}{more}.",
            "Training stopped; the last whole checkpoint is as it was. Try a lower learning_rate; "
            "pairsmith show BUILD --id shows a row.",
        )

    def create_optimizer(self, *given: Any, **named: Any) -> Any:
        """The optimizer that the settings name.

        Raises:
            RecipeError: They name none that there is, or it takes no such setting.
        """
        return _as_set(super().create_optimizer, *given, **named)

    def create_scheduler(self, num_training_steps: int, *given: Any, **named: Any) -> Any:
        """The schedule of the learning rate that the settings name, told for some steps ahead.

        Raises:
            RecipeError: It takes no such setting, or gives no learning rate at some step.
        """
        made = _as_set(super().create_scheduler, num_training_steps, *given, **named)
        for rate in getattr(made, "lr_lambdas", ()):
            for step in {0, 1, num_training_steps // 2, num_training_steps}:
                _as_set(rate, step)
        return made

    @property
    def tokens(self) -> int:
        """The tokens that were read so far, over all devices."""
        return int(self._total_train_tokens)

    @property
    def readings(self) -> Mapping[str, float]:
        """What a method reads of the last step besides its loss, by name, for whoever looks on."""
        return {}

    def spared(self) -> Collection[int]:
        """The steps of the checkpoints that stay besides the latest."""
        return ()

    def _load_from_checkpoint(self, checkpoint: str, *given: Any, **named: Any) -> None:
        with checkpoints.reading(Path(checkpoint)):
            super()._load_from_checkpoint(checkpoint, *given, **named)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        with checkpoints.reading(Path(checkpoint or "")):
            super()._load_optimizer_and_scheduler(checkpoint)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        with checkpoints.reading(Path(checkpoint or "")):
            super()._load_rng_state(checkpoint)

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
                checkpoints.remove_old(folder, self.keep, self.spared())
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


def _as_set(make: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What is made by the settings alone.

    Raises:
        RecipeError: The settings are refused.
    """
    try:
        return make(*given, **named)
    except REFUSALS as error:
        raise refused_settings(error) from error
    except RuntimeError as error:  # what reports to a service that is not installed
        if "to be installed" not in str(error):
            raise
        raise refused_settings(error) from error


NO_ROOM = ("no space left", "file too large", "quota exceeded", "unexpected pos")
"""What is said of a full disk; the last by torch, which does not look why it stopped short."""


def _why(error: Exception) -> str:
    """A fault of writing in a few words, whichever library it comes from."""
    text = (str(error).splitlines() or [type(error).__name__])[0].rstrip(" .")[:200]
    if any(said in str(error).lower() for said in NO_ROOM):
        return f"there is no room left ({text})"
    return text
