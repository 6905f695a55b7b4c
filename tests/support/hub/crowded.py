"""Repositories with very much in them, and visitors who ask for it at once and go away."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from pairsmith.hub.auth.users import User
from pairsmith.hub.context import Hub
from pairsmith.hub.repos import commits, repos
from pairsmith.hub.repos.commits import Message
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo
from support.hub.stock import put


def filled(
    hub: Hub, user: User, name: str, contents: dict[str, bytes], paths: Sequence[str] = ()
) -> tuple[Repo, Commit]:
    """A repository with these files, and with others that have the content of the first.

    The others are written to the database at once: making such a commit is not what is tried.
    """
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", name, private=False)
    blobs = {path: put(hub, repo, data) for path, data in contents.items()}
    with hub.database.write() as db:
        made = commits.commit(db, repo, "main", user, Message("Very much"), [])
        first = next(iter(blobs.values()))
        rows = [*blobs.items(), *((path, first) for path in paths)]
        db.executemany(
            "INSERT INTO files (line, path, born, blob, lfs) VALUES (?, ?, ?, ?, 0)",
            [(made.line, path, made.place, blob) for path, blob in rows],
        )
    return repo, made


@contextmanager
def besieged(requests: Sequence[httpx.Request], at_once: int, patience: float) -> Iterator[Counter]:
    """Many who ask for these again and again while the block lasts, and hang up after a while.

    Args:
        requests: What they ask for, in turn.
        at_once: How many there are.
        patience: Seconds after which each hangs up.
    """
    over, statuses = threading.Event(), Counter()

    def ask(number: int) -> None:
        with httpx.Client(timeout=patience, trust_env=False) as client:
            while not over.is_set():
                try:
                    statuses[client.send(requests[number % len(requests)]).status_code] += 1
                except httpx.HTTPError as error:
                    statuses[type(error).__name__] += 1
                number += 1

    with ThreadPoolExecutor(at_once) as pool:
        for number in range(at_once):
            pool.submit(ask, number)
        try:
            yield statuses
        finally:
            over.set()


def took(request: httpx.Request, patience: float = 120) -> tuple[int, float]:
    """The status of an answer, and how many seconds it took."""
    began = time.monotonic()
    with httpx.Client(timeout=patience, trust_env=False) as client:
        status = client.send(request).status_code
    return status, time.monotonic() - began
