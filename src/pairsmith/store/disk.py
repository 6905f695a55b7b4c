"""Files that last: written under a name of their own, made durable, then given their name."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

PARTIAL = ".partial"
"""The ending of a file that is still being written."""


def partial_of(path: Path) -> Path:
    """A name for a file while it is written; no two writers get the same."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")


def put(partial: Path, path: Path) -> None:
    """Gives a whole file its name; both survive a loss of power from then on."""
    sync(partial)
    partial.replace(path)
    sync(path.parent)


def put_text(path: Path, text: str) -> None:
    """Writes a text file, whole or not at all."""
    partial = partial_of(path)
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        put(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def is_plain(folder: Path, name: str) -> bool:
    """Whether there is a file of this name in a folder's folder, not reached over a link."""
    path = folder / name
    try:
        return stat.S_ISREG(path.lstat().st_mode) and not path.parent.is_symlink()
    except OSError:
        return False


def sync(path: Path) -> None:
    """Sees to it that a file's contents, or a folder's names, are on the disk (fsync(2))."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
