"""What a disk does wrong with the file of a collection, in a sentence."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pairsmith.errors import CollectionError

FULL = "The disk is full."
_WORDS: Mapping[int, str] = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: "The collection may not be written to: its disk or its file is for"
    " reading alone.",
    sqlite3.SQLITE_CANTOPEN: "The collection's file cannot be opened for writing.",
    sqlite3.SQLITE_BUSY: "Another process has kept the collection to itself for too long.",
    sqlite3.SQLITE_IOERR: "The disk does not read or write the collection's file.",
    sqlite3.SQLITE_CORRUPT: "The collection's file is damaged.",
}
HINT = "Nothing was lost: what was chosen before is there. Mend that, and do it again."


def words_of(error: sqlite3.Error | OSError) -> str | None:
    """What is wrong, in a sentence; None where it is nothing that a user can mend."""
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return FULL if full else _WORDS[sqlite3.SQLITE_READONLY] if _is_barred(error) else None
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _WORDS.get(code & 0xFF)  # the rest says which kind of it


def _is_barred(error: OSError) -> bool:
    return error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def told() -> Iterator[None]:
    """Has faults of the disk be told in a sentence.

    Raises:
        CollectionError: There was one.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        words = words_of(error)
        if words is None:
            raise
        raise CollectionError(words, HINT) from error
