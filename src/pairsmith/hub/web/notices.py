"""The page of an account's notices, and what it wants to hear nothing of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth import forms
from pairsmith.hub.auth.authentication import require_sign_in, require_write
from pairsmith.hub.auth.users import User
from pairsmith.hub.community import threads
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import number_in, repo_of
from pairsmith.hub.notices import listing, telling
from pairsmith.hub.notices.words import sentence
from pairsmith.hub.web import paging
from pairsmith.hub.web.own_pages import own, own_page, signed_in

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

PATH = "/notifications"
PAGE = 50  # notices on a page


def show(request: Request) -> Response:
    """`GET /notifications?p`: what somebody is told, what they have not read first."""
    user = signed_in(request)
    with hub_of(request).database.read() as db:
        found = listing.listed(db, user.id, PAGE + 1, paging.number(request) * PAGE)
    shown, pages = paging.cut(request, found, PAGE)
    return own_page(
        request,
        "notices.html.jinja",
        lines=shown,
        pages=pages,
        sentence=sentence,
        kept=telling.MAX_KEPT,
    )


def take_read(request: Request, user: User, form: FormData) -> Response:
    """`POST /notifications`: marks a notice as read, or all."""
    number = number_in(forms.text(form, "notice"))
    with hub_of(request).database.write() as db:
        if forms.text(form, "all"):
            listing.mark_all(db, user.id)
        elif number is not None:
            listing.mark(db, user.id, number)
    return RedirectResponse(PATH, 303)


def take_mute(request: Request, form: FormData) -> Response:
    """`POST …/discussions/{num}/mute`: no more notices of a discussion, or them again."""
    who = require_sign_in(request)
    with hub_of(request).database.write() as db:
        repo = permissions.discussable(db, who, *repo_of(request))
        thread = threads.find(db, repo, number_in(request.path_params["num"]))
        wanted = forms.text(form, "mute") == "yes"
        telling.mute(db, require_write(who).id, thread.id, wanted)
    return RedirectResponse(f"{repo.page}/discussions/{thread.num}", 303)


routes: list[BaseRoute] = [
    Route(PATH, show),
    forms.post(PATH, own(take_read)),
    *forms.repo_posts("/discussions/{num:part}/mute", take_mute),
]
