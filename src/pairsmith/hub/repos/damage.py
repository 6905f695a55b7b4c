"""Which files of a repository have lost their contents, as far as that was found out."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from pairsmith.hub.repos import files, history

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub
    from pairsmith.hub.repos.repos import Repo

LISTED = 100


def of_repo(db: sqlite3.Connection, hub: Hub, repo: Repo) -> list[str]:
    """The paths of some files of the main branch that are not served before they are sent again.

    Those that were found damaged, by `pairsmith hub verify` or on being read: a look at the disk
    for each file would take too long for a page.
    """
    head = history.head(db, repo, history.MAIN)
    if head is None:
        return []
    rows = db.execute(
        "SELECT path FROM damaged JOIN files INDEXED BY files_by_blob"
        f" ON files.blob = damaged.blob AND {files.AT} ORDER BY path LIMIT :most",
        {"line": head.line, "place": head.place, "most": LISTED},
    )
    return [row[0] for row in rows]
