"""pairsmith train dpo: a policy from the pairs of a build."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pairsmith.cli.common import with_common
from pairsmith.cli.options import with_options
from pairsmith.cli.training import AsJson, Build, Config, Force, Run, train_and_draw
from pairsmith.training.dpo.options import DpoOptions


@with_common
@with_options(DpoOptions)
def dpo(
    build: Build,
    run: Run,
    config: Config = None,
    force: Force = False,
    evaluate: Annotated[
        bool,
        typer.Option(help="Compare it with its start on rows that are held out, at the end."),
    ] = True,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Train a policy on the pairs of the split train, by TRL's DPOTrainer.

    The same command goes on where it was broken off. Needs the extra `train`.
    """
    from pairsmith.training.dpo.train import train_dpo

    given = {"config": config, "force": force, "evaluate": evaluate, **options}
    train_and_draw(train_dpo, build, run, as_json, **given)
