"""What is said and asked before an account of a hub is removed, which cannot be taken back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from pairsmith.errors import PairsmithError

if TYPE_CHECKING:
    from pairsmith.hub.maintenance.accounts import Remains


def check_removable(name: str, held: Remains) -> None:
    """Checks that nothing stands in the way of an account's removal.

    Raises:
        PairsmithError: It owns something, which is named.
    """
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


def what_becomes(name: str, held: Remains) -> str:
    """What becomes of an account's data when it is removed."""
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


def ask_before_removal(name: str) -> None:
    """Asks whether an account is to be removed.

    Raises:
        PairsmithError: It is not, or nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise PairsmithError("Nobody can be asked; nothing was removed.", "Add --yes.")
    try:
        agreed = typer.confirm(f"Remove {name}?", err=True)
    except typer.Abort:  # Ctrl-C, or the end of what is typed
        agreed = False
    if not agreed:
        raise PairsmithError("Nothing was removed.", "`pairsmith hub user suspend` can be undone.")
