"""Commits as clients send them: what to upload how, and then the commit, a line for each change."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.api.commit_body import read_commit
from pairsmith.hub.auth.authentication import authenticate_token, require_write
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.community import pulls
from pairsmith.hub.community.pushing import Push, Target
from pairsmith.hub.community.threads import Actor
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import is_asked, repo_calls, repo_of
from pairsmith.hub.http.bodies import read_json, receive, text_of
from pairsmith.hub.http.concurrency import COMMITS, LARGE_COMMITS
from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.http.ndjson import Bounds
from pairsmith.hub.repos import commits, files, history, quotas
from pairsmith.hub.repos.commits import Wanted
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.readme import prepare, validate

if TYPE_CHECKING:
    import sqlite3

    from starlette.requests import Request

    from pairsmith.hub.auth.authentication import Caller
    from pairsmith.hub.auth.users import User
    from pairsmith.hub.community.threads import Thread
    from pairsmith.hub.context import Hub
    from pairsmith.hub.repos.history import Commit
    from pairsmith.hub.repos.repos import Repo

MAX_PREUPLOAD_BYTES = 8 << 20  # bytes of a preupload's body; clients ask for 256 files at once
MAX_COMMIT_BYTES = 256 << 20  # bytes of a commit's body
SMALL_COMMIT_BYTES = (
    1 << 20
)  # bytes of one that waits for no large one; 5,000 lines take half a second
MAX_CARD_COMMIT_BYTES = 3 << 20  # bytes of a body with a card, which anybody may send
MAX_LINE_BYTES = 48 << 20  # bytes of a line of it: a file of up to 32 MiB
MAX_LINES = 50_000  # of a commit; the clients' upload_folder sends a folder as one


async def preupload(request: Request) -> JSONResponse:
    """`POST …/preupload/{revision}?create_pr`: which files go apart, and which are there."""
    await run_in_threadpool(_may_write, request)  # before the body is taken in
    body = await read_json(request, MAX_PREUPLOAD_BYTES)
    return await run_in_threadpool(_preupload, request, body)


def _preupload(request: Request, body: dict[str, Any]) -> JSONResponse:
    sent = body.get("files")
    if not isinstance(sent, list) or not all(isinstance(file, dict) for file in sent):
        raise bad_request("files has to be a list of objects with a path, a size and a sample.")
    hub = hub_of(request)
    with hub.database.read() as db:
        repo, _ = _may_commit(db, request, authenticate_token(request))
        head = history.find(db, repo, request.path_params["revision"])
        paths = [files.clean(text_of(file, "path", files.MAX_PATH_CHARS)) for file in sent]
        there = files.all_named(db, head, paths)
        lost = hub.blobs.lost(db, [(one.blob, one.size) for one in there.values()])
    whole = {path: one for path, one in there.items() if one.blob not in lost}
    told = [_mode(path, file, whole.get(path)) for path, file in zip(paths, sent, strict=True)]
    return JSONResponse({"files": told})


def _mode(path: str, file: dict[str, Any], there: File | None) -> dict[str, Any]:
    """How a file is to be uploaded, and by what the client tells that it need not be."""
    apart = _goes_apart(file, path)
    oid = None if there is None else there.blob if apart else there.sha1
    return {
        "path": path,
        "uploadMode": "lfs" if apart else "regular",
        "shouldIgnore": False,
        "oid": oid,
    }


def _goes_apart(file: dict[str, Any], path: str) -> bool:
    """Whether a file is large or no text, by its size, its name and its first bytes."""
    size = file.get("size")
    if not isinstance(size, int) or size < 0:
        raise bad_request(f"The size of {path!r} has to be a number of bytes.")
    try:
        sample = base64.b64decode(text_of(file, "sample", 4096), validate=True)
    except ValueError as error:  # binascii's, or of characters that are not ASCII
        raise bad_request(f"The sample of {path!r} is not base64.") from error
    return files.is_large(path, size, sample)


async def commit(request: Request) -> JSONResponse:
    """`POST …/commit/{revision}?create_pr`: NDJSON, a header and then a line for each change.

    With `create_pr` the commit begins a pull request for the branch; without, one to `refs/pr/N`
    goes on with one.
    """
    hub = hub_of(request)
    who = await run_in_threadpool(_may_write, request)  # before the body is taken in
    with hub.blobs.incoming() as body:
        await receive(request, "The commit", MAX_COMMIT_BYTES, body.write)
        body.flush()
        lane = COMMITS if body.size <= SMALL_COMMIT_BYTES else LARGE_COMMITS
        return await lane.run(who.id, lambda: _commit(request, body.path))


def _may_write(request: Request) -> User:
    who = authenticate_token(request)
    with hub_of(request).database.read() as db:
        _may_commit(db, request, who)
    return require_write(who)


def _may_commit(db: sqlite3.Connection, request: Request, who: Caller) -> tuple[Repo, Target]:
    """The repository that somebody commits to, and to what of it, where they may.

    Raises:
        HubError: What keeps them from it.
    """
    hub, name = hub_of(request), repo_of(request)
    branch = request.path_params["revision"].removeprefix("refs/heads/")
    if is_asked(request.query_params, "create_pr"):
        return permissions.proposable(db, hub, who, *name), Target(branch, begins=True)
    if (number := history.pull_number(branch)) is None:
        return permissions.writable(db, who, *name), Target(branch)
    repo = permissions.proposable(db, hub, who, *name)
    actor = Actor(require_write(who), permissions.may_write(db, repo, who.user))
    return repo, Target(branch, thread=pulls.check_may_push(db, repo, actor, number))


def _commit(request: Request, path: Path) -> JSONResponse:
    bounds = Bounds(MAX_LINES, MAX_LINE_BYTES, "a large file is uploaded by LFS")
    hub, who = hub_of(request), authenticate_token(request)
    with hub.database.read() as db:
        repo, target = _may_commit(db, request, who)
        proposer = permissions.proposer_of(db, repo, who.user)
    actor = Actor(require_write(who), moderates=proposer is None)
    if proposer is not None:
        limits_of(request).count("proposals", str(proposer))

    def may_write(db: sqlite3.Connection) -> None:
        _may_commit(db, request, who)

    def may_send(db: sqlite3.Connection) -> None:
        may_write(db)
        quotas.check(db, hub, repo, proposer=proposer)

    with hub.blobs.several() as arriving, path.open("rb") as body:
        sent = read_commit(body, arriving, bounds)
        whole, push = arriving.finish(), Push(repo, actor, target)
        hashes = frozenset(blob.sha256 for _, blob in whole)
        wanted = Wanted(target.branch, actor.user, sent.message, sent.changes, hashes)
        with hub.database.read() as db:
            wanted = push.directed(db, wanted)
        made = commits.commit_apart(
            hub.database,
            repo,
            wanted,
            may_write,
            lambda: hub.blobs.keep_all(hub.database, whole, repo.id, may_send, proposer),
        )
    prepare(hub, made)
    return JSONResponse(_told(hub, repo, made, push.begun))


def _told(hub: Hub, repo: Repo, made: Commit, begun: Thread | None) -> dict[str, Any]:
    told = {
        "success": True,
        "commitOid": made.id,
        "commitUrl": hub.url(f"{repo.page}/commit/{made.id}"),
        "hookOutput": "",
    }
    if begun is not None:
        told["pullRequestUrl"] = hub.url(f"{repo.page}/discussions/{begun.num}")
    return told


async def validate_card(request: Request) -> JSONResponse:
    """`POST /api/validate-yaml`: what is wrong with a card's front matter."""
    body = await read_json(request, MAX_CARD_COMMIT_BYTES)
    return await run_in_threadpool(_validate_card, body)


def _validate_card(body: dict[str, Any]) -> JSONResponse:
    faults = validate(text_of(body, "content", MAX_CARD_COMMIT_BYTES))
    errors = [{"message": fault} for fault in faults]
    return JSONResponse({"errors": errors, "warnings": []}, 400 if errors else 200)


routes: list[BaseRoute] = [
    *repo_calls("/preupload/{revision:part}", preupload, methods=["POST"]),
    *repo_calls("/commit/{revision:part}", commit, methods=["POST"]),
    Route("/api/validate-yaml", validate_card, methods=["POST"]),
]
