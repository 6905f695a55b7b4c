"""The public `train_rl`: a policy trained against a preference model, another one watching."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Unpack

from pairsmith.errors import RecipeError
from pairsmith.training.config import read_config
from pairsmith.training.job import TrainedModel
from pairsmith.training.progress import TrainingWatch
from pairsmith.training.rl.method import BY_NAME
from pairsmith.training.rl.options import DEFAULTS, METHODS, RlArguments
from pairsmith.training.run import Request, train


def train_rl(
    build: str | os.PathLike[str],
    run: str | os.PathLike[str],
    *,
    config: str | os.PathLike[str] | None = None,
    force: bool = False,
    evaluate: bool = True,
    progress: TrainingWatch | None = None,
    **options: Unpack[RlArguments],
) -> TrainedModel:
    """Trains a policy on the prompts of a build against a preference model, by TRL's RLOO or GRPO.

    The reward is read from the very ids that the preference model was trained on, which is proved
    on a sample before the first step. It goes on from the last whole checkpoint where the same
    training was broken off, and draws the same replies.

    Args:
        build: The folder of the build, or its URL. The prompts of its split `train` are asked.
        run: The folder to write; new, empty, or a run's.
        config: A YAML file of settings; `options` go before it.
        force: Whether a run by other settings may be replaced.
        evaluate: Whether the policies before and after reply to prompts that are held out.
        progress: Called with a `TrainingProgress` after every batch of rows and every step.
        options: Fields of `RlOptions`, by name; each is documented where it is declared, in
            `pairsmith.training.rl.options` and `pairsmith.training.options`. `model_name_or_path`
            and `reward` have to be among them, or in `config`.

    Returns:
        The run. Its `reused` is true where `run` already held it. Where reward and watcher parted,
        its remarks say so, and so do `parted`, `parted_at`, `stopped_at` and `kept_step` among the
        metrics of its manifest.

    Raises:
        RecipeError: The settings are none, out of range, or at odds.
        OutputError: There is no build, no prompt to train on, or `run` cannot be written.
        ModelError: A model cannot be loaded, models do not fit each other or the rows, or make no
            numbers.
        TokenizerError: The tokenizer cannot do what the rows want.
    """
    asked = Request(build, run, config, force, evaluate)
    return train(BY_NAME[_method_of(options, config)], asked, dict(options), progress)


def _method_of(options: RlArguments, config: str | os.PathLike[str] | None) -> str:
    """The method that is asked for, which decides what other fields there are.

    Raises:
        RecipeError: It is none.
    """
    written: dict[str, Any] = read_config(Path(config)) if config is not None else {}
    name = options.get("method") or written.get("method") or DEFAULTS["method"]
    if name not in METHODS:
        raise RecipeError(f"{name!r} is no method.", f"Methods are {' and '.join(METHODS)}.")
    return str(name)
