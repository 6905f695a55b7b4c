"""Repositories: what there is to know of them, making, setting up and deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.api import shapes
from pairsmith.hub.auth.authentication import (
    authenticate,
    authenticate_token,
    require_write,
)
from pairsmith.hub.context import hub_of
from pairsmith.hub.gating import requests
from pairsmith.hub.http.addresses import (
    KINDS,
    Kind,
    RepoName,
    number_in,
    page_of,
    repo_calls,
    repo_of,
)
from pairsmith.hub.http.bodies import read_json, text_of
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.membership import making, places
from pairsmith.hub.repos import files, history, moving, quotas, repos
from pairsmith.hub.repos.history import MAIN
from pairsmith.hub.repos.inspection import find_pickles
from pairsmith.hub.repos.readme import read_card
from pairsmith.hub.repos.repos import Gate, Repo
from pairsmith.hub.repos.search import MAX_SKIP, read_query, search
from pairsmith.hub.repos.sweep import sweep

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_BODY_BYTES = 64 * 1024  # bytes of a body
MAX_REPOS = 1000  # repositories in a list
GATES: dict[object, Gate] = {False: "off", "auto": "auto", "manual": "manual"}


def describe(request: Request) -> JSONResponse:
    """`GET /api/{kind}s/{owner}/{name}[/revision/{revision}]`: all there is to know of it."""
    hub, who = hub_of(request), authenticate(request)
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        commit = history.find(db, repo, request.path_params.get("revision", MAIN))
        told = shapes.info(db, repo, commit, read_card(hub, db, commit))
        asked = request.query_params.get("securityStatus", "").lower() in ("true", "1")
        listed = files.under(db, commit, limit=shapes.SIBLINGS) if asked else []
    if asked:
        found = find_pickles(hub, listed)
        issues = [{"path": f.path, "level": "suspicious"} for f in listed if found[f.blob]]
        whole = None not in found.values()
        told["securityRepoStatus"] = {"scansDone": whole, "filesWithIssues": issues}
    return JSONResponse(told)


def check_access(request: Request) -> JSONResponse:
    """`GET …/auth-check[/write]`: whether the caller may read the data, or change them."""
    hub, who = hub_of(request), authenticate(request)
    with hub.database.read() as db:
        if request.scope["path"].endswith("/write"):
            permissions.writable(db, who, *repo_of(request))
        else:
            permissions.readable(db, hub, who, *repo_of(request))
    return JSONResponse({})


def listed(request: Request) -> JSONResponse:
    """`GET /api/{kind}s?author&search&filter&gated&sort&direction&limit&full&expand&cursor`.

    Those that the caller may know of, in pages. `search` is for words of names and cards, `filter`
    for tags; a key of a card, such as `language`, is a filter too.
    """
    asked = request.query_params
    who = authenticate(request)
    kind: Kind = "model" if request.scope["path"] == "/api/models" else "dataset"
    limit = number_in(asked.get("limit", ""))
    most = MAX_REPOS if limit is None else min(limit, MAX_REPOS)
    skip = min(number_in(asked.get("cursor", "")) or 0, MAX_SKIP)
    wanted = read_query(asked, kind)
    with hub_of(request).database.read() as db:
        found = search(db, who.user, wanted, most + 1, skip)
        told = [shapes.listed(db, repo, asked) for repo in found[:most]]
    more = len(found) > most > 0 and skip + most < MAX_SKIP
    return JSONResponse(told, headers=shapes.next_page(request, cursor=skip + most) if more else {})


async def create(request: Request) -> JSONResponse:
    """`POST /api/repos/create`: an empty repository, with a first commit."""
    body = await read_json(request, MAX_BODY_BYTES)
    return await run_in_threadpool(_create, request, body)


def _create(request: Request, body: dict[str, Any]) -> JSONResponse:
    hub, who = hub_of(request), authenticate_token(request)
    user, kind = require_write(who), _kind(body)
    namespace, name = _named(body)
    with hub.database.write() as db:
        owner = permissions.namespace(db, who, namespace or user.name)
        try:
            named = RepoName(kind, owner.name, name)
            repo = making.make(db, owner, user, named, _private(body) or False)
        except HubError as error:
            if error.status == 409:  # `exist_ok` goes on with the address of the one there is
                error.body["url"] = hub.url(page_of(kind, f"{owner.name}/{name}"))
            raise
    return JSONResponse({"url": hub.url(repo.page), "name": repo.full_name, "id": repo.full_name})


async def delete(request: Request) -> JSONResponse:
    """`DELETE /api/repos/delete`: a repository and its history, for good."""
    body = await read_json(request, MAX_BODY_BYTES)
    return await run_in_threadpool(_delete, request, body)


def _delete(request: Request, body: dict[str, Any]) -> JSONResponse:
    who, kind = authenticate_token(request), _kind(body)
    owner, name = _named(body)
    hub = hub_of(request)
    with hub.deleting() as db:
        repo = permissions.administrable(db, who, kind, owner or who.name, name)
        requests.end(db, repo, require_write(who))
    return JSONResponse({}, background=BackgroundTask(sweep, hub))


async def set_up(request: Request) -> JSONResponse:
    """`PUT …/settings`: the gate, and who may see it."""
    body = await read_json(request, MAX_BODY_BYTES)
    return await run_in_threadpool(_set_up, request, body)


def _set_up(request: Request, body: dict[str, Any]) -> JSONResponse:
    private = _private(body)
    if "gated" in body and (isinstance(body["gated"], (list, dict)) or body["gated"] not in GATES):
        raise bad_request('gated has to be false, "auto" or "manual".')
    who = authenticate_token(request)
    with hub_of(request).database.write() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
        if "gated" in body:
            requests.turn_gate(db, repo, require_write(who), GATES[body["gated"]])
        if private is not None:
            requests.turn_private(db, repo, require_write(who), private)
        repo = repos.by_id(db, repo.id) or repo
    return JSONResponse(_settings(repo))


def _settings(repo: Repo) -> dict[str, Any]:
    return {"private": repo.private, "gated": shapes.gated(repo)}


def _named(body: dict[str, Any]) -> tuple[str, str]:
    """The owner, '' for the caller, and the name of a repository to make or delete."""
    owner, _, name = text_of(body, "name").rpartition("/")
    return text_of(body, "organization") or owner, name


async def move(request: Request) -> JSONResponse:
    """`POST /api/repos/move`: another name, or another owner; the old address leads there."""
    body = await read_json(request, MAX_BODY_BYTES)
    return await run_in_threadpool(_move, request, body)


def _move(request: Request, body: dict[str, Any]) -> JSONResponse:
    hub, who, kind = hub_of(request), authenticate_token(request), _kind(body)
    ends = (text_of(body, end).split("/") for end in ("fromRepo", "toRepo"))
    try:
        (owner, name), (to_owner, to_name) = ends
    except ValueError:
        raise bad_request("fromRepo and toRepo have to be owner/name.") from None
    with hub.database.write() as db:
        repo = permissions.administrable(db, who, kind, owner, name)
        to = permissions.destination(db, who, repo, to_owner)
        user = require_write(who)
        moved = moving.move(db, repo, user, to, to_name)
        places.keep_admin(db, moved, user)
        if moved.owner_id != repo.owner_id:
            quotas.check(db, hub, moved)
    return JSONResponse({"url": hub.url(moved.page), "id": moved.full_name})


def _kind(body: dict[str, Any]) -> Kind:
    """The kind of repository that a body names; clients leave a model's out."""
    named = text_of(body, "type") or "model"
    for kind in KINDS:
        if kind == named:
            return kind
    raise bad_request(f"This hub holds datasets and models: type cannot be {named!r}.")


def _private(body: dict[str, Any]) -> bool | None:
    """Whether it is to be private, in the words of newer clients or of older ones."""
    if text_of(body, "visibility"):
        if body["visibility"] not in ("public", "private"):
            raise bad_request('visibility has to be "public" or "private".')
        return bool(body["visibility"] == "private")
    private = body.get("private")
    if private is not None and not isinstance(private, bool):
        raise bad_request("private has to be true or false.")
    return private


routes: list[BaseRoute] = [
    Route("/api/datasets", listed),
    Route("/api/models", listed),
    Route("/api/repos/create", create, methods=["POST"]),
    Route("/api/repos/move", move, methods=["POST"]),
    Route("/api/repos/delete", delete, methods=["DELETE"]),
    *repo_calls("", describe),
    *repo_calls("/revision/{revision:part}", describe),
    *repo_calls("/auth-check", check_access),
    *repo_calls("/auth-check/write", check_access),
    *repo_calls("/settings", set_up, methods=["PUT"]),
]
