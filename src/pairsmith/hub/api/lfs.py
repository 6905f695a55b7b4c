"""Large files by Git LFS: the batch call, and the addresses that it hands out.

An address carries what it is for, signed under the hub's key; it is good for a while and for this
one content. One for uploading lets nobody read; one for reading is for the user who asked for it,
who has to show again that it is them.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.api import resolve
from pairsmith.hub.auth.authentication import Caller, authenticate, authenticate_token
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.core.blobs import Incoming, blob_of_repo, blobs_of_repo, note_sent, touch
from pairsmith.hub.http.addresses import repo_of, repo_pages
from pairsmith.hub.http.bodies import read_json, receive
from pairsmith.hub.http.concurrency import CONTENTS, READS, run_apart
from pairsmith.hub.http.errors import HubError, bad_request, entry_not_found, too_large
from pairsmith.hub.repos import files, history, quotas, repos
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    import sqlite3

    from starlette.requests import Request

OID = re.compile(r"[0-9a-f]{64}")
MAX_BODY_BYTES = 2 << 20  # bytes
MAX_OBJECTS = 10_000
MAX_FILE_BYTES = 1 << 42  # bytes
UPLOAD_LIFE = 24 * 3600  # seconds
LINK_LIFE = 300
PART = 512 << 20  # bytes of a part; a file up to this size comes in one
MEDIA_TYPE = "application/vnd.git-lfs+json"


class Upload(NamedTuple):
    """What an address for uploading is for."""

    repo: int
    oid: str
    size: int
    proposer: int | None = None  # who sends it for a pull request; None: who may write


async def batch(request: Request) -> JSONResponse:
    """`POST {page}.git/info/lfs/objects/batch`: where contents go to or lie."""
    body = await read_json(request, MAX_BODY_BYTES)
    return await run_in_threadpool(_batch, request, body)


def _batch(request: Request, body: dict[str, Any]) -> JSONResponse:
    hub, operation = hub_of(request), body.get("operation")
    objects = [_object(one) for one in _list(body.get("objects"))]
    several = "multipart" in _list(body.get("transfers", []))
    if operation == "upload":
        told = _upload_actions(request, objects, several, _is_for_branch(body))
    elif operation == "download":
        who = authenticate(request)
        with hub.database.read() as db:
            repo = permissions.readable(db, hub, who, *repo_of(request))
            told = [_download_action(request, db, repo, who, *one) for one in objects]
    else:
        raise bad_request('operation has to be "upload" or "download".')
    transfer = "multipart" if any("chunk_size" in _header(one) for one in told) else "basic"
    answer = {"transfer": transfer, "hash_algo": "sha256", "objects": told}
    return JSONResponse(answer, media_type=MEDIA_TYPE)


def _header(told: dict[str, Any]) -> dict[str, Any]:
    header: dict[str, Any] = told.get("actions", {}).get("upload", {}).get("header", {})
    return header


def _list(value: object) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_OBJECTS:
        raise bad_request(f"objects and transfers have to be lists of at most {MAX_OBJECTS:,}.")
    return value


def _object(value: object) -> tuple[str, int]:
    oid, size = (value.get("oid"), value.get("size")) if isinstance(value, dict) else (None, None)
    if not isinstance(oid, str) or not OID.fullmatch(oid) or not isinstance(size, int):
        raise bad_request("An object has to have an oid of 64 hex digits and a size in bytes.")
    if not 0 <= size <= MAX_FILE_BYTES:
        raise too_large(f"The object {oid}", MAX_FILE_BYTES)
    return oid, size


def _is_for_branch(body: dict[str, Any]) -> bool:
    """Whether contents are for a branch; clients name none where they begin a pull request."""
    ref = body.get("ref")
    name = ref.get("name") if isinstance(ref, dict) else None
    return isinstance(name, str) and history.pull_number(name) is None


def _upload_actions(
    request: Request, objects: list[tuple[str, int]], several: bool, for_branch: bool
) -> list[dict[str, Any]]:
    """Where contents go to; nowhere those that this repository was sent before, and has whole."""
    hub, who = hub_of(request), authenticate_token(request)
    with hub.database.read() as db:
        repo = permissions.proposable(db, hub, who, *repo_of(request))
        if for_branch:
            permissions.writable(db, who, *repo_of(request))
        proposer = permissions.proposer_of(db, repo, who.user)
        there = blobs_of_repo(db, repo.id, [oid for oid, _ in objects])
        for oid in hub.blobs.lost(db, [(blob.sha256, blob.size) for blob in there.values()]):
            del there[oid]
        more = sum(size for oid, size in objects if oid not in there)
        quotas.check(db, hub, repo, more, proposer)
    with hub.database.write(many=True) as db:
        touch(db, there)  # for the commit that follows, however long ago they were sent
        there = blobs_of_repo(db, repo.id, there)  # the collector may just have come between
    return [
        {"oid": oid, "size": size}
        if oid in there
        else _upload_action(hub, Upload(repo.id, oid, size, proposer), several)
        for oid, size in objects
    ]


def _upload_action(hub: Hub, wanted: Upload, several: bool) -> dict[str, Any]:
    """Where a content goes to."""
    oid, size = wanted.oid, wanted.size
    signed = signer(hub, "lfs upload").dumps(wanted)
    upload: dict[str, Any] = {"href": hub.url(f"/lfs/upload/{signed}")}
    if several and size > PART:
        count = -(-size // PART)
        parts = {f"{n:05}": hub.url(f"/lfs/upload/{signed}/{n}") for n in range(1, count + 1)}
        upload = {
            "href": hub.url(f"/lfs/complete/{signed}"),
            "header": {"chunk_size": str(PART), **parts},
        }
    actions = {"upload": upload, "verify": {"href": hub.url(f"/lfs/verify/{signed}")}}
    return {"oid": oid, "size": size, "authenticated": True, "actions": actions}


def _download_action(
    request: Request, db: sqlite3.Connection, repo: Repo, who: Caller, oid: str, size: int
) -> dict[str, Any]:
    """Where a content lies, for this user and for a while."""
    hub = hub_of(request)
    if files.with_content(db, repo, oid) is None:
        error = {"code": 404, "message": "There is no such object in this repository."}
        return {"oid": oid, "size": size, "error": error}
    user = who.user.id if who.user else 0
    signed = signer(hub, "lfs download").dumps([repo.id, oid, user])
    action: dict[str, Any] = {"href": hub.url(f"/lfs/object/{signed}"), "expires_in": LINK_LIFE}
    if sent := request.headers.get("authorization"):
        action["header"] = {"Authorization": sent}  # what this client itself came with
    return {"oid": oid, "size": size, "actions": {"download": action}}


async def link(request: Request) -> Response:
    """`GET, HEAD /lfs/object/{signed}`: the content, for the user that the address was made for."""
    return await run_apart(READS, lambda: _link(request))


def _link(request: Request) -> Response:
    hub, who = hub_of(request), authenticate(request)
    number, oid, user = unsigned(hub, "lfs download", request.path_params["signed"], LINK_LIFE)
    if user != (who.user.id if who.user else 0):
        raise HubError(403, "This address was made for another user.", "Forbidden")
    with hub.database.read() as db:
        named = repos.by_id(db, number)
        if named is None:
            raise entry_not_found(oid)
        repo = permissions.readable(db, hub, who, *named.address)
        file = files.with_content(db, repo, oid)
        if file is None:
            raise entry_not_found(oid)
        resolve.check_whole(hub, db, file)
    resolve.record(request, hub, who, repo, file, "")
    return resolve.send(request, hub, file, {})


async def put(request: Request) -> Response:
    """`PUT /lfs/upload/{signed}`: a content, whole."""
    hub, upload = hub_of(request), _upload(request)
    with hub.blobs.incoming(upload.size) as content:
        await receive(request, "The content", upload.size, content.write)
        await run_in_threadpool(_keep, hub, content, upload)
    return Response(headers={"ETag": f'"{upload.oid}"'})


async def put_part(request: Request) -> Response:
    """`PUT /lfs/upload/{signed}/{part}`: a part of a content, kept until all are there."""
    hub, upload = hub_of(request), _upload(request)
    text = request.path_params["part"]
    fits = text.isascii() and text.isdecimal() and len(text) <= 5
    place = _part(hub, upload, int(text) if fits else 0)
    with hub.blobs.incoming(PART) as content:
        await receive(request, "The part", PART, content.write)
        part = await run_in_threadpool(content.finish)
        content.path.replace(place)
    return Response(headers={"ETag": f'"{part.sha256}"'})


async def complete(request: Request) -> JSONResponse:
    """`POST /lfs/complete/{signed}`: puts the parts together."""
    hub, upload = hub_of(request), _upload(request)
    parts = _list((await read_json(request, MAX_BODY_BYTES)).get("parts"))
    owner = await run_in_threadpool(_owner, hub, upload)
    return await CONTENTS.run(owner, lambda: _complete(hub, upload, len(parts)))


def _owner(hub: Hub, upload: Upload) -> int:
    with hub.database.read() as db:
        return _repo(db, upload).owner_id


def _complete(hub: Hub, upload: Upload, count: int) -> JSONResponse:
    places = [_part(hub, upload, number) for number in range(1, count + 1)]
    if count != -(-upload.size // PART) or not all(place.is_file() for place in places):
        raise bad_request("Not all parts of the content were sent.")
    with hub.blobs.incoming(upload.size) as content:
        for place in places:
            with place.open("rb") as part:
                while piece := part.read(1 << 20):
                    content.write(piece)
        _keep(hub, content, upload)
    shutil.rmtree(_folder(hub, upload), ignore_errors=True)
    return JSONResponse({})


async def verify(request: Request) -> JSONResponse:
    """`POST /lfs/verify/{signed}`: whether the content has arrived."""
    hub, upload = hub_of(request), _upload(request)
    return await run_in_threadpool(_verify, hub, upload)


def _verify(hub: Hub, upload: Upload) -> JSONResponse:
    with hub.database.read() as db:
        there = blob_of_repo(db, upload.repo, upload.oid)
        if there is None or hub.blobs.lost(db, [(there.sha256, there.size)]):
            raise entry_not_found(upload.oid)
    return JSONResponse({})


def _keep(hub: Hub, content: Incoming, upload: Upload) -> None:
    """Gives a content its place, where it is what was announced.

    Raises:
        HubError: 400 where it is not; nothing is kept then.
    """
    blob = content.finish()
    if (blob.sha256, blob.size) != (upload.oid, upload.size):
        raise bad_request(
            f"The content has {blob.size:,} bytes with the SHA-256 {blob.sha256}; announced were"
            f" {upload.size:,} with {upload.oid}."
        )
    hub.blobs.put_in_place([(content.path, blob)])

    def note(db: sqlite3.Connection) -> None:
        repo = _repo(db, upload)
        note_sent(db, [blob], repo.id, upload.proposer)
        quotas.check(db, hub, repo, proposer=upload.proposer)

    hub.database.write_together(note)


def _repo(db: sqlite3.Connection, upload: Upload) -> Repo:
    repo = repos.by_id(db, upload.repo)
    if repo is None:
        raise bad_request("The repository is not there any more.")
    return repo


def _upload(request: Request) -> Upload:
    signed = request.path_params["signed"]
    return Upload(*unsigned(hub_of(request), "lfs upload", signed, UPLOAD_LIFE))


def _folder(hub: Hub, upload: Upload) -> Path:
    return hub.blobs.staging / f"parts-{upload.repo}-{upload.oid}"


def _part(hub: Hub, upload: Upload, number: int) -> Path:
    if not 1 <= number <= -(-upload.size // PART):
        raise bad_request(f"There is no part {number} of this content.")
    folder = _folder(hub, upload)
    folder.mkdir(exist_ok=True)
    return folder / str(number)


def signer(hub: Hub, purpose: str) -> URLSafeTimedSerializer:
    """What signs and reads addresses of one purpose."""
    return URLSafeTimedSerializer(hub.settings.key, salt=purpose)


def unsigned(hub: Hub, purpose: str, signed: str, life: int) -> list[Any]:
    """What a signed address carries.

    Raises:
        HubError: 403 where it is not of this hub, or too old.
    """
    try:
        carried: list[Any] = signer(hub, purpose).loads(signed, max_age=life)
    except BadData as error:
        raise HubError(403, "This address is not of this hub, or too old.", "Forbidden") from error
    return carried


routes: list[BaseRoute] = [
    *repo_pages(".git/info/lfs/objects/batch", batch, ["POST"]),
    Route("/lfs/object/{signed:part}", link, methods=["GET", "HEAD"]),
    Route("/lfs/upload/{signed:part}", put, methods=["PUT"]),
    Route("/lfs/upload/{signed:part}/{part:part}", put_part, methods=["PUT"]),
    Route("/lfs/complete/{signed:part}", complete, methods=["POST"]),
    Route("/lfs/verify/{signed:part}", verify, methods=["POST"]),
]
