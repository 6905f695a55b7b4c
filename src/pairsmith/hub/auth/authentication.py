"""Who is asking: by a token in the header, by a session's cookie, or nobody.

A token that is not known counts as none, for clients send the one of the public hub to every
endpoint; the answer then says so in a header. Tokens are never logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.auth import cookies, sessions, tokens
from pairsmith.hub.auth.redirects import NotSignedInError
from pairsmith.hub.auth.users import User
from pairsmith.hub.context import hub_of
from pairsmith.hub.core.database import now
from pairsmith.hub.http.embedding import embedding_page
from pairsmith.hub.http.errors import HubError, not_allowed

if TYPE_CHECKING:
    from starlette.requests import Request

UNKNOWN_TOKEN = "Unknown token; this hub does not know the token that was sent: taken as none"  # noqa: S105


class Caller(NamedTuple):
    """Who made a request.

    Attributes:
        user: The account; None for nobody.
        writes: Whether they may change what is theirs: a session, or a token made for writing.
        token: The token's name; '' where the caller did not come with one that is known.
        within: The path of the page that a browser asks this for as a part of, such as an image;
            '' where that is not told; None for programs, and for what was opened by itself.
    """

    user: User | None
    writes: bool = False
    token: str = ""
    within: str | None = None

    @property
    def name(self) -> str:
        """The account's name; '' for nobody."""
        return self.user.name if self.user else ""


NOBODY = Caller(None)


def authenticate(request: Request) -> Caller:
    """Who made the request, by its token, or else by its cookie.

    A cookie counts for reading (GET, HEAD) and for the pages' forms, whose hidden field is checked
    apart; what clients call to change something goes by token, so that no other site can do it.
    """
    if (sent := bearer_token(request)) is not None:
        return _by_token(request, sent)
    return authenticate_session(request)


def require_sign_in(request: Request) -> Caller:
    """Who made the request, to a page that is for those who are signed in or send a token.

    Raises:
        NotSignedInError: Nobody did.
    """
    who = authenticate(request)
    if who.user is None:
        raise NotSignedInError
    return who


def authenticate_session(request: Request) -> Caller:
    """Who made the request, by its cookie alone.

    What changes an account asks this: a token must not lead to another token that may do more.
    """
    cookie = cookies.read(request, sessions.COOKIE)
    if cookie is None:
        return NOBODY
    with hub_of(request).database.read() as db:
        user = sessions.find(db, cookie)
    if user is None:
        return NOBODY
    hub_of(request).seen.note(tokens.digest(cookie), now())
    within = embedding_page(request.headers, hub_of(request).settings.public_url)
    return Caller(user, writes=True, within=within)


def bearer_token(request: Request) -> str | None:
    """The token in the header, if there is one; git's clients send it as a password."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else None


def authenticate_token(request: Request) -> Caller:
    """Who made a call that changes something: by token only."""
    sent = bearer_token(request)
    return NOBODY if sent is None else _by_token(request, sent)


def require_account(who: Caller) -> User:
    """The account of a caller who must have one.

    Raises:
        HubError: 401, for nobody.
    """
    if who.user is None:
        raise HubError(401, "Sign in, or send a token of this hub.", "Unauthorized")
    return who.user


def require_write(who: Caller) -> User:
    """The account of a caller who must be able to change what is theirs.

    Raises:
        HubError: 401 for nobody, 403 for a token that only reads.
    """
    user = require_account(who)
    if not who.writes:
        raise not_allowed("This token only reads; make one for writing.")
    return user


def _by_token(request: Request, sent: str) -> Caller:
    with hub_of(request).database.read() as db:
        found = tokens.find(db, sent)
    if found is None:
        request.state.warning = UNKNOWN_TOKEN
        return NOBODY
    hub_of(request).seen.note(tokens.digest(sent), now())
    return Caller(found.user, found.role == "write", found.name)
