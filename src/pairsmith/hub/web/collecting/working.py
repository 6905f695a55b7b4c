"""What people see who take part, or own it: pages of `pairsmith.collecting` in the hub's layout.

A place that is not there and one that is not for who asks are told apart by nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from pairsmith.collecting.items import GOLD
from pairsmith.collecting.pages import owner, rendering, screens
from pairsmith.collecting.pages.acts import act
from pairsmith.collecting.pages.screens import Screen
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.quality.record import Name
from pairsmith.hub.auth import forms
from pairsmith.hub.collections import members, registry
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.notices.kinds import Kind
from pairsmith.hub.notices.telling import Happening, tell
from pairsmith.hub.repos import quotas
from pairsmith.hub.web.collecting.entering import Entered, enter, enter_form
from pairsmith.hub.web.collecting.hosting import hosting_of
from pairsmith.hub.web.render import environment, page, shared_context, static_address

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

KEPT = {"cache-control": "public, max-age=31536000, immutable"}
FOR_OWNERS, FOR_REVIEWERS = "quality", "disagreements"
"""Of the places of `pages.owner`, which are for whom."""

OPEN_WHEN_CLOSED = frozenset({"mine", "instructions", FOR_OWNERS, FOR_REVIEWERS})
DECIDES = "adjudicate"
WAYS_OUT = frozenset({"withdraw", "leave"})
"""Actions that nothing keeps anybody from: not a disk that is full, nor a collection's end."""

MEASURED = 1 << 20
"""Bytes that a collection grows by until its size is put on record."""


def show(request: Request) -> Response:
    """`GET …/work/{place}`: what somebody is shown at a place."""
    entered = enter(request, Role.WORKER)
    place = request.path_params.get("place", "").strip("/")
    first = place.partition("/")[0]
    if entered.collection.closed and first not in OPEN_WHEN_CLOSED:
        return _closed(request, entered)
    needed = {FOR_OWNERS: Role.OWNER, FOR_REVIEWERS: Role.REVIEWER}.get(first)
    with hosting_of(request).served(entered.collection, entered.role) as served:
        if needed is None:
            found = screens.screen(served, entered.who, place)
        else:
            names = _names(entered)
            told = entered.role >= needed
            found = owner.screen(served, place, name=names) if told else None
    return _page(request, entered, found, first)


def tell_progress(request: Request) -> Response:
    """`GET …/work/talk/{conversation}/progress`: a text that changes when the page does."""
    entered = enter(request, Role.WORKER)
    if entered.collection.closed:
        return PlainTextResponse("closed")
    with hosting_of(request).served(entered.collection, entered.role) as served:
        told = screens.progress(served, entered.who, request.path_params["conversation"])
    return PlainTextResponse("", 404) if told is None else PlainTextResponse(told)


def take(request: Request, sent: FormData) -> Response:
    """`POST …/work/act`: does what a form asks for."""
    entered = enter_form(request, Role.WORKER)
    action = forms.text(sent, "action")
    if action not in WAYS_OUT:
        if entered.collection.closed and action != DECIDES:
            return _closed(request, entered)
        _check_room(entered)
    fields = {
        name: [one for one in sent.getlist(name) if isinstance(one, str)]
        for name in sent
        if name != forms.FIELD
    }
    with hosting_of(request).served(entered.collection, entered.role) as served:
        if action != DECIDES:
            outcome = act(served, entered.who, fields)
        else:
            decides = entered.role >= Role.REVIEWER
            outcome = owner.act(served, entered.who, fields) if decides else None
        disputed = action == "judge" and _is_disputed(served, forms.text(sent, "thread"))
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


def _page(request: Request, entered: Entered, found: Screen | None, place: str = "") -> Response:
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
        tab=place if place in (FOR_OWNERS, FOR_REVIEWERS) else "work",
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
                f"{collection.page}/work/{FOR_REVIEWERS}",
                collection=collection.id,
            )
            tell(db, members.deciders(db, collection), told)


def _names(entered: Entered) -> Name:
    """What people are called in the figures: by the names of their accounts."""
    with entered.hub.database.read() as db:
        known = {str(one.id): one.user for one in members.listed(db, entered.collection)}
    known[entered.who] = entered.user.name
    return lambda person: known.get(person.who, str(person.number))


def _is_disputed(served: Served, task: str) -> bool:
    """Whether people disagree about the item of a task, and nobody has decided."""
    board = served.tasks.read()
    found = board.tasks.get(task)
    if found is None or found.item in board.adjudicated or found.item.startswith(GOLD):
        return False
    said = board.opinions(found.item, served.collection.project().mode)
    return any(one.strength > 0 for one in said) and any(one.strength < 0 for one in said)
