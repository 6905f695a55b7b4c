"""pairsmith evaluate: how good the scores of a model are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    build: Annotated[Path, typer.Argument(metavar="BUILD", help="The folder of a build.")],
    scores: Annotated[
        str, typer.Option(metavar="NAME", help="The annotation that holds the scores.")
    ],
    against: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Scores of a second model, for over-optimisation."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the files go; then BUILD stays as it is."),
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="Show texts of contradicted rows in the report.")
    ] = False,
    no_words: Annotated[
        bool, typer.Option("--no-words", help="Leave out the baseline of hashed words.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print evaluation.json.")] = False,
) -> None:
    """Say how good scores are: accuracy, calibration, length, with intervals and baselines.

    Writes a report to BUILD/evaluations/NAME. Needs the extra `audit`.
    """
    from pairsmith.cli.terminal import say
    from pairsmith.evaluating.evaluate import evaluate as evaluate_scores
    from pairsmith.text.sanitize import sanitize

    try:
        made = evaluate_scores(
            build, scores, against=against, to=out, text=text, words=not no_words, seed=seed
        )
    except KeyboardInterrupt:
        say("interrupted.")
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(made.to_json(), nl=False)
        return
    for line in [*made.verdict, *made.numbers["remarks"]]:
        typer.echo(sanitize(line))
    typer.echo(sanitize(f"The report: {made.folder / 'report.html'}"))
