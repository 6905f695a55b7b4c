"""pairsmith lineage: what something was made from, back to its sources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def lineage(
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="A build's folder, or that of whatever has a manifest."
        ),
    ],
    search: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Look for parents here as well. Repeatable."),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the chain as a picture.")
    ] = None,
    check: Annotated[
        bool, typer.Option(help="Hash every file that is found; else manifests are believed.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the chain as JSON.")] = False,
) -> None:
    """Trace a model, a build or samples back to their sources, by the hashes in manifests.

    Says which link is missing or was changed and exits 1; exits 0 where all are as they were.
    """
    from pairsmith.cli.terminal import stoppable
    from pairsmith.dataset.folder import writing
    from pairsmith.io.durable import write_text_durably
    from pairsmith.text.sanitize import escape_json, sanitize
    from pairsmith.tracing.lineage import lineage as trace_lineage

    with stoppable():
        found = trace_lineage(path, search=search or (), check=check)
        if svg is not None:
            with writing(svg):
                write_text_durably(svg, found.to_svg())
    if as_json:
        typer.echo(escape_json(found.to_json()), nl=False)
    else:
        for line in (found.verdict, *found.remarks):
            typer.echo(sanitize(line))
        typer.echo(sanitize(found.to_text()), nl=False)
    if not found.is_whole:
        raise typer.Exit(1)
