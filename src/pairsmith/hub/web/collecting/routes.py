"""The routes of collections; what needs `pairsmith.collecting` is imported when it is asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from starlette.routing import BaseRoute, Route

from pairsmith.hub.auth import forms
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.web.collecting import joining, people

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

ALL = "/collections"
ONE = ALL + "/{owner:part}/{name:part}"
WORK = ONE + "/work"

PROJECT_BYTES = 3 << 20
"""Of a project as a form sends it: a mebibyte, of which each byte may take three."""

REPLY_BYTES = 2 << 20
"""Of an edited reply: 100,000 characters, each sent as up to twelve bytes."""

log = logging.getLogger("pairsmith.hub")


def lazily(module: str, name: str) -> Callable[..., Response]:
    """An endpoint that is imported when it is first asked for."""

    def endpoint(request: Request, *sent: Any) -> Response:
        try:
            found = import_module(f"pairsmith.hub.web.collecting.{module}")
        except ImportError as error:
            log.exception("collections cannot be served")
            raise HubError(
                501, "This hub serves no collections: libraries are missing, which its log names."
            ) from error
        made: Response = getattr(found, name)(request, *sent)
        return made

    return endpoint


def _post(path: str, module: str, name: str, field_bytes: int = forms.MAX_FIELD_BYTES) -> Route:
    endpoint = forms.form_endpoint(lazily(module, name), field_bytes)
    return Route(path, endpoint, methods=["POST"])


routes: list[BaseRoute] = [
    Route(ALL, joining.show_all),
    Route(ALL + "/new", lazily("setting_up", "show_new")),
    _post(ALL + "/new", "setting_up", "take_new", PROJECT_BYTES),
    Route(joining.JOIN, joining.show_join),
    forms.post(joining.JOIN, joining.take_join),
    Route(joining.JOIN + "/{secret:part}", joining.follow),
    Route(ALL + "/static/{file:part}", lazily("working", "static")),
    Route(WORK, lazily("working", "show")),
    Route(WORK + "/", lazily("working", "show")),
    Route(WORK + "/talk/{conversation:part}/progress", lazily("working", "tell_progress")),
    _post(WORK + "/act", "working", "take", REPLY_BYTES),
    Route(WORK + "/{place:inner}", lazily("working", "show")),
    Route(ONE, lazily("owning", "show")),
    Route(ONE + "/settings", lazily("setting_up", "show_settings")),
    _post(ONE + "/settings", "setting_up", "take_settings", PROJECT_BYTES),
    _post(ONE + "/items", "setting_up", "take_items"),
    _post(ONE + "/close", "owning", "take_close"),
    _post(ONE + "/delete", "owning", "take_delete"),
    Route(ONE + "/source.zip", lazily("owning", "send_source")),
    Route(ONE + "/annotation.zip", lazily("owning", "send_annotation")),
    Route(ONE + "/people", people.show),
    forms.post(ONE + "/people/invite", people.take_invitation),
    forms.post(ONE + "/people/link", people.take_link),
    forms.post(ONE + "/people/role", people.take_role),
    forms.post(ONE + "/people/withdraw", people.take_back),
    forms.post(ONE + "/reply", joining.take_reply),
    forms.post(ONE + "/leave", joining.take_leave),
]
