"""pairsmith hub user: administration of a hub's accounts by its host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from pairsmith.cli.common import with_common, with_printing
from pairsmith.cli.hub_command import HubCommand
from pairsmith.cli.listing import ListingGroup

Root: TypeAlias = Annotated[Path, typer.Argument(metavar="ROOT", help="The folder of the hub.")]
Name: TypeAlias = Annotated[str, typer.Argument(metavar="USER", help="The name of the account.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

MADE: dict[str, Any] = {"cls": ListingGroup, "no_args_is_help": True, "rich_markup_mode": None}
user = typer.Typer(name="user", help="Make accounts, and look after them.", **MADE)


@user.command("add", cls=HubCommand, short_help="Make an account.")
@with_common
def add_user(
    root: Root,
    name: Name,
    email: Annotated[
        str, typer.Option(metavar="EMAIL", help="Owners of gated datasets are told it.")
    ] = "",
    fullname: Annotated[str, typer.Option(metavar="NAME", help="The name that people go by.")] = "",
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Without one: it has tokens alone.")
    ] = False,
) -> None:
    """Make an account; the password is asked for, or taken from $PAIRSMITH_HUB_PASSWORD."""
    from pairsmith.cli.commands.hosting import changing, hashed_password
    from pairsmith.hub.auth import users

    password = None if no_password else hashed_password()
    with changing(root, create=True) as db:
        users.check_fullname(fullname)
        if email:
            users.check_email(email)
        made = users.add(db, name, fullname, email, password)
    typer.echo(f"{made.name} has an account.")


@user.command("password", cls=HubCommand, short_help="Give an account another password.")
@with_common
def set_password(root: Root, name: Name) -> None:
    """Give an account another password and end its sessions; asked for as by `user add`."""
    from pairsmith.cli.commands.hosting import account, changing, hashed_password
    from pairsmith.hub.auth import users

    with changing(root) as db:
        found = account(db, name)
    password = hashed_password()
    with changing(root) as db:
        users.set_password(db, found, password)
    typer.echo(f"{found.name} has another password.")


@user.command("list", cls=HubCommand, short_help="List the accounts.")
@with_printing
def list_users(root: Root, as_json: AsJson = False) -> None:
    """List the accounts: name, e-mail, how many datasets and tokens that are not revoked.

    In brackets: whether the e-mail address is confirmed, the account suspended or removed, and
    whether it is asked for a code beside its password.
    """
    from pairsmith.cli.commands.hosting import changing
    from pairsmith.hub.auth import users
    from pairsmith.text.sanitize import sanitize

    with changing(root) as db:
        found = users.listed(db)
    if as_json:
        typer.echo(json.dumps([account._asdict() for account in found]))
        return
    width = max((len(account.name) for account in found), default=0)
    for one in found:
        counts = f"{one.repos:>5} datasets  {one.tokens:>3} tokens"
        states = ("confirmed", "suspended", "removed", "second_factor")
        said = ", ".join(state.replace("_", " ") for state in states if getattr(one, state))
        line = f"{one.name:{width}}  {counts}  {one.email}{f'  ({said})' if said else ''}"
        typer.echo(sanitize(line))
