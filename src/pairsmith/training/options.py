"""The options that trainings share, each declared and documented once: the field of a dataclass.

What one method has besides is beside it, as `reward/options.py`. Public functions take them as
keywords, the command line as options, and a YAML file as fields. Where TRL or transformers have the
like, they have its name. Nothing heavy is imported: `--help` reads this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, TypedDict

from pairsmith.schema.options import Option


@dataclass(frozen=True)
class TrainingOptions:
    """What decides a training, by any method; None for what is not said."""

    model_name_or_path: Annotated[
        str | None,
        Option("The model to begin with: a folder, an id on the hub.", "MODEL", flag="--model"),
    ] = None
    subset: Annotated[
        Iterable[str] | None,
        Option("Train on these subsets alone.", "NAME,…", given="list"),
    ] = None
    max_length: Annotated[int | None, Option("The most tokens of a row.", "N")] = None
    use_peft: Annotated[
        bool | None, Option("Train low-rank adapters, and merge them.", flag="--lora")
    ] = None
    lora_r: Annotated[int | None, Option("Their rank; 16.", "N")] = None
    lora_alpha: Annotated[int | None, Option("Their scale; 32.", "N")] = None
    lora_dropout: Annotated[float | None, Option("Their dropout; 0.", "SHARE")] = None
    learning_rate: Annotated[float | None, Option("How large a step is.", "RATE")] = None
    num_train_epochs: Annotated[float | None, Option("Times over the rows; 1.", "N")] = None
    max_steps: Annotated[int | None, Option("Stop after N steps.", "N")] = None
    per_device_train_batch_size: Annotated[
        int | None, Option("Pairs that a device takes at a time; 8.", "N")
    ] = None
    gradient_accumulation_steps: Annotated[
        int | None, Option("Such batches that make up a step; as many as make 64 pairs.", "N")
    ] = None
    seed: Annotated[
        int | None, Option("Of new weights, the order, all that is drawn; 42.", "N")
    ] = None
    held_out: Annotated[
        str | None,
        Option("Refuse rows in train whose conversations this build holds out.", "BUILD0"),
    ] = None


@dataclass(frozen=True)
class PairOptions(TrainingOptions):
    """What decides a training whose loss is of pairs."""

    margin: Annotated[
        bool | None, Option("Use the build's margins in the loss (build --margin).")
    ] = None
    confidence: Annotated[
        str | None,
        Option(
            "How far labels are to be believed, 0 to 1: an annotation's scores; `label`, the "
            "build's own label_confidence; or a number for all rows, as 0.9.",
            "NAME",
        ),
    ] = None


class TrainingArguments(TypedDict, total=False):
    """The fields of `TrainingOptions`, as keywords.

    Type checkers read it; a test holds it equal to the fields.
    """

    model_name_or_path: str | None
    subset: Iterable[str] | None
    max_length: int | None
    use_peft: bool | None
    lora_r: int | None
    lora_alpha: int | None
    lora_dropout: float | None
    learning_rate: float | None
    num_train_epochs: float | None
    max_steps: int | None
    per_device_train_batch_size: int | None
    gradient_accumulation_steps: int | None
    seed: int | None
    held_out: str | None


class PairArguments(TrainingArguments, total=False):
    """The fields of `PairOptions`, as keywords."""

    margin: bool | None
    confidence: str | None


DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "subset": [],
        "use_peft": False,
        "lora_r": 16,
        "lora_alpha": 32,
        "lora_dropout": 0.0,
        "num_train_epochs": 1.0,
        "max_steps": -1,
        "per_device_train_batch_size": 8,
        "seed": 42,
        "held_out": None,
        "lr_scheduler_type": "cosine_with_min_lr",
        "warmup_steps": 0.03,
        "save_steps": 0.1,
        "save_total_limit": 1,
        "logging_steps": 10,
        "ddp_find_unused_parameters": False,
    }
)
"""What holds where nothing is said, of what neither method, model nor device decides. Schedule:
cosine to a tenth, warm-up over 3 % of the steps, as Llama 2 had it (arXiv 2307.09288, §3.2.2)."""

PAIR_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {**DEFAULTS, "margin": False, "confidence": None}
)
"""The same of a training whose loss is of pairs."""

OURS = frozenset(
    {
        "model_name_or_path", "subset", "use_peft", "lora_r", "lora_alpha", "lora_dropout",
        "held_out",
    }
)  # fmt: skip
"""The settings that no configuration of TRL's takes."""

PAIR_OURS = frozenset({*OURS, "margin", "confidence"})
"""The same of a training whose loss is of pairs."""

MIN_LR = {"min_lr_rate": 0.1}
"""`lr_scheduler_kwargs` of the usual schedule."""

STEP_ROWS = 64
"""Rows a step, over all devices, where no accumulation is named."""

MAX_LENGTH = 1024
"""TRL's own default."""

LARGE = 1_000_000_000
"""Weights above which a full training takes a tenth of the learning rate."""
