"""Files uploaded, renamed and deleted on pages; the routes are those of `editing` too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import BaseRoute

from pairsmith.hub.auth import forms
from pairsmith.hub.auth.authentication import Caller, require_sign_in, require_write
from pairsmith.hub.auth.forms import check_origin, repo_posts
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.core.blobs import Blob, Incoming
from pairsmith.hub.http.addresses import repo_pages
from pairsmith.hub.http.bodies import receive
from pairsmith.hub.http.concurrency import COMMITS
from pairsmith.hub.http.errors import HubError, bad_request, entry_not_found
from pairsmith.hub.http.multipart import FormReader
from pairsmith.hub.permissions import proposer_of
from pairsmith.hub.repos import files, quotas
from pairsmith.hub.repos.draft import Delete, Put
from pairsmith.hub.repos.files import File
from pairsmith.hub.web import editing
from pairsmith.hub.web.changing import MAX_TITLE_CHARS, Place, Told, carry_out, place_of
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.requests import Request

Changes = Callable[[File], tuple[str, Sequence[Put | Delete]]]
"""Given a file, what a change of it is called, and what it is."""

MAX_UPLOAD_BYTES = 5 << 30  # bytes of all files of one upload by a page
LARGEST_NAMES = 3  # files that a commit names which has no title


class Arrived(NamedTuple):
    """A file that came in whole."""

    path: str
    content: Incoming
    blob: Blob
    is_large: bool


class Upload:
    """The files of a form on their way in; those that were not kept go when it is closed."""

    def __init__(self, hub: Hub, request: Request) -> None:
        self.arrived: list[Arrived] = []
        self._hub = hub
        self._request = request
        self._open: Incoming | None = None

    def begin(self, name: str, fields: dict[str, str]) -> _Arriving:
        """What takes a file in, once the form is shown to be one of the hub's own.

        Raises:
            HubError: 403 where it is not; 400 for a name that no file can have, or two files of
                one.
        """
        if not self.arrived:
            check_origin(self._request, FormData(list(fields.items())))
        folder = fields.get("folder", "").strip().strip("/")
        path = files.clean(f"{folder}/{name}" if folder else name)
        if any(one.path == path for one in self.arrived):
            raise bad_request("Two of these files have one name.")
        self._open = self._hub.blobs.begin()
        return _Arriving(self, path, self._open)

    def close(self) -> None:
        """Takes away what was not kept."""
        for content in (*(one.content for one in self.arrived), self._open):
            if content is not None:
                content.close()


class _Arriving:
    """A file on its way in; its first bytes say whether it is text."""

    def __init__(self, upload: Upload, path: str, content: Incoming) -> None:
        self._upload = upload
        self._path = path
        self._content = content
        self._first = b""

    def write(self, data: bytes) -> None:
        """Takes the next bytes."""
        if len(self._first) < 512:
            self._first += data[:512]
        self._content.write(data)

    def end(self) -> None:
        """Has it be whole."""
        blob = self._content.finish()
        large = files.is_large(self._path, blob.size, self._first)
        self._upload.arrived.append(Arrived(self._path, self._content, blob, large))


def show_upload(request: Request) -> Response:
    """`GET …/upload/{revision}?path`: a form for files."""
    hub, who = hub_of(request), require_sign_in(request)
    with hub.database.read() as db:
        place = place_of(db, hub, request, who)
    return _form(request, who, place, request.query_params.get("path", ""))


async def take_upload(request: Request) -> Response:
    """`POST …/upload/{revision}`: files, streamed to where contents lie, and a commit of them."""
    hub = hub_of(request)
    who, place, limit = await run_in_threadpool(_may_upload, request)
    upload = Upload(hub, request)
    reader = FormReader(request.headers.get("content-type", ""), upload.begin)
    try:
        await receive(request, "The upload", limit, reader.write)
        fields = reader.finish()
        user = require_write(who)
        return await COMMITS.run(user.id, lambda: _commit(request, who, place, upload, fields))
    except HubError as error:
        if error.status >= 500 or error.status in (401, 413):
            raise
        folder = reader.fields.get("folder", "")
        return await run_in_threadpool(_form, request, who, place, folder, error)
    finally:
        await run_in_threadpool(upload.close)


def _may_upload(request: Request) -> tuple[Caller, Place, int]:
    """Who uploads, to where, and how many bytes they may send; before any of them is read.

    Raises:
        HubError: What keeps them from it: 411 without a length, 403 where it is over a quota.
    """
    hub, who = hub_of(request), require_sign_in(request)
    with hub.database.read() as db:
        place = place_of(db, hub, request, who)
        declared = request.headers.get("content-length", "")
        if not declared.isdecimal() or len(declared) > 18:
            raise HubError(411, "An upload says how many bytes it has.")
        most = min(int(declared), MAX_UPLOAD_BYTES)
        overhead = forms.MAX_FIELD_BYTES  # of the form itself
        sent = max(0, most - overhead)
        quotas.check(db, hub, place.repo, sent, proposer_of(db, place.repo, who.user))
    hub.blobs.room.check(most)
    return who, place, MAX_UPLOAD_BYTES


def _commit(
    request: Request, who: Caller, place: Place, upload: Upload, fields: dict[str, str]
) -> Response:
    arrived = upload.arrived
    check_origin(request, FormData(list(fields.items())))
    if not arrived:
        raise bad_request("Choose at least one file.")
    names = [one.path.rpartition("/")[2] for one in arrived[:LARGEST_NAMES]]
    more = f" and {len(arrived) - len(names)} more" if len(arrived) > len(names) else ""
    title = " ".join(fields.get("title", "").split()) or f"Upload {', '.join(names)}{more}"
    told = Told(fields.get("shown", ""), title, fields.get("do") == "propose")
    puts = [Put(one.path, one.blob.sha256, lfs=one.is_large) for one in arrived]
    # two files may hold the same, of which one is kept
    whole = {one.blob.sha256: (one.content.path, one.blob) for one in arrived}
    return carry_out(request, who, place, told, puts, list(whole.values()))


def _form(
    request: Request, who: Caller, place: Place, folder: str, error: HubError | None = None
) -> Response:
    return page(
        request,
        "upload.html.jinja",
        who,
        error.status if error else 200,
        repo=place.repo,
        place=place,
        revision=place.branch,
        folder=folder.strip("/")[: files.MAX_PATH_CHARS],
        fault=error.page_message if error else "",
        limits=(files.MAX_PATH_CHARS, MAX_UPLOAD_BYTES, MAX_TITLE_CHARS),
    )


def show_change(request: Request) -> Response:
    """`GET …/change/{revision}/{path}`: a file to rename or delete."""
    hub, who = hub_of(request), require_sign_in(request)
    with hub.database.read() as db:
        place = place_of(db, hub, request, who)
        path = files.clean(request.path_params["path"])
        if place.head is None or files.named(db, place.head, path) is None:
            raise entry_not_found(path)
    return _change_form(request, who, place, path)


def take_rename(request: Request, sent: FormData) -> Response:
    """`POST …/rename/{revision}/{path}`: the file under another name, or in another folder."""

    def changes(file: File) -> tuple[str, list[Put | Delete]]:
        new = files.clean(forms.line(sent, "to").strip("/"))
        if new == file.path:
            raise bad_request("It has that name already.")
        put = Put(new, file.blob, file.lfs)
        return f"Rename {file.path} to {new}", [put, Delete(file.path)]

    return _take_change(request, sent, changes)


def take_delete(request: Request, sent: FormData) -> Response:
    """`POST …/delete/{revision}/{path}`: the file is no more; earlier commits keep it."""
    return _take_change(request, sent, lambda file: (f"Delete {file.path}", [Delete(file.path)]))


def _take_change(request: Request, sent: FormData, changes: Changes) -> Response:
    hub, who = hub_of(request), require_sign_in(request)
    with hub.database.read() as db:
        place = place_of(db, hub, request, who)
        path = files.clean(request.path_params["path"])
        file = files.named(db, place.head, path) if place.head else None
        if place.head is None or file is None:
            raise entry_not_found(path)
    try:
        title, wanted = changes(file)
        with hub.database.read() as db:
            taken = files.all_named(db, place.head, [one.path for one in wanted]).keys() - {path}
        if taken:
            raise bad_request("There is a file of that name already.")
        told = Told(
            forms.text(sent, "shown"),
            forms.line(sent, "title") or title,
            forms.text(sent, "do") == "propose",
        )
        return carry_out(request, who, place, told, wanted)
    except HubError as error:
        if error.status >= 500:
            raise
        return _change_form(request, who, place, path, (forms.line(sent, "to"), error))


def _change_form(
    request: Request,
    who: Caller,
    place: Place,
    path: str,
    again: tuple[str, HubError] | None = None,
) -> Response:
    return page(
        request,
        "change.html.jinja",
        who,
        again[1].status if again else 200,
        repo=place.repo,
        place=place,
        revision=place.branch,
        file_path=path,
        to=(again[0] if again else "") or path,
        fault=again[1].page_message if again else "",
        limits=(files.MAX_PATH_CHARS, MAX_TITLE_CHARS),
    )


routes: list[BaseRoute] = [
    *editing.routes,
    *repo_pages("/upload/{revision:part}", show_upload),
    *repo_pages("/upload/{revision:part}", take_upload, ["POST"]),
    *repo_pages("/change/{revision:part}/{path:inner}", show_change),
    *repo_posts("/rename/{revision:part}/{path:inner}", take_rename),
    *repo_posts("/delete/{revision:part}/{path:inner}", take_delete),
]
