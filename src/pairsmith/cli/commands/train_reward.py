"""pairsmith train reward: a preference model from the pairs of a build."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pairsmith.cli.common import with_common
from pairsmith.cli.options import with_options
from pairsmith.cli.training import AsJson, Build, Config, Force, Run, train_and_draw
from pairsmith.training.reward.options import RewardOptions


@with_common
@with_options(RewardOptions)
def reward(
    build: Build,
    run: Run,
    config: Config = None,
    force: Force = False,
    evaluate: Annotated[
        bool,
        typer.Option(help="Score the rows that are held out, at the end, and evaluate that."),
    ] = True,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Train a preference model on the pairs of the split train, by TRL's RewardTrainer.

    The same command goes on where it was broken off. Needs the extra `train`.
    """
    from pairsmith.training.reward.train import train_reward

    given = {"config": config, "force": force, "evaluate": evaluate, **options}
    train_and_draw(train_reward, build, run, as_json, **given)
