"""The program: its commands, each with what it does in a line, and its own options."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import typer

from pairsmith.cli import manner
from pairsmith.cli.commands import (
    audit,
    build,
    check,
    evaluate,
    explore,
    export,
    generate,
    hub,
    lineage,
    preview,
    publish,
    rounds,
    score,
    serve,
    show,
    split,
    templates,
    train,
)
from pairsmith.cli.common import Quiet, Verbose, with_common
from pairsmith.cli.listing import ListingCommand, ListingGroup

app = typer.Typer(
    cls=ListingGroup,
    help="Turn 'this answer is better' into training data, every row accounted for.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
PRINTING = frozenset(
    (
        show.show,
        preview.preview,
        score.score,
        templates.templates,
        lineage.lineage,
        rounds.rounds,
        serve.serve,
    )
)
"""What these print is what they are for."""

COMMANDS: Mapping[Callable[..., None], str] = {
    build.build: "Build a dataset from preferences, every row accounted for.",
    check.check: "Check a build against its manifest.",
    show.show: "Show rows: chosen beside rejected, or why one was refused.",
    export.export: "Export pairs in the files that a trainer reads.",
    preview.preview: "Show rows as the token ids that a trainer makes of them.",
    audit.audit: "Ask what is wrong with a whole dataset.",
    explore.explore: "Ask what the contents are: topics, words, who wins.",
    evaluate.evaluate: "Say how good scores are, with intervals and baselines.",
    split.split: "Split a source into train and test by conversation.",
    score.score: "Score rows or texts by a preference model.",
    generate.generate: "Sample a model, and pair the best with another.",
    lineage.lineage: "Trace what a model or a build was made from.",
    rounds.rounds: "Hold the rounds of a build beside each other.",
    publish.publish: "Publish a build on a hub.",
    templates.templates: "List chat templates, or show how one compiles.",
    serve.serve: "Serve datasets to the stock clients, with gates.",
}
"""What each command does, in a line of 60 characters."""

for command, short in COMMANDS.items():
    app.command(cls=ListingCommand, short_help=short)(
        with_common(command, prints=command in PRINTING)
    )
app.add_typer(hub.hub)
app.add_typer(train.train)


def version(wanted: bool) -> None:
    """Prints the version and stops, if it is wanted."""
    if wanted:
        from pairsmith import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    _version: bool = typer.Option(
        False,
        "--version",
        "-V",
        callback=version,
        is_eager=True,
        help="Print the version and stop.",
    ),
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Options of every command."""
    manner.speak(quiet, verbose)
