"""pairsmith export: write a build's pairs as files that a trainer reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pairsmith.exporting.format import Export


def export(
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder of a build, or its URL.")],
    dest: Annotated[
        str, typer.Argument(metavar="DEST", help="The folder to write: a new or an empty one.")
    ],
    trainer: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="TRAINER",
            help="{trainers}.",
        ),
    ],
    margin_from: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Write the margins of an annotation of OUT, or one in a folder, as margin.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was written as JSON.")
    ] = False,
) -> None:
    """Export the pairs of a build for a trainer, with the configuration that it needs.

    DEST gets JSON lines in the trainer's own schema, a file for each split of each subset. What
    the trainer has no place for is left out and told.
    """
    from pairsmith.exporting import export as export_build
    from pairsmith.text.sanitize import sanitize

    written = export_build(out, dest, trainer=trainer, margin_from=margin_from)
    if as_json:
        typer.echo(json.dumps(written.to_dict()))
        return
    for line in [*_files(written, dest), *_left_out(written), *_config(written, dest)]:
        typer.echo(sanitize(line))


def _files(written: Export, dest: str) -> Iterator[str]:
    """A line for each file, and one for their totals."""
    width = max(len(file.path) for file in written.files)
    for file in written.files:
        yield f"{file.path:{width}}  {file.rows:>9,} rows"
    pairs, rows = sum(f.pairs for f in written.files), sum(f.rows for f in written.files)
    yield f"{dest}: {pairs:,} pairs for {written.trainer}, in {rows:,} rows."


def _left_out(written: Export) -> Iterator[str]:
    """Lines on the pairs and dialogues that were not exported, with the reasons."""
    from pairsmith.exporting.pair import EXPLANATIONS

    for left in written.left_out:
        more = ", …" if left.pairs > len(left.ids) else ""
        yield f"Left out: {left.reason} {left.pairs:,} ({', '.join(left.ids)}{more})"
        yield f"  {EXPLANATIONS[left.reason]}"
    if written.not_carried:
        names = ", ".join(written.not_carried)
        yield f"Not carried, the trainer's rows have no place for it: {names}"
    if written.without_margin:
        yield f"Without a margin: {written.without_margin:,} pairs, of which nothing is said."
    if written.dialogues:
        yield f"Left out: {', '.join(written.dialogues)}: dialogues, not pairs."


def _config(written: Export, dest: str) -> Iterator[str]:
    """The trainer's configuration, indented, and the path that it is written to."""
    yield f"Configuration, in {Path(dest) / written.config.name}:"
    yield ""
    yield from (f"  {line}".rstrip() for line in written.config.text.splitlines())
