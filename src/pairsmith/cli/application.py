"""The program: its commands, each with what it does in a line, and its own options."""

from __future__ import annotations

import typer

from pairsmith.cli import manner
from pairsmith.cli.catalog import COMMANDS, PRINTING
from pairsmith.cli.commands import hub, train
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
