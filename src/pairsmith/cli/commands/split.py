"""pairsmith split: divide a source's rows into train and test anew, by conversation."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pairsmith.cli.options import From


def split(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="sample, folders, files, patterns, URLs, or -."),
    ],
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="The folder to write: a new or an empty one.")
    ],
    test: Annotated[
        str, typer.Option(metavar="SHARE", help="Of conversations, for test: 5%, or 0.05.")
    ] = "5%",
    from_: From = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Split a source into train and test by conversation, the same on every machine.

    OUT gets the rows as they stand in the source, a file for each split of each subset, to be
    built. Rows that open with the same question are never on both sides.
    """
    from pairsmith.building.split import split as split_source
    from pairsmith.cli.terminal import say
    from pairsmith.text.sanitize import sanitize

    shares = split_source(sources, out, test=_share(test), from_=from_, say=say)
    if as_json:
        typer.echo(json.dumps([share._asdict() for share in shares]))
        return
    width = max(len(share.subset) for share in shares)
    for share in shares:
        part = share.test / share.read if share.read else 0.0
        typer.echo(
            sanitize(
                f"{share.subset:{width}}  read {share.read:,} = train {share.train:,} + "
                f"test {share.test:,} ({part:.1%}), {share.openings:,} conversations"
                + (f", {share.unread:,} rows without a question" if share.unread else "")
            )
        )
    columns = " --columns split=-" if any(share.overruled for share in shares) else ""
    typer.echo(sanitize(f"Build it: pairsmith build {out} OUT{columns}"))


def _share(text: str) -> float:
    """Parses a share such as `0.05` or `5%`; the result is not checked to lie between 0 and 1.

    Raises:
        RecipeError: The text is no number.
    """
    from pairsmith.errors import RecipeError

    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise RecipeError(f"{text!r} is no share.", "Write --test 5%, or --test 0.05.") from None
