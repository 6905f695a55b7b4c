"""The first page: which datasets and models there are, and the files that every page needs."""

from __future__ import annotations

import sqlite3
from functools import cache
from importlib.resources import files as resources
from typing import TYPE_CHECKING, NamedTuple

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller, authenticate
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import Kind
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.membership import organizations, places
from pairsmith.hub.repos import downloads, history
from pairsmith.hub.repos.readme import Line, line_of
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.repos.search import Wanted, find_menus, read_query, search
from pairsmith.hub.web import paging
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.requests import Request

PAGE = 30  # repositories
SHARED = 100  # of others, on the page of who has a role in them
SHOWN: dict[str, Kind] = {"/datasets": "dataset", "/models": "model"}  # what other pages list
SIZE_AND_TASK = {"size_categories": "Size", "task_categories": "Task"}
MENUS: dict[Kind | None, dict[str, str]] = {  # the filters of a list, by the key of a card
    None: {"license": "Licence", "language": "Language"},
    "dataset": {"license": "Licence", "language": "Language", **SIZE_AND_TASK},
    "model": {
        "license": "Licence",
        "language": "Language",
        "pipeline_tag": "Task",
        "library_name": "Library",
    },
}
STATIC = {"style.css": "text/css", "pages.css": "text/css", "icon.svg": "image/svg+xml"}
KEPT = {
    "cache-control": "public, max-age=86400"
}  # by browsers; the address of a style has its hash
ROBOTS = "User-agent: *\nDisallow: /api/\nDisallow: /cas/\nDisallow: /lfs/\nDisallow: /*/resolve/\n"


class Entry(NamedTuple):
    """A repository in a list, and what its card says there."""

    repo: Repo
    card: Line
    downloads: int


def home(request: Request) -> HTMLResponse:
    """`GET /`, `GET /{kind}s?search&sort&license&…&p`: what this caller may know of."""
    hub, who = hub_of(request), authenticate(request)
    kind, asked = SHOWN.get(request.scope["path"]), request.query_params
    labels = MENUS[kind]
    with hub.database.read() as db:
        found = _entries(request, db, who, read_query(asked, kind))
        menus = find_menus(hub, db, kind, list(labels))
    shown, pages = paging.cut(request, found, PAGE)
    chosen = {key: asked.get(key, "") for key in (*labels, "search", "sort")}
    return page(
        request,
        "home.html.jinja",
        who,
        entries=shown,
        pages=pages,
        kind=kind,
        chosen=chosen,
        labels=labels,
        menus=menus,
        filtered=any(chosen.values()),
        tags=asked.getlist("filter"),
    )


def owner(request: Request) -> HTMLResponse:
    """`GET /{owner}`: the datasets and models of an account, and who belongs to an organization.

    Raises:
        HubError: 404 where there are none to show, in the same words whatever the cause is.
    """
    hub, who, name = hub_of(request), authenticate(request), request.path_params["owner"]
    with hub.database.read() as db:
        found = _entries(request, db, who, Wanted(owner=name))
        account = organizations.find(db, name)
        place = places.of_organization(account) if account else None
        members = places.holders(db, place) if place else []
        makes = who.user is not None and permissions.may_make(db, who.user, name)
        own = who.name.lower() == name.lower()
        given = search(db, who.user, Wanted(shared=True), SHARED) if own else []
        shared = [entry(db, repo) for repo in given]
    if not found and not own and place is None:
        raise HubError(404, "There is no such page here, and no account with anything to show.")
    name = found[0].repo.owner if found else place.name if place else name
    shown, pages = paging.cut(request, found, PAGE)
    return page(
        request,
        "owner.html.jinja",
        who,
        entries=shown,
        pages=pages,
        owner=name,
        organization=account,
        members=members,
        makes=makes,
        shared=shared,
    )


def _entries(request: Request, db: sqlite3.Connection, who: Caller, wanted: Wanted) -> list[Entry]:
    """The entries of the page that is asked for, and one more where there is one."""
    skip = paging.number(request) * PAGE
    return [entry(db, repo) for repo in search(db, who.user, wanted, PAGE + 1, skip)]


def entry(db: sqlite3.Connection, repo: Repo) -> Entry:
    """What a list says of a repository."""
    head = history.head(db, repo, history.MAIN)
    return Entry(repo, line_of(db, head) if head else Line(), downloads.last_month(db, repo))


def static(request: Request) -> Response:
    """`GET /static/{name}`: the styles and the icon."""
    name = request.path_params["name"]
    if name not in STATIC:
        raise HubError(404, "There is no such page here.")
    return Response(_static(name), media_type=STATIC[name], headers=KEPT)


def favicon(_request: Request) -> Response:
    """`GET /favicon.ico`: the icon, for browsers that ask before they read the page."""
    return Response(_static("icon.svg"), media_type=STATIC["icon.svg"], headers=KEPT)


def robots(_request: Request) -> PlainTextResponse:
    """`GET /robots.txt`: pages may be indexed, calls and files not."""
    return PlainTextResponse(ROBOTS, headers=KEPT)


@cache
def _static(name: str) -> bytes:
    return resources("pairsmith.hub.web").joinpath("static", name).read_bytes()


routes: list[BaseRoute] = [
    Route("/", home),
    *(Route(path, home) for path in SHOWN),
    Route("/static/{name:part}", static),
    Route("/favicon.ico", favicon),
    Route("/robots.txt", robots),
]
# tried last of all, for it takes every address of one part
owner_routes: list[BaseRoute] = [Route("/{owner:part}", owner)]
