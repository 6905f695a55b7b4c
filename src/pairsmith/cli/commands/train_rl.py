"""pairsmith train rl: a policy from the prompts of a build and a preference model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pairsmith.cli.common import with_common
from pairsmith.cli.options import with_options
from pairsmith.cli.training import AsJson, Build, Config, Force, Run, train_and_draw
from pairsmith.training.rl.options import RlOptions


@with_common
@with_options(RlOptions)
def rl(
    build: Build,
    run: Run,
    config: Config = None,
    force: Force = False,
    evaluate: Annotated[
        bool,
        typer.Option(help="Compare it with its start on prompts that are held out, at the end."),
    ] = True,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Train a policy on the prompts of the split train, by TRL's RLOO or GRPO.

    The reward is read from the ids that the preference model was trained on. The same command goes
    on where it was broken off. Needs the extra `train`.
    """
    from pairsmith.training.rl.train import train_rl

    given = {"config": config, "force": force, "evaluate": evaluate, **options}
    train_and_draw(train_rl, build, run, as_json, **given)
