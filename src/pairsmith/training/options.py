"""The options of a training, each declared and documented once: the field of a dataclass.

`pairsmith.train_reward` takes them as keywords, the command line as options, and a YAML file as
fields. Where TRL or transformers have the like, they have its name. Nothing heavy is imported:
`--help` reads this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, TypedDict

from pairsmith.schema.options import Option


@dataclass(frozen=True)
class RewardOptions:
    """What decides a training of a preference model; None for what is not said."""

    model_name_or_path: Annotated[
        str | None,
        Option("The model to begin with: a folder, an id on the hub.", "MODEL", flag="--model"),
    ] = None
    subset: Annotated[
        Iterable[str] | None,
        Option("Train on these subsets alone.", "NAME,…", given="list"),
    ] = None
    max_length: Annotated[
        int | None,
        Option("Drop pairs of which a side has more tokens; 1024, or what the model takes.", "N"),
    ] = None
    cut: Annotated[
        bool | None,
        Option("Cut such pairs instead, at the beginning of the prompt, where replies fit."),
    ] = None
    margin: Annotated[
        bool | None, Option("Use the build's margins in the loss (build --margin).")
    ] = None
    confidence: Annotated[
        str | None,
        Option(
            "How far labels are to be believed, 0 to 1: an annotation's scores, or `label`, the "
            "build's own label_confidence.",
            "NAME",
        ),
    ] = None
    use_peft: Annotated[
        bool | None,
        Option("Train low-rank adapters and the head, and merge them.", flag="--lora"),
    ] = None
    lora_r: Annotated[int | None, Option("Their rank; 16.", "N")] = None
    lora_alpha: Annotated[int | None, Option("Their scale; 32.", "N")] = None
    lora_dropout: Annotated[float | None, Option("Their dropout; 0.", "SHARE")] = None
    head_only: Annotated[bool | None, Option("Train the head alone.")] = None
    learning_rate: Annotated[
        float | None,
        Option("1e-5; 1e-6 above a billion weights; 1e-4 with --lora; 1e-3 for a head.", "RATE"),
    ] = None
    num_train_epochs: Annotated[float | None, Option("Times over the rows; 1.", "N")] = None
    max_steps: Annotated[int | None, Option("Stop after N steps.", "N")] = None
    per_device_train_batch_size: Annotated[
        int | None, Option("Pairs that a device takes at a time; 8.", "N")
    ] = None
    gradient_accumulation_steps: Annotated[
        int | None, Option("Such batches that make up a step; as many as make 64 pairs.", "N")
    ] = None
    seed: Annotated[int | None, Option("Of the head, the order, all that is drawn; 42.", "N")] = (
        None
    )


class RewardArguments(TypedDict, total=False):
    """The fields, as keywords of `pairsmith.train_reward`.

    Type checkers read it; a test holds it equal to the fields.
    """

    model_name_or_path: str | None
    subset: Iterable[str] | None
    max_length: int | None
    cut: bool | None
    margin: bool | None
    confidence: str | None
    use_peft: bool | None
    lora_r: int | None
    lora_alpha: int | None
    lora_dropout: float | None
    head_only: bool | None
    learning_rate: float | None
    num_train_epochs: float | None
    max_steps: int | None
    per_device_train_batch_size: int | None
    gradient_accumulation_steps: int | None
    seed: int | None


DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "subset": [],
        "cut": False,
        "margin": False,
        "confidence": None,
        "use_peft": False,
        "lora_r": 16,
        "lora_alpha": 32,
        "lora_dropout": 0.0,
        "head_only": False,
        "num_train_epochs": 1.0,
        "max_steps": -1,
        "per_device_train_batch_size": 8,
        "seed": 42,
        "lr_scheduler_type": "cosine_with_min_lr",
        "warmup_steps": 0.03,
        "save_steps": 0.1,
        "save_total_limit": 1,
        "logging_steps": 10,
        "ddp_find_unused_parameters": False,
    }
)
"""What holds where nothing is said, of what neither model nor device decides. Schedule: cosine to
a tenth, warm-up over 3 % of the steps, as Llama 2 had it (arXiv 2307.09288, §3.2.2)."""

MIN_LR = {"min_lr_rate": 0.1}
"""`lr_scheduler_kwargs` of the usual schedule."""

STEP_PAIRS = 64
"""Pairs a step, over all devices, where no accumulation is named."""

MAX_LENGTH = 1024
"""TRL's own default."""

LARGE = 1_000_000_000
"""Weights above which a full training takes a tenth of the learning rate."""


def learning_rate_of(settings: Mapping[str, Any], weights: int) -> float:
    """The learning rate where none is named.

    Args:
        settings: The options, settled.
        weights: How many the model has.
    """
    if settings["head_only"]:
        return 1e-3
    if settings["use_peft"]:
        return 1e-4
    return 1e-6 if weights > LARGE else 1e-5
