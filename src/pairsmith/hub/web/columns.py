"""The page of what the columns of a split hold: counts and bars, to those who may read the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import DATASETS, repo_of, repo_pages
from pairsmith.hub.http.processes import TooMuchWorkError
from pairsmith.hub.http.turns import Turn
from pairsmith.hub.viewer.profiles import Profile, Profiles, make_profile
from pairsmith.hub.viewer.sources import UnreadableError
from pairsmith.hub.web.render import page as rendered
from pairsmith.hub.web.selection import (
    Addresses,
    Query,
    Selection,
    in_turn,
    nothing_there,
    query_of,
    run_within,
    select,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PROFILES = Profiles()


async def columns(request: Request) -> Response:
    """`GET …/viewer/columns?revision=&config=&split=`."""
    return await in_turn(request, _columns)


def _columns(request: Request, who: Caller, turn: Turn) -> Response:
    hub, query = hub_of(request), query_of(request.query_params)
    selection = select(hub, who, repo_of(request), query, turn)
    profile, fault = _profile(selection, turn)
    if profile:
        path = f"{selection.plan.subset}/{selection.plan.split}"
        permissions.record_read(
            hub, who, selection.repo, "viewed", path=path, revision=selection.revision, columns=True
        )
    return rendered(
        request,
        "columns.html.jinja",
        who,
        status=200 if profile or not selection.sources or selection.plan.images else 422,
        profile=profile,
        fault=fault,
        **_context(selection, query, profile),
    )


def _context(selection: Selection, query: Query, profile: Profile | None) -> dict[str, object]:
    plan = selection.plan
    return {
        **selection._asdict(),
        "query": query,
        "beyond": plan.files - profile.files if profile else 0,
        "to": Addresses(selection, query),
    }


def _profile(selection: Selection, turn: Turn) -> tuple[Profile | None, str]:
    """What the columns hold, or why that is not told.

    What is kept goes by the contents' hashes: other files have another profile.
    """
    if not selection.sources:
        return None, nothing_there(selection)
    if selection.plan.images:
        return None, "These are images: there are no columns."
    blobs = tuple(source.path.name for source in selection.sources)
    kind = selection.sources[0].name.rpartition(".")[2]
    if found := PROFILES.get((kind, *blobs)):
        return found, ""
    try:
        profile = run_within(turn, make_profile, selection.sources)
    except UnreadableError as error:
        return None, str(error)
    except TooMuchWorkError as error:
        return None, f"What the columns hold cannot be told. {error}"
    if not any(column.fault for column in profile.columns):
        PROFILES.put((kind, *blobs), profile)
    return profile, ""


routes: list[BaseRoute] = [*repo_pages("/viewer/columns", columns, kinds=DATASETS)]
