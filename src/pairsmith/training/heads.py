"""Which weights are trained, where it is not all of them, and how adapters become part of a model.

The merged model is what the run holds, since everything loads it alike; the adapters lie beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pairsmith.errors import ModelError

HEADS = ("score", "classifier", "classification_head")
"""What classifiers of transformers call what makes a score of a hidden state."""

ADAPTER = "adapter"
"""The folder of the adapters, in a run."""


def head_of(model: Any) -> str:
    """The name of the head.

    Raises:
        ModelError: There is none of a known name.
    """
    for name in HEADS:
        if hasattr(model, name):
            return name
    raise ModelError(
        f"The head of a {type(model).__name__} is not known by name.", "Train all weights."
    )


def freeze_but_head(model: Any) -> None:
    """Has a training change the head alone."""
    head = head_of(model)
    for name, held in model.named_parameters():
        held.requires_grad_(name.split(".")[0] == head)


def adapters(settings: Mapping[str, Any], head: str | None) -> Any:
    """Low-rank adapters of all linear layers, but for one that makes tokens of hidden states.

    Args:
        settings: `lora_r`, `lora_alpha`, `lora_dropout`.
        head: The name of a head that is trained whole, since it is new; None for a model without.
    """
    from peft import LoraConfig

    return LoraConfig(
        r=settings["lora_r"],
        lora_alpha=settings["lora_alpha"],
        lora_dropout=settings["lora_dropout"],
        target_modules="all-linear",
        modules_to_save=[head] if head else [],
        task_type="SEQ_CLS" if head else "CAUSAL_LM",
    )


def merge_adapters(trainer: Any, folder: Path, is_main: bool) -> None:
    """Writes the adapters, merges them, and writes the model.

    Args:
        trainer: The trainer, whose model has adapters.
        folder: Where to write.
        is_main: Whether this process writes.
    """
    model = trainer.accelerator.unwrap_model(trainer.model)
    if not is_main:
        return
    model.save_pretrained(folder / ADAPTER)
    (folder / ADAPTER / "README.md").unlink(missing_ok=True)  # a form to be filled in
    merged = model.merge_and_unload()
    merged.save_pretrained(folder)
