"""Which files of a commit are reports: pages that were drawn of a dataset and published with it."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pairsmith.hub.repos import files, history
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo


class Report(NamedTuple):
    """A kind of report.

    Attributes:
        name: As addresses have it.
        title: For people.
        path: Its file in a repository.
    """

    name: str
    title: str
    path: str


REPORTS = (
    Report("explore", "Exploration", "explore/report.html"),
    Report("audit", "Audit", "audit/report.html"),
)
BY_NAME = {report.name: report for report in REPORTS}
BY_PATH = {report.path: report for report in REPORTS}


def held(db: sqlite3.Connection, commit: Commit) -> dict[Report, File]:
    """The reports that there are at a commit, in their order, with their files."""
    found = files.all_named(db, commit, BY_PATH)
    return {report: found[report.path] for report in REPORTS if report.path in found}


def first(db: sqlite3.Connection, repo: Repo) -> Report | None:
    """The first report of the newest commit; None where there is none."""
    head = history.head(db, repo, history.MAIN)
    return next(iter(held(db, head)), None) if head else None
