"""What people who take part see: the pages of `pairsmith.collecting` in the hub's layout.

A place that is not there and one that is somebody else's are told apart by nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from pairsmith.collecting.pages import rendering, screens
from pairsmith.collecting.pages.acts import act
from pairsmith.collecting.pages.screens import Screen
from pairsmith.hub.auth import forms
from pairsmith.hub.collections import members, registry
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.notices.kinds import Kind
from pairsmith.hub.notices.telling import Happening, tell
from pairsmith.hub.repos import quotas
from pairsmith.hub.web.collecting.deciding import is_disputed
from pairsmith.hub.web.collecting.entering import Entered, enter, enter_form
from pairsmith.hub.web.collecting.hosting import hosting_of
from pairsmith.hub.web.render import environment, page, shared_context, static_address

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

KEPT = {"cache-control": "public, max-age=31536000, immutable"}
OPEN_WHEN_CLOSED = ("mine", "instructions")
WAYS_OUT = frozenset({"withdraw", "leave"})
"""Actions that nothing keeps anybody from: not a disk that is full, nor a collection's end."""

MEASURED = 1 << 20
"""Bytes that a collection grows by until its size is put on record."""


def show(request: Request) -> Response:
    """`GET …/work/{place}`: what somebody is shown at a place."""
    entered = enter(request, Role.WORKER)
    place = request.path_params.get("place", "").strip("/")
    if entered.collection.closed and place not in OPEN_WHEN_CLOSED:
        return _closed(request, entered)
    with hosting_of(request).served(entered.collection) as served:
        found = screens.screen(served, entered.who, place)
    return _page(request, entered, found)


def tell_progress(request: Request) -> Response:
    """`GET …/work/talk/{conversation}/progress`: a text that changes when the page does."""
    entered = enter(request, Role.WORKER)
    if entered.collection.closed:
        return PlainTextResponse("closed")
    with hosting_of(request).served(entered.collection) as served:
        told = screens.progress(served, entered.who, request.path_params["conversation"])
    return PlainTextResponse("", 404) if told is None else PlainTextResponse(told)


def take(request: Request, sent: FormData) -> Response:
    """`POST …/work/act`: does what a form asks for."""
    entered = enter_form(request, Role.WORKER)
    action = forms.text(sent, "action")
    if action not in WAYS_OUT:
        if entered.collection.closed:
            return _closed(request, entered)
        _check_room(entered)
    fields = {
        name: [one for one in sent.getlist(name) if isinstance(one, str)]
        for name in sent
        if name != forms.FIELD
    }
    with hosting_of(request).served(entered.collection) as served:
        outcome = act(served, entered.who, fields)
        disputed = action == "judge" and is_disputed(served, forms.text(sent, "thread"))
    _record(entered, disputed)
    if outcome is None or outcome.refused is not None:
        return _page(request, entered, None if outcome is None else outcome.refused)
    return RedirectResponse(f"{entered.collection.page}/work/{outcome.place}", 303)


def static(request: Request) -> Response:
    """`GET /collections/static/{file}`: the styles and the script of these pages."""
    name = request.path_params["file"]
    if name not in rendering.KINDS:
        raise HubError(404, "There is no such page here.")
    return Response(rendering.static(name), media_type=rendering.KINDS[name], headers=KEPT)


def _page(request: Request, entered: Entered, found: Screen | None) -> Response:
    if found is None:
        raise HubError(404, "There is no such page here.")
    assets = {
        name: f"/collections/static/{name}?v={rendering.static_version(name)}"
        for name in rendering.KINDS
    }
    html = rendering.render(
        found,
        f"{entered.collection.page}/work",
        forms.hidden_field(request),
        assets,
        environment().get_template("collection_work.html.jinja"),
        **shared_context(request, entered.caller, found.status),
        **entered.shown,
        static_address=static_address,
    )
    answer = HTMLResponse(html, found.status, {"cache-control": "no-store"})
    request.state.scripts = True
    forms.set_cookie(request, answer)
    return answer


def _closed(request: Request, entered: Entered) -> Response:
    status = 200 if request.method in ("GET", "HEAD") else 409
    return page(request, "collection_closed.html.jinja", entered.caller, status, **entered.shown)


def _check_room(entered: Entered) -> None:
    """Checks that there is room for more.

    Raises:
        HubError: 403 where the collection, or its owner, has all that they may; 507 for the disk.
    """
    entered.hub.blobs.room.check()
    if entered.collection.bytes > registry.MAX_BYTES:
        raise HubError(403, "This collection is full. Tell whoever asked you to take part.")
    with entered.hub.database.read() as db:
        quotas.check_collected(db, entered.hub, entered.collection.owner_id)


def _record(entered: Entered, disputed: bool) -> None:
    """Puts the size on record where it has grown, and tells who decides where people disagree."""
    hub, collection = entered.hub, entered.collection
    size = registry.measure(hub, collection)
    grown = abs(size - collection.bytes) >= MEASURED
    if not grown and not disputed:
        return
    with hub.database.write() as db:
        if grown:
            registry.set_bytes(db, collection, size)
        if disputed:
            told = Happening(
                Kind.DECISION,
                "people-disagree",
                f"{collection.page}/decide",
                collection=collection.id,
            )
            tell(db, members.deciders(db, collection), told)
