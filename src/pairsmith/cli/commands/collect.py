"""pairsmith collect: talk to a model and choose, or judge pairs again, in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pairsmith.cli.options import with_options
from pairsmith.collecting.options import CollectOptions
from pairsmith.errors import RecipeError

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
    quality: Annotated[
        bool, typer.Option("--quality", help="Print how far people agree, and what they do.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Of --quality: as JSON.")] = False,
    **options: Any,
) -> None:
    """Talk to a model and pick replies, or judge pairs again, on a page in the browser.

    Prints a link that works once, and serves the page to this machine alone until Ctrl-C. What was
    collected is then a source in DIR. DIR by itself goes on. Needs the extra `collect`.
    """
    from pairsmith.cli.render.collection import greet, show_quality, tell
    from pairsmith.cli.terminal import say, stoppable
    from pairsmith.collecting.collect import collect as collect_by
    from pairsmith.collecting.collect import export_collection

    if as_json and not quality:
        raise RecipeError("--json goes with --quality alone.")
    with stoppable("interrupted; what was chosen is kept, and the same command goes on."):
        if quality:
            show_quality(folder, as_json)
        elif export:
            tell(export_collection(folder, **options))
        else:
            tell(collect_by(folder, port=port, ready=greet, tell=say, **options))
