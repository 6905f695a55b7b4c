"""What the page of a dataset leads with: its first rows to those who may read them.

Who may not read a gated dataset sees what its owner gives as an example, in the card's front
matter, which all see who may know of it. Where rows cannot be made ready at once, the page does
without: the viewer has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from pairsmith.hub import permissions
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.processes import BusyError, TooMuchWorkError, Workers
from pairsmith.hub.repos import card, files
from pairsmith.hub.viewer.annotations import MANIFEST
from pairsmith.hub.viewer.first import NONE, First, Kept, example_rows, first_rows
from pairsmith.hub.viewer.plan import MAX_PATHS, make_plan
from pairsmith.hub.viewer.sources import Source
from pairsmith.hub.viewer.subsets import MAX_ENTRIES, SUFFIX
from pairsmith.hub.viewer.view import Asked

if TYPE_CHECKING:
    import sqlite3

    from pairsmith.hub.auth.authentication import Caller
    from pairsmith.hub.context import Hub
    from pairsmith.hub.repos.card import Card
    from pairsmith.hub.repos.files import File
    from pairsmith.hub.repos.history import Commit
    from pairsmith.hub.repos.repos import Repo

T = TypeVar("T")

AGAIN = 10.0  # seconds after which rows are tried again that took too long
SECONDS = 0.6  # that each of the two steps to the rows of a new commit may keep a visitor waiting
MEMORY = 320 << 20  # bytes of the worker: as of the viewer's
WORKERS = Workers(1, wait=0.3, queue=4, spare="duckdb")
KEPT = Kept()
EXAMPLE = "example"  # the entry of the front matter


def lead_of(hub: Hub, who: Caller, repo: Repo, head: Commit | None, read: Card) -> First:
    """The first rows of a dataset for one who may read it; none where they cannot be had now.

    Where it is gated, that they are shown is on record before they leave.
    """
    if head is None or repo.kind != "dataset" or (repo.gate != "off" and who.within is not None):
        return NONE
    found = _kept(head.id, lambda: _first(hub, head, read))
    if found.rows:
        path = f"{found.subset}/{found.split}"
        detail = {"path": path, "revision": head.id, "page": 1, "row": None, "q": ""}
        permissions.record_read(hub, who, repo, "viewed", **detail)
    return found


def example_of(readme: File | None, read: Card) -> First:
    """The example that a card gives, for those who may not read the data."""
    given = read.data.get(EXAMPLE)
    if readme is None or not given:
        return NONE
    return _kept(f"card {readme.blob}", lambda: First(_run(example_rows, given)))


def _kept(key: str, make: Callable[[], First]) -> First:
    if (found := KEPT.get(key)) and monotonic() < found.until:
        return found
    try:
        found = make()
    except BusyError:
        return NONE
    except (TooMuchWorkError, HubError):  # the viewer says why
        found = First(until=monotonic() + AGAIN)
    KEPT.put(key, found)
    return found


def _first(hub: Hub, head: Commit, read: Card) -> First:
    with hub.database.read() as db:
        listed = files.paths_ending(db, head, (SUFFIX, f"/{MANIFEST}"), MAX_PATHS + 1)
    configs = card.configs(read)[:MAX_ENTRIES]
    plan = _run(make_plan, configs, listed, "", "")
    with hub.database.read() as db:
        source = _source(hub, db, head, plan.paths)
    if source is None:
        return NONE
    return First(_run(first_rows, Asked([source], {})), plan.subset, plan.split)


def _source(hub: Hub, db: sqlite3.Connection, head: Commit, paths: Sequence[str]) -> Source | None:
    """The first file that a plan names; None for none."""
    file = files.named(db, head, paths[0]) if paths else None
    return Source(file.path, hub.blobs.path(file.blob)) if file else None


def _run(function: Callable[..., T], *args: object) -> T:
    return WORKERS.run(function, *args, seconds=SECONDS, memory=MEMORY)
