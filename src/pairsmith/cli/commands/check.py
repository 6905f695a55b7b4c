"""pairsmith check: verify a build against its manifest."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def check(
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder of a build, or its URL.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
) -> None:
    """Check a built dataset: hashes, counts, columns and ledger against what is on disk.

    Says what is wrong and exits 1; exits 0 where the build is whole.
    """
    from pairsmith.dataset import folder
    from pairsmith.dataset.manifest import read_manifest, sentence
    from pairsmith.dataset.verify import check as check_build
    from pairsmith.text.sanitize import sanitize

    place = folder.output(out)
    problems = check_build(out)
    if as_json:
        typer.echo(json.dumps([problem._asdict() for problem in problems]))
    elif problems:
        for problem in problems:
            typer.echo(sanitize(f"{problem.path}: {problem.message}"))
        typer.echo(f"{place} is not as it was built: {len(problems)} found.")
    else:
        built = read_manifest(place)
        files = "1 file" if len(built.outputs) == 1 else f"{len(built.outputs)} files"
        typer.echo(f"{place} is whole: {files} as the manifest says.")
        typer.echo(sentence(built.totals))
    if problems:
        raise typer.Exit(1)
