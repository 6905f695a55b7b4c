"""A path in an object store, with as much of `pathlib.Path` as an output folder takes.

There are no folders and no renames there: an object appears under its name when all of it has
come, a folder is the beginning that names share, and a move is a copy that the store makes, then a
removal. Faults that may pass are tried again, all others are sentences; only `FileNotFoundError`
and `FileExistsError` come as they do from a disk.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, ParamSpec, TypeAlias, TypeVar

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from pairsmith import extras
from pairsmith.errors import BrokenWriteError, OutputError
from pairsmith.io.digests import MeteredFile
from pairsmith.io.paths import EXTRAS, FsspecPath
from pairsmith.io.reading import SeekableFile
from pairsmith.io.retries import retrying

ATTEMPTS = 3
"""A request is made at most this many times; S3's client tries each several times itself."""

PAUSE = 0.5
"""Seconds before the second attempt; before the third, twice as many."""

TRANSIENT = (errno.EBUSY, errno.EIO, errno.ECONNRESET, errno.EPIPE, getattr(errno, "EREMOTEIO", 0))
"""Transient faults: s3fs has 503 as EBUSY, 500 as EREMOTEIO, EIO for what it does not know."""

MAX_REQUESTS = 16
"""At most this many requests are made at the same time."""

READ_ONLY = ("hf", "http", "https")
"""Protocols that can be read from only, or where each file would be a commit."""

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


class Stat(NamedTuple):
    """The part of `os.stat_result` that is used."""

    st_size: int


@dataclass(frozen=True, order=True)
class RemotePath:
    """A path in an object store; it is pickled without credentials from the environment.

    Attributes:
        path: As the file system has it, `bucket/name` for `s3://bucket/name`.
        fs: The file system.
    """

    path: str
    fs: AbstractFileSystem

    def __str__(self) -> str:
        return str(self.fs.unstrip_protocol(self.path))

    def __truediv__(self, name: str) -> RemotePath:
        return RemotePath(f"{self.path.rstrip('/')}/{name}", self.fs)

    @property
    def name(self) -> str:
        """The last part."""
        return PurePosixPath(self.path).name

    @property
    def stem(self) -> str:
        """The last part without its ending."""
        return PurePosixPath(self.path).stem

    @property
    def suffix(self) -> str:
        """The ending."""
        return PurePosixPath(self.path).suffix

    @property
    def parent(self) -> RemotePath:
        """The folder that contains it."""
        return RemotePath(str(PurePosixPath(self.path).parent), self.fs)

    def relative_to(self, other: RemotePath) -> PurePosixPath:
        """The path below another."""
        return PurePosixPath(self.path).relative_to(other.path)

    def absolute(self) -> RemotePath:
        """Itself."""
        return self

    def info(self) -> dict[str, Any] | None:
        """The store's metadata of the object or folder; None where there is neither."""
        try:
            info: dict[str, Any] = self._request("read", self.fs.info, self.path)
        except FileNotFoundError:
            return None
        return info

    def stat(self) -> Stat:
        """Its size.

        Raises:
            FileNotFoundError: It is not there.
        """
        info = self.info()
        if info is None:
            raise FileNotFoundError(errno.ENOENT, "there is no such object", str(self))
        return Stat(int(info.get("size") or 0))

    def exists(self) -> bool:
        """Whether there is an object, or any below it."""
        return self.info() is not None

    def is_file(self) -> bool:
        """Whether there is an object."""
        return (self.info() or {}).get("type") == "file"

    def is_dir(self) -> bool:
        """Whether there is an object below."""
        return (self.info() or {}).get("type") == "directory"

    def is_symlink(self) -> bool:
        """It is not."""
        return False

    def modified(self) -> datetime:
        """When it was written, by the store's clock."""
        time: datetime = self._request("read", self.fs.modified, self.path)
        return time

    def iterdir(self) -> Iterator[RemotePath]:
        """The objects and folders directly in a folder."""
        for path in self._request("read", self.fs.ls, self.path, detail=False):
            if path.rstrip("/") != self.path.rstrip("/"):  # the mark of an empty folder
                yield RemotePath(path.rstrip("/"), self.fs)

    def rglob(self, _pattern: str = "*") -> list[RemotePath]:
        """All objects below."""
        return [
            RemotePath(path, self.fs) for path in self._request("read", self.fs.find, self.path)
        ]

    def glob(self, pattern: str) -> list[RemotePath]:
        """The objects below whose path fits, part by part."""
        expected = pattern.split("/")
        found = []
        for path in self.rglob():
            parts = path.relative_to(self).parts
            if len(parts) == len(expected) and all(map(fnmatchcase, parts, expected)):
                found.append(path)
        return found

    def read_bytes(self) -> bytes:
        """All of it."""
        data: bytes = self._request("read", self.fs.cat_file, self.path)
        return data

    def read_text(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """All of it."""
        return self.read_bytes().decode(encoding, errors)

    def open(self, mode: str = "r", encoding: str | None = None, newline: str | None = None) -> Any:
        """Opens it for reading.

        Raises:
            SourceError: It is not there, or cannot be read on.
        """
        file = io.BufferedReader(SeekableFile(self.fsspec_path), 1 << 20)
        return file if mode == "rb" else io.TextIOWrapper(file, encoding, newline=newline)

    @property
    def fsspec_path(self) -> FsspecPath:
        """The same path as an fsspec path, to read from."""
        return FsspecPath(self.fs, self.path)

    def open_metered(self) -> MeteredFile:
        """Opens it to be read and hashed from front to back; faults as those of `open`."""
        return MeteredFile(self.fsspec_path)

    def write_text(self, text: str, encoding: str = "utf-8", newline: str | None = None) -> None:
        """Writes all of it; line ends are as they come."""
        self._write(self.fs.pipe_file, self.path, text.encode(encoding))

    def create_text(self, text: str) -> None:
        """Writes it if it is not there, as far as the store can tell.

        Raises:
            FileExistsError: It is.
        """
        self._write(self.fs.pipe_file, self.path, text.encode(), mode="create")

    def upload(self, file: Path) -> None:
        """Writes a local file's contents."""
        self._write(self.fs.put_file, str(file), self.path)

    def replace(self, target: RemotePath) -> None:
        """Moves it over another; if that is broken off, it may be in both places."""
        self._request("moved", self.fs.cp_file, self.path, target.path)
        self.unlink()

    def unlink(self, missing_ok: bool = False) -> None:
        """Removes an object."""
        try:
            self._request("removed", self.fs.rm_file, self.path)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def mkdir(self, parents: bool = False, exist_ok: bool = False) -> None:
        """Does nothing: a file system may try to make a bucket."""

    def rmdir(self) -> None:
        """Does nothing."""

    def _write(self, request: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return self._request("written", request, *args, **kwargs)
        except FileNotFoundError:
            raise OutputError(
                f"There is nothing to write {self} to: is there a bucket "
                f"{self.path.strip('/').partition('/')[0]}?",
                "Check the spelling, or make the bucket first.",
            ) from None

    def _request(self, done: str, request: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Makes a request, again after a transient fault.

        Args:
            done: A participle for the message: `cannot be written`.
            request: A method of the file system.
            args: Its arguments.
            kwargs: Its arguments.

        Raises:
            FileNotFoundError: There is no such object.
            FileExistsError: There is one.
            BrokenWriteError: It failed, tried again and again; another may not.
            OutputError: It is not allowed.
        """
        attempts = retrying(_may_pass, ATTEMPTS, PAUSE)
        try:
            return attempts(request, *args, **kwargs)
        except (FileNotFoundError, FileExistsError):
            raise
        except PermissionError as error:
            raise OutputError(
                f"No permission for {self}: {_first_line(error)}.",
                "Log in with what may read, write, list and remove objects there.",
            ) from None
        except Exception as error:  # whatever the store's library raises
            tried = f" (tried {ATTEMPTS} times)" if _may_pass(error) else ""
            raise BrokenWriteError(
                f"{self} cannot be {done}: {_first_line(error)}{tried}.",
                "Is it up, and are you logged in there? What is finished is kept: the same "
                "command goes on.",
            ) from error


StoragePath: TypeAlias = Path | RemotePath
"""A path on a disk or in an object store."""


def remote_path(url: str) -> RemotePath:
    """The path that a URL names.

    Raises:
        OutputError: Nothing can be written there, or the library for it is missing.
    """
    protocol = url.partition("://")[0]
    if protocol in READ_ONLY:
        raise OutputError(
            f"{url} is a URL that no build can be written to.",
            "Name a folder, or a place in an object store such as s3://BUCKET/NAME.",
        )
    try:
        # a listing that was kept would not show what others have written
        fs, path = url_to_fs(url, use_listings_cache=False)
    except ImportError:
        extra = EXTRAS.get(protocol)
        hint = extras.hint(extra) if extra else "Install its fsspec library."
        raise OutputError(f"{protocol}:// needs a library that is missing.", hint) from None
    except Exception as error:  # whatever a protocol's library raises
        raise OutputError(f"{url} cannot be reached: {_first_line(error)}.") from error
    if not path.strip("/").partition("/")[2] and protocol in EXTRAS:
        raise OutputError(f"{url} names a bucket.", f"Name a place in it: {url.rstrip('/')}/NAME.")
    return RemotePath(path.rstrip("/"), fs)


def map_concurrently(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results of a function for each item, in order, at most `MAX_REQUESTS` at a time."""
    pool = ThreadPoolExecutor(MAX_REQUESTS)
    try:
        return list(pool.map(function, items))
    finally:
        pool.shutdown(cancel_futures=True)  # of what is left when one fails


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, FileNotFoundError | FileExistsError | PermissionError):
        return False
    return isinstance(error, OSError) and (
        error.errno in TRANSIENT or isinstance(error, TimeoutError | ConnectionError)
    )


def _first_line(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said.strip().partition("\n")[0].rstrip(".") or type(error).__name__
