"""The history of a dataset: its commits, and what each changed, the card line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import authenticate
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import repo_of, repo_pages
from pairsmith.hub.http.processes import VISITORS, BusyError, TooMuchWorkError
from pairsmith.hub.repos import card, diff, history
from pairsmith.hub.repos.diff import Change
from pairsmith.hub.repos.text_diff import Difference, difference
from pairsmith.hub.web import paging
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.requests import Request

PAGE = 50  # commits
MAX_FILES = 500  # changed files that are shown
SECONDS = 1.0  # in which two cards have to be compared
MEMORY = 96 << 20  # bytes of the worker that does it


def commits(request: Request) -> HTMLResponse:
    """`GET …/commits/{revision}?p`: a commit and those before it, newest first."""
    hub, who, revision = hub_of(request), authenticate(request), request.path_params["revision"]
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        start = history.find(db, repo, revision)
        skip = paging.number(request) * PAGE
        found = history.ancestors(db, repo, start, PAGE + 1, skip)
    shown, pages = paging.cut(request, found, PAGE)
    return page(
        request, "commits.html.jinja", who, repo=repo, revision=revision, commits=shown, pages=pages
    )


def commit(request: Request) -> HTMLResponse:
    """`GET …/commit/{revision}`: which files a commit changed, and how it changed the card."""
    hub, who = hub_of(request), authenticate(request)
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        found = history.find(db, repo, request.path_params["revision"])
        made = diff.changes_of(db, found, MAX_FILES + 1)
        readme = next(iter(diff.changes_at(db, found, [card.NAME])), None)
    return page(
        request,
        "commit.html.jinja",
        who,
        repo=repo,
        commit=found,
        changes=made[:MAX_FILES],
        more=len(made) > MAX_FILES,
        diff=_card_change(hub, readme) if readme else Difference([]),
    )


def _card_change(hub: Hub, change: Change) -> Difference:
    old, new = _text(hub, change.old), _text(hub, change.new)
    try:
        return VISITORS.run(difference, old, new, seconds=SECONDS, memory=MEMORY)
    except BusyError:
        return Difference([], "Others have cards compared just now: load the page again soon.")
    except TooMuchWorkError:
        return Difference([], "How the card changed takes too much work to find out.")


def _text(hub: Hub, blob: str | None) -> str:
    return "" if blob is None else card.load(hub.blobs.path(blob), blob)


routes: list[BaseRoute] = [
    *repo_pages("/commits/{revision:part}", commits),
    *repo_pages("/commit/{revision:part}", commit),
]
