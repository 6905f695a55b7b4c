"""pairsmith collect: talk to a model and choose, or judge pairs again, in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pairsmith.cli.options import with_options
from pairsmith.collecting.options import CollectOptions

if TYPE_CHECKING:
    from pairsmith.collecting.collect import Collected

GROUPS = {
    "Talking to a model": (
        "model", "served_model", "mode", "best_of", "score", "system", "temperature",
        "max_tokens", "edits", "round",
    ),
    "Judging pairs again": ("from_", "apply", "subset", "opinions", "accuracy", "name"),
    "The project": ("title", "instructions", "project"),
}  # fmt: skip


@with_options(CollectOptions, groups=GROUPS)
def collect(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The collection; begun where there is none.")
    ],
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Of 127.0.0.1; 0 for a free one.")
    ] = 0,
    export: Annotated[
        bool, typer.Option("--export", help="Write what was collected, and serve nothing.")
    ] = False,
    **options: Any,
) -> None:
    """Talk to a model and pick replies, or judge pairs again, on a page in the browser.

    Prints a link that works once, and serves the page to this machine alone until Ctrl-C. What was
    collected is then a source in DIR. DIR by itself goes on. Needs the extra `collect`.
    """
    from pairsmith.cli.terminal import say, stoppable
    from pairsmith.collecting.collect import collect as collect_by
    from pairsmith.collecting.collect import export_collection

    with stoppable("interrupted; what was chosen is kept, and the same command goes on."):
        if export:
            _tell(export_collection(folder, **options))
        else:
            _tell(collect_by(folder, port=port, ready=_greet, tell=say, **options))


def _greet(link: str) -> None:
    typer.echo(f"Open {link}\nThe link works once. Ctrl-C ends, and writes what was collected.")


def _tell(made: Collected) -> None:
    from pairsmith.text.sanitize import sanitize

    for line in _lines(made):
        typer.echo(sanitize(line))


def _lines(made: Collected) -> list[str]:
    manifest, folder = made.manifest, made.folder
    read = sum(entry.read for entry in manifest.ledger)
    if not read:
        return ["Nothing was collected so far.", f"Go on: pairsmith collect {folder}"]
    unkept = ", ".join(f"{why} {count:,}" for why, count in manifest.unkept.items())
    kept = f"{folder}: read {read:,} = kept {manifest.kept:,}{f', {unkept}' if unkept else ''}"
    if made.annotation is None:
        return [kept, f"Build it: pairsmith build {folder} OUT"]
    annotation = made.annotation.folder
    labels = ", ".join(f"{name} {count:,}" for name, count in made.annotation.labels.items())
    return [
        kept,
        f"{annotation}: {labels}",
        f"Act on it: pairsmith build SOURCE OUT --apply {annotation}",
        "SOURCE is what that build was made of.",
    ]
