"""pairsmith score: rows of a build by a preference model, or texts."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from pairsmith.cli.options import with_options
from pairsmith.scoring.options import ScoreOptions


@with_options(ScoreOptions)
def score(
    what: Annotated[
        str,
        typer.Argument(
            metavar="OUT|TEXT|-",
            help="The folder of a build; or a text, or messages as JSON; or - for standard input.",
        ),
    ],
    model: Annotated[
        str,
        typer.Option(metavar="M", help="A run, another preference model, a hub id; or linear."),
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help="The annotation's name.")] = "scores",
    subset: Annotated[str | None, typer.Option(metavar="NAME", help="Rows of this subset.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    **options: Any,
) -> None:
    """Score rows by a preference model: OUT/annotations/NAME. Or score a text.

    Needs the extra `train`.
    """
    from pairsmith.cli.terminal import stoppable

    how = ScoreOptions.of(**options)
    with stoppable("interrupted; the same command goes on."):
        if what != "-" and _is_folder(what):
            _score_build(what, model, name, subset, how, as_json)
        else:
            _score_texts(what, model, how, as_json)


def _is_folder(what: str) -> bool:
    try:
        return Path(what).is_dir()
    except (OSError, ValueError):  # a text may be too long for a name
        return False


def _score_build(
    out: str, model: str, name: str, subset: str | None, options: ScoreOptions, as_json: bool
) -> None:
    from pairsmith.cli.render import scores
    from pairsmith.cli.render.progress import progress
    from pairsmith.scoring.score import score_build

    began = time.monotonic()
    with progress() as watch:
        made = score_build(out, model, name, options, subset, watch)
    seconds = time.monotonic() - began
    if as_json:
        typer.echo(json.dumps(scores.to_dict(made, seconds)))
    else:
        scores.draw(made, seconds)


def _score_texts(what: str, model: str, options: ScoreOptions, as_json: bool) -> None:
    from pairsmith.scoring.texts import parse_texts, score_texts

    given = sys.stdin.buffer.read() if what == "-" else what
    for scored in score_texts(parse_texts(given, named=what != "-"), model, options):
        typer.echo(json.dumps(scored._asdict()) if as_json else f"{scored.score:.6g}")
