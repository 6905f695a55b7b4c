"""The options of a training by DPO, besides those of any training on pairs, and what is at odds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from pairsmith.errors import RecipeError
from pairsmith.schema.options import Option
from pairsmith.training.options import LARGE, PAIR_DEFAULTS, PAIR_OURS, PairArguments, PairOptions


@dataclass(frozen=True)
class DpoOptions(PairOptions):
    """What decides a training by DPO; None for what is not said."""

    model_name_or_path: Annotated[
        str | None,
        Option(
            "The policy to begin with, which is the reference too: a folder, an id on the hub.",
            "MODEL",
            flag="--model",
        ),
    ] = None
    max_length: Annotated[
        int | None,
        Option("Cut replies at N tokens of prompt and reply; 1024, or what the model takes.", "N"),
    ] = None
    learning_rate: Annotated[
        float | None, Option("1e-6; 1e-7 above a billion weights; 1e-5 with --lora.", "RATE")
    ] = None
    beta: Annotated[
        float | None, Option("How much the reference holds the policy back; 0.1.", "X")
    ] = None
    loss_type: Annotated[
        Iterable[str] | None,
        Option("TRL's losses, of which several are summed; sigmoid.", "NAME,…", given="list"),
    ] = None
    score: Annotated[
        str | None,
        Option("A preference model that judges replies before and after, at the end.", "MODEL"),
    ] = None


class DpoArguments(PairArguments, total=False):
    """The fields, as keywords of `pairsmith.train_dpo`."""

    beta: float | None
    loss_type: Iterable[str] | None
    score: str | None


DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        **PAIR_DEFAULTS,
        "beta": 0.1,
        "loss_type": ["sigmoid"],
        "score": None,
        "truncation_mode": "keep_start",
    }
)
"""What holds where nothing is said, of what neither model nor device decides."""

OURS = frozenset({*PAIR_OURS, "score"})
"""The settings that TRL's DPOConfig does not take."""

LOSSES = (
    "sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "aot",
    "aot_unpaired", "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm",
)  # fmt: skip
"""The losses of TRL 1.16."""

SMOOTHED = frozenset({"robust", "exo_pair", "aot", "aot_unpaired"})
"""Those in which `label_smoothing` acts; the others pass over it."""

TRUNCATIONS = ("keep_start", "keep_end")

CHOICES = {
    "truncation_mode": TRUNCATIONS,
    "f_divergence_type": ("reverse_kl", "forward_kl", "js_divergence", "alpha_divergence"),
}
"""The words that some settings can be."""


def learning_rate_of(settings: Mapping[str, Any], weights: int) -> float:
    """The learning rate where none is named.

    Args:
        settings: The options, settled.
        weights: How many the model has.
    """
    if settings["use_peft"]:
        return 1e-5
    return 1e-7 if weights > LARGE else 1e-6


def check_settings(settings: Mapping[str, Any]) -> None:
    """Checks settings against each other, where TRL would fail late, or pass over one in silence.

    Raises:
        RecipeError: Something is none, or at odds with something else.
    """
    losses = settings["loss_type"]
    if not losses:
        raise RecipeError("loss_type names no loss.", f"Losses: {', '.join(LOSSES)}.")
    for name in losses:
        if name not in LOSSES:
            raise RecipeError(f"{name!r} is no loss of TRL's.", f"Losses: {', '.join(LOSSES)}.")
    if not settings["beta"] > 0:
        raise RecipeError(f"beta is {settings['beta']}.", "Expected more than 0.")
    alpha, weights = settings.get("ld_alpha"), settings.get("loss_weights")
    if alpha is not None and not 0 <= alpha <= 1:
        raise RecipeError(f"ld_alpha is {alpha}.", "Expected 0 to 1.")
    if weights is not None and len(weights) != len(losses):
        raise RecipeError(
            f"There are {len(weights)} loss_weights, and losses {len(losses)}.",
            "Give each loss a weight, or none.",
        )
    _check_smoothing(settings, losses)
    _check_own_loss(settings, losses)


def _check_smoothing(settings: Mapping[str, Any], losses: list[str]) -> None:
    smoothing = settings.get("label_smoothing") or 0.0
    if not 0 <= smoothing < 0.5:
        raise RecipeError(f"label_smoothing is {smoothing}.", "Expected 0, or less than 0.5.")
    if smoothing and not SMOOTHED.intersection(losses):
        kept = 1 - smoothing
        raise RecipeError(
            f"TRL's {' and '.join(losses)} loss passes over label_smoothing: it would change "
            "nothing.",
            f"Name the confidence in labels instead: --confidence {kept:g}; or set loss_type: "
            "robust.",
        )
    if "exo_pair" in losses and not smoothing:
        raise RecipeError(
            "The loss exo_pair wants a label_smoothing above 0.", "Its authors use 1e-3."
        )


def _check_own_loss(settings: Mapping[str, Any], losses: list[str]) -> None:
    """Checks that the loss with confidence and margins is the one that would be without them."""
    wanted = [name for name in ("confidence", "margin") if settings[name]]
    if not wanted:
        return
    named = {
        f"loss_type: {', '.join(losses)}": losses != ["sigmoid"],
        "f_divergence_type": settings.get("f_divergence_type", "reverse_kl") != "reverse_kl",
        "use_weighting": bool(settings.get("use_weighting")),
    }
    for name, is_other in named.items():
        if is_other:
            raise RecipeError(
                f"{' and '.join(wanted)} would have no place beside {name}: they are of the "
                "sigmoid loss.",
                f"Leave out {name.split(':')[0]}, or {' and '.join(wanted)}.",
            )
