"""The community of a repository: its discussions and pull requests, to read and to write in.

What somebody may do to a discussion is asked again when a form is sent; a page shows no button for
what its reader may not do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth import forms
from pairsmith.hub.auth.authentication import (
    Caller,
    authenticate,
    require_sign_in,
    require_write,
)
from pairsmith.hub.auth.forms import repo_posts
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.community import anchors, diffs, entries, pulls, threads
from pairsmith.hub.community.anchors import Anchor
from pairsmith.hub.community.entries import Entry
from pairsmith.hub.community.reconciling import Choice, reconcile
from pairsmith.hub.community.shown import Comments
from pairsmith.hub.community.threads import Actor, Thread, Wanted
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import number_in, repo_of, repo_pages
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.notices import telling
from pairsmith.hub.repos import history
from pairsmith.hub.repos.readme import prepare
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.web import paging
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

PAGE = 50  # discussions of a list, and entries of a discussion
FIELD_BYTES = 12 * entries.MAX_COMMENT_CHARS + 64  # of a comment, percent-encoded, and its name
PATH_BYTES = 12 * 1024 + 64  # of a path
KINDS: tuple[threads.Kind, ...] = ("discussion", "pull_request")
FIELDS = ("config", "split", "row", "id", "revision")  # of a form, where it is about a row
SHOWN = ("open", "closed", "all")  # which lists there are

Told = tuple["FormData", str]  # what was sent, and the key of the comment that it is about
Act = Callable[[sqlite3.Connection, Repo, Thread, Actor, Told], Entry]


class May(NamedTuple):
    """What a reader may do to a discussion.

    Attributes:
        write: Comment on it.
        change: Close, reopen and rename it.
        moderate: Hide what others wrote, see what was edited, merge.
    """

    write: bool
    change: bool
    moderate: bool


def listed(request: Request) -> HTMLResponse:
    """`GET …/discussions?status&type&p`: discussions, the newest first."""
    hub, who = hub_of(request), authenticate(request)
    asked = request.query_params
    status = asked.get("status", "")
    status = status if status in SHOWN else SHOWN[0]
    kind: threads.Kind = next((kind for kind in KINDS if kind == asked.get("type")), "")
    wanted = Wanted(kind, status)
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        counts = {one: threads.count(db, repo, wanted._replace(status=one)) for one in SHOWN}
        found = threads.listed(db, repo, wanted, PAGE + 1, paging.number(request) * PAGE)
    shown, pages = paging.cut(request, found, PAGE)
    return page(
        request,
        "discussions.html.jinja",
        who,
        repo=repo,
        discussions=shown,
        pages=pages,
        counts=counts,
        which=status,
        kind=kind,
    )


def new(request: Request) -> Response:
    """`GET …/discussions/new?config&split&row&id&revision`: a form for one, about a row or not."""
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
    return _form(request, who, repo, _anchor(dict(request.query_params)))


def _form(
    request: Request,
    who: Caller,
    repo: Repo,
    anchor: Anchor | None,
    written: tuple[str, str] = ("", ""),
    fault: HubError | None = None,
) -> HTMLResponse:
    return page(
        request,
        "discussion_new.html.jinja",
        who,
        status=fault.status if fault else 200,
        repo=repo,
        anchor=anchor,
        title=written[0],
        text=written[1],
        fault=fault.page_message if fault else "",
        limits=(threads.TITLE_CHARS[0], threads.TITLE_CHARS[-1], entries.MAX_COMMENT_CHARS),
    )


def take_new(request: Request, sent: FormData) -> Response:
    """`POST …/discussions`: begins a discussion."""
    hub, who = hub_of(request), require_sign_in(request)
    title, text = forms.line(sent, "title"), forms.text(sent, "text")
    anchor = _anchor({name: forms.line(sent, name) for name in FIELDS})
    with hub.database.read() as db:
        repo = permissions.discussable(db, who, *repo_of(request))
    try:
        _count(request, who)
        with hub.database.write() as db:
            repo = permissions.discussable(db, who, *repo_of(request))
            made = _begun(db, repo, _actor(db, repo, who), (title, text), anchor)
    except HubError as error:  # nothing that was written is lost
        return _form(request, who, repo, anchor, (title, text), error)
    return RedirectResponse(f"{repo.page}/discussions/{made.num}", 303)


def _begun(
    db: sqlite3.Connection, repo: Repo, actor: Actor, said: tuple[str, str], anchor: Anchor | None
) -> Thread:
    """A discussion that is begun, or that was just begun by the same form."""
    title, text = threads.checked_title(said[0]), entries.checked(said[1])
    last = threads.just_begun(db, repo, actor.user, title)
    is_same = last is not None and anchors.of(db, last) == anchor
    if last is not None and is_same and entries.just_written(db, last, actor.user, text):
        return last
    made = threads.open_discussion(db, repo, actor, title, text)
    if anchor is not None:
        anchors.tie(db, repo, made, anchor)
    return made


def _anchor(told: dict[str, str]) -> Anchor | None:
    """The row that an address or a form is about; None where it names none."""
    number = number_in(told.get("row", ""))
    if number is None:
        return None
    revision = told.get("revision", "")[:40]
    named = (told.get("config", ""), told.get("split", ""), number, told.get("id", ""), revision)
    return anchors.checked(Anchor(*named))


def show(request: Request) -> HTMLResponse:
    """`GET …/discussions/{num}?p`: what stands in a discussion, in pages."""
    hub, who = hub_of(request), authenticate(request)
    skip = paging.number(request) * PAGE
    with hub.database.read() as db:
        repo, thread = _found(db, request, who)
        found = entries.listed(db, thread, PAGE + 1, skip)
        comments = Comments(hub, db, repo, found)
        may, anchor = _may(db, repo, thread, who), anchors.of(db, thread)
        muted = who.user is not None and telling.is_muted(db, who.user.id, thread.id)
        pull = _pull(db, repo, thread)
    shown, pages = paging.cut(request, found, PAGE)
    return page(
        request,
        "discussion.html.jinja",
        who,
        repo=repo,
        thread=thread,
        entries=shown,
        pages=pages,
        last=(thread.entries - 1) // PAGE,
        comments=comments,
        may=may,
        anchor=anchor,
        muted=muted,
        limits=(threads.TITLE_CHARS[0], threads.TITLE_CHARS[-1], entries.MAX_COMMENT_CHARS),
        **pull,
    )


def _pull(db: sqlite3.Connection, repo: Repo, thread: Thread) -> dict[str, Any]:
    """What a page says of a pull request; of another discussion, that it is none."""
    if not thread.is_pull:
        return {"pull": None, "conflicts": None, "changed": 0, "base": None}
    pull = pulls.of(db, thread)
    changed = pulls.changes(db, repo, pull, diffs.MAX_FILES + 1)
    found = pulls.Conflicts([]) if thread.is_over else pulls.conflicts(db, repo, thread)
    base = history.head(db, repo, pull.base)
    return {"pull": pull, "conflicts": found, "changed": len(changed), "base": base}


def files(request: Request) -> HTMLResponse:
    """`GET …/discussions/{num}/files`: what a pull request changes, line by line."""
    hub, who = hub_of(request), authenticate(request)
    with hub.database.read() as db:
        repo, thread = _found(db, request, who)
        pull = pulls.of(db, thread)
        changed = pulls.changes(db, repo, pull, diffs.MAX_FILES + 1)
        reads = permissions.standing(db, repo, who.user).reads
    diff = diffs.made(hub, changed, reads)
    if diffs.shows_data(diff):
        permissions.record_read(hub, who, repo, "viewed", path=thread.ref, revision=pull.head)
    return page(
        request, "discussion_files.html.jinja", who, repo=repo, thread=thread, pull=pull, diff=diff
    )


def versions(request: Request) -> HTMLResponse:
    """`GET …/comment/{comment}/versions`: what a comment said before, for who may write."""
    hub, who = hub_of(request), require_sign_in(request)
    with hub.database.read() as db:
        repo = permissions.writable(db, who, *repo_of(request))
        thread = threads.find(db, repo, number_in(request.path_params["num"]))
        entry = entries.comment_of(db, thread, request.path_params["comment"])
        before = entries.versions(db, [entry]).get(entry.key, [])
    return page(
        request,
        "discussion_versions.html.jinja",
        who,
        repo=repo,
        thread=thread,
        entry=entry,
        versions=before,
    )


def _form_of(act: Act) -> Callable[[Request, FormData], Response]:
    """The endpoint of a form that does something in a discussion, and leads back to it."""

    def take(request: Request, sent: FormData) -> Response:
        who = require_sign_in(request)
        _count(request, who)
        key = request.path_params.get("comment", "")
        with hub_of(request).database.write() as db:
            repo = permissions.discussable(db, who, *repo_of(request))
            thread = threads.find(db, repo, number_in(request.path_params["num"]))
            made = act(db, repo, thread, _actor(db, repo, who), (sent, key))
            place = entries.place(db, thread, made)
        query = f"?p={place // PAGE}" if place >= PAGE else ""
        return RedirectResponse(
            f"{repo.page}/discussions/{thread.num}{query}#entry-{made.key}", 303
        )

    return take


def _comment(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, told: Told) -> Entry:
    text = entries.checked(forms.text(told[0], "text"))
    last = entries.just_written(db, thread, actor.user, text)
    return last or threads.comment(db, repo, thread, actor, text)


def _edit(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, told: Told) -> Entry:
    return threads.edit(db, repo, thread, actor, told[1], forms.text(told[0], "text"))


def _hide(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, told: Told) -> Entry:
    return threads.hide(db, repo, thread, actor, told[1])


def _rename(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, told: Told) -> Entry:
    return threads.rename(db, repo, thread, actor, forms.line(told[0], "title"))


def _set_status(
    db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, told: Told
) -> Entry:
    status, text = forms.text(told[0], "status"), forms.text(told[0], "text")
    return threads.set_status(db, repo, thread, actor, status, text)


def take_merge(request: Request, sent: FormData) -> Response:
    """`POST …/discussions/{num}/merge`: a commit of what a pull request changes."""
    hub, who = hub_of(request), require_sign_in(request)
    with hub.database.read() as db:
        repo = permissions.writable(db, who, *repo_of(request))
        thread = threads.find(db, repo, number_in(request.path_params["num"]))
        actor = _actor(db, repo, who)
    prepare(hub, pulls.merge(hub, repo, thread, actor, forms.text(sent, "text")))
    return RedirectResponse(f"{repo.page}/discussions/{thread.num}", 303)


def take_reconcile(request: Request, sent: FormData) -> Response:
    """`POST …/discussions/{num}/reconcile`: one side of a file that both sides have changed."""
    hub, who = hub_of(request), require_sign_in(request)
    num = number_in(request.path_params["num"]) or 0
    with hub.database.read() as db:
        repo = permissions.proposable(db, hub, who, *repo_of(request))
        actor = _actor(db, repo, who)
    _count(request, who)

    def find(db: sqlite3.Connection) -> Thread:
        permissions.proposable(db, hub, who, *repo_of(request))
        return pulls.check_may_push(db, repo, _actor(db, repo, who), num)

    side, shown = forms.line(sent, "side"), forms.line(sent, "shown")
    choice = Choice(forms.text(sent, "file"), side, shown)  # type: ignore[arg-type]
    prepare(hub, reconcile(hub, repo, actor, choice, find))
    return RedirectResponse(f"{repo.page}/discussions/{num}", 303)


def _found(db: sqlite3.Connection, request: Request, who: Caller) -> tuple[Repo, Thread]:
    """The discussion that is asked for, where the caller may know of its repository."""
    repo = permissions.visible(db, who, *repo_of(request))
    return repo, threads.find(db, repo, number_in(request.path_params["num"]))


def _may(db: sqlite3.Connection, repo: Repo, thread: Thread, who: Caller) -> May:
    if who.user is None or not who.writes:
        return May(False, False, False)
    actor = _actor(db, repo, who)
    return May(True, actor.may_change(thread), actor.moderates)


def _actor(db: sqlite3.Connection, repo: Repo, who: Caller) -> Actor:
    return Actor(require_write(who), permissions.may_write(db, repo, who.user))


def _count(request: Request, who: Caller) -> None:
    """Counts what an account writes.

    Raises:
        HubError: 403 for a token that only reads, 429 where it is too much.
    """
    limits_of(request).count("comments", str(require_write(who).id))


LIST = "/discussions"
ONE = LIST + "/{num:part}"
COMMENT = ONE + "/comment/{comment:part}"
routes: list[BaseRoute] = [
    *repo_pages(LIST, listed),
    *repo_posts(LIST, take_new, field_bytes=FIELD_BYTES),
    *repo_pages(LIST + "/new", new),
    *repo_pages(ONE, show),
    *repo_pages(ONE + "/files", files),
    *repo_posts(ONE + "/comment", _form_of(_comment), field_bytes=FIELD_BYTES),
    *repo_pages(COMMENT + "/versions", versions),
    *repo_posts(COMMENT + "/edit", _form_of(_edit), field_bytes=FIELD_BYTES),
    *repo_posts(COMMENT + "/hide", _form_of(_hide)),
    *repo_posts(ONE + "/title", _form_of(_rename)),
    *repo_posts(ONE + "/status", _form_of(_set_status), field_bytes=FIELD_BYTES),
    *repo_posts(ONE + "/reconcile", take_reconcile, field_bytes=PATH_BYTES),
    *repo_posts(ONE + "/merge", take_merge, field_bytes=FIELD_BYTES),
]
