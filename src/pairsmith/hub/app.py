"""The hub as an application: every route, what errors look like, what every answer carries."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute

from pairsmith.hub.auth import by_mail
from pairsmith.hub.auth.last_use import write_uses, write_uses_regularly
from pairsmith.hub.auth.limits import Limits
from pairsmith.hub.auth.redirects import NotSignedInError, sign_in_first
from pairsmith.hub.headers import SafeHeaders
from pairsmith.hub.http.absent import said_of
from pairsmith.hub.http.addresses import RawPath, moved_to
from pairsmith.hub.http.errors import HubError, MovedError, repo_not_found
from pairsmith.hub.licensing.expiry import tell_regularly
from pairsmith.hub.mail.delivery import Postman
from pairsmith.hub.maintenance.gc import collect_hourly
from pairsmith.hub.notices import mailing
from pairsmith.hub.repos.downloads import write_counts, write_counts_regularly
from pairsmith.hub.repos.readme import read_all
from pairsmith.hub.web.collecting.routes import routes as collecting
from pairsmith.hub.web.render import error_page, wants_page

if TYPE_CHECKING:
    from starlette.requests import Request

    from pairsmith.hub.context import Hub


def application(hub: Hub, limits: Limits | None = None) -> Starlette:
    """The hub as an ASGI application. The caller closes the hub.

    Args:
        hub: What is served.
        limits: How often somebody may try to sign in, or join; by default as `Limits` has it.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        running = (
            *(collect_hourly, write_counts_regularly, write_uses_regularly, read_all),
            tell_regularly,
        )
        tasks = [asyncio.create_task(run(hub)) for run in running]
        writers = {**by_mail.WRITERS, **mailing.WRITERS}
        postman = Postman(hub, writers) if hub.settings.mail else None
        if postman:
            postman.start()
            tasks.append(asyncio.create_task(mailing.post_regularly(hub)))
        yield
        for task in tasks:
            task.cancel()
        if postman:
            await run_in_threadpool(postman.stop)
        if hasattr(app.state, "hosting"):
            await run_in_threadpool(app.state.hosting.close)
        await run_in_threadpool(write_counts, hub)
        await run_in_threadpool(write_uses, hub)

    app = Starlette(
        routes=routes(),
        middleware=[Middleware(RawPath), Middleware(SafeHeaders, hub)],
        exception_handlers={
            HubError: on_fault,
            NotSignedInError: sign_in_first,
            HTTPException: on_http,
            ClientDisconnect: on_hang_up,
            OSError: on_full_disk,
            sqlite3.OperationalError: on_full_disk,
            Exception: on_bug,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # it would name the host that the caller named
    app.state.hub = hub
    app.state.limits = limits or Limits()
    return app


def routes() -> list[BaseRoute]:
    """Every route, in the order in which they are tried."""
    return [*_calls(), *_pages()]


def _calls() -> list[BaseRoute]:
    """What programs call."""
    from pairsmith.hub.api import (
        account,
        attachments,
        commit,
        croissant,
        discussions,
        lfs,
        organizations,
        parquet,
        repos,
        requests,
        resolve,
        tree,
    )
    from pairsmith.hub.licensing import webhook
    from pairsmith.hub.xet import endpoints as xet

    calls = (
        *(resolve, account, organizations, repos, tree, commit, lfs, requests, discussions),
        *(attachments, parquet, croissant, xet, webhook),
    )
    return [route for module in calls for route in module.routes]


def _pages() -> list[BaseRoute]:
    """What people read; the pages of owners come last, for their addresses have one part."""
    from pairsmith.hub.web import (
        account,
        audit_log,
        columns,
        dataset,
        datasets_server,
        discussions,
        file_changes,
        files,
        gate,
        history,
        home,
        licence_settings,
        licences,
        links,
        mail,
        making,
        notices,
        people,
        reports,
        second_factor,
        security,
        settings,
        usage,
        viewer,
    )

    pages = (
        *(home, account, security, links, second_factor, mail, notices, making, licences),
        *(licence_settings, history, files, file_changes, columns, viewer, reports, discussions),
        *(gate, audit_log, usage, settings, people, dataset, datasets_server),
    )
    found = [route for module in pages for route in module.routes]
    return [*found, *collecting, *home.owner_routes]


async def on_fault(request: Request, error: Exception) -> Response:
    """An error as the clients read it, or as a page for a browser."""
    if not isinstance(error, HubError):
        raise error
    if isinstance(error, MovedError):
        where = moved_to(request, error.owner, error.name)
        if where is not None:
            return RedirectResponse(where, error.status, {"Cache-Control": "no-store"})
        error = repo_not_found(True)
    if wants_page(request):
        return await run_in_threadpool(error_page, request, error)
    headers = {**error.headers, "X-Error-Message": header_text(error.message)}
    if error.code:
        headers["X-Error-Code"] = error.code
    return JSONResponse({"error": error.message, **error.body}, error.status, headers)


async def on_http(request: Request, error: Exception) -> Response:
    """An address that is none, or a method that it does not take."""
    if not isinstance(error, HTTPException):
        raise error
    path = request.scope["path"]
    if error.status_code == 404 and path.endswith("/") and wants_page(request):
        return RedirectResponse("/" + path.strip("/"))  # for what people type
    absent = said_of(path) if error.status_code == 404 else None
    return await on_fault(request, HubError(error.status_code, absent or f"{error.detail}."))


async def on_hang_up(_request: Request, _error: Exception) -> Response:
    """Somebody who went away before their body was whole: no fault, and nobody reads the answer."""
    return Response(status_code=400)


async def on_full_disk(request: Request, error: Exception) -> Response:
    """A disk without room, told as what it is; any other fault of the system is a bug here."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if not full and getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_FULL:
        raise error
    return await on_fault(request, HubError(507, "The hub's disk is full; nothing was changed."))


async def on_bug(request: Request, error: Exception) -> Response:
    """A fault of the hub itself: logged in full by the server, told in a sentence."""
    return await on_fault(request, HubError(500, "Something went wrong here; it was logged."))


def header_text(message: str) -> str:
    """A message as a header can hold it: one line of ASCII."""
    return " ".join(message.split()).encode("ascii", "replace").decode()
