"""The pages of one person's collection as an ASGI application; see `pages` for what they show."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from pairsmith.collecting.faults import words_of
from pairsmith.collecting.live import Tell, log
from pairsmith.collecting.pages import owner, rendering
from pairsmith.collecting.pages.acts import Fields, Outcome, act
from pairsmith.collecting.pages.screens import Screen, progress, screen
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.solo.door import FIELD, Door
from pairsmith.errors import CollectionError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

WHO = "me"
"""The one person, as events name them."""

FORM_BYTES = 2 << 20
"""Of a form: an edited reply of 100,000 characters, each sent as up to twelve bytes."""

FIELDS = 50

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:;"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # without one, forms would come from the origin null
    "cache-control": "no-store",
}
IN = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>pairsmith</title>'
    '<meta http-equiv="refresh" content="0; url=/"><p><a href="/">Go on</a></p></html>'
)
USED = "This link was used before, or is another's. The command in the terminal gives a new one."
OUTSIDE = "Open the link that the command printed in the terminal."
UNSENT = (
    "Nothing of the form was stored. Once that is mended go back, where what you typed still"
    " stands, and send it again."
)
NOT_OURS = "This form is not from a page of this server. Load the page again."


def application(served: Served, door: Door, tell: Tell = log.warning) -> ASGIApp:
    """The pages as an ASGI application.

    Args:
        served: What they show.
        door: Who gets in.
        tell: Takes what goes wrong with the collection's file.
    """
    routes = [
        Route("/enter/{token}", _enter(door), methods=["GET"]),
        Route("/static/{name}", _static, methods=["GET"]),
        Route("/act", _act(served, door), methods=["POST"]),
        Route("/talk/{conversation}/progress", _progress(served), methods=["GET"]),
        Route("/{place:path}", _show(served, door), methods=["GET"]),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield

    faults = dict.fromkeys((CollectionError, sqlite3.Error, OSError), _on_fault(tell))
    made = Starlette(routes=routes, lifespan=lifespan, exception_handlers={**faults})
    return _Guarded(made, door)


class _Guarded:
    """Middleware: keeps out who is not let in, and adds headers to every answer."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                held = {name for name, _ in message["headers"]}
                more = [(n.encode(), v.encode()) for n, v in HEADERS.items()]
                message["headers"] += [one for one in more if one[0] not in held]
            await send(message)

        headers = {n.decode("latin-1"): v.decode("latin-1") for n, v in scope["headers"]}
        enters = scope["path"].startswith("/enter/")
        if not self.door.knows_host(headers):
            await PlainTextResponse(OUTSIDE, 421)(scope, receive, sending)
        elif not enters and not self.door.lets_in(headers):
            await PlainTextResponse(OUTSIDE, 403)(scope, receive, sending)
        else:
            await self.app(scope, receive, sending)


Endpoint = Callable[["Request"], Awaitable[Response]]


def _enter(door: Door) -> Endpoint:
    async def enter(request: Request) -> Response:
        if request.method == "GET" and door.lets_in(request.headers):
            return RedirectResponse("/", 303)
        key = door.enter(request.path_params["token"]) if request.method == "GET" else None
        if key is None:
            return PlainTextResponse(USED, 403)
        answer = HTMLResponse(IN)  # not a redirection: with it a strict cookie may not be sent
        answer.set_cookie(door.cookie, key, httponly=True, samesite="strict", path="/")
        return answer

    return enter


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in rendering.KINDS:
        raise HTTPException(404)
    return Response(rendering.static(name), media_type=rendering.KINDS[name])


def _show(served: Served, door: Door) -> Endpoint:
    async def show(request: Request) -> Response:
        place = request.path_params["place"]
        found = await run_in_threadpool(_find, served, place)
        return _page(found, door)

    return show


def _progress(served: Served) -> Endpoint:
    async def look(request: Request) -> Response:
        conversation = request.path_params["conversation"]
        told = await run_in_threadpool(progress, served, WHO, conversation)
        return PlainTextResponse("", 404) if told is None else PlainTextResponse(told)

    return look


def _act(served: Served, door: Door) -> Endpoint:
    async def post(request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > FORM_BYTES:
                return PlainTextResponse("The form is too large.", 413)
        try:
            fields = parse_qs(
                body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS
            )
        except ValueError:
            return PlainTextResponse("This is not a form.", 400)
        if not door.is_own_form(request.headers, next(iter(fields.pop(FIELD, ())), "")):
            return PlainTextResponse(NOT_OURS, 403)
        outcome = await run_in_threadpool(_do, served, fields)
        if outcome is None or outcome.refused is not None:
            return _page(outcome and outcome.refused, door)
        return RedirectResponse(f"/{outcome.place}", 303)

    return post


def _on_fault(tell: Tell) -> Callable[[Request, Exception], Response]:
    """What is answered where the collection, or its disk, does not do what it should."""

    def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, CollectionError):
            said, status = f"{error.message} {error.hint}".strip(), 409
        elif isinstance(error, sqlite3.Error | OSError) and (words := words_of(error)):
            said, status = words, 507
        else:
            raise error
        tell(said)
        more = "" if request.method == "GET" else f" {UNSENT}"
        return PlainTextResponse(f"{said}{more}", status)

    return answer


def _find(served: Served, place: str) -> Screen | None:
    return screen(served, WHO, place) or owner.screen(served, place)


def _do(served: Served, fields: Fields) -> Outcome | None:
    return act(served, WHO, fields) or owner.act(served, WHO, fields)


def _page(found: Screen | None, door: Door) -> Response:
    if found is None:
        return PlainTextResponse("There is no such page.", 404)
    assets = {n: f"/static/{n}?v={rendering.static_version(n)}" for n in rendering.KINDS}
    html = rendering.render(found, "", door.proof_field(), assets, owner=True)
    return HTMLResponse(html, found.status)
