"""Pages of the second factor: the code when signing in, and turning it on and off."""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from markupsafe import Markup
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub.auth import code_step, cookies, forms, second_factor, sessions
from pairsmith.hub.auth.account_mail import tell
from pairsmith.hub.auth.code_step import WRONG_CODE
from pairsmith.hub.auth.forms import line, text
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.auth.redirects import safe_target
from pairsmith.hub.auth.sign_in import confirm_password
from pairsmith.hub.auth.users import User
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.web.own_pages import attempt_of, begun, own, own_page, signed_in

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

CODE, PAGE = "/login/code", "/settings/two-factors"
OFFER_LIFE = 15 * 60  # seconds that one may take to set a phone up
OFFER_OVER = "That took too long. Begin again."


def show_code(request: Request) -> Response:
    """The form of the code, after the password."""
    return _code_page(request, request.query_params.get("next", ""))


def take_code(request: Request, form: FormData) -> Response:
    """Signs somebody in who showed their password before."""
    ticket = cookies.read(request, code_step.COOKIE) or ""
    try:
        entry = code_step.enter(attempt_of(request), ticket, line(form, "code"))
    except HubError as fault:
        return _code_page(request, text(form, "next"), fault)
    answer = begun(request, entry, safe_target(text(form, "next")))
    cookies.drop(request, answer, code_step.COOKIE)
    return answer


def show_factor(request: Request) -> Response:
    """Whether a code is asked for, and the forms that turn it on and off."""
    return _factor_page(request, signed_in(request))


def take_begin(request: Request, user: User, form: FormData) -> Response:
    """Offers a secret for the user's phone; nothing is asked for before it has made a code."""
    try:
        confirm_password(attempt_of(request), user, text(form, "password"))
    except HubError as fault:
        return _factor_page(request, user, fault)
    return _offer_page(request, user, second_factor.new_secret())


def take_factor(request: Request, user: User, form: FormData) -> Response:
    """Turns it on, by a code of the secret that was offered; other sessions end."""
    hub = hub_of(request)
    try:
        limits_of(request).count("codes", f"{user.id} offer")
        secret = _offered(hub, user, text(form, "offer"))
    except HubError as fault:
        return _factor_page(request, user, fault)
    step = second_factor.step_of(secret, "".join(line(form, "code").split()))
    if step is None:
        return _offer_page(request, user, secret, HubError(401, WRONG_CODE))
    with hub.database.write() as db:
        if second_factor.state(db, user) is not None:
            return RedirectResponse(PAGE, 303)
        codes = second_factor.turn_on(db, user, secret, step)
        sessions.end_others(db, user, cookies.read(request, sessions.COOKIE) or "")
        tell(hub, db, user, "A second factor was turned on")
    return _factor_page(request, user, codes=codes)


def take_codes(request: Request, user: User, form: FormData) -> Response:
    """Makes recovery codes anew; those from before are void."""
    try:
        _check_both(request, user, form)
    except HubError as fault:
        return _factor_page(request, user, fault)
    with hub_of(request).database.write() as db:
        codes = second_factor.new_recovery_codes(db, user)
        tell(hub_of(request), db, user, "Recovery codes were made anew")
    return _factor_page(request, user, codes=codes)


def take_off(request: Request, user: User, form: FormData) -> Response:
    """Turns it off, by password and code."""
    try:
        _check_both(request, user, form)
    except HubError as fault:
        return _factor_page(request, user, fault)
    with hub_of(request).database.write() as db:
        second_factor.turn_off(db, user)
        tell(hub_of(request), db, user, "The second factor was turned off")
    return RedirectResponse(f"{PAGE}?done=off", 303)


def _check_both(request: Request, user: User, form: FormData) -> None:
    """Checks password and code; the code is used up.

    Raises:
        HubError: 401 where one of them is wrong; 429 after too many tries.
    """
    confirm_password(attempt_of(request), user, text(form, "password"))
    limits_of(request).count("codes", f"{user.id} session")
    with hub_of(request).database.write() as db:
        if not second_factor.take(db, user, line(form, "code")):
            raise HubError(401, WRONG_CODE)
    limits_of(request).take_back("codes", f"{user.id} session")


def _offered(hub: Hub, user: User, offer: str) -> str:
    """The secret that was offered to a user."""
    try:
        number, secret = _signer(hub).loads(offer[:500], max_age=OFFER_LIFE)
    except (BadSignature, ValueError) as error:
        raise HubError(400, OFFER_OVER) from error
    if number != user.id:
        raise HubError(400, OFFER_OVER)
    return str(secret)


def _signer(hub: Hub) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(hub.settings.key, salt="offer of a second factor")


def _code_page(request: Request, target: str, fault: HubError | None = None) -> Response:
    return own_page(request, "code.html.jinja", fault, next=safe_target(target))


def _offer_page(
    request: Request, user: User, secret: str, fault: HubError | None = None
) -> Response:
    hub = hub_of(request)
    host = urlsplit(hub.settings.public_url).netloc or "pairsmith hub"
    offer = {
        "signed": _signer(hub).dumps([user.id, secret]),
        "key": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "picture": _picture(second_factor.address_of(secret, user.name, host)),
    }
    return _factor_page(request, user, fault, offer=offer)


def _factor_page(
    request: Request, user: User, fault: HubError | None = None, **context: object
) -> Response:
    with hub_of(request).database.read() as db:
        factor = second_factor.state(db, user)
    shown = {"offer": None, "codes": [], "done": request.query_params.get("done", ""), **context}
    return own_page(request, "two_factors.html.jinja", fault, factor=factor, **shown)


def _picture(address: str) -> Markup | None:
    """A QR code as SVG; None where the library is not installed, and the key is typed."""
    if not find_spec("segno"):
        return None
    import segno

    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn, kind="svg", scale=5, border=4, light="#fff", xmldecl=False, svgclass="qr"
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn by the library, of squares alone


routes: list[BaseRoute] = [
    Route(CODE, show_code),
    forms.post(CODE, take_code),
    Route(PAGE, show_factor),
    forms.post(PAGE, own(take_factor)),
    forms.post(f"{PAGE}/begin", own(take_begin)),
    forms.post(f"{PAGE}/codes", own(take_codes)),
    forms.post(f"{PAGE}/off", own(take_off)),
]
