"""The whole record of a repository, with every read, as a table for its owner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import require_sign_in
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import repo_of, repo_pages
from pairsmith.hub.http.csv_export import csv_download, csv_text
from pairsmith.hub.repos import events
from pairsmith.hub.repos.events import Event
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

ROWS = 5000  # that are read at a time
HEADER = ("time", "who", "what", "about", "path", "revision", "range", "detail")


def download(request: Request) -> Response:
    """`GET …/settings/record.csv`: every event of the repository, the oldest first."""
    hub, who = hub_of(request), require_sign_in(request)
    with hub.database.read() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
    return csv_download(f"{repo.owner}-{repo.name}-record.csv", parts(hub, repo))


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


routes: list[BaseRoute] = [*repo_pages("/settings/record.csv", download)]
