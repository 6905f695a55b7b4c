"""pairsmith build: preference data in, a dataset out, every row accounted for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pairsmith.cli.ahead import template_ahead
from pairsmith.cli.options import (
    Address,
    BatchRows,
    Date,
    Engine,
    Form,
    From,
    On,
    Split,
    Subset,
    Template,
    Tokens,
    Workers,
    pairs_of,
)
from pairsmith.cli.process import leave_out_pandas
from pairsmith.cli.progress import progress
from pairsmith.cli.terminal import interruptible


def build(
    source: Annotated[
        str, typer.Argument(help="sample, a folder, a file, or a URL: hf://datasets/OWNER/NAME.")
    ],
    out: Annotated[str, typer.Argument(help="The folder or URL to write: a new or an empty one.")],
    template: Template = None,
    token: Tokens = None,
    date: Date = None,
    as_: Form = None,
    system: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A system turn before every prompt that has none."),
    ] = None,
    shard_rows: Annotated[
        int, typer.Option(metavar="N", help="At most so many input rows in a shard.")
    ] = 100_000,
    on: On = None,
    card: Annotated[
        Path | None, typer.Option(help="YAML file of card fields: licence, tags, gate.")
    ] = None,
    subset: Subset = None,
    split: Split = None,
    from_: From = "auto",
    force: Annotated[bool, typer.Option("--force", help="Build over an earlier build.")] = False,
    engine: Engine = "local",
    workers: Workers = None,
    address: Address = None,
    batch_rows: BatchRows = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Build a dataset: prompt, chosen and rejected, in splits and subsets.

    OUT gets Parquet shards that load_dataset opens, a quarantine of the refused rows with the
    reason of each, a dataset card, and a manifest that pairsmith check proves.
    """
    tokens = pairs_of("--token", token or [])
    with interruptible(out), template_ahead(template, tokens, date), progress() as watch:
        from pairsmith.pipeline import build as build_dataset
        from pairsmith.store.card import read_fields

        leave_out_pandas()
        built = build_dataset(
            source,
            out,
            template=template,
            tokens=tokens,
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
            engine=engine,
            workers=workers,
            address=address,
            batch_rows=batch_rows,
            progress=watch,
        )
    if as_json:
        typer.echo(json.dumps(built.to_dict()))
    else:
        from pairsmith.cli.ledger import draw_ledger

        draw_ledger(built, out)
