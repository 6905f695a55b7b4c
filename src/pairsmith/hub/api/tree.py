"""Files, history and names of commits: listing them, and making and deleting the names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.api import shapes
from pairsmith.hub.auth.authentication import authenticate, authenticate_token
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import is_asked, number_in, repo_calls, repo_of
from pairsmith.hub.http.bodies import read_bounded, read_json, text_of
from pairsmith.hub.http.errors import HubError, bad_request, entry_not_found
from pairsmith.hub.repos import files, history
from pairsmith.hub.repos.files import File, Folder
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.inspection import find_pickles
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from starlette.requests import Request

    from pairsmith.hub.context import Hub

PAGE = 1000  # entries of an answer
EXPANDED_PAGE = 100  # the same, where each is told with the commit that changed it
MAX_PATHS = 2_000  # paths that are asked about at once
MAX_EXPANDED_PATHS = 500  # the same, where each is told with the commit that changed it
COMMITS = 100  # commits of an answer
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
        after = asked.get("cursor", "")
        deep = asked.get("recursive", "").lower() in TRUE
        read = files.deep_entries if deep else files.entries
        found = read(db, commit, path, after, size + 1)
        if path and not found and not after:
            raise entry_not_found(path)
        shown = found[:size]
        page = [_shape(db, repo, commit, entry, expand) for entry in shown]
    if expand:
        _add_security(hub, shown, page)
    headers = {}
    if len(found) > size:
        headers = shapes.next_page(request, cursor=files.cursor(found[size - 1]))
    return JSONResponse(page, headers=headers)


async def paths_info(request: Request) -> JSONResponse:
    """`POST …/paths-info/{revision}`: what is at these paths; those that are not there left out."""
    sent = await read_bounded(request, MAX_LIST_BYTES)
    return await run_in_threadpool(_paths_info, request, sent)


def _paths_info(request: Request, sent: bytes) -> JSONResponse:
    form = _form(request, sent)
    expand = (form.get("expand") or ["false"])[-1].lower() in TRUE
    asked = list(dict.fromkeys(path.strip("/") for path in form.get("paths", [])))  # each once
    most = MAX_EXPANDED_PATHS if expand else MAX_PATHS
    if len(asked) > most:
        also = " with their last commits" if expand else ""
        raise HubError(413, f"Ask about at most {most:,} paths at once{also}.", "TooLarge")
    with hub_of(request).database.read() as db:
        repo, commit = _at(request, db)
        found: dict[str, File | Folder] = {**files.all_named(db, commit, asked)}
        rest = [path for path in asked if path and path not in found]
        found.update((path, Folder(path)) for path in files.are_folders(db, commit, rest))
        shown = [found[path] for path in asked if path in found]
        told = [_shape(db, repo, commit, entry, expand) for entry in shown]
    if expand:
        _add_security(hub_of(request), shown, told)
    return JSONResponse(told)


def commits(request: Request) -> JSONResponse:
    """`GET …/commits/{revision}?p&limit&cursor`: the history, newest first, in pages.

    A page names the first commit of the next one as its cursor, so that none is counted off again.
    """
    hub, asked = hub_of(request), request.query_params
    page = min(number_in(asked.get("p", "")) or 0, MAX_PAGE)
    limit = min(number_in(asked.get("limit", "")) or 50, COMMITS)
    with hub.database.read() as db:
        repo, commit = _at(request, db)
        if asked.get("cursor"):
            commit, page = history.find(db, repo, asked["cursor"]), 0
        found = history.ancestors(db, repo, commit, limit + 1, page * limit)
    headers = {}
    if len(found) > limit:
        headers = shapes.next_page(request, cursor=found[limit].id)
    return JSONResponse([shapes.commit_entry(one) for one in found[:limit]], headers=headers)


def refs(request: Request) -> JSONResponse:
    """`GET …/refs?include_prs`: branches and tags; pull requests where they are asked for."""
    body: dict[str, list[Any]] = {"branches": [], "tags": [], "converts": [], "pullRequests": []}
    with hub_of(request).database.read() as db:
        repo = permissions.visible(db, authenticate(request), *repo_of(request))
        for kind, name, target in history.refs(db, repo):
            where, folder = ("branches", "heads") if kind == "branch" else ("tags", "tags")
            body[where].append(
                {"name": name, "ref": f"refs/{folder}/{name}", "targetCommit": target}
            )
        if is_asked(request.query_params, "include_prs"):
            for num, head in history.pull_refs(db, repo):
                body["pullRequests"].append(
                    {"name": str(num), "ref": f"refs/pr/{num}", "targetCommit": head}
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


def _shape(
    db: sqlite3.Connection, repo: Repo, commit: Commit, entry: File | Folder, expand: bool
) -> dict[str, Any]:
    """An entry as the clients read it; with `expand`, and the commit that changed it last."""
    shown = shapes.folder(entry.path, commit) if isinstance(entry, Folder) else shapes.entry(entry)
    if not expand:
        return shown
    last = files.last_change(db, repo, commit, entry.path, isinstance(entry, Folder))
    return {**shown, "lastCommit": shapes.last_commit(last) if last else None}


def _add_security(
    hub: Hub, entries: Sequence[File | Folder], shown: Sequence[dict[str, Any]]
) -> None:
    """Adds to each file of a listing what is known of its safety."""
    found = find_pickles(hub, (one for one in entries if isinstance(one, File)))
    for entry, told in zip(entries, shown, strict=True):
        if isinstance(entry, File):
            told["securityFileStatus"] = shapes.security(found[entry.blob])


def _form(request: Request, sent: bytes) -> dict[str, list[str]]:
    if "json" in request.headers.get("content-type", ""):
        raise bad_request("The paths have to come as a form, not as JSON.")
    try:
        return parse_qs(sent.decode(), keep_blank_values=True, max_num_fields=10_000)
    except ValueError as error:
        raise bad_request(f"The form cannot be read: {error}.") from error


routes: list[BaseRoute] = [
    *repo_calls("/tree/{revision:part}", tree),
    *repo_calls("/tree/{revision:part}/{path:inner}", tree),
    *repo_calls("/paths-info/{revision:part}", paths_info, methods=["POST"]),
    *repo_calls("/commits/{revision:part}", commits),
    *repo_calls("/refs", refs),
    *repo_calls("/branch/{branch:part}", branch, methods=["POST", "DELETE"]),
    *repo_calls("/tag/{revision:part}", tag, methods=["POST", "DELETE"]),
]
