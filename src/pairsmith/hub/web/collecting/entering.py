"""Whom a page of a collection is for: checked before anything of it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import (
    Caller,
    authenticate_session,
    require_account,
    require_sign_in,
)
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.auth.users import User
from pairsmith.hub.collections.registry import Collection
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.context import Hub, hub_of

if TYPE_CHECKING:
    from starlette.requests import Request


class Entered(NamedTuple):
    """Somebody at a page of a collection in which they have a role.

    Attributes:
        hub: The hub.
        caller: Who asks.
        user: Their account.
        collection: The collection.
        role: Their role in it.
    """

    hub: Hub
    caller: Caller
    user: User
    collection: Collection
    role: Role

    @property
    def who(self) -> str:
        """As events name them: not by a name, which may go."""
        return str(self.user.id)

    @property
    def shown(self) -> dict[str, Any]:
        """What templates of a collection are given."""
        return {"collection": self.collection, "held": self.role, "roles": Role}


def enter(request: Request, needed: Role) -> Entered:
    """Who asks for a page, and for which collection.

    Raises:
        NotSignedInError: Nobody; they may sign in first.
        HubError: 404 and 403 as of `permissions.collection`.
    """
    return _entered(request, require_sign_in(request), needed)


def enter_form(request: Request, needed: Role) -> Entered:
    """The same for a form, which is taken from a session alone, and counted.

    Raises:
        HubError: 401 for nobody; 404 and 403 as of `permissions.collection`; 429.
    """
    caller = authenticate_session(request)
    limits_of(request).count("collecting", str(require_account(caller).id))
    return _entered(request, caller, needed)


def _entered(request: Request, caller: Caller, needed: Role) -> Entered:
    hub, user = hub_of(request), require_account(caller)
    owner, name = request.path_params["owner"], request.path_params["name"]
    with hub.database.read() as db:
        own = permissions.collection(db, caller, owner, name, needed)
    return Entered(hub, caller, user, *own)
