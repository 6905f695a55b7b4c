"""What commands on a hub's accounts share: the hub's database, and a password."""

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

PASSWORD = "PAIRSMITH_HUB_PASSWORD"  # noqa: S105 - a variable's name


@contextmanager
def changing(root: Path, create: bool = False) -> Iterator[sqlite3.Connection]:
    """A transaction that changes a hub, which may be served meanwhile.

    Args:
        root: The folder of the hub.
        create: Whether an empty folder, or one that is not there, becomes a hub.

    Raises:
        PairsmithError: What the hub says is wrong.
    """
    from pairsmith.hub.context import open_hub
    from pairsmith.hub.http.errors import HubError

    try:
        with open_hub(root, create=create) as hub, hub.database.write() as db:
            yield db
    except HubError as error:
        raise PairsmithError(error.message) from error


def account(db: sqlite3.Connection, name: str) -> User:
    """The account of that name.

    Raises:
        PairsmithError: There is none.
    """
    from pairsmith.hub.auth import users

    found = users.named(db, name)
    if found is None:
        raise PairsmithError(
            f"There is no account {name!r}.", "`pairsmith hub user add` makes one."
        )
    return found


def hashed_password() -> str:
    """What is kept of a password: of the one in the environment, or of one that is typed twice.

    Raises:
        PairsmithError: There is none, or it may not be one.
    """
    import typer

    from pairsmith.hub.server import check_libraries

    check_libraries()  # before what wants them is imported
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
