"""Shared by the commands on a hub's accounts: access to its database, and password entry."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pairsmith.errors import PairsmithError

if TYPE_CHECKING:
    import sqlite3

    from pairsmith.hub.auth.users import User
    from pairsmith.hub.context import Hub

PASSWORD = "PAIRSMITH_HUB_PASSWORD"  # noqa: S105 - a variable's name
"""The environment variable with the password; without it the password is prompted for."""


@contextmanager
def changing(root: Path, create: bool = False) -> Iterator[sqlite3.Connection]:
    """Opens a write transaction on a hub's database; the hub may be running.

    Args:
        root: The folder of the hub.
        create: Whether to make a hub in a folder that is empty or does not exist.

    Yields:
        The connection; the transaction is committed at the end, and rolled back on an exception.

    Raises:
        PairsmithError: There is no hub in the folder, or the hub refuses the change.
    """
    with serving(root, create) as hub, hub.database.write() as db:
        yield db


@contextmanager
def serving(root: Path, create: bool = False) -> Iterator[Hub]:
    """A hub, which may be running; see `changing`."""
    from pairsmith.hub.context import open_hub
    from pairsmith.hub.http.errors import HubError

    try:
        with open_hub(root, create=create) as hub:
            yield hub
    except HubError as error:
        raise PairsmithError(error.message) from error


def account(db: sqlite3.Connection, name: str) -> User:
    """Looks up an account by its name.

    Raises:
        PairsmithError: There is no account of this name.
    """
    from pairsmith.hub.auth import users

    found = users.named(db, name)
    if found is None:
        raise PairsmithError(
            f"There is no account {name!r}.", "`pairsmith hub user add` makes one."
        )
    return found


def hashed_password() -> str:
    """Hashes the password in the environment, or without one, a password that is typed twice.

    Raises:
        PairsmithError: No password is set and stdin is no terminal, the password breaks the hub's
            rules, or the extra `hub` is not installed.
    """
    import typer

    from pairsmith.extras import require

    require("hub", "A hub needs")  # before the imports that need them
    from pairsmith.hub.auth import passwords
    from pairsmith.hub.http.errors import HubError

    text = os.environ.get(PASSWORD)
    if text is None and not sys.stdin.isatty():
        raise PairsmithError("No password was given, and nobody can be asked.", f"Set {PASSWORD}.")
    if text is None:
        text = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        passwords.check_new(text)
    except HubError as error:
        raise PairsmithError(error.message) from error
    return passwords.hash_password(text)
