"""The commits of a repository, and the branches and tags that name them."""

from __future__ import annotations

import re
import sqlite3
from typing import Literal, NamedTuple

from pairsmith.hub.auth.users import SHOWN
from pairsmith.hub.http.errors import HubError, bad_request, revision_not_found
from pairsmith.hub.repos.repos import Repo

Kind = Literal["branch", "tag"]
MAIN = "main"
MAX_REFS = 2_000  # branches and tags of a repository: clients read all of them at once
MAX_LINES = 1_000  # lines that are counted off on the way to a page of a history
MAX_TITLE_CHARS = 500  # characters that are shown
MAX_MESSAGE_CHARS = 10_000
PULL = re.compile(r"refs/pr/([1-9][0-9]{0,8})")  # a pull request's newest commit
HEX = re.compile(r"[0-9a-f]{7,40}")
COMMIT = re.compile(r"[0-9A-Fa-f]{40}")  # a name like a whole id would stand in for that commit
# what git check-ref-format allows, without what no client sends
REF = re.compile(
    r"(?!.*(?:\.\.|//|/\.|@\{|\.lock(?:/|$)))[A-Za-z0-9_][A-Za-z0-9_./@+=#-]{0,199}(?<![/.])"
)
SELECT = (
    f"SELECT commits.id, line, place, parent, {SHOWN},"
    f" substr(title, 1, {MAX_TITLE_CHARS}), substr(message, 1, {MAX_MESSAGE_CHARS}), date"
    " FROM commits JOIN users ON users.id = commits.author"
)


class Commit(NamedTuple):
    """A state of a repository. `place` counts within its `line`; `author` is a user's name."""

    id: str
    line: int
    place: int
    parent: str | None
    author: str
    title: str
    message: str
    date: int


class Ref(NamedTuple):
    """A name of a commit."""

    kind: Kind
    name: str
    target: str


def find(db: sqlite3.Connection, repo: Repo, revision: str) -> Commit:
    """The commit that a branch, a tag, a pull request or (the first digits of) an id names.

    Of an id the first seven digits are enough.

    Raises:
        HubError: RevisionNotFound.
    """
    if (number := pull_number(revision)) is not None:
        pull = _pull(db, repo, number)
        if pull is None:
            raise revision_not_found(revision)
        return _with_id(db, repo, pull["head"])
    name = revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
    row = db.execute(
        "SELECT target FROM refs WHERE repo = ? AND name = ? ORDER BY kind", (repo.id, name)
    ).fetchone()
    if row:
        return _with_id(db, repo, row[0])
    if HEX.fullmatch(revision):
        rows = db.execute(
            "SELECT id FROM commits WHERE repo = ? AND id >= ? AND id <= ? LIMIT 2",
            (repo.id, revision, revision + "g"),
        ).fetchall()
        if len(rows) == 1:
            return _with_id(db, repo, rows[0][0])
    raise revision_not_found(revision)


def head(db: sqlite3.Connection, repo: Repo, branch: str) -> Commit | None:
    """The newest commit of a branch, or of `refs/pr/N`; None where there is no such thing."""
    if (number := pull_number(branch)) is not None:
        pull = _pull(db, repo, number)
        return _with_id(db, repo, pull["head"]) if pull else None
    row = db.execute(
        "SELECT target FROM refs WHERE repo = ? AND kind = 'branch' AND name = ?", (repo.id, branch)
    ).fetchone()
    return _with_id(db, repo, row[0]) if row else None


def pull_number(revision: str) -> int | None:
    """The number of the pull request that `refs/pr/N` names; None for what names something else."""
    found = PULL.fullmatch(revision)
    return int(found[1]) if found else None


def is_empty_pull(db: sqlite3.Connection, repo: Repo, branch: str) -> bool:
    """Whether a name is that of a pull request without a commit of its own."""
    number = pull_number(branch)
    pull = None if number is None else _pull(db, repo, number)
    return pull is not None and pull["head"] == pull["start"]


def pull_refs(db: sqlite3.Connection, repo: Repo, limit: int = MAX_REFS) -> list[tuple[int, str]]:
    """Pull requests and their newest commits, the newest request first."""
    rows = db.execute(
        "SELECT num, head FROM discussions JOIN pulls ON discussion = discussions.id"
        " WHERE repo = ? ORDER BY num DESC LIMIT ?",
        (repo.id, limit),
    )
    return [(num, head) for num, head in rows]


def name(db: sqlite3.Connection, repo: Repo, branch: str, commit: Commit) -> None:
    """Has a branch lead to a commit that was made on it; makes it where it is not there."""
    db.execute(
        "INSERT INTO refs VALUES (?, 'branch', ?, ?) ON CONFLICT DO UPDATE SET target = ?",
        (repo.id, branch, commit.id, commit.id),
    )
    db.execute("UPDATE repos SET updated = ? WHERE id = ?", (commit.date, repo.id))


def at(db: sqlite3.Connection, repo: Repo, line: int, place: int) -> Commit | None:
    """The commit at a place of a line; None where the line starts from a copy there."""
    row = db.execute(
        f"{SELECT} WHERE commits.repo = ? AND line = ? AND place = ?", (repo.id, line, place)
    ).fetchone()
    return Commit(*row) if row else None


def ancestors(
    db: sqlite3.Connection, repo: Repo, commit: Commit, limit: int, skip: int = 0
) -> list[Commit]:
    """A commit and those before it, newest first.

    Within a line each commit is the parent of the next, so those of a line are counted off at
    once, however many there are.

    Args:
        db: A transaction.
        repo: The repository.
        commit: Where to begin.
        limit: At most this many.
        skip: How many of the newest to leave out.

    Raises:
        HubError: 422, where more lines than `MAX_LINES` would have to be counted off.
    """
    found: list[Commit] = []
    here: Commit | None = commit
    passed = 0
    while here is not None and len(found) < limit:
        first = _first_of_line(db, here.line)
        there = here.place - first.place + 1
        if skip < there:
            rows = db.execute(
                f"{SELECT} WHERE line = ? AND place <= ? ORDER BY place DESC LIMIT ?",
                (here.line, here.place - skip, limit - len(found)),
            )
            found += [Commit(*row) for row in rows]
        elif (passed := passed + 1) > MAX_LINES:
            raise HubError(
                422,
                f"The history has more than {MAX_LINES:,} branchings on the way to that page; go on"
                " from an older commit.",
                "TooMuchWork",
            )
        skip = max(0, skip - there)
        here = _with_id(db, repo, first.parent) if first.parent else None
    return found


def refs(db: sqlite3.Connection, repo: Repo, limit: int = MAX_REFS) -> list[Ref]:
    """The branches and tags, by name; no more than there may be."""
    rows = db.execute(
        "SELECT kind, name, target FROM refs WHERE repo = ? ORDER BY kind, name LIMIT ?",
        (repo.id, limit),
    ).fetchall()
    return [Ref(*row) for row in rows]


def add_ref(db: sqlite3.Connection, repo: Repo, kind: Kind, name: str, target: Commit) -> None:
    """Makes a branch or a tag.

    Raises:
        HubError: 400 for a name that cannot be one, 409 where there is one.
    """
    if not REF.fullmatch(name) or COMMIT.fullmatch(name) or name.startswith("refs/"):
        raise bad_request(f"{name!r} cannot be the name of a {kind}.")
    if len(refs(db, repo)) >= MAX_REFS:
        raise bad_request(f"A repository has at most {MAX_REFS:,} branches and tags.")
    try:
        db.execute("INSERT INTO refs VALUES (?, ?, ?, ?)", (repo.id, kind, name, target.id))
    except sqlite3.IntegrityError as error:
        raise HubError(409, f"There is a {kind} {name!r} already.", "RefExists") from error


def delete_ref(db: sqlite3.Connection, repo: Repo, kind: Kind, name: str) -> None:
    """Takes a branch or a tag away; its commits stay.

    Raises:
        HubError: RevisionNotFound; 400 for the main branch.
    """
    if (kind, name) == ("branch", MAIN):
        raise bad_request("The main branch cannot be deleted.")
    cursor = db.execute(
        "DELETE FROM refs WHERE repo = ? AND kind = ? AND name = ?", (repo.id, kind, name)
    )
    if not cursor.rowcount:
        raise revision_not_found(name)


def _pull(db: sqlite3.Connection, repo: Repo, number: int) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT start, head FROM discussions JOIN pulls ON discussion = discussions.id"
        " WHERE repo = ? AND num = ?",
        (repo.id, number),
    ).fetchone()
    return row


def _with_id(db: sqlite3.Connection, repo: Repo, commit: str) -> Commit:
    row = db.execute(
        f"{SELECT} WHERE commits.repo = ? AND commits.id = ?", (repo.id, commit)
    ).fetchone()
    return Commit(*row)


def _first_of_line(db: sqlite3.Connection, line: int) -> Commit:
    row = db.execute(f"{SELECT} WHERE line = ? ORDER BY place LIMIT 1", (line,)).fetchone()
    return Commit(*row)
