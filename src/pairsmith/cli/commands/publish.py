"""pairsmith publish: upload a build or a run to a hub, from which others load it by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pairsmith.cli.options import with_options
from pairsmith.publishing.options import PublishOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pairsmith.publishing.plan import Plan
    from pairsmith.publishing.publish import Published


@with_options(PublishOptions)
def publish(
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder of a build or a run.")],
    repo: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Where it goes.")],
    to: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The hub; by default HF_ENDPOINT, or the public one."),
    ] = None,
    gated: Annotated[
        str | None,
        typer.Option(
            metavar="GATE", help="Who reads it asks first: auto lets in at once, manual does not."
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be sent, to where; send nothing."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before sending to the public hub.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
    **given: Any,
) -> None:
    """Publish a build or a trained run on a hub, by the stock client: checked first, in one commit.

    A build becomes a dataset, a run a model. Publishing the same again sends nothing. The
    token is that of HF_TOKEN or hf auth login.
    """
    from pairsmith.cli.asking import ask_before_public
    from pairsmith.cli.terminal import stoppable
    from pairsmith.text.sanitize import sanitize

    _configure_progress_bars()
    if not (yes or dry_run):
        ask_before_public(out, repo, to, gated, given["private"])
    carry_out: Callable[..., Any] = _plan if dry_run else _publish
    with stoppable(hint="The same command sends what is missing."):
        done, lines = carry_out(out, repo, to=to, gated=gated, **given)
    if as_json:
        typer.echo(json.dumps(done.to_dict()))
        return
    for line in lines:
        typer.echo(sanitize(line))


def _publish(out: str, repo: str, **asked: Any) -> tuple[Published, Iterator[str]]:
    from pairsmith.cli.render.publishing import summarize
    from pairsmith.publishing.publish import publish as publish_build

    done = publish_build(out, repo, **asked)
    return done, summarize(done)


def _plan(out: str, repo: str, **asked: Any) -> tuple[Plan, Iterator[str]]:
    from pairsmith.cli.render.publishing import summarize_plan
    from pairsmith.publishing.plan import plan

    planned = plan(out, repo, **asked)
    return planned, summarize_plan(planned)


def _configure_progress_bars() -> None:
    """Disables the client's progress bars unless stderr is a terminal."""
    from huggingface_hub.utils.tqdm import disable_progress_bars

    from pairsmith.cli.terminal import shows_progress

    if not shows_progress():
        disable_progress_bars()
