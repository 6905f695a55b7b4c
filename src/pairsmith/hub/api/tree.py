"""Files, history and names of commits: listing them, and making and deleting the names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.api import shapes
from pairsmith.hub.auth.authentication import authenticate, authenticate_token
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import REPO, number_in, repo_of
from pairsmith.hub.http.bodies import read_bounded, read_json, text_of
from pairsmith.hub.http.errors import bad_request, entry_not_found
from pairsmith.hub.repos import files, history
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    import sqlite3

    from starlette.requests import Request

PAGE = 1000  # entries of an answer
EXPANDED_PAGE = 100  # the same, where each is told with the commit that changed it
MAX_LIST_BYTES = 2 << 20  # bytes of a list of paths
MAX_BODY_BYTES = 64 * 1024  # bytes of another body
MAX_PAGE = 10**9  # the number of the last page of a history
TRUE = ("true", "1")


def tree(request: Request) -> JSONResponse:
    """`GET …/tree/{revision}[/{path}]?recursive&expand&cursor`: files and folders, in pages."""
    hub, asked = hub_of(request), request.query_params
    path = request.path_params.get("path", "").strip("/")
    expand = asked.get("expand", "").lower() in TRUE
    size = EXPANDED_PAGE if expand else PAGE
    with hub.database.read() as db:
        repo, commit = _at(request, db)
        shown = _entries(db, commit, path, asked.get("recursive", "").lower() in TRUE)
        after = asked.get("cursor", "")
        rest = [entry for entry in shown if entry["path"] > after] if after else shown
        page = rest[:size]
        if expand:
            page = [_expanded(db, repo, commit, entry) for entry in page]
    headers = {}
    if len(rest) > size:
        headers = shapes.next_page(request, cursor=page[-1]["path"])
    return JSONResponse(page, headers=headers)


async def paths_info(request: Request) -> JSONResponse:
    """`POST …/paths-info/{revision}`: what is at these paths; those that are not there left out."""
    sent = await read_bounded(request, MAX_LIST_BYTES)
    return await run_in_threadpool(_paths_info, request, sent)


def _paths_info(request: Request, sent: bytes) -> JSONResponse:
    form = _form(request, sent)
    expand = (form.get("expand") or ["false"])[-1].lower() in TRUE
    with hub_of(request).database.read() as db:
        repo, commit = _at(request, db)
        asked = dict.fromkeys(path.strip("/") for path in form.get("paths", []))  # each once
        found = [entry for path in asked if (entry := _entry(db, commit, path))]
        if expand:
            found = [_expanded(db, repo, commit, entry) for entry in found]
    return JSONResponse(found)


def commits(request: Request) -> JSONResponse:
    """`GET …/commits/{revision}?p&limit`: the history, newest first, in pages."""
    hub, asked = hub_of(request), request.query_params
    page = min(number_in(asked.get("p", "")) or 0, MAX_PAGE)
    limit = min(number_in(asked.get("limit", "")) or 50, PAGE)
    with hub.database.read() as db:
        repo, commit = _at(request, db)
        found = history.ancestors(db, repo, commit, limit + 1, page * limit)
    headers = {}
    if len(found) > limit:
        headers = shapes.next_page(request, p=page + 1)
    return JSONResponse([shapes.commit_entry(one) for one in found[:limit]], headers=headers)


def refs(request: Request) -> JSONResponse:
    """`GET …/refs`: branches and tags."""
    body: dict[str, list[Any]] = {"branches": [], "tags": [], "converts": [], "pullRequests": []}
    with hub_of(request).database.read() as db:
        repo = permissions.visible(db, authenticate(request), *repo_of(request))
        for kind, name, target in history.refs(db, repo):
            where, folder = ("branches", "heads") if kind == "branch" else ("tags", "tags")
            body[where].append(
                {"name": name, "ref": f"refs/{folder}/{name}", "targetCommit": target}
            )
    return JSONResponse(body)


async def branch(request: Request) -> JSONResponse:
    """`POST, DELETE …/branch/{branch}`: a branch from a starting point, or the end of one."""
    body = await read_json(request, MAX_BODY_BYTES) if request.method == "POST" else {}
    return await run_in_threadpool(_branch, request, body)


def _branch(request: Request, body: dict[str, Any]) -> JSONResponse:
    name = request.path_params["branch"]
    with hub_of(request).database.write() as db:
        repo = permissions.writable(db, authenticate_token(request), *repo_of(request))
        if request.method == "DELETE":
            history.delete_ref(db, repo, "branch", name)
        else:
            start = history.find(db, repo, text_of(body, "startingPoint") or history.MAIN)
            history.add_ref(db, repo, "branch", name, start)
    return JSONResponse({})


async def tag(request: Request) -> JSONResponse:
    """`POST …/tag/{revision}` makes a tag there; `DELETE …/tag/{tag}` ends one."""
    body = await read_json(request, MAX_BODY_BYTES) if request.method == "POST" else {}
    return await run_in_threadpool(_tag, request, body)


def _tag(request: Request, body: dict[str, Any]) -> JSONResponse:
    revision = request.path_params["revision"]
    with hub_of(request).database.write() as db:
        repo = permissions.writable(db, authenticate_token(request), *repo_of(request))
        if request.method == "DELETE":
            history.delete_ref(db, repo, "tag", revision)
        else:
            history.add_ref(db, repo, "tag", text_of(body, "tag"), history.find(db, repo, revision))
    return JSONResponse({})


def _at(request: Request, db: sqlite3.Connection) -> tuple[Repo, Commit]:
    """The repository and the commit that are asked about."""
    repo = permissions.visible(db, authenticate(request), *repo_of(request))
    return repo, history.find(db, repo, request.path_params["revision"])


def _entries(
    db: sqlite3.Connection, commit: Commit, path: str, recursive: bool
) -> list[dict[str, Any]]:
    """What is in a folder, by path; with `recursive` at any depth."""
    below = files.under(db, commit, path)
    if path and not below:
        raise entry_not_found(path)
    start = len(path) + 1 if path else 0
    shown: dict[str, dict[str, Any]] = {}
    for inner, inside in _folders(below, start, recursive).items():
        shown[inner] = shapes.folder(inner, inside)
    for file in below:
        if recursive or "/" not in file.path[start:]:
            shown[file.path] = shapes.entry(file)
    return [shown[name] for name in sorted(shown)]


def _folders(below: list[File], start: int, recursive: bool) -> dict[str, list[File]]:
    """The folders among files: those right below `start`, or all."""
    found: dict[str, list[File]] = {}
    for file in below:
        parts = file.path[start:].split("/")[:-1]
        for depth in range(1, len(parts) + 1 if recursive else min(len(parts), 1) + 1):
            inner = file.path[:start] + "/".join(parts[:depth])
            found.setdefault(inner, []).append(file)
    return found


def _entry(db: sqlite3.Connection, commit: Commit, path: str) -> dict[str, Any] | None:
    if file := files.named(db, commit, path):
        return shapes.entry(file)
    below = files.under(db, commit, path) if path else []
    return shapes.folder(path, below) if below else None


def _expanded(
    db: sqlite3.Connection, repo: Repo, commit: Commit, entry: dict[str, Any]
) -> dict[str, Any]:
    last = files.last_change(db, repo, commit, entry["path"], entry["type"] == "directory")
    return {**entry, "lastCommit": shapes.last_commit(last) if last else None}


def _form(request: Request, sent: bytes) -> dict[str, list[str]]:
    if "json" in request.headers.get("content-type", ""):
        raise bad_request("The paths have to come as a form, not as JSON.")
    try:
        return parse_qs(sent.decode(), keep_blank_values=True, max_num_fields=10_000)
    except ValueError as error:
        raise bad_request(f"The form cannot be read: {error}.") from error


routes: list[BaseRoute] = [
    Route(REPO + "/tree/{revision:part}", tree),
    Route(REPO + "/tree/{revision:part}/{path:inner}", tree),
    Route(REPO + "/paths-info/{revision:part}", paths_info, methods=["POST"]),
    Route(REPO + "/commits/{revision:part}", commits),
    Route(REPO + "/refs", refs),
    Route(REPO + "/branch/{branch:part}", branch, methods=["POST", "DELETE"]),
    Route(REPO + "/tag/{revision:part}", tag, methods=["POST", "DELETE"]),
]
