"""pairsmith generate: samples of a model for each prompt, the best against another."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pairsmith.cli.options import with_options
from pairsmith.generating.options import GenerateOptions, WorkOptions

GROUPS = {
    "How samples are drawn": (
        "best_of", "against", "temperature", "top_p", "max_tokens", "seed", "round",
    ),
    "Which prompts": ("subset", "split", "limit", "test"),
    "How the work is done": (
        "dtype", "batch_tokens", "device", "at_once", "timeout", "engine", "workers", "address",
        "force",
    ),
}  # fmt: skip


@with_options(GenerateOptions, WorkOptions, groups=GROUPS)
def generate(
    prompts: Annotated[
        str,
        typer.Argument(
            metavar="BUILD|PROMPTS",
            help="The folder of a build; or a file of prompts, JSON lines or a prompt a line.",
        ),
    ],
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="The folder to write: new, empty, or of samples.")
    ],
    model: Annotated[
        str | None, typer.Option(metavar="M", help="What writes: a run, another model, a hub id.")
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Or a server of chat completions, http://HOST:PORT."),
    ] = None,
    served_model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model's name at the endpoint.")
    ] = None,
    score: Annotated[
        str | None,
        typer.Option(metavar="RM", help="The preference model: a run, another model, a hub id."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
    **options: Any,
) -> None:
    """Draw samples of each prompt, score them, and pair the best with another.

    OUT is a source that pairsmith build reads, with every sample, its seed and its score. The same
    command goes on where it was broken off. Needs the extra `train`, but for an endpoint alone.
    """
    from pairsmith.cli.render import samples
    from pairsmith.cli.render.progress import progress
    from pairsmith.cli.terminal import stoppable
    from pairsmith.generating.generate import generate as run

    with stoppable("interrupted; the same command goes on."), progress() as watch:
        made = run(
            prompts,
            out,
            model=model,
            endpoint=endpoint,
            served_model=served_model,
            score=score,
            progress=watch,
            **options,
        )
    samples.show(made, as_json)
