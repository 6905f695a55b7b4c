"""Calls about the caller: who a token belongs to; and those that it does no harm to lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pairsmith.hub.auth.authentication import authenticate_token, bearer_token
from pairsmith.hub.community import threads
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import REST
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.membership import organizations
from pairsmith.hub.membership.organizations import Membership

if TYPE_CHECKING:
    from starlette.requests import Request


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


def nothing(_request: Request) -> Response:
    """What clients ask for and do without."""
    return JSONResponse({"error": "Not found."}, 404)


routes: list[BaseRoute] = [
    Route("/api/whoami-v2", whoami),
    Route("/api/agent-harnesses", nothing),
    Route("/api/telemetry/" + REST, nothing),
]
