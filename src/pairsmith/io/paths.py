"""Paths on any file system that fsspec knows: listed, measured, their faults translated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import NamedTuple

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from pairsmith import extras
from pairsmith.errors import BrokenReadError, SourceError

EXTRAS = {"s3": "s3", "s3a": "s3", "http": "http", "https": "http"}
"""From a protocol to the extra that installs its library."""


class FsspecPath(NamedTuple):
    """A path on a file system."""

    fs: AbstractFileSystem
    path: str

    def join(self, *parts: str) -> FsspecPath:
        """A path below this one."""
        return FsspecPath(self.fs, "/".join([self.path.rstrip("/"), *parts]))

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path.rstrip("/")).name


def locate(url: str) -> FsspecPath:
    """The file system and path of a local path or a URL such as `hf://` or `s3://`.

    Raises:
        SourceError: The protocol is unknown, its library is not installed, or it is out of reach.
    """
    if "://" not in url:
        return FsspecPath(LocalFileSystem(), os.path.abspath(url))  # noqa: PTH100  (bytes that are not UTF-8 too)
    protocol = url.partition("://")[0]
    try:
        fs, path = url_to_fs(url)
    except ImportError:
        extra = EXTRAS.get(protocol)
        hint = extras.hint(extra) if extra else "Install its fsspec library."
        raise SourceError(f"Reading {protocol}:// needs a library that is missing.", hint) from None
    except Exception as error:  # whatever a protocol's library raises
        raise SourceError(f"{url} cannot be opened: {_first_line(error)}") from error
    return FsspecPath(fs, path)


def list_folder(place: FsspecPath) -> dict[str, str]:
    """Lists a folder: its names with types, `file`, `directory` or `other`, links followed.

    Hidden names are left out.

    Raises:
        SourceError: There is no such folder, or it cannot be read.
    """
    with translated_faults(place):
        entries = place.fs.ls(place.path, detail=True, refresh=True)
    found = {PurePosixPath(e["name"].rstrip("/")).name: str(e["type"]) for e in entries}
    return {
        name: kind if kind in ("file", "directory") else _kind(place.join(name))
        for name, kind in sorted(found.items())
        if not name.startswith(".")
    }


def _kind(place: FsspecPath) -> str:
    try:
        kind = str(place.fs.info(place.path)["type"])
    except FileNotFoundError:
        return "other"  # a link that leads nowhere
    return kind if kind in ("file", "directory") else "other"


def is_folder(place: FsspecPath) -> bool:
    """Whether there is a folder, rather than a file.

    Raises:
        SourceError: There is neither, or it cannot be read.
    """
    with translated_faults(place):
        kind = str(place.fs.info(place.path)["type"])
    if kind not in ("file", "directory"):
        raise SourceError(f"{place.path} is neither a file nor a folder.")
    return kind == "directory"


def size(place: FsspecPath) -> int:
    """The file's size in bytes; 0 where the file system does not know it."""
    with translated_faults(place):
        return int(place.fs.info(place.path).get("size") or 0)


def exists(place: FsspecPath) -> bool:
    """Whether there is anything of this path.

    Raises:
        SourceError: Nobody can tell.
    """
    with translated_faults(place):
        return bool(place.fs.exists(place.path))


def read_head(place: FsspecPath, count: int) -> bytes:
    """The first bytes of a file.

    Raises:
        SourceError: It cannot be read.
    """
    with translated_faults(place), place.fs.open(place.path, "rb") as file:
        return bytes(file.read(count))


TEXT_BYTES = 4 << 20
"""A card, or what else tells of files beside them, is no longer."""


def read_text(place: FsspecPath) -> str:
    """A small text file.

    Raises:
        SourceError: It cannot be read, is longer than `TEXT_BYTES`, or is not UTF-8.
    """
    with translated_faults(place), place.fs.open(place.path, "rb") as file:
        data: bytes = file.read(TEXT_BYTES + 1)
    if len(data) > TEXT_BYTES:
        raise SourceError(f"{place.path} is longer than {TEXT_BYTES:,} bytes.", "What is it?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError(f"{place.path} is not UTF-8.", "Save it as UTF-8.") from None


LOG_IN = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, for an s3:// place."
"""For who is not logged in, which is no fault of the network."""


@contextmanager
def translated_faults(place: FsspecPath) -> Iterator[None]:
    """Turns a file system's faults into sentences about one path.

    A remote file system's library raises what it likes when a network fails; all of that is a
    fault of reaching the place.
    """
    far = not isinstance(place.fs, LocalFileSystem)
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        reach = ", or it cannot be reached" if far else ""
        raise SourceError(f"There is no {place.path}{reach}.", "Check the spelling.") from None
    except PermissionError:
        raise SourceError(
            f"No permission to read {place.path}.", "Change its mode, or log in where it lies."
        ) from None
    except OSError as error:
        raise BrokenReadError(f"{place.path} cannot be read: {_first_line(error)}") from error
    except Exception as error:
        if not far:
            raise
        said = _first_line(error)
        hint = LOG_IN if "credentials" in said else "Is the network up?"
        raise BrokenReadError(f"{place.path} cannot be reached: {said}", hint) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
