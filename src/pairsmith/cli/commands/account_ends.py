"""pairsmith hub user suspend, restore, remove: accounts that are shut out, and those that go."""

from __future__ import annotations

from typing import Annotated

import typer

from pairsmith.cli.commands import accounts
from pairsmith.cli.commands.accounts import Name, Root
from pairsmith.cli.common import with_common
from pairsmith.cli.hub_command import HubCommand

user = accounts.user


@user.command("suspend", cls=HubCommand, short_help="Shut an account out, for now.")
@with_common
def suspend_user(root: Root, name: Name) -> None:
    """Shut an account out: it cannot sign in, its tokens open nothing, its sessions end.

    Its repositories stay as they are, for those who may read them.
    """
    from pairsmith.cli.commands.hosting import account, changing
    from pairsmith.hub.maintenance import accounts as kept

    with changing(root) as db:
        found = account(db, name)
        kept.suspend(db, found)
    typer.echo(f"{found.name} is suspended; `pairsmith hub user restore` lets them in again.")


@user.command("restore", cls=HubCommand, short_help="Let a suspended account in again.")
@with_common
def restore_user(root: Root, name: Name) -> None:
    """Let an account in again that was suspended. Its tokens open again what they did."""
    from pairsmith.cli.commands.hosting import account, changing
    from pairsmith.hub.maintenance import accounts as kept

    with changing(root) as db:
        found = account(db, name)
        was = kept.restore(db, found)
    typer.echo(f"{found.name} is let in again." if was else f"{found.name} was not suspended.")


@user.command("codes-off", cls=HubCommand, short_help="Ask an account for no code.")
@with_common
def turn_second_factor_off(root: Root, name: Name) -> None:
    """Ask an account for no code beside its password, for one who lost both phone and codes."""
    from pairsmith.cli.commands.hosting import account, changing
    from pairsmith.hub.auth import second_factor

    with changing(root) as db:
        found = account(db, name)
        was = second_factor.turn_off(db, found)
    said = "is asked for no code any longer" if was else "was asked for none"
    typer.echo(f"{found.name} {said}.")


@user.command("remove", cls=HubCommand, short_help="Remove an account for good.")
@with_common
def remove_user(
    root: Root,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove an account for good, after saying which data go and which stay, and asking.

    One that owns repositories is not removed. Nobody gets its name again.
    """
    from pairsmith.cli.commands.hosting import account, changing
    from pairsmith.cli.removal import ask_before_removal, check_removable, what_becomes
    from pairsmith.hub.maintenance import accounts as kept
    from pairsmith.text.sanitize import sanitize

    with changing(root) as db:
        found = account(db, name)
        held = kept.remains(db, found)
    check_removable(found.name, held)
    typer.echo(sanitize(what_becomes(found.name, held)), err=True)
    if not yes:
        ask_before_removal(found.name)
    with changing(root) as db:
        found = account(db, name)
        check_removable(found.name, kept.remains(db, found))
        kept.remove(db, found)
    typer.echo(f"{found.name} is removed.")
