"""pairsmith hub: maintenance of a hub, whether or not it is being served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairsmith.cli.commands import account_ends, account_tokens, hub_collections, organizations
from pairsmith.cli.commands.accounts import AsJson, Root
from pairsmith.cli.common import with_common
from pairsmith.cli.hub_command import HubCommand
from pairsmith.cli.listing import ListingGroup

if TYPE_CHECKING:
    from pairsmith.hub.maintenance.verify import Progress

hub = typer.Typer(
    name="hub",
    cls=ListingGroup,
    help="Look after a hub, while it is served: accounts and tokens, backup, proof.",
    short_help="Look after a hub: accounts, tokens, backup, proof.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
hub.add_typer(hub_collections.collection)
for group in (account_ends.user, account_tokens.token, organizations.organization):
    hub.add_typer(group)


@hub.command(cls=HubCommand, short_help="Copy a hub, or bring a copy up to date.")
@with_common
def backup(
    root: Root,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="A new folder, or that of an earlier backup.")
    ],
    prove: Annotated[bool, typer.Option("--prove", help="Hash the copies there, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy a hub to a folder that can be served in its place, or bring the copy up to date.

    Names the contents that the hub has lost, copies all others, and exits 1 then.
    """
    from pairsmith.hub.maintenance.backup import backup as copy
    from pairsmith.text.sanitize import sanitize

    made = copy(root, out, prove)
    if as_json:
        typer.echo(json.dumps(made._asdict()))
    else:
        for lost in made.lost:
            typer.echo(sanitize(f"not in the backup: {lost}"))
        contents = f"{made.contents:,} contents, {made.bytes:,} bytes; {made.new:,} are new"
        lacks = f" It lacks {len(made.lost):,}, which the hub has lost." if made.lost else ""
        typer.echo(sanitize(f"{out} is a backup of {root}: {contents}.{lacks}"))
    if made.lost:
        raise typer.Exit(1)


@hub.command(cls=HubCommand, short_help="Prove every content against its hash.")
@with_common
def verify(root: Root, as_json: AsJson = False) -> None:
    """Prove every content against its hash, and the database against itself.

    Says what is wrong and exits 1; exits 0 where the hub is whole.
    """
    from pairsmith.hub.maintenance.verify import verify as prove
    from pairsmith.text.sanitize import sanitize

    with _progress() as watch:
        found = prove(root, watch)
    problems = [problem for problem in found if not problem.is_note]
    if as_json:
        typer.echo(json.dumps([problem._asdict() for problem in found]))
    else:
        for where, message, is_note in found:
            typer.echo(sanitize(f"{'note: ' if is_note else ''}{where}: {message}"))
        whole = f"not whole: {len(problems)} found" if problems else "whole"
        typer.echo(sanitize(f"{root} is {whole}."))
    if problems:
        raise typer.Exit(1)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A progress callback that shows the verified contents on stderr; None if no terminal."""
    from pairsmith.cli.terminal import shows_progress

    if not shows_progress():
        yield None
    else:
        from rich.console import Console

        with Console(stderr=True, markup=False).status("database") as line:
            yield lambda done, total: line.update(f"{done:,} of {total:,} contents")
