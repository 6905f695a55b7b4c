"""pairsmith train: models trained on the pairs of a build."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pairsmith.cli.commands.train_rl import rl
from pairsmith.cli.common import with_common
from pairsmith.cli.listing import ListingCommand, ListingGroup
from pairsmith.cli.options import with_options
from pairsmith.training.reward.options import RewardOptions

train = typer.Typer(
    name="train",
    cls=ListingGroup,
    help="Train models on a build: a preference model, a policy.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@train.command(cls=ListingCommand, short_help="Train a preference model, by TRL's RewardTrainer.")
@with_common
@with_options(RewardOptions)
def reward(
    build: Annotated[
        str, typer.Argument(metavar="BUILD", help="The folder of a build, or its URL.")
    ],
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The folder to write: new, empty, or a run's.")
    ],
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings in YAML, by the names that TRL has for them."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Make a run by other settings anew.")
    ] = False,
    evaluate: Annotated[
        bool,
        typer.Option(help="Score the rows that are held out, at the end, and evaluate that."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,
    **options: Any,
) -> None:
    """Train a preference model on the pairs of the split train, by TRL's RewardTrainer.

    The same command goes on where it was broken off. Needs the extra `train`.
    """
    from pairsmith.cli.render.training import draw, training_progress
    from pairsmith.cli.terminal import stoppable
    from pairsmith.training.reward.train import train_reward

    goes_on = "The same command goes on from the last whole checkpoint."
    with stoppable(hint=goes_on), training_progress() as watch:
        made = train_reward(
            build, run, config=config, force=force, evaluate=evaluate, progress=watch, **options
        )
    if made.is_main:
        draw(made, build, run, as_json)


train.command(cls=ListingCommand, short_help="Train a policy against a preference model.")(rl)
