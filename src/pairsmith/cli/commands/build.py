"""pairsmith build: preference data in, a dataset out, every row accounted for."""

from __future__ import annotations

from typing import Annotated, Unpack

import typer

from pairsmith.building.options import (
    GROUPS,
    BuildArguments,
    BuildOptions,
    ExecutionOptions,
    SourceOptions,
)
from pairsmith.cli.options import with_options
from pairsmith.cli.render.progress import progress
from pairsmith.cli.startup import leave_out_pandas, template_ahead
from pairsmith.cli.terminal import interruptible, say


@with_options(BuildOptions, SourceOptions, ExecutionOptions, groups=GROUPS)
def build(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="sample, folders, files, patterns as 'data/*.jsonl', URLs as "
            "hf://datasets/OWNER/NAME, or - for standard input.",
        ),
    ],
    out: Annotated[
        str,
        typer.Argument(metavar="OUT", help="The folder or URL to write: a new or an empty one."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
    **options: Unpack[BuildArguments],
) -> None:
    """Build a dataset: prompt, chosen and rejected, in splits and subsets.

    OUT gets Parquet shards that load_dataset opens, a quarantine of the refused rows with the
    reason of each, a dataset card, and a manifest that pairsmith check proves. The exit status is
    1 where nothing was kept, of all or of a file.
    """
    ahead = template_ahead(options["template"], options["tokens"], options["date"])
    with interruptible(out), ahead, progress() as watch:
        from pairsmith.building.build import build as build_dataset

        leave_out_pandas()
        built = build_dataset(sources, out, progress=watch, **options)
    from pairsmith.cli.render.ledger import draw
    from pairsmith.dataset import folder, losses

    draw(built, out, as_json)
    if lost := losses.find_losses(built):
        for loss in lost:
            first = losses.find_first(loss, built, folder.output(out))
            say(f"{losses.describe(loss)} {first}".rstrip(), losses.advise(loss, built, out))
        raise typer.Exit(1)
