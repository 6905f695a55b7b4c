"""pairsmith hub user suspend, restore, remove: accounts that are shut out, and those that go."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pairsmith.cli.commands import accounts
from pairsmith.cli.commands.accounts import Name, Root
from pairsmith.cli.common import with_common
from pairsmith.cli.listing import ListingCommand

if TYPE_CHECKING:
    from pairsmith.hub.maintenance.accounts import Remains


user = accounts.user


@user.command("suspend", cls=ListingCommand, short_help="Shut an account out, for now.")
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


@user.command("restore", cls=ListingCommand, short_help="Let a suspended account in again.")
@with_common
def restore_user(root: Root, name: Name) -> None:
    """Let an account in again that was suspended. Its tokens open again what they did."""
    from pairsmith.cli.commands.hosting import account, changing
    from pairsmith.hub.maintenance import accounts as kept

    with changing(root) as db:
        found = account(db, name)
        was = kept.restore(db, found)
    typer.echo(f"{found.name} is let in again." if was else f"{found.name} was not suspended.")


@user.command("codes-off", cls=ListingCommand, short_help="Ask an account for no code.")
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


@user.command("remove", cls=ListingCommand, short_help="Remove an account for good.")
@with_common
def remove_user(
    root: Root,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove an account for good; what becomes of its data is said before, and asked.

    One that owns repositories is not removed. Nobody gets its name again.
    """
    from pairsmith.cli.commands.hosting import account, changing
    from pairsmith.hub.maintenance import accounts as kept
    from pairsmith.text.sanitize import sanitize

    with changing(root) as db:
        found = account(db, name)
        held = kept.remains(db, found)
    _check_free(found.name, held)
    typer.echo(sanitize(_said(found.name, held)), err=True)
    if not yes:
        _ask(found.name)
    with changing(root) as db:
        found = account(db, name)
        _check_free(found.name, kept.remains(db, found))
        kept.remove(db, found)
    typer.echo(f"{found.name} is removed.")


def _check_free(name: str, held: Remains) -> None:
    from pairsmith.errors import PairsmithError

    if held.repos:
        raise PairsmithError(
            f"{name} owns {len(held.repos)} repositories: {_few(held.repos)}.",
            "They are moved to another owner, or deleted, on their Settings. `pairsmith hub user"
            f" suspend` shuts {name} out meanwhile.",
        )
    if held.organizations:
        raise PairsmithError(
            f"{name} is the only admin of {_few(held.organizations)}.",
            "Make another member an admin first.",
        )


def _few(names: tuple[str, ...]) -> str:
    rest = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + rest


def _said(name: str, held: Remains) -> str:
    counts = (
        f"{held.tokens} tokens, {held.sessions} sessions, {held.requests} requests for access,"
        f" {held.licences} licences, {held.commits} commits"
    )
    return (
        f"{name} has {counts}.\n"
        "Goes for good: password, e-mail address, full name, tokens, sessions, second factor,"
        " roles, requests for access.\n"
        "Stays: licences, by their numbers; commits and comments, as of “deleted”; the record of"
        " what happened, with the name; the name, which nobody gets again."
    )


def _ask(name: str) -> None:
    from pairsmith.errors import PairsmithError

    if not sys.stdin.isatty():
        raise PairsmithError("Nobody can be asked; nothing was removed.", "Add --yes.")
    try:
        agreed = typer.confirm(f"Remove {name}?", err=True)
    except typer.Abort:  # Ctrl-C, or the end of what is typed
        agreed = False
    if not agreed:
        raise PairsmithError("Nothing was removed.", "`pairsmith hub user suspend` can be undone.")
