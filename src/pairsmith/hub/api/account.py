"""Calls about the caller: who a token belongs to; and those that it does no harm to lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pairsmith.hub.api import shapes
from pairsmith.hub.auth.authentication import authenticate_token, bearer_token, require_account
from pairsmith.hub.community import threads
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import REST, number_in
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.membership import organizations
from pairsmith.hub.membership.organizations import Membership
from pairsmith.hub.repos import quotas, repos
from pairsmith.hub.repos.repos import Size

if TYPE_CHECKING:
    from starlette.requests import Request

PAGE = 1000  # repositories of an answer


def whoami(request: Request) -> Response:
    """The account that a token belongs to, and what the token may do."""
    who = authenticate_token(request)
    if who.user is None:
        found = (
            "This hub does not know that token" if bearer_token(request) else "No token was sent"
        )
        where = hub_of(request).url("/settings/tokens")
        raise HubError(401, f"{found}. Make one at {where}", "Unauthorized")
    with hub_of(request).database.read() as db:
        mine = organizations.of_user(db, who.user)
        begun = threads.begun_by(db, who.user)
    return JSONResponse(
        {
            "type": "user",
            "id": str(who.user.id),
            "name": who.user.name,
            "fullname": who.user.fullname,
            "email": who.user.email,
            "canPay": False,
            "isPro": False,
            "periodEnd": None,
            "orgs": [_membership(one) for one in mine],
            "numDiscussions": begun,
            "auth": {
                "type": "access_token",
                "accessToken": {
                    "displayName": who.token,
                    "role": "write" if who.writes else "read",
                },
            },
        },
        headers={"cache-control": "no-store"},
    )


def _membership(one: Membership) -> dict[str, Any]:
    return {
        "type": "org",
        "id": str(one.account.id),
        "name": one.account.name,
        "fullname": one.account.fullname,
        "email": None,
        "avatarUrl": "",
        "canPay": False,
        "periodEnd": None,
        "plan": "free",
        "isEnterprise": False,
        "roleInOrg": one.role.word,
    }


def repositories(request: Request) -> JSONResponse:
    """`GET /api[/organizations/{name}]/settings/repositories?cursor`: what one has, with its bytes.

    One's own, or those of an organization for its members; the shares are of all bytes of them.
    """
    name = request.path_params.get("organization")
    user = require_account(authenticate_token(request))
    after = number_in(request.query_params.get("cursor", "")) or 0
    with hub_of(request).database.read() as db:
        held = [one.account for one in organizations.of_user(db, user)]
        owner = next((one for one in held if one.name.lower() == (name or "").lower()), None)
        if name is not None and owner is None:
            raise HubError(404, "There is no such organization here, or you are no member of it.")
        number = (owner or user).id
        found = repos.sizes(db, number, PAGE + 1, after)
        whole = quotas.in_repos(db, number)
    told = [_size(one, whole) for one in found[:PAGE]]
    last = {"cursor": found[PAGE - 1].repo.id} if len(found) > PAGE else {}
    return JSONResponse(told, headers=shapes.next_page(request, **last) if last else {})


def _size(one: Size, whole: int) -> dict[str, Any]:
    return {
        "id": one.repo.full_name,
        "type": one.repo.kind,
        "updatedAt": shapes.date(one.repo.updated),
        "visibility": "private" if one.repo.private else "public",
        "storage": one.bytes,
        "storagePercent": 100 * one.bytes / whole if whole else 0,
    }


def nothing(_request: Request) -> Response:
    """What clients ask for and do without."""
    return JSONResponse({"error": "Not found."}, 404)


routes: list[BaseRoute] = [
    Route("/api/whoami-v2", whoami),
    Route("/api/settings/repositories", repositories),
    Route("/api/organizations/{organization:part}/settings/repositories", repositories),
    Route("/api/agent-harnesses", nothing),
    Route("/api/telemetry/" + REST, nothing),
]
