"""Commits as clients send them: what to upload how, and then the commit, a line for each change."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import authenticate_token, require_write
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.core.blobs import Blob, Incoming
from pairsmith.hub.http.addresses import REPO, repo_of
from pairsmith.hub.http.bodies import json_object, pieces, read_json, text_of
from pairsmith.hub.http.concurrency import CONTENTS, run_apart
from pairsmith.hub.http.errors import bad_request, too_large
from pairsmith.hub.repos import commits, files, history
from pairsmith.hub.repos.commits import Change, Delete, Message, Put
from pairsmith.hub.repos.readme import prepare, validate

if TYPE_CHECKING:
    import sqlite3

    from starlette.requests import Request

MAX_PREUPLOAD_BYTES = 8 << 20  # bytes of a preupload's body; clients ask for 256 files at once
MAX_COMMIT_BYTES = 256 << 20  # bytes of a commit's body
MAX_CARD_COMMIT_BYTES = 3 << 20  # bytes of a body with a card, which anybody may send
MAX_LINE_BYTES = 48 << 20  # bytes of a line of it: a file of up to 32 MiB
MAX_LINES = 50_000  # of a commit: all others who write wait for it
LARGE = 10_000_000  # bytes from which a file is uploaded apart
BINARY = frozenset(
    {".parquet", ".arrow", ".gz", ".zst", ".zip", ".tar", ".bin", ".npy", ".safetensors"}
)


class Sent(NamedTuple):
    """A commit as it was sent: its message, its changes, and the small files that came in it."""

    message: Message
    changes: list[Change]
    contents: list[tuple[Incoming, Blob]]


async def preupload(request: Request) -> JSONResponse:
    """`POST …/preupload/{revision}`: which files go apart, and which are there already."""
    await run_in_threadpool(_may_write, request)  # before the body is taken in
    body = await read_json(request, MAX_PREUPLOAD_BYTES)
    return await run_in_threadpool(_preupload, request, body)


def _preupload(request: Request, body: dict[str, Any]) -> JSONResponse:
    sent = body.get("files")
    if not isinstance(sent, list) or not all(isinstance(file, dict) for file in sent):
        raise bad_request("files has to be a list of objects with a path, a size and a sample.")
    with hub_of(request).database.read() as db:
        repo = permissions.writable(db, authenticate_token(request), *repo_of(request))
        head = history.find(db, repo, request.path_params["revision"])
        return JSONResponse({"files": [_mode(db, head, file) for file in sent]})


def _mode(db: sqlite3.Connection, head: history.Commit, file: dict[str, Any]) -> dict[str, Any]:
    """How a file is to be uploaded, and by what the client tells that it need not be."""
    path = files.clean(text_of(file, "path", files.MAX_PATH_CHARS))
    apart = _goes_apart(file, path)
    there = files.named(db, head, path)
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
    binary = b"\0" in sample or PurePosixPath(path).suffix.lower() in BINARY
    return size > 0 and (size >= LARGE or binary)


async def commit(request: Request) -> JSONResponse:
    """`POST …/commit/{revision}`: NDJSON, a header and then a line for each change."""
    hub = hub_of(request)
    await run_in_threadpool(_may_write, request)  # before the body is taken in
    with tempfile.TemporaryFile(dir=hub.blobs.staging) as body:
        async for piece in pieces(request, "The commit", MAX_COMMIT_BYTES):
            await run_in_threadpool(body.write, piece)
        body.seek(0)
        return await run_apart(CONTENTS, lambda: _commit(request, body))


def _may_write(request: Request) -> None:
    _no_pull_request(request)
    with hub_of(request).database.read() as db:
        permissions.writable(db, authenticate_token(request), *repo_of(request))


def _commit(request: Request, body: IO[bytes]) -> JSONResponse:
    hub, who = hub_of(request), authenticate_token(request)
    branch = request.path_params["revision"].removeprefix("refs/heads/")
    with ExitStack() as staged:
        sent = _read(hub, body, staged)
        with hub.database.write() as db:
            repo = permissions.writable(db, who, *repo_of(request))
            hub.blobs.keep_all(db, sent.contents, repo.id)
            made = commits.commit(db, repo, branch, require_write(who), sent.message, sent.changes)
    prepare(hub, made)
    return JSONResponse(
        {
            "success": True,
            "commitOid": made.id,
            "commitUrl": hub.url(f"{repo.page}/commit/{made.id}"),
            "hookOutput": "",
        }
    )


def _read(hub: Hub, body: IO[bytes], staged: ExitStack) -> Sent:
    """Reads a commit; the contents in it are on disk, not yet in their places."""
    message: Message | None = None
    changes: list[Change] = []
    contents: list[tuple[Incoming, Blob]] = []
    for number, line in _lines(body):
        said = json_object(line, f"Line {number}")
        key, value = said.get("key"), said.get("value")
        if not isinstance(value, dict):
            raise bad_request(f"Line {number} has to have a key and a value that is an object.")
        if key == "header":
            message = _message(value)
        elif key == "file":
            content, blob = _content(hub, value, staged)
            contents.append((content, blob))
            changes.append(Put(_path(value), blob.sha256, lfs=False))
        else:
            changes.append(_change(key, value, number))
    if message is None:
        raise bad_request("A commit has to have a line with the key 'header'.")
    return Sent(message, changes, contents)


def _lines(body: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := body.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number > MAX_LINES:
            raise bad_request(f"A commit has at most {MAX_LINES:,} lines; make several.")
        if len(line) > MAX_LINE_BYTES:
            raise too_large(f"Line {number}; a large file is uploaded by LFS: it", MAX_LINE_BYTES)
        if line.strip():
            yield number, line


def _message(value: dict[str, Any]) -> Message:
    title = text_of(value, "summary", 10_000) or "No message"
    text = text_of(value, "description", 100_000)
    return Message(title, text, text_of(value, "parentCommit") or None)


def _content(hub: Hub, value: dict[str, Any], staged: ExitStack) -> tuple[Incoming, Blob]:
    text, encoding = value.get("content"), value.get("encoding", "utf-8")
    if not isinstance(text, str) or encoding not in ("base64", "utf-8"):
        raise bad_request(f"{_path(value)!r} has to have a content, in base64 or utf-8.")
    try:
        data = base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()
    except ValueError as error:  # binascii's, or of characters that are not ASCII
        raise bad_request(f"The content of {_path(value)!r} is not base64.") from error
    content = staged.enter_context(hub.blobs.incoming())
    content.write(data)
    return content, content.finish()


def _change(key: object, value: dict[str, Any], number: int) -> Change:
    if key == "lfsFile":
        if value.get("algo", "sha256") != "sha256":
            raise bad_request(f"Line {number}: the algorithm has to be sha256.")
        return Put(_path(value), text_of(value, "oid"), lfs=True)
    if key == "deletedFile":
        return Delete(_path(value))
    if key == "deletedFolder":
        return Delete(_path(value).rstrip("/"), folder=True)
    raise bad_request(
        f"Line {number} has the key {str(key)[:40]!r}; known are header, file, lfsFile,"
        " deletedFile and deletedFolder."
    )


def _path(value: dict[str, Any]) -> str:
    return text_of(value, "path", files.MAX_PATH_CHARS)


def _no_pull_request(request: Request) -> None:
    if request.query_params.get("create_pr", "").lower() in ("1", "true"):
        raise bad_request("This hub has no pull requests: commit to a branch.")


async def validate_card(request: Request) -> JSONResponse:
    """`POST /api/validate-yaml`: what is wrong with a card's front matter."""
    body = await read_json(request, MAX_CARD_COMMIT_BYTES)
    return await run_in_threadpool(_validate_card, body)


def _validate_card(body: dict[str, Any]) -> JSONResponse:
    faults = validate(text_of(body, "content", MAX_CARD_COMMIT_BYTES))
    errors = [{"message": fault} for fault in faults]
    return JSONResponse({"errors": errors, "warnings": []}, 400 if errors else 200)


routes: list[BaseRoute] = [
    Route(REPO + "/preupload/{revision:part}", preupload, methods=["POST"]),
    Route(REPO + "/commit/{revision:part}", commit, methods=["POST"]),
    Route("/api/validate-yaml", validate_card, methods=["POST"]),
]
