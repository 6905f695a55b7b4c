"""pairsmith train rl: a policy from the prompts of a build and a preference model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pairsmith.cli.common import with_common
from pairsmith.cli.options import with_options
from pairsmith.training.rl.options import RlOptions


@with_common
@with_options(RlOptions)
def rl(
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
        typer.Option(help="Compare it with its start on prompts that are held out, at the end."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,
    **options: Any,
) -> None:
    """Train a policy on the prompts of the split train, by TRL's RLOO or GRPO.

    The reward is read from the ids that the preference model was trained on. The same command goes
    on where it was broken off. Needs the extra `train`.
    """
    from pairsmith.cli.render.training import draw, training_progress
    from pairsmith.cli.terminal import stoppable
    from pairsmith.training.rl.train import train_rl

    goes_on = "The same command goes on from the last whole checkpoint."
    with stoppable(hint=goes_on), training_progress() as watch:
        made = train_rl(
            build, run, config=config, force=force, evaluate=evaluate, progress=watch, **options
        )
    if made.is_main:
        draw(made, build, run, as_json)
