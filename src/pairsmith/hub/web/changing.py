"""What all pages that change files share: whom they are for, and the commit that they make."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from starlette.responses import RedirectResponse

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller, require_write
from pairsmith.hub.community.pushing import Target
from pairsmith.hub.community.revising import Revision, revise
from pairsmith.hub.community.threads import Actor
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import encoded, repo_of
from pairsmith.hub.http.errors import bad_request, not_allowed
from pairsmith.hub.repos import history
from pairsmith.hub.repos.draft import Change, Put
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.readme import prepare
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    from starlette.requests import Request

    from pairsmith.hub.core.blobs import Sent

MAX_TITLE_CHARS = 200  # characters of what a change is called on these pages


class Place(NamedTuple):
    """Where files are to be changed.

    Attributes:
        repo: The repository.
        branch: The branch.
        head: Its newest commit; None where nothing was committed yet.
        writes: Whether the caller may commit to it, and not only propose to.
    """

    repo: Repo
    branch: str
    head: Commit | None
    writes: bool

    def address(self, view: str, path: str = "") -> str:
        """The address of a page about a file or a folder of this branch."""
        start = f"{self.repo.page}/{view}/{encoded(self.branch)}"
        return f"{start}/{quote(path)}" if path else start


class Told(NamedTuple):
    """What a form says of a change.

    Attributes:
        shown: The id of the commit that the page showed; '' for none.
        title: What the change is called; '' for as it is called unasked.
        proposes: Whether it is to be a pull request.
    """

    shown: str
    title: str
    proposes: bool


def place_of(db: sqlite3.Connection, hub: Hub, request: Request, who: Caller) -> Place:
    """Where a caller who may read the data is about to change files.

    Raises:
        HubError: As `permissions.proposable`; RevisionNotFound; 400 for what is no branch; 403
            where there is nothing yet that could be proposed to.
    """
    repo = permissions.proposable(db, hub, who, *repo_of(request))
    branch = request.path_params["revision"]
    head = history.head(db, repo, branch)
    writes = permissions.may_write(db, repo, who.user)
    if head is None and branch != history.MAIN:
        history.find(db, repo, branch)  # says that there is none of that name, or goes on
    if history.pull_number(branch) is not None or (head is None and branch != history.MAIN):
        raise bad_request("Files are changed on a branch; this is a tag, a commit or a proposal.")
    if head is None and not writes:
        raise not_allowed("Nothing was committed yet that a change could be proposed to.")
    return Place(repo, branch, head, writes)


def check_writes(db: sqlite3.Connection, hub: Hub, request: Request, who: Caller) -> Place:
    """The same for one who may commit.

    Raises:
        HubError: 403 where they may propose a change, and not make it.
    """
    place = place_of(db, hub, request, who)
    if not place.writes:
        raise not_allowed("You may propose this change, and not make it.")
    return place


def carry_out(
    request: Request,
    who: Caller,
    place: Place,
    told: Told,
    changes: Sequence[Change],
    sent: Sequence[Sent] = (),
) -> RedirectResponse:
    """Makes the commit, or the pull request, and leads to what came of it.

    Raises:
        OutdatedError: Somebody else changed one of the files since.
        HubError: What keeps it from being made.
    """
    hub = hub_of(request)
    allowed = place_of if told.proposes else check_writes
    made, begun = revise(
        hub,
        Revision(
            repo=place.repo,
            actor=Actor(require_write(who), place.writes),
            target=Target(place.branch, begins=told.proposes),
            shown=told.shown,
            title=told.title[:MAX_TITLE_CHARS],
            changes=changes,
            sent=sent,
            check=lambda db: allowed(db, hub, request, who),
        ),
    )
    prepare(hub, made)
    if begun is not None:
        return RedirectResponse(f"{place.repo.page}/discussions/{begun.num}", 303)
    return RedirectResponse(_after(place, changes), 303)


def _after(place: Place, changes: Sequence[Change]) -> str:
    """Where to go after a commit: to the file, or to the folder of several."""
    last = changes[-1].path
    if len(changes) == 1 and isinstance(changes[-1], Put):
        return place.address("blob", last)
    return place.address("tree")
