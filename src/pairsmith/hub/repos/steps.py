"""The rows of a draft, written in steps that keep nobody waiting for long, or undone in such.

Each step is a transaction of some rows. They are of a place of the line that no commit has, so
nobody sees them; the commit itself, which is one row, comes last. The line says meanwhile that it
has a draft, for whoever finds it after a kill.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from pairsmith.hub.core.blobs import touch
from pairsmith.hub.core.database import ROWS, Database
from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.repos import files
from pairsmith.hub.repos.draft import Draft, Put
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo

Step = Callable[[sqlite3.Connection], bool]
"""Writes up to `ROWS` rows in a transaction; whether there may be more for it to write."""

Item = TypeVar("Item")

LIVE = "line = :line AND died IS NULL AND born < :place"
LISTED = "path IN (SELECT value FROM json_each(:paths))"


def run(database: Database, step: Step) -> None:
    """Runs a step for as long as it has more to write, each time in a transaction of its own."""
    more = True
    while more:
        with database.write(many=True) as db:
            more = step(db)


def begin(db: sqlite3.Connection, repo: Repo, draft: Draft) -> int:
    """The line that a draft is written to, which is new where it starts one."""
    if draft.base is not None and draft.extends:
        return draft.base.line
    return db.execute("INSERT INTO lines (repo) VALUES (?)", (repo.id,)).lastrowid or 0


def announce(db: sqlite3.Connection, line: int, place: int | None) -> None:
    """Says of a line that rows of this place are being written to it; None: that none are."""
    db.execute("UPDATE lines SET draft = ? WHERE id = ?", (place, line))


def steps(draft: Draft, line: int) -> Iterator[Step]:
    """What writes all rows of a draft to a line, in this order."""
    if draft.base is not None and not draft.extends:
        yield _copy(draft.base, line)
    for paths in _parts(sorted(draft.ended)):
        yield _end(paths, line, draft.place)
    for folder in draft.folders:
        yield _end_folder(folder, line, draft.place)
    for puts in _parts([draft.puts[path] for path in sorted(draft.puts)]):
        yield _begin(puts, line, draft.place)


def undo(line: int, place: int) -> Step:
    """What takes the rows of a draft back."""

    def step(db: sqlite3.Connection) -> bool:
        if db.execute("SELECT 1 FROM commits WHERE line = ?", (line,)).fetchone() is None:
            return _undo_line(db, line)
        values = {"line": line, "place": place, "rows": ROWS}
        rows = db.execute(
            "SELECT path FROM files WHERE line = :line AND (born = :place OR died = :place)"
            " LIMIT :rows",
            values,
        )
        paths = json.dumps([row[0] for row in rows.fetchall()])
        if paths == "[]":
            announce(db, line, None)
            return False
        for change in ("DELETE FROM files", "UPDATE files SET died = NULL"):
            which = "born" if change.startswith("DELETE") else "died"
            db.execute(
                f"{change} WHERE line = :line AND {which} = :place AND {LISTED}",
                {**values, "paths": paths},
            )
        return True

    return step


def _undo_line(db: sqlite3.Connection, line: int) -> bool:
    """Takes some files of a line without a commit back, or the line where it has none."""
    gone = db.execute(
        "DELETE FROM files WHERE line = ?1 AND path IN"
        " (SELECT path FROM files WHERE line = ?1 LIMIT ?2)",
        (line, ROWS),
    )
    if gone.rowcount:
        return True
    db.execute("DELETE FROM lines WHERE id = ?", (line,))
    return False


def undo_all(database: Database) -> None:
    """Takes back what a process left that was killed, when no other can be writing."""
    with database.read() as db:
        left = db.execute("SELECT id, draft FROM lines WHERE draft IS NOT NULL").fetchall()
    for line, place in left:
        run(database, undo(line, place))


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + ROWS] for start in range(0, len(items), ROWS))


def _copy(base: Commit, line: int) -> Step:
    """Has a line begin with the files of a commit of another."""
    after = ""

    def step(db: sqlite3.Connection) -> bool:
        nonlocal after
        values = {"new": line, "line": base.line, "place": base.place, "after": after}
        after = _last_of_next(db, f"{files.AT} AND path > :after", values) or after
        made = db.execute(
            "INSERT INTO files (line, path, born, blob, lfs) SELECT :new, path, 0, blob, lfs"
            f" FROM files WHERE {files.AT} AND path > :after AND path <= :upto",
            {**values, "upto": after},
        )
        return made.rowcount == ROWS

    return step


def _end(paths: Sequence[str], line: int, place: int) -> Step:
    """Has these files end."""
    values = {"line": line, "place": place, "paths": json.dumps(paths)}

    def step(db: sqlite3.Connection) -> bool:
        db.execute(f"UPDATE files SET died = :place WHERE {LIVE} AND {LISTED}", values)
        return False

    return step


def _end_folder(folder: str, line: int, place: int) -> Step:
    """Has all files of a folder end."""
    within, found = files.path_condition(folder, folder=True)
    after = found["low"]

    def step(db: sqlite3.Connection) -> bool:
        nonlocal after
        values = {"line": line, "place": place, **found, "after": after}
        which = f"{LIVE} AND {within} AND path > :after"
        after = _last_of_next(db, which, values) or after
        ended = db.execute(
            f"UPDATE files SET died = :place WHERE {which} AND path <= :upto",
            {**values, "upto": after},
        )
        return ended.rowcount == ROWS

    return step


def _last_of_next(db: sqlite3.Connection, which: str, values: dict[str, object]) -> str | None:
    """The last path of the next rows that a step takes; None where there are none."""
    row = db.execute(
        f"SELECT max(path) FROM (SELECT path FROM files WHERE {which} ORDER BY path LIMIT :rows)",
        {**values, "rows": ROWS},
    ).fetchone()
    found: str | None = row[0]
    return found


def _begin(puts: Sequence[Put], line: int, place: int) -> Step:
    """Has files begin, whose contents are kept from then on."""
    values = {"line": line, "place": place, "puts": json.dumps(puts)}

    def step(db: sqlite3.Connection) -> bool:
        touch(db, {put.blob for put in puts})
        try:
            db.execute(
                "INSERT INTO files (line, path, born, blob, lfs) SELECT :line,"
                " json_extract(value, '$[0]'), :place, json_extract(value, '$[1]'),"
                " json_extract(value, '$[2]') FROM json_each(:puts)",
                values,
            )
        except sqlite3.IntegrityError as error:  # it was collected, or the repository deleted
            raise bad_request(
                "A content of this commit is gone meanwhile; upload it again."
            ) from error
        return False

    return step
