"""pairsmith audit: questions about a whole built dataset, answered in a table and a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pairsmith.auditing.record import Audit


def audit(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of a build.")],
    tokenizer: Annotated[
        str | None, typer.Option(metavar="T", help="A tokenizer's folder, or its id on the hub.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,…", help="Put these questions alone: {questions}."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Ask what is wrong with a whole dataset: duplicates, leaks, labels, length, text, tokens.

    Writes a report to OUT/audit. Needs the extra `audit`.
    """
    from pairsmith.auditing.audit import audit as audit_dataset
    from pairsmith.cli.terminal import stoppable, watched
    from pairsmith.cli.values import names_of
    from pairsmith.text.sanitize import sanitize

    with stoppable(), watched() as watch:
        made = audit_dataset(
            out, tokenizer=tokenizer, questions=names_of(only) or None, progress=watch
        )
    if as_json:
        typer.echo(made.to_json(), nl=False)
        return
    _draw(made)
    typer.echo(sanitize(f"The report: {made.folder / 'report.html'}"))


def _draw(made: Audit) -> None:
    """Prints the answers as a table, one row per question."""
    from rich import box
    from rich.table import Table

    from pairsmith.cli.terminal import console
    from pairsmith.text.sanitize import sanitize

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("question", no_wrap=True)
    table.add_column("answer")
    table.add_column("findings", justify="right", no_wrap=True)
    for answer in made.answers:
        count = "–" if answer.unanswered else f"{answer.findings.num_rows:,}"
        text = answer.sentence or f"Not answered. {answer.unanswered}"
        table.add_row(answer.question, sanitize(text), count)
    console().print(table)
