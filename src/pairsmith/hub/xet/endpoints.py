"""The Xet calls of huggingface_hub: a write token, and a store of chunks for each.

What comes in is turned into plain blobs at once; nothing is served from here. The calls are those
of huggingface.co/docs/xet/api, and the newer ones of xet-core's client (`remote_client.rs`).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import authenticate_token, bearer_token, require_account
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import is_asked, repo_calls, repo_of
from pairsmith.hub.http.bodies import receive
from pairsmith.hub.http.concurrency import CONTENTS
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import history
from pairsmith.hub.xet import shard, uploads, xorb
from pairsmith.hub.xet.rebuild import Rebuild

if TYPE_CHECKING:
    from starlette.requests import Request

    from pairsmith.hub.context import Hub
    from pairsmith.hub.xet.uploads import Upload

PATIENCE = 5.0  # seconds after which those who wait, proxies among them, are told of the progress
NDJSON = "application/x-ndjson"
log = logging.getLogger(__name__)
under_way: set[asyncio.Future[None]] = set()  # so that nobody forgets them, whoever hangs up


def write_token(request: Request) -> Response:
    """GET xet-write-token?create_pr: opens an upload to a repository."""
    hub, who = hub_of(request), authenticate_token(request)
    proposes = history.pull_number(request.path_params["revision"]) is not None or is_asked(
        request.query_params, "create_pr"
    )
    with hub.database.write() as db:
        if proposes:
            repo = permissions.proposable(db, hub, who, *repo_of(request))
        else:
            repo = permissions.writable(db, who, *repo_of(request))
        grant = uploads.begin(db, repo, require_account(who))
    address = hub.url(f"/cas/{grant.id}")
    headers = {
        "Cache-Control": "no-store",
        "X-Xet-Access-Token": grant.token,
        "X-Xet-Token-Expiration": str(grant.expires),
        "X-Xet-Cas-Url": address,
    }
    body = {"accessToken": grant.token, "exp": grant.expires, "casUrl": address}
    return JSONResponse(body, headers=headers)


def read_token(_request: Request) -> Response:
    """GET xet-read-token: there is none, for any repository; files are served as they are."""
    raise HubError(404, "This hub serves files over plain HTTP, not by Xet.")


def nothing_known(request: Request) -> Response:
    """GET a chunk that others may have sent, or a grant to send elsewhere: there are none."""
    _opened(request)
    raise HubError(404, "This hub takes xorbs whole, at v1/xorbs.")


async def take_xorb(request: Request) -> Response:
    """POST v1/xorbs: has a xorb wait for the shard that names it."""
    _, folder = await run_in_threadpool(_opened, request)
    place = folder / xorb.checked_name(request.path_params["hash"])
    await run_in_threadpool(uploads.check_room, folder)
    with hub_of(request).blobs.incoming() as content:
        await receive(request, "The xorb", xorb.MAX_XORB_BYTES, content.write)
        content.flush()
        await run_in_threadpool(xorb.check, content.path)
        is_new = not place.exists()
        if is_new:
            content.path.rename(place)
    return JSONResponse({"was_inserted": is_new})


async def take_shard(request: Request) -> Response:
    """POST v1/shards: keeps the files of a shard, and answers when that is done."""
    work = await _work(request)
    await CONTENTS.run(work.upload.user, work.run)
    return JSONResponse({"result": 1})


async def take_shard_telling(request: Request) -> Response:
    """POST v2/shards: the same, and reports progress where it takes a while."""
    work = await _work(request)
    done = asyncio.ensure_future(CONTENTS.run(work.upload.user, work.run))
    under_way.add(done)
    done.add_done_callback(under_way.discard)
    await asyncio.wait({done}, timeout=PATIENCE)
    if done.done():
        done.result()  # or its error, with a status of its own
        return Response(_frame("result", result=1), media_type=NDJSON)
    return StreamingResponse(_frames(work, done), media_type=NDJSON)


class _Work:
    """A shard that waits for its turn on disk, and is read only then.

    Attributes:
        upload: Under which it was sent.
        content: Its file.
        rebuild: What is made of it; None before.
    """

    def __init__(self, hub: Hub, upload: Upload, folder: Path) -> None:
        self.upload = upload
        self.content = hub.blobs.begin()
        self._hub = hub
        self._folder = folder
        self.rebuild: Rebuild | None = None

    def said(self) -> str:
        """How far it is; '' where it is not known yet what there is to do."""
        if self.rebuild is None:
            return ""
        return _frame("validating", verified=self.rebuild.done, total=self.rebuild.total)

    def run(self) -> None:
        """Keeps its files."""
        try:
            found = shard.read(self.content.path)
            self.rebuild = Rebuild(self._hub, self.upload, found, self._folder)
            self.rebuild.run()
        finally:
            self.content.close()


async def _frames(work: _Work, done: asyncio.Future[None]) -> AsyncIterator[str]:
    """The progress, for as long as it takes; then that it is done, or why not."""
    while not done.done():
        if said := work.said():
            yield said
        await asyncio.wait({done}, timeout=PATIENCE)
    yield work.said()
    error = done.exception()
    if error is None:
        yield _frame("result", result=1)
    elif isinstance(error, HubError):
        yield _frame("error", message=error.message, retryable=False)
    else:
        log.error("A shard could not be taken in.", exc_info=error)
        yield _frame("error", message="Something went wrong here; it was logged.", retryable=True)


def _frame(type: str, **fields: object) -> str:
    return json.dumps({"type": type, **fields}) + "\n"


def _opened(request: Request) -> tuple[Upload, Path]:
    """The upload that a call goes to, where its token is one for it, and its folder."""
    hub = hub_of(request)
    with hub.database.read() as db:
        upload = uploads.find(db, request.path_params["upload"], bearer_token(request))
    return upload, uploads.used_folder(hub, upload)


async def _work(request: Request) -> _Work:
    """A shard as it was sent."""
    hub = hub_of(request)
    upload, folder = await run_in_threadpool(_opened, request)
    hub.blobs.room.check()
    work = _Work(hub, upload, folder)
    try:
        await receive(request, "The shard", shard.MAX_SHARD_BYTES, work.content.write)
        work.content.flush()
    except BaseException:
        work.content.close()
        raise
    return work


CAS = "/cas/{upload:part}"
routes: list[BaseRoute] = [
    *repo_calls("/xet-write-token/{revision:part}", write_token),
    *repo_calls("/xet-read-token/{revision:part}", read_token),
    Route(CAS + "/v1/chunks/{prefix:part}/{hash:part}", nothing_known),
    Route(CAS + "/v1/xorb-grants/{prefix:part}/{hash:part}", nothing_known, methods=["POST"]),
    Route(CAS + "/v1/xorbs/default/{hash:part}", take_xorb, methods=["POST"]),
    Route(CAS + "/v1/shards", take_shard, methods=["POST"]),
    Route(CAS + "/v2/shards", take_shard_telling, methods=["POST"]),
    # as older clients have them: hf_xet from 1.1.10 on, and before
    Route(CAS + "/chunks/{prefix:part}/{hash:part}", nothing_known),
    Route(CAS + "/xorbs/default/{hash:part}", take_xorb, methods=["POST"]),
    Route(CAS + "/shards", take_shard, methods=["POST"]),
    Route(CAS + "/chunk/{prefix:part}/{hash:part}", nothing_known),
    Route(CAS + "/xorb/default/{hash:part}", take_xorb, methods=["POST"]),
    Route(CAS + "/shard/{prefix:part}/{hash:part}", take_shard, methods=["POST"]),
]
