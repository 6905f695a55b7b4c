"""File modes: what a hub keeps is its user's alone.

The database has hashes of passwords and tokens and people's e-mail addresses, the blobs are
private and gated data. nginx in front hands blobs over as the same user (docs/how-to/
hub-nginx.conf), so nothing is anybody else's to read, also where the folder was made beforehand.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pairsmith.errors import OutputError

OTHERS = 0o077  # what a group and all others may do
FOUND = "lost+found"
"""The folder of the file system itself, at the top of a disk."""

log = logging.getLogger("pairsmith.hub")


@contextmanager
def private_files() -> Iterator[None]:
    """Has what this process makes while the block lasts be its user's alone."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def close_to_others(folder: Path) -> None:
    """Takes a folder and what lies right in it from all other users, and says so on stderr.

    What lies deeper is reached through these alone.

    Raises:
        OutputError: The folder is open to others, and is not this user's to close.
    """
    if os.name != "posix":
        return
    if folder.stat().st_mode & OTHERS:
        try:
            _close(folder)
        except PermissionError as error:
            raise OutputError(
                f"{folder} is open to other users, and belongs to one of them.",
                "It holds private data: make it this user's, with mode 0700.",
            ) from error
        log.warning("%s was open to other users of this machine; it is not any more.", folder)
    for path in folder.iterdir():
        mode = path.lstat().st_mode
        if mode & OTHERS and not stat.S_ISLNK(mode) and path.name != FOUND:
            with suppress(PermissionError, FileNotFoundError):  # the folder is closed
                _close(path)


def _close(path: Path) -> None:
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
