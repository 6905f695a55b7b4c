"""Requests for access, as huggingface_hub lists and answers them for the owner."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.api import shapes
from pairsmith.hub.auth import users
from pairsmith.hub.auth.authentication import authenticate, authenticate_token, require_write
from pairsmith.hub.auth.users import User
from pairsmith.hub.context import hub_of
from pairsmith.hub.gating import requests
from pairsmith.hub.gating.requests import STATUSES, Request
from pairsmith.hub.http.addresses import number_in, repo_calls, repo_of
from pairsmith.hub.http.bodies import read_json, text_of
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    from starlette.requests import Request as Call

MAX_BODY_BYTES = 64 * 1024  # bytes of a body
WHOSE = ("user", "userId", "requestId")  # what may say whose request is meant


def listed(call: Call) -> JSONResponse:
    """`GET …/user-access-request/{status}?cursor`: the requests in a state, in pages."""
    who = authenticate(call)
    wanted = call.path_params["status"]
    after = number_in(call.query_params.get("cursor", "")) or 0
    with hub_of(call).database.read() as db:
        repo = permissions.administrable(db, who, *repo_of(call))
        _must_be_gated(repo)
        status = requests.known_status(wanted)
        if status is None:
            raise HubError(404, f"There is no list {wanted!r}: {', '.join(STATUSES)}.")
        found = requests.listed(db, repo, status, after, requests.PAGE + 1)
    page = found[: requests.PAGE]
    headers = {"Cache-Control": "no-store"}
    if len(found) > len(page):
        headers |= shapes.next_page(call, cursor=page[-1].id)
    return JSONResponse([_as_json(request) for request in page], headers=headers)


async def handle(call: Call) -> JSONResponse:
    """`POST …/user-access-request/handle`: the owner's answer to a request."""
    body = await read_json(call, MAX_BODY_BYTES)
    return await run_in_threadpool(_handle, call, body)


def _handle(call: Call, body: dict[str, Any]) -> JSONResponse:
    who = authenticate_token(call)
    with hub_of(call).database.write() as db:
        repo = permissions.administrable(db, who, *repo_of(call))
        _must_be_gated(repo)
        status = requests.known_status(text_of(body, "status"))
        if status is None:
            raise bad_request(f"status has to be one of {', '.join(STATUSES)}.")
        request = _named_request(db, repo, body)
        requests.answer(
            db, repo, require_write(who), request, status, text_of(body, "rejectionReason")
        )
    return JSONResponse({"user": request.user, "status": status})


async def grant(call: Call) -> JSONResponse:
    """`POST …/user-access-request/grant`: lets a user in, whether they asked or not."""
    body = await read_json(call, MAX_BODY_BYTES)
    return await run_in_threadpool(_grant, call, body)


def _grant(call: Call, body: dict[str, Any]) -> JSONResponse:
    who = authenticate_token(call)
    with hub_of(call).database.write() as db:
        repo = permissions.administrable(db, who, *repo_of(call))
        _must_be_gated(repo)
        user = _user(db, text_of(body, "user"))
        requests.grant(db, repo, require_write(who), user)
    return JSONResponse({"user": user.name, "status": "accepted"})


def _named_request(db: sqlite3.Connection, repo: Repo, body: dict[str, Any]) -> Request:
    """The request that an answer is to.

    Raises:
        HubError: 400 where it is not said in one way; 404 where there is no such request.
    """
    said = [name for name in WHOSE if body.get(name) is not None]
    if len(said) != 1:
        raise bad_request(f"Say whose request it is by one of {', '.join(WHOSE)}.")
    value = text_of(body, said[0])
    if said[0] == "user":
        found = requests.find(db, repo, _user(db, value).name)
    elif (number := number_in(value)) is None:
        found = None
    elif said[0] == "userId":
        found = requests.of_user_id(db, repo, number)
    else:
        found = requests.by_id(db, repo, number)
    if found is None:
        raise HubError(404, f"There is no request of {value!r} for {repo.full_name}.")
    return found


def _user(db: sqlite3.Connection, name: str) -> User:
    if not name:
        raise bad_request("user has to be a user's name.")
    user = users.named(db, name)
    if user is None:
        raise HubError(404, f"There is no user {name!r}.")
    return user


def _must_be_gated(repo: Repo) -> None:
    if repo.gate == "off":
        raise bad_request(f"{repo.full_name} is not gated.")


def _as_json(request: Request) -> dict[str, Any]:
    """A request as the clients parse it; without the e-mail of one who never asked."""
    user = {"_id": str(request.user_id), "user": request.user, "fullname": request.fullname}
    if request.asked:
        user["email"] = request.email
    return {
        "requestId": str(request.id),
        "user": user,
        "status": request.status,
        "timestamp": shapes.date(request.date),
        "fields": request.fields,
        "rejectionReason": request.reason,
    }


routes: list[BaseRoute] = [
    *repo_calls("/user-access-request/handle", handle, methods=["POST"]),
    *repo_calls("/user-access-request/grant", grant, methods=["POST"]),
    *repo_calls("/user-access-request/{status:part}", listed),
]
