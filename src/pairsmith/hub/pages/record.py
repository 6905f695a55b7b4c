"""The whole record of a repository, with every read, as a table for its owner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import access, events
from pairsmith.hub.accounts.landing import sign_in_first
from pairsmith.hub.addresses import repo_of
from pairsmith.hub.callers import caller
from pairsmith.hub.events import Event
from pairsmith.hub.place import Hub, hub_of
from pairsmith.hub.repos import Repo
from pairsmith.hub.sheets import csv_text

if TYPE_CHECKING:
    from starlette.requests import Request

ROWS = 5000  # that are read at a time
HEADER = ("time", "who", "what", "about", "path", "revision", "range", "detail")


def download(request: Request) -> Response:
    """`GET …/settings/record.csv`: every event of the repository, the oldest first."""
    hub, who = hub_of(request), caller(request)
    if who.user is None:
        return sign_in_first(request)
    with hub.database.read() as db:
        repo = access.writable(db, who, *repo_of(request))
    name = f"{repo.owner}-{repo.name}-record.csv"
    return StreamingResponse(
        parts(hub, repo),
        media_type="text/csv; charset=utf-8",
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
        },
    )


def parts(hub: Hub, repo: Repo) -> Iterator[str]:
    """The table in parts, for a record may have any length."""
    yield csv_text([HEADER])
    last = 0
    while True:
        with hub.database.read() as db:
            found, last = events.after(db, repo, last, ROWS)
        if not found:
            return
        yield csv_text(map(row, found))


def row(event: Event) -> list[object]:
    """An event as a row; what has no column of its own stands in the last, as JSON."""
    rest = dict(event.detail)
    own = [rest.pop(name, "") for name in ("path", "revision", "range")]
    when = datetime.fromtimestamp(event.date, UTC).isoformat()
    told = json.dumps(rest, ensure_ascii=False) if rest else ""
    return [when, event.actor, event.action, event.user, *own, told]


routes: list[BaseRoute] = [
    Route("/datasets/{owner:part}/{name:part}/settings/record.csv", download),
]
