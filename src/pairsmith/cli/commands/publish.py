"""pairsmith publish: upload a build to a hub, from which others load it by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pairsmith.publishing.publish import Published


def publish(
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder of a build.")],
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
    private: Annotated[
        bool, typer.Option("--private", help="The owner alone may know of it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Publish a built dataset on a hub, by the stock client: checked first, in one commit.

    Publishing the same build again sends nothing. The token is that of HF_TOKEN or hf auth login.
    """
    from pairsmith.cli.terminal import say
    from pairsmith.publishing.publish import publish as publish_build
    from pairsmith.text.sanitize import sanitize

    _configure_progress_bars()
    try:
        done = publish_build(out, repo, to=to, gated=gated, private=private)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        say("interrupted.", "The same command sends what is missing.")
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(done.to_dict()))
        return
    for line in _summarize(done):
        typer.echo(sanitize(line))


def _summarize(done: Published) -> Iterator[str]:
    """Lines with the URL, the files that were sent, and the code that loads the dataset."""
    from pairsmith.publishing.publish import PUBLIC

    yield done.url
    if done.sent or done.removed:
        size = sum(entry.bytes for entry in done.sent)
        gone = f"; {len(done.removed)} of an earlier build removed" if done.removed else ""
        yield f"sent: {len(done.sent)} files, {size:,} bytes{gone}."
    else:
        yield f"nothing new: its {done.files} files are there as they were built."
    yield from done.remarks
    yield "Whoever may read it loads it with"
    yield ""
    if done.endpoint != PUBLIC:
        yield f"  export HF_ENDPOINT={done.endpoint}"
        yield ""
    yield from (f"  {line}" for line in done.loading)


def _configure_progress_bars() -> None:
    """Disables the client's progress bars unless stderr is a terminal."""
    from huggingface_hub.utils.tqdm import disable_progress_bars

    from pairsmith.cli.terminal import shows_progress

    if not shows_progress():
        disable_progress_bars()
