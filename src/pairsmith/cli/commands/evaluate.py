"""pairsmith evaluate: how good the scores of a model are."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from pairsmith.cli.options import with_options
from pairsmith.errors import RecipeError
from pairsmith.schema.options import Option


@dataclass(frozen=True)
class EvaluationOptions:
    """What is evaluated of a build, and where it goes."""

    scores: Annotated[str | None, Option("The annotation that holds the scores.", "NAME")] = None
    against: Annotated[
        str | None, Option("Scores of a second model, for over-optimisation.", "NAME")
    ] = None
    out: Annotated[
        Path | None,
        Option("Where the files go; then BUILD stays as it is.", "FOLDER", given="file"),
    ] = None
    text: Annotated[bool, Option("Show texts of contradicted rows in the report.")] = False
    no_words: Annotated[bool, Option("Leave out the baseline of hashed words.")] = False


@with_options(EvaluationOptions)
def evaluate(
    build: Annotated[
        Path,
        typer.Argument(metavar="BUILD", help="The folder of a build; a file for --rewardbench."),
    ],
    rewardbench: Annotated[
        int | None,
        typer.Option(metavar="1|2", help="Score a file of scores by RewardBench's rules."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print evaluation.json.")] = False,
    **options: Any,
) -> None:
    """Say how good scores are: accuracy, calibration, length, with intervals and baselines.

    Writes a report to BUILD/evaluations/NAME. Needs the extra `audit`.
    """
    from pairsmith.cli.terminal import stoppable
    from pairsmith.text.sanitize import escape_json, sanitize

    asked = EvaluationOptions(**options)
    with stoppable():
        if rewardbench is not None:
            printed = _score_bench(build, asked, (rewardbench, seed), as_json)
        else:
            printed = _evaluate(build, asked, seed, as_json)
    typer.echo(escape_json(printed) if as_json else sanitize(printed), nl=False)


def _evaluate(build: Path, asked: EvaluationOptions, seed: int, as_json: bool) -> str:
    """Evaluates scores of a build; returns what is to be printed."""
    from pairsmith.cli.render.evaluation import verdict
    from pairsmith.evaluating.evaluate import evaluate as evaluate_scores

    if asked.scores is None:
        raise RecipeError("--scores is missing.", "Name the annotation that holds the scores.")
    made = evaluate_scores(
        build,
        asked.scores,
        against=asked.against,
        to=asked.out,
        text=asked.text,
        words=not asked.no_words,
        seed=seed,
    )
    return made.to_json() if as_json else verdict(made)


def _score_bench(
    file: Path, asked: EvaluationOptions, which: tuple[int, int], as_json: bool
) -> str:
    """Scores a file by a version of RewardBench's rules, with a seed; returns what to print."""
    from pairsmith.cli.render.evaluation import bench
    from pairsmith.evaluating.rewardbench import score_bench

    if any(getattr(asked, field.name) for field in fields(asked)):
        raise RecipeError(
            "--rewardbench reads a file that holds the scores itself.",
            "Leave the other options out, but for --seed and --json.",
        )
    made = score_bench(file, *which)
    return made.to_json() if as_json else bench(made)
