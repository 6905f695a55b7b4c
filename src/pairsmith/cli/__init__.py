"""The command line: one file a command; each parses, calls one library function and prints."""

from __future__ import annotations

import atexit
import errno
import io
import sys

import typer

from pairsmith.cli import startup
from pairsmith.cli.commands import (
    audit,
    build,
    check,
    evaluate,
    explore,
    export,
    hub,
    preview,
    publish,
    score,
    serve,
    show,
    split,
    templates,
    train,
)
from pairsmith.cli.listing import ListingCommand
from pairsmith.cli.terminal import say
from pairsmith.errors import PairsmithError

app = typer.Typer(
    help="Turn preference transcripts into preference data that can be proved and trained on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    build.build,
    check.check,
    show.show,
    export.export,
    preview.preview,
    audit.audit,
    explore.explore,
    evaluate.evaluate,
    split.split,
    score.score,
    publish.publish,
    templates.templates,
    serve.serve,
):
    app.command(cls=ListingCommand)(command)
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
        False, "--version", callback=version, is_eager=True, help="Print the version and stop."
    ),
) -> None:
    """Options of every command."""


def main() -> None:
    """Runs the command line: exit 0 done, 1 a check failed or nothing kept, 2 not carried out."""
    startup.tune_process()
    atexit.register(startup.leave)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # whatever the terminal can show
    try:
        app(standalone_mode=True)
    except PairsmithError as error:
        say(error.message, error.hint)
        sys.exit(2)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        say(f"the output cannot be written: {error.strerror}.")
        sys.exit(2)
