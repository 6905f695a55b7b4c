"""Durable files, on a disk or in an object store: written whole, then given their name.

On a disk a file grows beside its place under a name of its own, is made durable, and renamed. For
an object store it grows in the machine's temporary folder, and is uploaded when it is whole.
"""

from __future__ import annotations

import hashlib
import os
import re
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
from pairsmith.io.remote import RemotePath, StoragePath, map_concurrently

PARTIAL = ".partial"
"""The ending of a file that is still being written."""

TEMPORARY = "pairsmith-"
"""The prefix of the names of files that are to be uploaded."""

STALE = 24 * 3600
"""Seconds after which such a file is taken for one whose process was killed."""

T = TypeVar("T")
R = TypeVar("R")


def partial_path(path: StoragePath) -> Path:
    """A local path for a file while it is written; unique to each writer."""
    token = secrets.token_hex(4)
    if isinstance(path, Path):
        return path.with_name(f"{path.name}.{token}{PARTIAL}")
    folder = Path(tempfile.gettempdir())
    _sweep(folder)
    partial = folder / f"{TEMPORARY}{token}{secrets.token_hex(8)}{PARTIAL}"
    partial.touch(mode=0o600, exist_ok=False)  # others use the folder too
    return partial


_PARTIAL_END = re.compile(rf"\.[0-9a-f]{{8}}{re.escape(PARTIAL)}$")


def whole_name(name: str) -> str:
    """The name that a local file is to have which is still being written; else its own.

    >>> whole_name("manifest.json.0a1b2c3d.partial")
    'manifest.json'
    """
    return _PARTIAL_END.sub("", name)


def _sweep(folder: Path) -> None:
    """Removes temporary files of processes that were killed."""
    for path in folder.glob(f"{TEMPORARY}*{PARTIAL}"):
        with suppress(OSError):  # it is another user's, or gone
            if path.stat().st_mtime < time.time() - STALE:
                path.unlink()


def finalize(partial: StoragePath, path: StoragePath) -> None:
    """Renames or uploads a finished file to its path, durably: it survives a loss of power.

    Args:
        partial: The finished file, from `partial_path`, or from the same folder or store.
        path: Its path.
    """
    if isinstance(path, RemotePath) and isinstance(partial, Path):
        path.upload(partial)
        partial.unlink()
        return
    fsync(partial)
    rename(partial, path)
    fsync(path.parent)


def write_text_durably(path: StoragePath, text: str) -> None:
    """Writes a UTF-8 text file, whole or not at all, durably."""
    if isinstance(path, RemotePath):
        path.write_text(text)
        return
    partial = partial_path(path)
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        finalize(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def rename(path: StoragePath, target: StoragePath) -> None:
    """Renames a file on the same disk, or in the same store.

    Raises:
        TypeError: One path is on a disk, the other in a store.
    """
    if isinstance(path, RemotePath) and isinstance(target, RemotePath):
        path.replace(target)
        return
    if isinstance(path, RemotePath) or isinstance(target, RemotePath):
        raise TypeError(f"{path} lies elsewhere than {target}")
    path.replace(target)


def map_files(where: StoragePath, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results of a function for each item, in order; concurrently in an object store.

    Args:
        where: The folder that the items belong to: on a disk they are mapped one by one.
        function: What to call.
        items: Its arguments.
    """
    if isinstance(where, RemotePath):
        return map_concurrently(function, items)
    return [function(item) for item in items]


def is_regular_file(folder: StoragePath, name: str) -> bool:
    """Whether there is a regular file of this name in a subfolder, neither of them a link."""
    path = folder / name
    if isinstance(path, RemotePath):
        return path.is_file()
    try:
        return stat.S_ISREG(path.lstat().st_mode) and not path.parent.is_symlink()
    except OSError:
        return False


def path_exists(path: StoragePath) -> bool:
    """Whether there is anything at this path, a dangling link included."""
    return path.exists() if isinstance(path, RemotePath) else os.path.lexists(path)


def folder_exists(folder: StoragePath) -> bool:
    """Whether there is a folder; in a store, whether there is any object below it."""
    return bool(folder.rglob()) if isinstance(folder, RemotePath) else folder.exists()


def is_below(path: str, folder: StoragePath) -> bool:
    """Whether the path of a source is in a folder."""
    if isinstance(folder, RemotePath):
        return path.startswith(f"{folder.path}/")
    return Path(path).resolve().is_relative_to(folder.resolve())


def is_interrupted_copy(path: StoragePath, original: StoragePath) -> bool:
    """Whether an interrupted move of the original may have made this file; never on a disk.

    A file above `CHUNK` bytes must be of the same size, a smaller one have the same bytes.
    """
    if isinstance(path, Path) or isinstance(original, Path):
        return False
    size = file_size(path)
    if size is None or size != file_size(original):
        return False
    return size > CHUNK or path.read_bytes() == original.read_bytes()


def file_size(path: StoragePath) -> int | None:
    """The size of a file in bytes; None where there is no file."""
    if isinstance(path, RemotePath):
        info = path.info() or {}
        return int(info["size"]) if info.get("type") == "file" else None
    return path.stat().st_size if path.is_file() else None


def is_unchanged(folder: StoragePath, name: str, known: Digest) -> bool:
    """Whether a finished file is still there with its recorded digest.

    On a disk it is hashed, since a disk may have lost what was written last. An object is whole or
    absent, and reading it would cost as much as making it: only its size is compared.
    """
    if isinstance(folder, RemotePath):
        return file_size(folder / name) == known.bytes
    return is_regular_file(folder, name) and digest_of(folder / name) == known


def digest_of(path: Path) -> Digest:
    """The size and sha256 of a local file."""
    return Digest(path.stat().st_size, sha256_of(path))


def sha256_of(path: StoragePath) -> str:
    """The sha256 of a file, in hexadecimal."""
    if isinstance(path, RemotePath):
        with path.open_metered() as metered:
            while metered.read(CHUNK):
                pass
            return metered.digest.sha256
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_subfolders(folder: StoragePath) -> list[str]:
    """The names in all subfolders of a folder, sorted: `subfolder/name`."""
    if isinstance(folder, RemotePath):
        return sorted(str(path.relative_to(folder)) for path in folder.glob("*/*"))
    return [path.relative_to(folder).as_posix() for path in sorted(folder.glob("*/*"))]


def clear_folder(folder: StoragePath, spared: Callable[[str], bool]) -> None:
    """Empties a folder, except for files directly in it whose names are spared."""
    if isinstance(folder, RemotePath):
        names = [path.relative_to(folder) for path in folder.rglob()]
        kept = {str(name) for name in names if len(name.parts) == 1 and spared(name.name)}
        remove_all_but(folder, kept)
        return
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif not spared(path.name):
            path.unlink()


def remove_all_but(folder: StoragePath, kept: Collection[str]) -> None:
    """Removes all files below a folder but the kept ones, then the empty folders.

    Args:
        folder: The folder.
        kept: Paths below it.
    """
    if isinstance(folder, RemotePath):
        others = [p for p in folder.rglob() if str(p.relative_to(folder)) not in kept]
        map_concurrently(lambda path: path.unlink(missing_ok=True), others)
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif str(path.relative_to(folder)) not in kept:
            path.unlink()


def fsync(path: StoragePath) -> None:
    """Flushes a file's contents, or a folder's names, to the disk (fsync(2)); no-op in a store."""
    if isinstance(path, RemotePath):
        return  # what a store has acknowledged, it keeps
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
