"""Organizations, as huggingface_hub asks for them: what one is, and who its members are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub.auth.authentication import authenticate
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.membership import organizations, places

if TYPE_CHECKING:
    from starlette.requests import Request

ADDRESS = "/api/organizations/{organization:part}"


def overview(request: Request) -> JSONResponse:
    """`GET /api/organizations/{name}/overview`: its names, and how much the caller may see."""
    who, name = authenticate(request), request.path_params["organization"]
    with hub_of(request).database.read() as db:
        account = organizations.find(db, name)
        if account is None:
            raise HubError(404, "There is no such organization here.")
        count = organizations.counts(db, account, who.user)
        members = len(places.holders(db, places.of_organization(account)))
    return JSONResponse(
        {
            "type": "org",
            "name": account.name,
            "fullname": account.fullname,
            "avatarUrl": "",
            "isVerified": False,
            "isFollowing": False,
            "numUsers": members,
            "numDatasets": count.get("dataset", 0),
            "numModels": count.get("model", 0),
            "numSpaces": 0,
            "numFollowers": 0,
        }
    )


def members(request: Request) -> JSONResponse:
    """`GET /api/organizations/{name}/members`: their names; their roles are told to members."""
    who, name = authenticate(request), request.path_params["organization"]
    with hub_of(request).database.read() as db:
        account = organizations.find(db, name)
        if account is None:
            raise HubError(404, "There is no such organization here.")
        found = places.holders(db, places.of_organization(account))
    inside = who.name in {one.user for one in found}
    return JSONResponse(
        [
            {
                "type": "user",
                "user": one.user,
                "fullname": one.fullname,
                "avatarUrl": "",
                "isPro": False,
                "isFollowing": False,
                **({"role": one.role.word} if inside else {}),
            }
            for one in found
        ]
    )


routes: list[BaseRoute] = [
    Route(ADDRESS + "/overview", overview),
    Route(ADDRESS + "/members", members),
]
