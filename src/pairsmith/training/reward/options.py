"""The options of a training of a preference model, besides those of any training on pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from pairsmith.schema.options import Option
from pairsmith.training.options import LARGE, PAIR_DEFAULTS, PAIR_OURS, PairArguments, PairOptions


@dataclass(frozen=True)
class RewardOptions(PairOptions):
    """What decides a training of a preference model; None for what is not said."""

    max_length: Annotated[
        int | None,
        Option("Drop pairs of which a side has more tokens; 1024, or what the model takes.", "N"),
    ] = None
    use_peft: Annotated[
        bool | None,
        Option("Train low-rank adapters and the head, and merge them.", flag="--lora"),
    ] = None
    learning_rate: Annotated[
        float | None,
        Option("1e-5; 1e-6 above a billion weights; 1e-4 with --lora; 1e-3 for a head.", "RATE"),
    ] = None
    cut: Annotated[
        bool | None,
        Option("Cut such pairs instead, at the beginning of the prompt, where replies fit."),
    ] = None
    head_only: Annotated[bool | None, Option("Train the head alone.")] = None


class RewardArguments(PairArguments, total=False):
    """The fields, as keywords of `pairsmith.train_reward`."""

    cut: bool | None
    head_only: bool | None


DEFAULTS: Mapping[str, Any] = MappingProxyType({**PAIR_DEFAULTS, "cut": False, "head_only": False})
"""What holds where nothing is said, of what neither model nor device decides."""

OURS = frozenset({*PAIR_OURS, "cut", "head_only"})
"""The settings that TRL's RewardConfig does not take."""


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
