"""What a run by reinforcement learning came to: means, and whether reward and watcher parted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from pairsmith.training.method import Conclusion
from pairsmith.training.rl.parting import Parting

SAME = 1e-9
"""How far scores may differ that are the same."""

NAMES = ("reward", "watch", "kl", "length", "truncated")


def conclude(
    settings: Mapping[str, Any], trainer: Any, records: Sequence[Mapping[str, Any]]
) -> Conclusion:
    """Concludes a run, and puts back earlier weights where it was stopped.

    Args:
        settings: All that decides the run.
        trainer: A `PolicyTrainer` at its last step.
        records: The metrics.
    """
    numbers = {**means_of(records)}
    parting: Parting | None = trainer.parting
    if settings["watch"]:
        numbers["parted"] = float(parting is not None)
    if parting is None:
        return Conclusion(numbers, (*_constant(records), *_unwatched(settings, records)))
    kept = trainer.restore()
    numbers |= {"parted_at": float(parting.step), "best_step": float(parting.best_step)}
    if settings["stop"]:
        numbers["stopped_at"] = float(records[-1]["step"])
    if kept is not None:
        numbers["kept_step"] = float(kept)
    return Conclusion(numbers, (describe(parting, bool(settings["stop"]), kept),))


def means_of(records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The means over the first and over the last tenth of the records that have one, by name."""
    made: dict[str, float] = {}
    for name in NAMES:
        told = [one[name] for one in records if isinstance(one.get(name), int | float)]
        if told:
            some = math.ceil(len(told) / 10)
            made[f"first_{name}"] = float(fmean(told[:some]))
            made[f"last_{name}"] = float(fmean(told[-some:]))
    return made


def describe(parting: Parting, stops: bool, kept: int | None) -> str:
    """That reward and watcher parted, as a sentence or two."""
    said = (
        f"Over-optimised: from step {parting.best_step} to step {parting.step} the reward rose by "
        f"{parting.risen:.3g} while the model that watches fell by {parting.fallen:.3g}."
    )
    if not stops:
        return f"{said} It went on, as --no-stop asks."
    if kept is None:
        return (
            f"{said} It was stopped there; there is no checkpoint from before, so it is this one."
        )
    return f"{said} It was stopped there, and is the policy of step {kept}."


def _constant(records: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """That a preference model gave all replies the same, in a sentence each."""
    said = {
        "reward": "nothing is learnt from that. Was its head trained?",
        "watch": "it cannot tell whether the reward was over-optimised.",
    }
    found = list[str]()
    for name, so in said.items():
        told = [(one[name], one[f"{name}_se"]) for one in records if f"{name}_se" in one]
        if told and all(abs(mean - told[0][0]) <= SAME and error <= SAME for mean, error in told):
            found.append(f"The {name} was {told[0][0]:.3g} for every reply: {so}")
    return tuple(found)


def _unwatched(
    settings: Mapping[str, Any], records: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    if not settings["watch"]:
        return ("No model watched: whether the reward was over-optimised is not known.",)
    if records and not any("watch_se" in one for one in records):
        return (
            "A step asks one prompt, so that readings have no error, and whether reward and "
            "watcher parted is not known.",
        )
    return ()
