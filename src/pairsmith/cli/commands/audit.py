"""pairsmith audit: questions about a whole built dataset, answered in a table and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def audit(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of a build.")],
    tokenizer: Annotated[
        str | None, typer.Option(metavar="T", help="A tokenizer's folder, or its id on the hub.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,…", help="Put these questions alone: {questions}."),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            help="Exit 1 where the verdict says so, or worse: act or look.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Ask what is wrong with a whole dataset: duplicates, leaks, labels, length, text, tokens.

    Says what to act on first. Writes a report to OUT/audit. Needs the extra `audit`.
    """
    from pairsmith.auditing.audit import audit as audit_dataset
    from pairsmith.cli.render.audit import draw_audit, fails
    from pairsmith.cli.terminal import say, stoppable, watched
    from pairsmith.cli.values import level_of, names_of
    from pairsmith.text.sanitize import escape_json

    level = level_of("--fail-on", fail_on)
    with stoppable(), watched() as watch:
        made = audit_dataset(
            out, tokenizer=tokenizer, questions=names_of(only) or None, progress=watch
        )
    if as_json:
        typer.echo(escape_json(made.to_json()), nl=False)
    else:
        draw_audit(made, str(out))
    if level is not None and made.verdict.reaches(level):
        say(fails(made.verdict, level))
        raise typer.Exit(1)
