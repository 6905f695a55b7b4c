"""pairsmith hub token: administration of the tokens of a hub's accounts by its host."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pairsmith.cli.commands.accounts import MADE, AsJson, Name, Root
from pairsmith.cli.common import with_common, with_printing
from pairsmith.cli.hub_command import HubCommand

token = typer.Typer(name="token", help="Make tokens, and revoke them.", **MADE)


@token.command("add", cls=HubCommand, short_help="Make a token and print it, this once.")
@with_printing
def add_token(
    root: Root,
    name: Name,
    label: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What to call it; by default a number.")
    ] = "",
    write: Annotated[bool, typer.Option("--write", help="For writing too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once: it is not kept, only its hash."""
    from pairsmith.cli.commands.hosting import account, changing
    from pairsmith.hub.auth import tokens

    role: tokens.Role = "write" if write else "read"
    with changing(root) as db:
        owner = account(db, name)
        label = label or str(len(tokens.listed(db, owner)) + 1)
        made = tokens.add(db, owner, label, role)
    fields = {"user": owner.name, "name": label, "role": role, "token": made}
    typer.echo(json.dumps(fields) if as_json else made)


@token.command("revoke", cls=HubCommand, short_help="End a token, at once.")
@with_common
def revoke_token(
    root: Root,
    name: Name,
    label: Annotated[str, typer.Argument(metavar="NAME", help="The name of the token.")],
) -> None:
    """End a token, at once."""
    from pairsmith.cli.commands.hosting import account, changing
    from pairsmith.errors import PairsmithError
    from pairsmith.hub.auth import tokens
    from pairsmith.text.sanitize import sanitize

    with changing(root) as db:
        owner = account(db, name)
        if not tokens.revoke(db, owner, label):
            live = [token.name for token in tokens.listed(db, owner) if token.revoked is None]
            known = ", ".join(map(repr, live)) or "none"
            raise PairsmithError(f"{owner.name} has no token {label!r}; there are: {known}.")
    typer.echo(sanitize(f"{owner.name}'s token {label!r} opens nothing any longer."))


@token.command("list", cls=HubCommand, short_help="List an account's tokens.")
@with_printing
def list_tokens(root: Root, name: Name, as_json: AsJson = False) -> None:
    """List the tokens of an account, the newest first: what each is for, when it was last used.

    When it was used is written every few minutes.
    """
    from pairsmith.cli.commands.hosting import account, changing
    from pairsmith.hub.auth import tokens
    from pairsmith.text.sanitize import sanitize

    with changing(root) as db:
        found = tokens.listed(db, account(db, name))
    if as_json:
        typer.echo(json.dumps([entry._asdict() for entry in found]))
        return
    for entry in found:
        used = "" if entry.used is None else f", last used {_day(entry.used)}"
        ended = "" if entry.revoked is None else ", revoked"
        typer.echo(sanitize(f"{entry.name}: {entry.role}{used}{ended}"))


def _day(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
