"""How a repository is used, for its admins: by day, as bars and as a table, by path and user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller, require_sign_in
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import number_in, repo_of, repo_pages
from pairsmith.hub.http.csv_export import csv_download, csv_text
from pairsmith.hub.repos import usage
from pairsmith.hub.repos.downloads import write_counts
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.repos.usage import SPANS, Day, Usage
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

HEIGHT = 100  # of the highest bar


def show(request: Request) -> Response:
    """`GET …/settings/usage?days`: downloads and reads by day, and who read what."""
    who = require_sign_in(request)
    asked = number_in(request.query_params.get("days", ""))
    span = asked if asked in SPANS else SPANS[0]
    repo, used = _usage(request, who, span)
    bars = {
        "Downloads": _bars([day.downloads for day in used.days]),
        "Reads on record": _bars([day.reads for day in used.days]),
    }
    return page(
        request, "usage.html.jinja", who, repo=repo, usage=used, span=span, spans=SPANS, bars=bars
    )


def table(request: Request) -> Response:
    """`GET …/settings/usage.csv`: every day of the last year."""
    repo, used = _usage(request, require_sign_in(request), max(SPANS))
    rows = [tuple(name for name in Day._fields), *used.days]
    return csv_download(f"{repo.owner}-{repo.name}-usage.csv", csv_text(rows))


def _usage(request: Request, who: Caller, span: int) -> tuple[Repo, Usage]:
    hub = hub_of(request)
    with hub.database.read() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
    write_counts(hub)  # what was counted within the last seconds
    with hub.database.read() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
        return repo, usage.of_repo(db, repo, span)


def _bars(counts: list[int]) -> list[int]:
    """How high each bar is: the highest has `HEIGHT`, and none that is not 0 vanishes."""
    most = max(counts, default=0)
    return [max(1, round(HEIGHT * count / most)) if count else 0 for count in counts]


routes: list[BaseRoute] = [
    *repo_pages("/settings/usage", show),
    *repo_pages("/settings/usage.csv", table),
]
