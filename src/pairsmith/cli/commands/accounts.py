"""pairsmith hub user, pairsmith hub token: administration of a hub's accounts by its host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Root: TypeAlias = Annotated[Path, typer.Argument(metavar="ROOT", help="The folder of the hub.")]
Name: TypeAlias = Annotated[str, typer.Argument(metavar="USER", help="The name of the account.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

user = typer.Typer(name="user", help="Accounts.", no_args_is_help=True, rich_markup_mode=None)
token = typer.Typer(name="token", help="Tokens.", no_args_is_help=True, rich_markup_mode=None)


@user.command("add")
def add_user(
    root: Root,
    name: Name,
    email: Annotated[str, typer.Option(help="Owners of gated datasets are told it.")] = "",
    fullname: Annotated[str, typer.Option(help="The name that people go by.")] = "",
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


@user.command("password")
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


@token.command("add")
def add_token(
    root: Root,
    name: Name,
    label: Annotated[
        str, typer.Option("--name", help="What to call it; by default a number.")
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


@token.command("revoke")
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
