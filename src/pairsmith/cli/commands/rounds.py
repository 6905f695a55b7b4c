"""pairsmith rounds: the rounds of a build beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def rounds(
    build: Annotated[Path, typer.Argument(metavar="BUILD", help="The folder of a build.")],
    scores: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="An annotation with a model's scores; else all of pairsmith score. Repeatable.",
        ),
    ] = None,
    samples: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Samples of a snapshot, for its Elo. Repeatable."),
    ] = None,
    best: Annotated[
        bool, typer.Option("--best", help="Elo of the best sample of a prompt, not the first.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Hold the rounds of a build beside each other: ledger, accuracy of models, Elo, attacks.

    Exits 1 where a conversation that is held out in one round stands in train of any.
    """
    from pairsmith.cli.render.rounds import draw
    from pairsmith.cli.terminal import stoppable
    from pairsmith.comparing.rounds import rounds as compare
    from pairsmith.text.sanitize import escape_json

    with stoppable():
        found = compare(build, scores=scores, samples=samples or (), best=best)
    if as_json:
        typer.echo(escape_json(found.to_json()), nl=False)
    else:
        draw(found)
    if not found.is_clean:
        raise typer.Exit(1)
