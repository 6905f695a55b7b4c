"""Attachments of comments: `HfApi.upload_attachment` and `hf discussions … --attach` send them.

What can be attached is told by its content. Images are shown; all else is saved as a file. The
address is unguessable, and no way around a discussion: see `community/attachments.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import (
    Caller,
    authenticate,
    authenticate_token,
    require_write,
)
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.community import attachments
from pairsmith.hub.community.attachments import Attachment
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.core.blobs import Incoming, content_lost, mark_damaged
from pairsmith.hub.http.addresses import number_in
from pairsmith.hub.http.bodies import pieces
from pairsmith.hub.http.concurrency import READS, run_apart
from pairsmith.hub.http.errors import HubError, bad_request, too_large
from pairsmith.hub.http.responses import BlobResponse, Proof, disposition, kind
from pairsmith.hub.repos import repos

if TYPE_CHECKING:
    import sqlite3

    from starlette.requests import Request

    from pairsmith.hub.auth.users import User

WHAT = "The attachment"


async def send(request: Request) -> Response:
    """`POST /uploads`: an image, a video or a sound; its address, as text."""
    user = await run_in_threadpool(_sender, request)
    hub, ending = hub_of(request), ""
    with hub.blobs.incoming(_declared(request)) as content:
        async for piece in pieces(request, WHAT, attachments.MAX_VIDEO_BYTES):
            ending = ending or attachments.ending_of(piece)
            if content.size + len(piece) > attachments.limit_of(ending):
                raise too_large(WHAT, attachments.limit_of(ending))
            await run_in_threadpool(content.write, piece)
        if not ending:
            raise bad_request(f"{WHAT} is empty.")
        name = await run_in_threadpool(_keep, hub, user, content, ending)
    return PlainTextResponse(hub.url(f"{attachments.PATH}/{name}"))


def _declared(request: Request) -> int:
    """How many bytes the request says that it has; 0 where it does not."""
    size = number_in(request.headers.get("content-length", "")) or 0
    return min(size, attachments.MAX_VIDEO_BYTES)


def _sender(request: Request) -> User:
    """Who sends it, if they may, before any of it is read."""
    hub, user = hub_of(request), require_write(authenticate_token(request))
    limits_of(request).count("comments", str(user.id))
    with hub.database.read() as db:
        attachments.check_may_send(db, hub, user, _declared(request))
    return user


def _keep(hub: Hub, user: User, content: Incoming, ending: str) -> str:
    blob = content.finish()
    hub.blobs.put_in_place([(content.path, blob)])
    return hub.database.write_together(lambda db: attachments.add(db, hub, user, blob, ending))


async def read(request: Request) -> Response:
    """`GET, HEAD /uploads/{attachment}`: for those who may see its discussion."""
    return await run_apart(READS, lambda: _read(request))


def _read(request: Request) -> Response:
    hub, who = hub_of(request), authenticate(request)
    with hub.database.read() as db:
        found = _found(db, who, request.path_params["attachment"])
        if hub.blobs.lost(db, [(found.blob, found.size)]):
            raise content_lost()
    shown = "inline" if found.ending in attachments.IMAGES else disposition(found.name)
    headers = {
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": shown,
    }
    place = hub.blobs.path(found.blob)
    if hub.settings.accel and request.method == "GET":
        headers["ETag"] = f'"{found.blob}"'
        headers["X-Accel-Redirect"] = f"/blobs/{place.parent.name}/{place.name}"
        return Response(headers=headers, media_type=kind(found.name))
    proof = Proof(found.blob, lambda: _damaged(hub, found))
    answer = BlobResponse(place, found.size, found.blob, headers, found.name, proof)
    answer.headers["content-disposition"] = shown
    return answer


def _found(db: sqlite3.Connection, who: Caller, name: str) -> Attachment:
    """The attachment of that name, where the caller may have it.

    Raises:
        HubError: 404, in the same words where there is none and where it is not for them.
    """
    found = attachments.named(db, name)
    if found is not None and _may_read(db, who, found):
        return found
    message = "There is no such attachment here, or it is not for you."
    raise HubError(404, message, "EntryNotFound", {"Cache-Control": "no-store"})


def _may_read(db: sqlite3.Connection, who: Caller, found: Attachment) -> bool:
    number = attachments.repo_of(db, found)
    if number is None:
        return who.user is not None and who.user.id == found.user
    repo = repos.by_id(db, number)
    return repo is not None and permissions.may_know(db, repo, who.user)


def _damaged(hub: Hub, found: Attachment) -> HubError:
    hub.database.write_together(lambda db: mark_damaged(db, found.blob))
    return content_lost()


routes: list[BaseRoute] = [
    Route(attachments.PATH, send, methods=["POST"]),
    Route(attachments.PATH + "/{attachment:part}", read),
]
