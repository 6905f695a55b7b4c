"""Reports of a dataset as pages: each in a frame that is shut off from all else.

A report is a page of others with scripts in it, and whoever looks at it is signed in and may see
rows that are gated. So it runs nowhere but in a frame of the page here, as of an origin of its own
(`sandbox`): it has no cookies and no storage, reaches neither the page around it nor the hub, and
opens no window. Nothing is loaded from anywhere, and nothing leaves: its own policy allows what
stands in the file alone, and the page around it lets the frame go nowhere else. Of browsers,
Chromium heeds `Connection-Allowlist` too, which closes what is left: WebRTC, and looking up hosts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.api.resolve import check_whole, proof_of
from pairsmith.hub.auth.authentication import authenticate
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import DATASETS, encoded, repo_of, repo_pages
from pairsmith.hub.http.concurrency import READS, run_apart
from pairsmith.hub.http.errors import HubError, too_large
from pairsmith.hub.http.responses import BlobResponse
from pairsmith.hub.repos import history, reports
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    import sqlite3

    from starlette.requests import Request

MAX_BYTES = 40 << 20  # of a report that is shown
HOST = re.compile(r"[A-Za-z0-9._-]+(?::[0-9]{1,5})?")  # as a policy can name it
ALONE = {
    "content-security-policy": "sandbox allow-scripts; default-src 'none';"
    " script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'none';"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
    "connection-allowlist": "()",
    "x-dns-prefetch-control": "off",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-cache",
}


def report(request: Request) -> HTMLResponse:
    """`GET …/reports/{report}?revision`: the page around a report, to those who may read it."""
    hub, who = hub_of(request), authenticate(request)
    revision = request.query_params.get("revision", history.MAIN)
    with hub.database.read() as db:
        repo = permissions.readable(db, hub, who, *repo_of(request))
        commit = history.find(db, repo, revision)
        file = _find(hub, db, request, commit)
        there = list(reports.held(db, commit))
    shown = reports.BY_PATH[file.path]
    frame = f"{repo.page}/reports/{shown.name}/frame/{commit.id}"
    if file.size <= MAX_BYTES:
        request.state.frame = _sources(request, hub, frame)
    return page(
        request,
        "report.html.jinja",
        who,
        repo=repo,
        commit=commit,
        revision=revision,
        report=shown,
        reports=there,
        frame=frame if file.size <= MAX_BYTES else "",
        largest=MAX_BYTES,
        download=f"{repo.page}/resolve/{encoded(revision)}/{file.path}",
    )


async def frame(request: Request) -> Response:
    """`GET, HEAD …/reports/{report}/frame/{revision}`: the report itself, in its frame alone."""
    return await run_apart(READS, lambda: _frame(request))


def _frame(request: Request) -> Response:
    hub, who = hub_of(request), authenticate(request)
    with hub.database.read() as db:
        repo = permissions.readable(db, hub, who, *repo_of(request))
        commit = history.find(db, repo, request.path_params["revision"])
        file = _find(hub, db, request, commit)
    around = f"{repo.page}/reports/{reports.BY_PATH[file.path].name}"
    if not _is_framed(request, hub, around):
        return RedirectResponse(f"{around}?revision={commit.id}", 303)
    if file.size > MAX_BYTES:
        raise too_large("This report", MAX_BYTES)
    if request.method == "GET":
        permissions.record_read(hub, who, repo, "viewed", path=file.path, revision=commit.id)
    # never by nginx in front: its configuration would have to pass each of these headers on
    place = hub.blobs.path(file.blob)
    sent = BlobResponse(place, file.size, file.oid, ALONE, proof=proof_of(hub, file))
    sent.headers["content-type"] = "text/html; charset=utf-8"
    return sent


def _find(hub: Hub, db: sqlite3.Connection, request: Request, commit: Commit) -> File:
    """The file of the report that an address names.

    Raises:
        HubError: 404 where there is none at that commit; 410 where its content is lost.
    """
    named = reports.BY_NAME.get(request.path_params["report"])
    file = reports.held(db, commit).get(named) if named else None
    if file is None:
        message = "This dataset has no such report at this revision."
        raise HubError(404, message, "EntryNotFound")
    check_whole(hub, db, file)
    return file


def _is_framed(request: Request, hub: Hub, around: str) -> bool:
    """Whether a browser asks for a report to show it in the page around it.

    Opened by itself, it could lead its reader elsewhere, with what it shows in the address.
    Browsers that do not say what they want it for (see `embedding`) say which page asks.
    """
    purpose = request.headers.get("sec-fetch-dest")
    if purpose is not None:
        own = request.headers.get("sec-fetch-site") == "same-origin"
        return purpose == "iframe" and own
    try:
        asking = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return False
    ours = asking.netloc in (urlsplit(hub.settings.public_url).netloc, request.headers.get("host"))
    return ours and asking.path.lower() == around.lower()


def _sources(request: Request, hub: Hub, path: str) -> str:
    """Where the frame may go, as `frame-src` has it: to this path of this hub.

    A policy takes no path without a host, and the hub may be reached by several.
    """
    hosts = (request.headers.get("host", ""), urlsplit(hub.settings.public_url).netloc)
    named = dict.fromkeys(host + path for host in hosts if HOST.fullmatch(host))
    return " ".join(named) or "'self'"


routes: list[BaseRoute] = [
    *repo_pages("/reports/{report:part}", report, kinds=DATASETS),
    *repo_pages("/reports/{report:part}/frame/{revision:part}", frame, kinds=DATASETS),
]
