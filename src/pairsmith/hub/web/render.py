"""Pages from templates: what every page is given, and errors as pages."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from pairsmith.hub.auth import forms
from pairsmith.hub.auth.authentication import Caller, authenticate
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import SERVER, encoded, page_of
from pairsmith.hub.notices import listing
from pairsmith.hub.notices.listing import Place
from pairsmith.hub.repos import reports
from pairsmith.hub.repos.rendering import Rendering
from pairsmith.hub.repos.reports import Report
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.repos.roles import Role, role_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from pairsmith.hub.http.errors import HubError


def page(
    request: Request, template: str, who: Caller | None = None, status: int = 200, **context: object
) -> HTMLResponse:
    """A template of `hub/web/templates`, filled in.

    Every template is given `user` (or None), `unread` (how many notices they have not read), `csrf`
    (the hidden field of a form), `settings` (the hub's), `path` and `method` (of this request),
    `rendered`, which makes HTML of Markdown of others (`Rendering`), and `first_report`, which
    finds a repository's, besides `context`. With a `repo` go the user's `role` in it, and whether
    they administer it (`owns`).
    """
    who = authenticate(request) if who is None else who
    shown = environment().get_template(template)
    held = {**shared_context(request, who, status, context.get("repo")), **context}
    response = HTMLResponse(shown.render(held), status, {"cache-control": "no-store"})
    forms.set_cookie(request, response)
    return response


def shared_context(
    request: Request, who: Caller, status: int = 200, about: object = None
) -> dict[str, object]:
    """What every template is given, see `page`.

    Args:
        request: The request.
        who: Who made it.
        status: Of the answer: what waits for them on this page is read by its being shown.
        about: The repository that the page is about; anything else for none.
    """
    hub = hub_of(request)
    repo = about if isinstance(about, Repo) else None
    role, unread = _standing(hub, request, repo, who, status)
    return {
        "user": who.user,
        "unread": unread,
        "csrf": forms.hidden_field(request),
        "settings": hub.settings,
        "rendered": Rendering(hub),
        "first_report": partial(_first_report, hub),
        "role": role,
        "owns": role.administers,
        "path": request.scope["path"],
        "method": request.method,
    }


def _standing(
    hub: Hub, request: Request, repo: Repo | None, who: Caller, status: int
) -> tuple[Role, int]:
    """A reader's role in the repository that a page is about, and how many notices wait for them.

    What is told on the page that they open is read by that.
    """
    if who.user is None:
        return Role.NONE, 0
    with hub.database.read() as db:
        role = role_of(db, repo, who.user) if repo else Role.NONE
        unread = listing.unread(db, who.user.id)
    seen = [place for place in unread if _is_at(request, repo, place)] if status == 200 else []
    if seen and request.method == "GET" and not _is_part(request):
        # a full disk keeps nobody from reading; these stay unread then
        with suppress(sqlite3.OperationalError), hub.database.write() as db:
            for place in seen:
                listing.see(db, who.user.id, place)
    return role, len(unread) - len(seen)


def _is_at(request: Request, repo: Repo | None, place: Place) -> bool:
    number, path = place
    page = path.partition("#")[0]
    if number is not None:
        if repo is None or repo.id != number:
            return False
        page = repo.page + page
    return bool(request.scope["path"].lower() == page.lower())


def _is_part(request: Request) -> bool:
    """Whether a page of others asks for this one, as if it were an image."""
    return request.headers.get("sec-fetch-dest", "document") != "document"


def _first_report(hub: Hub, repo: Repo) -> Report | None:
    with hub.database.read() as db:
        return reports.first(db, repo)


def error_page(request: Request, error: HubError) -> HTMLResponse:
    """An error for people: its sentence, and where to go."""
    answer = page(request, "error.html.jinja", status=error.status, error=error)
    answer.headers.update(error.headers)
    return answer


def wants_page(request: Request) -> bool:
    """Whether an answer is for a browser: clients ask for JSON or for anything."""
    api = request.scope["path"].startswith(("/api/", "/cas/", "/lfs/", f"{SERVER}/"))
    return not api and "text/html" in request.headers.get("accept", "")


@cache
def environment() -> Environment:
    """The templates, with everything escaped that is not marked as markup by our own code."""
    made = Environment(
        loader=PackageLoader("pairsmith.hub.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["day"] = day
    made.filters["moment"] = moment
    made.filters["bytes"] = size
    made.filters["part"] = encoded
    made.filters["path"] = quote
    made.globals["static_address"] = static_address
    made.globals["page_of"] = page_of
    return made


@cache
def static_address(name: str) -> str:
    """The address of a style, which ends in its hash: browsers that keep it see a new one."""
    style = files("pairsmith.hub.web").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(style).hexdigest()[:12]}"


def day(seconds: int) -> str:
    """A time as a date, UTC: 2026-11-24."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def moment(seconds: int) -> str:
    """A time with its minute, UTC: 2026-11-24 09:30."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def size(count: int) -> str:
    """A number of bytes for people: 1.4 MB."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
