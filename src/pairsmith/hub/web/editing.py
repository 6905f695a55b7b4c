"""Texts written and edited on a page: the card, with a preview, and every other text file.

A form keeps what was written whatever comes of it. Line ends come back as the file had them, for
browsers send others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth import forms
from pairsmith.hub.auth.authentication import Caller, require_sign_in
from pairsmith.hub.auth.forms import repo_posts
from pairsmith.hub.community import diffs
from pairsmith.hub.community.revising import COMMIT, OutdatedError
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.gating.form import read_form
from pairsmith.hub.http.addresses import repo_pages
from pairsmith.hub.http.errors import HubError, bad_request, entry_not_found, too_large
from pairsmith.hub.repos import card, files, history, readme
from pairsmith.hub.repos.draft import Put
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.readme import NAME as CARD
from pairsmith.hub.web.changing import MAX_TITLE_CHARS, Place, Told, carry_out, place_of
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    import sqlite3

    from starlette.datastructures import FormData
    from starlette.requests import Request

MAX_TEXT_BYTES = 512 << 10  # bytes of a text that is edited on a page
FIELD_BYTES = 3 * (MAX_TEXT_BYTES + (64 << 10))  # of its field: each byte percent-encoded
MARKDOWN = (".md", ".markdown")


class Edit(NamedTuple):
    """A text that is being written.

    Attributes:
        path: The file.
        text: The text, as it stands in the form.
        title: What the change is called.
        shown: The id of the commit that the page showed first; '' for none.
        is_new: Whether there is no such file yet.
    """

    path: str
    text: str
    title: str
    shown: str
    is_new: bool


class Seen(NamedTuple):
    """What a page says of an edit besides; see `edit.html.jinja`."""

    faults: tuple[str, ...] = ()
    fault: str = ""
    preview: bool = False
    diff: diffs.FileDiff | None = None
    newest: Commit | None = None
    status: int = 200


def show(request: Request) -> Response:
    """`GET …/edit/{revision}/{path}`: a text to edit; `GET …/new/{revision}?path`: a new one."""
    hub, who = hub_of(request), require_sign_in(request)
    with hub.database.read() as db:
        place = place_of(db, hub, request, who)
        shown = place.head.id if place.head else ""
        path = request.path_params.get("path")
        if path is None:
            start = request.query_params.get("path", "")[: files.MAX_PATH_CHARS]
            edit = Edit(start, "", "", shown, True)
            return _form(request, who, place, edit)
        file = _file(db, place, files.clean(path))
    text = text_of(hub, file)
    _record_view(hub, who, place, file.path, shown)
    return _form(request, who, place, Edit(file.path, as_shown(text), "", shown, False))


def take(request: Request, sent: FormData) -> Response:
    """`POST …/edit/{revision}/{path}`, `POST …/new/{revision}`: a preview, or a commit."""
    hub, who = hub_of(request), require_sign_in(request)
    with hub.database.read() as db:
        place = place_of(db, hub, request, who)
    edit = _edit(request, sent)
    try:
        _check_length(edit)
        before = _before(hub, place, edit)
        if forms.text(sent, "do") == "preview":
            diff = diffs.between(edit.path, before, stored(edit.text, before))
            if before is not None:  # a form may name any state, whether its page was opened or not
                _record_view(hub, who, place, files.clean(edit.path), edit.shown)
            return _form(request, who, place, edit, Seen(_faults(place, edit), "", True, diff))
        if not forms.text(sent, "anyway") and (faults := _faults(place, edit)):
            return _form(request, who, place, edit, Seen(faults, status=422))
        return _commit(request, who, place, edit, (before, forms.text(sent, "do") == "propose"))
    except OutdatedError as error:
        return _outdated(request, who, place, edit, error)
    except HubError as error:  # nothing that was written is lost
        told = error.page_message if error.status < 500 else error.message
        return _form(request, who, place, edit, Seen(fault=told, status=error.status))


def _edit(request: Request, sent: FormData) -> Edit:
    path = request.path_params.get("path")
    written = forms.line(sent, "path") if path is None else path
    text = forms.text(sent, "text").replace("\r\n", "\n").replace("\r", "\n")
    shown = forms.text(sent, "replace") or forms.text(sent, "shown")
    title = forms.line(sent, "title")[:MAX_TITLE_CHARS]
    return Edit(written, text, title, shown, path is None)


def _check_length(edit: Edit) -> None:
    if len(edit.text.encode()) > MAX_TEXT_BYTES:
        raise too_large("A text that is edited here", MAX_TEXT_BYTES)


def _before(hub: Hub, place: Place, edit: Edit) -> str | None:
    """The text of the file as the page showed it; None for one that is new.

    Raises:
        HubError: 404 where there is none, 400 where there is one and is not to be.
    """
    path = files.clean(edit.path)
    with hub.database.read() as db:
        at = _commit_of(db, place, edit.shown)
        file = files.named(db, at, path) if at else None
    if edit.is_new:
        if file is not None:
            raise bad_request("There is a file of that name: open it to edit it.")
        return None
    if file is None:
        raise entry_not_found(path)
    return text_of(hub, file)


def _commit_of(db: sqlite3.Connection, place: Place, shown: str) -> Commit | None:
    if not shown:
        return None
    if not COMMIT.fullmatch(shown):
        raise bad_request("The form does not say which state it showed; load the page again.")
    return history.find(db, place.repo, shown)


def _commit(
    request: Request, who: Caller, place: Place, edit: Edit, how: tuple[str | None, bool]
) -> Response:
    hub, (before, proposes) = hub_of(request), how
    text = stored(edit.text, before)
    if text == before:
        raise bad_request("Nothing was changed.")
    title = edit.title or f"{'Add' if edit.is_new else 'Edit'} {edit.path}"
    told = Told(edit.shown, title, proposes)
    with hub.blobs.several() as arriving:
        blob = arriving.add([text.encode()])
        put = Put(files.clean(edit.path), blob.sha256, lfs=False)
        return carry_out(request, who, place, told, [put], arriving.finish())


def _outdated(
    request: Request, who: Caller, place: Place, edit: Edit, error: OutdatedError
) -> Response:
    """The form again, with what somebody else wrote meanwhile beside what stands in it."""
    hub, newest = hub_of(request), error.newest
    with hub.database.read() as db:
        file = files.named(db, newest, edit.path)
    try:
        theirs = text_of(hub, file) if file else None
    except HubError:  # it is no text any more
        theirs = None
    diff = diffs.between(edit.path, theirs, stored(edit.text, theirs))
    if file:
        _record_view(hub, who, place, edit.path, newest.id)
    seen = Seen(fault=error.message, diff=diff, newest=newest, status=error.status)
    return _form(request, who, place, edit, seen)


NOTHING = Seen()


def _form(
    request: Request, who: Caller, place: Place, edit: Edit, seen: Seen = NOTHING
) -> HTMLResponse:
    said: dict[str, Any] = seen._asdict()
    return page(
        request,
        "edit.html.jinja",
        who,
        said.pop("status"),
        repo=place.repo,
        place=place,
        edit=edit,
        html=_rendered(edit) if seen.preview else None,
        revision=place.branch,
        limits=(files.MAX_PATH_CHARS, MAX_TEXT_BYTES, MAX_TITLE_CHARS),
        **said,
    )


def _rendered(edit: Edit) -> str | None:
    """The Markdown of a text that is shown as it will be; None for other files."""
    if not edit.path.lower().endswith(MARKDOWN):
        return None
    return card.split(edit.text)[1] if edit.path == CARD else edit.text


def _faults(place: Place, edit: Edit) -> tuple[str, ...]:
    """What is wrong with the front matter of a card; nothing, of other files."""
    if edit.path != CARD:
        return ()
    if faults := readme.validate(edit.text):
        return tuple(faults)
    return read_form(readme.read_text(edit.text).data, place.repo.kind).faults


def _record_view(hub: Hub, who: Caller, place: Place, path: str, revision: str) -> None:
    """Puts it on record that a page shows what stands in a file; the card is for all."""
    if path != CARD:
        permissions.record_read(hub, who, place.repo, "viewed", path=path, revision=revision)


def _file(db: sqlite3.Connection, place: Place, path: str) -> File:
    file = files.named(db, place.head, path) if place.head else None
    if file is None:
        raise entry_not_found(path)
    return file


def text_of(hub: Hub, file: File) -> str:
    """The text of a file that can be edited on a page.

    Raises:
        HubError: 422 where it cannot: it is no text, or too long, or a browser would not bring its
            line ends back.
    """
    if file.size > MAX_TEXT_BYTES:
        raise HubError(422, "This file is too large to be edited; upload another in its place.")
    with hub.blobs.open(file.blob, file.size) as content:
        data = content.read()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise HubError(422, "This file is not text; upload another in its place.")
    ends = text.count("\r\n")
    if text.count("\r") != ends or (ends and text.count("\n") != ends):
        raise HubError(422, "This file mixes line ends, which a browser would not keep.")
    return text


def as_shown(text: str) -> str:
    """A text as a form has it, with one kind of line ends."""
    return text.replace("\r\n", "\n")


def stored(text: str, before: str | None) -> str:
    """A text of a form with the line ends that the file had before."""
    return text.replace("\n", "\r\n") if before and "\r\n" in before else text


routes: list[BaseRoute] = [
    *repo_pages("/edit/{revision:part}/{path:inner}", show),
    *repo_posts("/edit/{revision:part}/{path:inner}", take, field_bytes=FIELD_BYTES),
    *repo_pages("/new/{revision:part}", show),
    *repo_posts("/new/{revision:part}", take, field_bytes=FIELD_BYTES),
]
