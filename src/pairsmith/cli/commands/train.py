"""pairsmith train: models trained on a build, a command for each method."""

from __future__ import annotations

import typer

from pairsmith.cli.commands.train_dpo import dpo
from pairsmith.cli.commands.train_reward import reward
from pairsmith.cli.commands.train_rl import rl
from pairsmith.cli.listing import ListingCommand, ListingGroup

train = typer.Typer(
    name="train",
    cls=ListingGroup,
    help="Train models on a build: a preference model, a policy.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
train.command(cls=ListingCommand, short_help="Train a preference model, by TRL's RewardTrainer.")(
    reward
)
train.command(cls=ListingCommand, short_help="Train a policy on pairs, by TRL's DPOTrainer.")(dpo)
train.command(cls=ListingCommand, short_help="Train a policy against a preference model.")(rl)
