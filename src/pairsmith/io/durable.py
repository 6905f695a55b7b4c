"""Files that last, on a disk or in an object store: written whole, then given their name.

On a disk a file grows beside its place under a name of its own, is made durable, and renamed. For
an object store it grows in the machine's temporary folder, and is uploaded when it is whole.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pairsmith.io.digests import CHUNK, Digest
from pairsmith.io.remote import RemotePath, StoragePath, at_once

PARTIAL = ".partial"
"""The ending of a file that is still being written."""

TEMPORARY = "pairsmith-"
"""How the names of files begin that are to be uploaded."""

STALE = 24 * 3600
"""Seconds after which nobody is writing such a file any longer: its process was killed."""

T = TypeVar("T")
R = TypeVar("R")


def partial_of(path: StoragePath) -> Path:
    """A local name for a file while it is written; no two writers get the same."""
    token = secrets.token_hex(4)
    if isinstance(path, Path):
        return path.with_name(f"{path.name}.{token}{PARTIAL}")
    folder = Path(tempfile.gettempdir())
    _sweep(folder)
    partial = folder / f"{TEMPORARY}{token}{secrets.token_hex(8)}{PARTIAL}"
    partial.touch(mode=0o600, exist_ok=False)  # others use the folder too
    return partial


def _sweep(folder: Path) -> None:
    """Removes what processes that were killed left among the temporary files."""
    for path in folder.glob(f"{TEMPORARY}*{PARTIAL}"):
        with suppress(OSError):  # it is another user's, or gone
            if path.stat().st_mtime < time.time() - STALE:
                path.unlink()


def put(partial: StoragePath, path: StoragePath) -> None:
    """Gives a whole file its name; both survive a loss of power from then on."""
    if isinstance(path, RemotePath) and isinstance(partial, Path):
        path.upload(partial)
        partial.unlink()
        return
    sync(partial)
    move(partial, path)
    sync(path.parent)


def put_text(path: StoragePath, text: str) -> None:
    """Writes a text file, whole or not at all."""
    if isinstance(path, RemotePath):
        path.write_text(text)
        return
    partial = partial_of(path)
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        put(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def move(path: StoragePath, target: StoragePath) -> None:
    """Gives a file another name on the same disk, or in the same store."""
    if isinstance(path, RemotePath) and isinstance(target, RemotePath):
        path.replace(target)
        return
    if isinstance(path, RemotePath) or isinstance(target, RemotePath):
        raise TypeError(f"{path} lies elsewhere than {target}")
    path.replace(target)


def each(where: StoragePath, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """What a function gives for each item; many at once where each asks an object store."""
    if isinstance(where, RemotePath):
        return at_once(function, items)
    return [function(item) for item in items]


def is_plain(folder: StoragePath, name: str) -> bool:
    """Whether there is a file of this name in a folder's folder, not reached over a link."""
    path = folder / name
    if isinstance(path, RemotePath):
        return path.is_file()
    try:
        return stat.S_ISREG(path.lstat().st_mode) and not path.parent.is_symlink()
    except OSError:
        return False


def is_there(path: StoragePath) -> bool:
    """Whether there is anything of this name, even a link that leads nowhere."""
    return path.exists() if isinstance(path, RemotePath) else os.path.lexists(path)


def is_left(folder: StoragePath) -> bool:
    """Whether there is a folder; in a store, whether it has anything in it."""
    return bool(folder.rglob()) if isinstance(folder, RemotePath) else folder.exists()


def is_below(path: str, folder: StoragePath) -> bool:
    """Whether a source's path lies in a folder."""
    if isinstance(folder, RemotePath):
        return path.startswith(f"{folder.path}/")
    return Path(path).resolve().is_relative_to(folder.resolve())


def is_copy(path: StoragePath, original: StoragePath) -> bool:
    """Whether a move of the original that was broken off may have made this; never on a disk.

    What is large has to be of the same size, what is not has to be the same.
    """
    if isinstance(path, Path) or isinstance(original, Path):
        return False
    found, wanted = size(path), size(original)
    if found is None or found != wanted:
        return False
    return found > CHUNK or path.read_bytes() == original.read_bytes()


def size(path: StoragePath) -> int | None:
    """The size of a file; None where there is none."""
    if isinstance(path, RemotePath):
        held = path.info() or {}
        return int(held["size"]) if held.get("type") == "file" else None
    return path.stat().st_size if path.is_file() else None


def is_as_noted(folder: StoragePath, name: str, known: Digest) -> bool:
    """Whether a file that was finished is there still.

    On a disk it is hashed, which may have lost what was written last. An object is either all
    there or not at all, and reading it would cost as much as making it: its size has to do.
    """
    if isinstance(folder, RemotePath):
        return size(folder / name) == known.bytes
    return is_plain(folder, name) and held(folder / name) == known


def held(path: Path) -> Digest:
    """A local file's size and sha256."""
    return Digest(path.stat().st_size, digest(path))


def digest(path: StoragePath) -> str:
    """The sha256 of a file."""
    if isinstance(path, RemotePath):
        with path.metered() as metered:
            while metered.read(CHUNK):
                pass
            return metered.digest.sha256
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def below(folder: StoragePath) -> list[str]:
    """The names of what lies in a folder's folders, sorted: `folder/name`."""
    if isinstance(folder, RemotePath):
        return sorted(str(path.relative_to(folder)) for path in folder.glob("*/*"))
    return [path.relative_to(folder).as_posix() for path in sorted(folder.glob("*/*"))]


def clear(folder: StoragePath, spared: Callable[[str], bool]) -> None:
    """Empties a folder, but for files in it whose names are spared."""
    if isinstance(folder, RemotePath):
        names = [path.relative_to(folder) for path in folder.rglob()]
        wanted = {str(name) for name in names if len(name.parts) == 1 and spared(name.name)}
        remove_others(folder, wanted)
        return
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif not spared(path.name):
            path.unlink()


def remove_others(folder: StoragePath, wanted: Collection[str]) -> None:
    """Removes all files below a folder but those wanted, and folders that are empty then."""
    if isinstance(folder, RemotePath):
        others = [p for p in folder.rglob() if str(p.relative_to(folder)) not in wanted]
        at_once(lambda path: path.unlink(missing_ok=True), others)
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif str(path.relative_to(folder)) not in wanted:
            path.unlink()


def sync(path: StoragePath) -> None:
    """Sees to it that a file's contents, or a folder's names, are on the disk (fsync(2))."""
    if isinstance(path, RemotePath):
        return  # what a store has acknowledged, it keeps
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
