"""Discussions about a row: where it stands and what it is called, and nothing of what is in it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    from pairsmith.hub.community.threads import Thread

MAX_NAME_CHARS = 200  # characters of a row's id, and of the names of its subset and split
MAX_NUMBER = 10**12  # the number of a row
MAX_THREADS = 20  # discussions that are told of a row
COMMIT = re.compile(r"[0-9a-f]{40}")
NAME = re.compile(r"[\w./:@=+#-]+")  # an id; a text with blanks in it may be what the row says


class Anchor(NamedTuple):
    """A row of a dataset.

    Attributes:
        subset: Its subset.
        split: Its split.
        number: Its place there, from 1, at `revision`.
        name: Its id; '' where it has none.
        revision: A commit; '' where that is not known.
    """

    subset: str
    split: str
    number: int
    name: str
    revision: str

    @property
    def title(self) -> str:
        """What it is called, in a line."""
        return self.name or f"{self.subset}, {self.split}, row {self.number:,}"

    def address(self, page: str) -> str:
        """Where it is shown, to those who may read it.

        Args:
            page: The path of the repository's page.
        """
        which = {"id": self.name} if self.name else {"row": str(self.number)}
        query = {"config": self.subset, "split": self.split, **which}
        if self.revision:
            query = {"revision": self.revision, **query}
        return f"{page}/viewer?{urlencode(query)}"


class Discussed(NamedTuple):
    """A discussion of a row."""

    num: int
    title: str
    status: str


def checked(anchor: Anchor) -> Anchor:
    """A row as somebody names it, without an id that is none.

    Raises:
        HubError: 400 for what cannot be where a row stands.
    """
    for part in (anchor.subset, anchor.split):
        if not part.isprintable() or not 0 < len(part) <= MAX_NAME_CHARS:
            raise bad_request("That is not the name of a subset or a split.")
    if not 1 <= anchor.number <= MAX_NUMBER:
        raise bad_request("That is not the number of a row.")
    revision = anchor.revision if COMMIT.fullmatch(anchor.revision) else ""
    return anchor._replace(name=name_of(anchor.name), revision=revision)


def name_of(value: object) -> str:
    """The id that a row goes by, where what stands in its column `id` can be one; else ''."""
    is_name = isinstance(value, str) and len(value) <= MAX_NAME_CHARS and NAME.fullmatch(value)
    return str(value) if is_name else ""


def tie(db: sqlite3.Connection, repo: Repo, thread: Thread, anchor: Anchor) -> None:
    """Has a discussion be about a row."""
    db.execute(
        "INSERT INTO discussed_rows (discussion, repo, subset, split, number, name, revision)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (thread.id, repo.id, *anchor),
    )


def of(db: sqlite3.Connection, thread: Thread) -> Anchor | None:
    """The row that a discussion is about; None for none."""
    row = db.execute(
        "SELECT subset, split, number, name, revision FROM discussed_rows WHERE discussion = ?",
        (thread.id,),
    ).fetchone()
    return Anchor(*row) if row else None


def of_rows(
    db: sqlite3.Connection, repo: Repo, place: tuple[str, str, str], rows: Sequence[tuple[int, str]]
) -> dict[int, list[Discussed]]:
    """The discussions of rows, by the rows' numbers, the newest first.

    A row with an id is found wherever it stands; one without is known by its number, at that
    commit alone.

    Args:
        db: A transaction.
        repo: The repository.
        place: The subset, the split and the commit.
        rows: The number of each row, and its id; '' for none.
    """
    subset, split, revision = place
    found = db.execute(
        "SELECT json_extract(asked.value, '$[0]') AS place, num, title, status"
        " FROM json_each(:rows) AS asked JOIN discussed_rows"
        " ON discussed_rows.repo = :repo AND subset = :subset AND split = :split"
        " AND name = json_extract(asked.value, '$[1]') AND (name <> '' OR"
        " (number = json_extract(asked.value, '$[0]') AND revision = :revision))"
        " JOIN discussions ON discussions.id = discussion ORDER BY num DESC",
        {
            "rows": json.dumps(list(rows)),
            "repo": repo.id,
            "subset": subset,
            "split": split,
            "revision": revision,
        },
    )
    by_row: dict[int, list[Discussed]] = {}
    for number, num, title, status in found:
        listed = by_row.setdefault(number, [])
        if len(listed) < MAX_THREADS:
            listed.append(Discussed(num, title, status))
    return by_row
