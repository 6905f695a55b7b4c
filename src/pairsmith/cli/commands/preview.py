"""pairsmith preview: rows as the trainer will tokenize them, and totals over all of them."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def preview(
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder of a build, or its URL.")],
    tokenizer: Annotated[
        str, typer.Option(metavar="T", help="A tokenizer's folder, or its id on the hub.")
    ],
    trainer: Annotated[
        str, typer.Option("--for", metavar="TRAINER", help="The trainer: {token_trainers}.")
    ] = "trl",
    max_length: Annotated[
        int, typer.Option(metavar="N", min=1, help="The trainer's max_length.")
    ] = 1024,
    count: Annotated[
        int,
        typer.Option(
            "--count", "-n", metavar="N", min=0, help="Show at most N rows token by token."
        ),
    ] = 3,
    subset: Annotated[str | None, typer.Option(metavar="NAME", help="Rows of this subset.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print rows and totals as one JSON object.")
    ] = False,
) -> None:
    """Show rows as token ids, as the trainer makes them, and count what it does not say.

    Needs the extra `tokens`.
    """
    from pairsmith.cli.render import tokens, totals
    from pairsmith.cli.render.progress import progress
    from pairsmith.cli.terminal import stoppable
    from pairsmith.tokens.preview import preview as preview_dataset

    with stoppable(), progress() as watch:
        seen = preview_dataset(
            out,
            tokenizer,
            trainer=trainer,
            max_length=max_length,
            rows=count,
            subset=subset,
            progress=watch,
        )
    if as_json:
        rows = [row.to_dict() for row in seen.rows]
        typer.echo(json.dumps({"rows": rows, "totals": seen.totals.to_dict()}))
    else:
        tokens.draw_rows(seen.rows)
        totals.draw_totals(seen.totals)
