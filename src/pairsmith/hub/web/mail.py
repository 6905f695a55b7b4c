"""The page that ends notices by e-mail, whose address stands in each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pairsmith.hub.context import hub_of
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.mail import choices
from pairsmith.hub.notices.kinds import LABELS, Kind, named
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.requests import Request

UNKNOWN = "This link is of no account here; notices are turned off in your profile, too."


def show_stop(request: Request) -> Response:
    """Asks whether they are to end: programs that follow every link of a letter end nothing."""
    return _stop_page(request, _kind(request), done=False)


def take_stop(request: Request) -> Response:
    """Ends them: by the page's button, or by a mail program's (RFC 8058), which has no cookie.

    Raises:
        HubError: 404 for a link that is of nobody.
    """
    kind = _kind(request)
    with hub_of(request).database.write() as db:
        if not choices.stop(db, request.path_params["secret"], kind or ""):
            raise HubError(404, UNKNOWN)
    return _stop_page(request, kind, done=True)


def _kind(request: Request) -> Kind | None:
    """The kind of notices that a link is about; None for all."""
    return named(request.query_params.get("kind", ""))


def _stop_page(request: Request, kind: Kind | None, done: bool) -> Response:
    label = LABELS[kind] if kind else ""
    whole = request.scope["path"]  # without the kind
    answer = page(request, "stop_mail.html.jinja", label=label, done=done, whole=whole)
    answer.headers["referrer-policy"] = "no-referrer"  # its address is a secret
    return answer


STOP = "/mail/stop/{secret:part}"
routes: list[BaseRoute] = [
    Route(STOP, show_stop),
    Route(STOP, take_stop, methods=["POST"]),
]
