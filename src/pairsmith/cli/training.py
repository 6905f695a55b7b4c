"""What the commands that train have in common: arguments, options, and how they end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pairsmith.training.job import TrainedModel

Build: TypeAlias = Annotated[
    str, typer.Argument(metavar="BUILD", help="The folder of a build, or its URL.")
]
Run: TypeAlias = Annotated[
    str, typer.Argument(metavar="RUN", help="The folder to write: new, empty, or a run's.")
]
Config: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Settings in YAML, by the names that TRL has for them."),
]
Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Replace a run by other settings.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the run as JSON.")]


def train_and_draw(
    train: Callable[..., TrainedModel], build: str, run: str, as_json: bool, **options: Any
) -> None:
    """Trains, with the progress on the screen, and prints what came of it.

    Args:
        train: A public function that trains.
        build: The folder of a build.
        run: The folder of the run.
        as_json: Whether the run is printed as JSON.
        options: Whatever else the function takes.
    """
    from pairsmith.cli.render.training import draw, training_progress
    from pairsmith.cli.terminal import stoppable

    with stoppable(hint=lambda: _goes_on(run)), training_progress() as watch:
        made = train(build, run, progress=watch, **options)
    if made.is_main:
        draw(made, build, run, as_json)


def _goes_on(run: str) -> str:
    """What the same command does with a run that was stopped."""
    from pairsmith.training.checkpoints import last_whole
    from pairsmith.training.folder import GROWING

    if last_whole(Path(run) / GROWING) is None:
        return "No checkpoint was whole yet: the same command begins again."
    return "The same command goes on from the last whole checkpoint."
