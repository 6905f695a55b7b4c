"""The settings of a repository: who may see it, its gate, its end. For its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth import forms
from pairsmith.hub.auth.authentication import require_account, require_sign_in, require_write
from pairsmith.hub.context import hub_of
from pairsmith.hub.gating import requests
from pairsmith.hub.http.addresses import repo_of, repo_pages
from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.membership import places
from pairsmith.hub.repos import damage, moving, quotas
from pairsmith.hub.repos.repos import Gate
from pairsmith.hub.repos.roles import knows_all
from pairsmith.hub.repos.sweep import sweep
from pairsmith.hub.web.gate import gate_view
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

VISIBILITY = {"public": False, "private": True}
GATES: dict[str, Gate] = {"off": "off", "auto": "auto", "manual": "manual"}


def show(request: Request) -> Response:
    """`GET …/settings`: how the repository is set up."""
    hub, who = hub_of(request), require_sign_in(request)
    with hub.database.read() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
        waiting = requests.counts(db, repo)["pending"]
        shown = gate_view(db, hub, repo, who)._asdict()
        use, lost = quotas.of(db, hub, repo), damage.of_repo(db, hub, repo)
        whole = knows_all(db, repo, require_account(who))
    return page(
        request,
        "settings.html.jinja",
        who,
        repo=repo,
        waiting=waiting,
        use=use,
        whole=whole,
        lost=lost,
        **shown,
    )


def take_visibility(request: Request, sent: FormData) -> Response:
    """`POST …/settings/visibility`: shows the repository to all, or hides it."""
    who = require_sign_in(request)
    private = VISIBILITY.get(forms.text(sent, "visibility"))
    if private is None:
        raise bad_request("visibility has to be public or private.")
    with hub_of(request).database.write() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
        requests.turn_private(db, repo, require_write(who), private)
    return RedirectResponse(f"{repo.page}/settings", 303)


def take_gate(request: Request, sent: FormData) -> Response:
    """`POST …/settings/gate`: turns the gate off, or to auto or manual."""
    who = require_sign_in(request)
    gate = GATES.get(forms.text(sent, "gate"))
    if gate is None:
        raise bad_request("gate has to be off, auto or manual.")
    with hub_of(request).database.write() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
        requests.turn_gate(db, repo, require_write(who), gate)
    return RedirectResponse(f"{repo.page}/settings", 303)


def take_move(request: Request, sent: FormData) -> Response:
    """`POST …/settings/move`: another name, or another owner."""
    hub, who = hub_of(request), require_sign_in(request)
    with hub.database.write() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
        owner = permissions.destination(db, who, repo, forms.line(sent, "owner"))
        user = require_write(who)
        moved = moving.move(db, repo, user, owner, forms.line(sent, "name"))
        places.keep_admin(db, moved, user)
        if moved.owner_id != repo.owner_id:
            quotas.check(db, hub, moved)
    return RedirectResponse(f"{moved.page}/settings", 303)


def take_end(request: Request, sent: FormData) -> Response:
    """`POST …/settings/delete`: deletes the repository, once its name was typed."""
    who = require_sign_in(request)
    hub = hub_of(request)
    with hub.deleting() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
        if forms.line(sent, "confirm") != repo.full_name:
            raise bad_request(f"To delete the repository, type its name: {repo.full_name}.")
        requests.end(db, repo, require_write(who))
    return RedirectResponse("/", 303, background=BackgroundTask(sweep, hub))


routes: list[BaseRoute] = [
    *repo_pages("/settings", show),
    *forms.repo_posts("/settings/visibility", take_visibility),
    *forms.repo_posts("/settings/gate", take_gate),
    *forms.repo_posts("/settings/move", take_move),
    *forms.repo_posts("/settings/delete", take_end),
]
