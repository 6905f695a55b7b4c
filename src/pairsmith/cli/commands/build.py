"""pairsmith build: preference data in, a dataset out, every row accounted for."""

from __future__ import annotations

from typing import Annotated

import typer

from pairsmith.cli.acts import Drop, Flip, Smooth, words_of
from pairsmith.cli.ahead import template_ahead
from pairsmith.cli.options import (
    Address,
    BatchRows,
    Card,
    Date,
    Engine,
    Form,
    From,
    On,
    ShardRows,
    Source,
    Split,
    Subset,
    System,
    Template,
    Tokens,
    Workers,
    pairs_of,
)
from pairsmith.cli.render.progress import progress
from pairsmith.cli.startup import leave_out_pandas
from pairsmith.cli.terminal import interruptible


def build(
    source: Source,
    out: Annotated[
        str,
        typer.Argument(metavar="OUT", help="The folder or URL to write: a new or an empty one."),
    ],
    template: Template = None,
    token: Tokens = None,
    date: Date = None,
    as_: Form = None,
    system: System = None,
    shard_rows: ShardRows = 100_000,
    on: On = None,
    drop: Drop = None,
    flip: Flip = None,
    smooth: Smooth = None,
    card: Card = None,
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
        from pairsmith.building.build import build as build_dataset
        from pairsmith.dataset.card import read_fields

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
            drop=words_of(drop),
            flip=flip,
            smooth=smooth,
            progress=watch,
        )
    from pairsmith.cli.render.ledger import draw

    draw(built, out, as_json)
