"""pairsmith build: preference data in, a dataset out, every row accounted for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pairsmith.cli.options import Date, Tokens, pairs_of


def build(
    source: Annotated[
        str, typer.Argument(help="sample, a folder, a file, or a URL: hf://datasets/OWNER/NAME.")
    ],
    out: Annotated[str, typer.Argument(help="The folder to write: a new or an empty one.")],
    template: Annotated[
        str | None,
        typer.Option(
            help="Chat template: a name (see pairsmith templates), a .jinja file, a tokenizer's "
            "folder, a hub id. Without one, rows are messages."
        ),
    ] = None,
    token: Tokens = None,
    date: Date = None,
    as_: Annotated[
        str | None, typer.Option("--as", metavar="FORM", help="text, or messages.")
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A system turn before every prompt that has none."),
    ] = None,
    shard_rows: Annotated[
        int, typer.Option(metavar="N", help="At most so many input rows in a shard.")
    ] = 100_000,
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REASON=POLICY",
            help="Instead of quarantine: identical=keep, bad_roles=merge, … Repeatable.",
        ),
    ] = None,
    card: Annotated[
        Path | None, typer.Option(help="YAML file of card fields: licence, tags, gate.")
    ] = None,
    subset: Annotated[
        str | None, typer.Option(metavar="NAME", help="For a single file: its subset.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="For a single file: train or test.")
    ] = None,
    from_: Annotated[
        str, typer.Option("--from", metavar="SHAPE", help="What a row looks like: hh, trl, …")
    ] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Build over an earlier build.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Build a dataset: prompt, chosen and rejected, in splits and subsets.

    OUT gets Parquet shards that load_dataset opens, a quarantine of the refused rows with the
    reason of each, a dataset card, and a manifest that pairsmith check proves.
    """
    from pairsmith.cli.ledger import draw_ledger
    from pairsmith.cli.progress import progress
    from pairsmith.cli.terminal import say
    from pairsmith.pipeline import build as build_dataset
    from pairsmith.store.card import read_fields

    try:
        with progress() as watch:
            built = build_dataset(
                source,
                out,
                template=template,
                tokens=pairs_of("--token", token or []),
                date=date,
                as_=as_,
                system=system,
                shard_rows=shard_rows,
                policies=pairs_of("--on", on or []),
                card=read_fields(card) if card else None,
                subset=subset,
                split=split,
                from_=from_,
                force=force,
                progress=watch,
            )
    except KeyboardInterrupt:
        say("interrupted; an earlier build is as it was.", "The same command starts again.")
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(built.to_dict()))
    else:
        draw_ledger(built, out)
