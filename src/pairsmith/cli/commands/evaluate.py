"""pairsmith evaluate: how good the scores of a model are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pairsmith.errors import RecipeError


def evaluate(
    build: Annotated[
        Path,
        typer.Argument(metavar="BUILD", help="The folder of a build; a file for --rewardbench."),
    ],
    scores: Annotated[
        str | None, typer.Option(metavar="NAME", help="The annotation that holds the scores.")
    ] = None,
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
    rewardbench: Annotated[
        int | None,
        typer.Option(metavar="1|2", help="Score a file of scores by RewardBench's rules."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print evaluation.json.")] = False,
) -> None:
    """Say how good scores are: accuracy, calibration, length, with intervals and baselines.

    Writes a report to BUILD/evaluations/NAME. Needs the extra `audit`.
    """
    if rewardbench is not None:
        if scores or against or out or text or no_words:
            raise RecipeError(
                "--rewardbench reads a file that holds the scores itself.",
                "Leave the other options out, but for --seed and --json.",
            )
        _score_bench(build, rewardbench, seed, as_json)
        return
    if scores is None:
        raise RecipeError("--scores is missing.", "Name the annotation that holds the scores.")
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


def _score_bench(file: Path, version: int, seed: int, as_json: bool) -> None:
    """Prints what a file of scores gets by the rules of RewardBench."""
    import json

    from pairsmith.evaluating.rewardbench import score_bench
    from pairsmith.evaluating.verdict import rate
    from pairsmith.text.sanitize import sanitize

    numbers = score_bench(file, version, seed).to_dict()
    if as_json:
        typer.echo(json.dumps(numbers, indent=2, ensure_ascii=False))
        return
    lines = [f"RewardBench {version}: {rate(numbers['score'])} of {numbers['rows']:,} rows."]
    for kind in ("sections", "subsets"):
        lines += [f"  {name}: {rate(found)}" for name, found in numbers[kind].items()]
    for line in [*lines, *numbers["remarks"]]:
        typer.echo(sanitize(line))
