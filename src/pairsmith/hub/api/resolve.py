"""A file of a repository, whole or in ranges: the route that everything is read through."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller, authenticate
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.core.blobs import content_lost, mark_damaged
from pairsmith.hub.http.addresses import repo_of, repo_pages
from pairsmith.hub.http.concurrency import READS, run_apart
from pairsmith.hub.http.errors import HubError, entry_not_found
from pairsmith.hub.http.responses import BlobResponse, Proof, disposition, kind
from pairsmith.hub.repos import files, history
from pairsmith.hub.repos.downloads import count_read
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    import sqlite3

    from starlette.requests import Request

log = logging.getLogger("pairsmith.hub")

MAX_RANGE_CHARS = 200  # characters of what was asked for that are put on record


async def resolve(request: Request) -> Response:
    """`GET, HEAD /datasets/{owner}/{name}/resolve/{revision}/{path}`."""
    return await run_apart(READS, lambda: _resolve(request))


def _resolve(request: Request) -> Response:
    hub, who = hub_of(request), authenticate(request)
    path = files.clean(request.path_params["path"])
    with hub.database.read() as db:
        repo = permissions.readable(db, hub, who, *repo_of(request))
        commit = history.find(db, repo, request.path_params["revision"])
        file = files.named(db, commit, path)
        if file is None:
            raise entry_not_found(path)
        check_whole(hub, db, file)
    record(request, hub, who, repo, file, commit.id)
    return send(request, hub, file, {"X-Repo-Commit": commit.id})


def check_whole(hub: Hub, db: sqlite3.Connection, file: File) -> None:
    """Checks, before a read is put on record, that there is something to read.

    Raises:
        HubError: 410, where the content is lost, or was found to be damaged.
    """
    if hub.blobs.lost(db, [(file.blob, file.size)]):
        raise content_lost()


def record(request: Request, hub: Hub, who: Caller, repo: Repo, file: File, revision: str) -> None:
    """Counts a read, and puts that of a gated repository on record, before its first byte leaves.

    Raises:
        HubError: Where access went away in the meantime.
    """
    if request.method != "GET":
        return
    asked = request.headers.get("range", "")[:MAX_RANGE_CHARS]
    permissions.record_read(hub, who, repo, "read", path=file.path, revision=revision, range=asked)
    count_read(hub, repo, request.client.host if request.client else "", file.path)


def send(request: Request, hub: Hub, file: File, headers: dict[str, str]) -> Response:
    """The answer with a file's bytes: by this process, or by the nginx in front of it."""
    headers = {
        **headers,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-cache",
    }
    place = hub.blobs.path(file.blob)
    if not hub.settings.accel or request.method != "GET":
        return BlobResponse(place, file.size, file.oid, headers, file.path, proof_of(hub, file))
    headers |= {
        "ETag": f'"{file.oid}"',
        "Content-Disposition": disposition(file.path),
        "X-Accel-Redirect": f"/blobs/{place.parent.name}/{place.name}",
    }
    return Response(headers=headers, media_type=kind(file.path))


def proof_of(hub: Hub, file: File) -> Proof:
    """By what the content of a file is told from a damaged one, which is then not served again."""
    return Proof(file.blob, lambda: _damaged(hub, file))


def _damaged(hub: Hub, file: File) -> HubError:
    """Has a content that was found damaged not served again, and says so."""
    hub.database.write_together(lambda db: mark_damaged(db, file.blob))
    log.warning("The content %s is damaged; see pairsmith hub verify.", file.blob)
    return content_lost()


routes: list[BaseRoute] = [
    *repo_pages("/resolve/{revision:part}/{path:inner}", resolve),
]
