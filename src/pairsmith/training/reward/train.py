"""The public `train_reward`: a preference model from a build, with the account and the proof."""

from __future__ import annotations

import os
from typing import Unpack

from pairsmith.training.job import TrainedModel
from pairsmith.training.progress import TrainingWatch
from pairsmith.training.reward.method import METHOD
from pairsmith.training.reward.options import RewardArguments
from pairsmith.training.run import Request, train


def train_reward(
    build: str | os.PathLike[str],
    run: str | os.PathLike[str],
    *,
    config: str | os.PathLike[str] | None = None,
    force: bool = False,
    evaluate: bool = True,
    progress: TrainingWatch | None = None,
    **options: Unpack[RewardArguments],
) -> TrainedModel:
    """Trains a preference model on the pairs of a build, by TRL's RewardTrainer.

    It goes on from the last whole checkpoint where the same training was broken off.

    Args:
        build: The folder of the build, or its URL. Its split `train` is trained on.
        run: The folder to write; new, empty, or a run's.
        config: A YAML file of settings; `options` go before it.
        force: Whether a run by other settings may be replaced.
        evaluate: Whether the rows that are held out are scored, which is kept as an annotation of
            the build, and the scores evaluated.
        progress: Called with a `TrainingProgress` after every batch of rows and every step.
        options: Fields of `RewardOptions`, by name; each is documented where it is declared, in
            `pairsmith.training.reward.options` and `pairsmith.training.options`.
            `model_name_or_path` has to be among them, or in `config`.

    Returns:
        The run. Its `reused` is true where `run` already held it.

    Raises:
        RecipeError: The settings are none, out of range, or at odds.
        OutputError: There is no build, nothing to train on, or `run` cannot be written.
        ModelError: The model cannot be loaded, does not fit the rows, or makes no numbers.
        TokenizerError: The tokenizer cannot do what the rows want.
        AnnotationError: The annotation tells no confidence.
    """
    asked = Request(build, run, config, force, evaluate)
    return train(METHOD, asked, dict(options), progress)
