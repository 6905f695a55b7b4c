"""pairsmith hub organization: organizations of a hub, made and listed by its host."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pairsmith.cli.commands.accounts import MADE, AsJson, Root
from pairsmith.cli.common import with_common, with_printing
from pairsmith.cli.hub_command import HubCommand

Organization = Annotated[str, typer.Argument(metavar="NAME", help="The organization's name.")]
ROLES = ("read", "write", "admin", "none")

organization = typer.Typer(
    name="organization", help="Make organizations, and give their members roles.", **MADE
)


@organization.command("add", cls=HubCommand, short_help="Make an organization.")
@with_common
def add_organization(
    root: Root,
    name: Organization,
    admin: Annotated[str, typer.Option(metavar="USER", help="Its first member, in that role.")],
    fullname: Annotated[str, typer.Option(metavar="NAME", help="Its name in full.")] = "",
) -> None:
    """Make an organization: an account that is no person, with members instead of a password."""
    from pairsmith.cli.commands.hosting import account, changing
    from pairsmith.hub.membership import organizations

    with changing(root) as db:
        made = organizations.make(db, name, fullname, account(db, admin))
    typer.echo(f"{made.name} is an organization, and {admin} its admin.")


@organization.command("list", cls=HubCommand, short_help="List the organizations.")
@with_printing
def list_organizations(root: Root, as_json: AsJson = False) -> None:
    """List the organizations, each with its members and their roles."""
    from pairsmith.cli.commands.hosting import changing
    from pairsmith.hub.membership import organizations, places
    from pairsmith.text.sanitize import sanitize

    with changing(root) as db:
        found = {
            one.name: {
                held.user: held.role.word
                for held in places.holders(db, places.of_organization(one))
            }
            for one in organizations.listed(db)
        }
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, members in found.items():
        said = ", ".join(f"{user} ({role})" for user, role in members.items())
        typer.echo(sanitize(f"{name}  {said}"))


@organization.command("role", cls=HubCommand, short_help="Give a user a role.")
@with_common
def give_role(
    root: Root,
    name: Organization,
    user: Annotated[str, typer.Argument(metavar="USER", help="The name of the account.")],
    role: Annotated[
        str, typer.Argument(metavar="ROLE", help="read, write, admin; or none, to end it.")
    ],
) -> None:
    """Give a user a role in an organization, without an invitation; or take it from them."""
    from pairsmith.cli.commands.hosting import account, changing
    from pairsmith.errors import PairsmithError
    from pairsmith.hub.membership import organizations, places
    from pairsmith.hub.repos.roles import Role

    if role not in ROLES:
        raise PairsmithError(f"There is no role {role!r}.", f"Roles: {', '.join(ROLES)}.")
    with changing(root) as db:
        found = organizations.find(db, name)
        if found is None:
            raise PairsmithError(
                f"There is no organization {name!r}.", "`pairsmith hub organization add` makes one."
            )
        member = account(db, user)
        places.give(db, places.of_organization(found), "hub", member, Role[role.upper()])
    typer.echo(f"{member.name} has the role {role} in {found.name}.")
