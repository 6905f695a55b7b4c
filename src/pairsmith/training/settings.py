"""What a training is asked for, settled: what is said, a file's fields, defaults, in this order.

What model and device decide is added once these are known. The whole is what a run's config.yaml
holds, and what a run has to agree in to be gone on with.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

from pairsmith.errors import ModelError, RecipeError
from pairsmith.training.confidence import write_constant
from pairsmith.training.config import check_settings, read_config
from pairsmith.training.method import Configuration
from pairsmith.training.options import DEFAULTS, MAX_LENGTH, MIN_LR

LOWEST = {
    "max_length": 2, "lora_r": 1, "lora_alpha": 1, "per_device_train_batch_size": 1,
    "gradient_accumulation_steps": 1, "seed": 0, "save_total_limit": 1, "num_train_epochs": 0.0,
    "learning_rate": 0.0, "lora_dropout": 0.0, "save_steps": 0.0, "logging_steps": 0.0,
    "weight_decay": 0.0, "max_grad_norm": 0.0, "adam_epsilon": 0.0, "neftune_noise_alpha": 0.0,
    "data_seed": 0, "dataloader_num_workers": 0, "pad_to_multiple_of": 1,
}  # fmt: skip
"""The least that some settings can be."""

HIGHEST = 2**31 - 1
"""The most that a number can be: random generators and counters take no more, and what is computed
with larger ones is soon no number."""

POSITIVE = frozenset(
    {
        "num_train_epochs", "learning_rate", "save_steps", "logging_steps", "top_p",
        "repetition_penalty",
    }
)  # fmt: skip
"""Those that have to be above it."""

MOST = {
    "learning_rate": 1.0, "lora_dropout": 1.0, "lora_r": 65_536.0, "temperature": 100.0,
    "top_p": 1.0, "min_p": 1.0,
}  # fmt: skip
"""The most that some settings can be. A step moves each weight by about the learning rate, and
weights are below 1; a rank is no more than a model is wide."""


NEWER = "activation_checkpointing"
"""What transformers call `gradient_checkpointing` from 5.24 on."""


def settle(
    asked: Configuration, given: Mapping[str, Any], config: str | os.PathLike[str] | None
) -> dict[str, Any]:
    """What is asked for, without what model and device decide.

    Args:
        asked: What can be asked of the method.
        given: Options by name; None for what is not said.
        config: A YAML file; None without one.

    Raises:
        RecipeError: The file cannot be read, or something is none, out of range, or at odds.
    """
    types = setting_types(asked)
    said = {name: value for name, value in given.items() if value not in (None, [], ())}
    written = read_config(Path(config)) if config is not None else {}
    where = f"The file {config}" if config is not None else "The file"
    held = {name: value for name, value in written.items() if value is not None}
    for named in (said, held):
        constant = named.get("confidence")
        if isinstance(constant, int | float) and not isinstance(constant, bool):
            named["confidence"] = write_constant(constant)
    settings = {
        **asked.defaults,
        **check_settings(held, types, where),
        **check_settings(said, types, "The call"),
    }
    _check(settings, {**LOWEST, **asked.lowest})
    for name, words in asked.choices.items():
        if name in settings and settings[name] not in words:
            raise RecipeError(f"{name} is {settings[name]!r}.", f"Expected {', '.join(words)}.")
    asked.check(settings)
    return settings


def setting_types(asked: Configuration) -> dict[str, Any]:
    """The type of every setting: ours, and TRL's of the same name or of its own."""
    kind: Any = asked.theirs()
    theirs = get_type_hints(kind)
    init = {field.name for field in fields(kind) if field.init}
    mine = get_type_hints(asked.options)
    return {**{name: theirs[name] for name in init}, **mine}


def _check(settings: Mapping[str, Any], lowest: Mapping[str, float]) -> None:
    """Checks what is asked for, number by number.

    Args:
        settings: The settings.
        lowest: The least that some can be.

    Raises:
        RecipeError: Something is out of range, or no model is named.
    """
    if not settings.get("model_name_or_path"):
        raise RecipeError("No model is named.", "Name one: --model, or model_name_or_path in YAML.")
    for name, least in lowest.items():
        value = settings.get(name)
        if value is None:
            continue
        if value < least or (name in POSITIVE and value == least):
            above = f"more than {least:g}" if name in POSITIVE else f"{least:g} or more"
            raise RecipeError(f"{name} is {value}.", f"Expected {above}.")
    for name, value in settings.items():
        for one in value if isinstance(value, list) else [value]:
            most = MOST.get(name, HIGHEST)
            if isinstance(one, int | float) and not -HIGHEST <= one <= most:
                told = f"{most:,.10g} or less" if one > most else f"{-HIGHEST} or more"
                raise RecipeError(f"{name} is {one}.", f"Expected {told}.")
    if settings["max_steps"] == 0 or settings["max_steps"] < -1:
        raise RecipeError(f"max_steps is {settings['max_steps']}.", "Expected 1 or more.")


def complete(
    asked: Configuration, settings: Mapping[str, Any], model: Any, processes: int
) -> dict[str, Any]:
    """The settings with what model and device decide.

    Args:
        asked: What can be asked of the method.
        settings: What `settle` gave.
        model: The model.
        processes: How many train together.

    Raises:
        ModelError: Rows may be longer than the model takes.
    """
    import torch

    gpu = torch.cuda.is_available() and not settings.get("use_cpu")
    weights = sum(held.numel() for held in model.parameters())
    per_device = settings["per_device_train_batch_size"]
    made: dict[str, Any] = {
        "learning_rate": asked.learning_rate(settings, weights),
        "max_length": _length(settings.get("max_length"), model),
        "gradient_accumulation_steps": max(1, asked.step_rows // (per_device * processes)),
        "bf16": bool(gpu and torch.cuda.is_bf16_supported()) and not settings.get("fp16"),
        "gradient_checkpointing": bool(gpu) and not settings.get("head_only"),
        **settings,
    }
    made["gradient_checkpointing"] = made.pop(NEWER, made["gradient_checkpointing"])
    if made["max_length"] is None or "max_length" not in settings:
        made["max_length"] = _length(None, model)
    if made["lr_scheduler_type"] == DEFAULTS["lr_scheduler_type"]:
        made.setdefault("lr_scheduler_kwargs", dict(MIN_LR))
    return made


def _length(asked: int | None, model: Any) -> int:
    """The most tokens of a side.

    Raises:
        ModelError: More are asked for than the model has positions.
    """
    most = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if not isinstance(most, int) or most < 1:
        return asked or MAX_LENGTH
    if asked is not None and asked > most:
        raise ModelError(
            f"max_length is {asked:,}, and the model has positions for {most:,} tokens.",
            f"Use {most} or less.",
        )
    return asked or min(MAX_LENGTH, most)


def trainer_arguments(asked: Configuration, settings: Mapping[str, Any], folder: Path) -> Any:
    """TRL's own configuration.

    Args:
        asked: What can be asked of the method.
        settings: What `complete` gave.
        folder: Where checkpoints go.

    Raises:
        RecipeError: TRL or transformers refuse a setting.
    """
    import torch

    kind: Any = asked.theirs()
    theirs = {name: value for name, value in settings.items() if name not in asked.ours}
    if NEWER in {field.name for field in fields(kind)}:
        theirs[NEWER] = theirs.pop("gradient_checkpointing")
    if settings.get("activation_offloading") and not torch.accelerator.is_available():
        raise RecipeError(
            "activation_offloading moves what a GPU holds, and there is none.", "Leave it out."
        )
    fixed = {
        "output_dir": str(folder),
        "save_strategy": "steps",
        "logging_strategy": "steps",
        "eval_strategy": "no",
        "save_total_limit": None,  # checkpoints go once a later one is sealed
        "disable_tqdm": True,
        "logging_nan_inf_filter": False,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "report_to": "none",
        # or several processes on a machine without accelerators would not see each other
        "use_cpu": not torch.accelerator.is_available(),
    }
    free = ("report_to", "dataloader_pin_memory", "use_cpu")
    kept = {name: settings[name] for name in free if name in settings}
    try:
        return kind(**{**theirs, **fixed, **kept})
    except REFUSALS as error:
        raise refused_settings(error) from error


REFUSALS = (
    ValueError, TypeError, LookupError, ArithmeticError, ImportError, OSError, NotImplementedError,
)  # fmt: skip
"""What TRL, transformers and torch raise where a setting is nothing for them, or a file that it
names is not there."""


def refused_settings(error: Exception) -> RecipeError:
    """What is said of settings that TRL or transformers do not take."""
    said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(" .")[:300]
    return RecipeError(
        f"The trainer refuses the settings: {said}.", "docs/reference/training.md lists them."
    )
