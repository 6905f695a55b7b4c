"""Files and versions: the folders of a revision, and single files."""

from __future__ import annotations

import sqlite3
from itertools import groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import authenticate
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import DATASET, encoded, repo_of
from pairsmith.hub.http.errors import entry_not_found
from pairsmith.hub.http.responses import IMAGES
from pairsmith.hub.permissions import REFUSALS
from pairsmith.hub.repos import card, files, history
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.readme import NAME as CARD
from pairsmith.hub.repos.rendering import Rendering
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.web import paging
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.requests import Request

PAGE = 500  # entries of a folder
MAX_TEXT_BYTES = 512 << 10  # bytes of a text that is shown


class Entry(NamedTuple):
    """A file or a folder in a folder. A folder's `size` and `inside` (how many) are its files'."""

    name: str
    folder: bool
    size: int
    inside: int
    page: str
    download: str


class Crumb(NamedTuple):
    """A folder on the way to a path."""

    name: str
    page: str


class Content(NamedTuple):
    """What a page shows of a file: one of these, or why it shows nothing."""

    text: str = ""
    html: Markup = Markup()
    image: bool = False
    fault: str = ""


def tree(request: Request) -> HTMLResponse:
    """`GET …/tree/{revision}[/{path}]?p`: a folder, its folders first."""
    hub, who = hub_of(request), authenticate(request)
    path = request.path_params.get("path", "").rstrip("/")
    revision = request.path_params["revision"]
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        if not path and revision == history.MAIN and not history.head(db, repo, history.MAIN):
            return page(request, "files.html.jinja", who, repo=repo, commit=None)
        commit = history.find(db, repo, revision)
        found = files.under(db, commit, files.clean(path) if path else "")
        if path and not found:
            raise entry_not_found(path)
        location = _location(db, repo, commit, revision, path)
    entries = _entries(repo, revision, path, found)[paging.number(request) * PAGE :]
    shown, pages = paging.cut(request, entries, PAGE)
    return page(request, "files.html.jinja", who, entries=shown, pages=pages, **location)


def blob(request: Request) -> HTMLResponse:
    """`GET …/blob/{revision}/{path}`: what a file is, and its text to those who may read it."""
    hub, who = hub_of(request), authenticate(request)
    path, revision = files.clean(request.path_params["path"]), request.path_params["revision"]
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        commit = history.find(db, repo, revision)
        file = files.named(db, commit, path)
        if file is None:
            raise entry_not_found(path)
        location = _location(db, repo, commit, revision, path)
        where = permissions.standing(db, repo, who.user)
    if where.reads or path == CARD:
        shown = _content(hub, repo, commit, file)
    else:
        shown = Content(fault=f"What is in this file is not shown. {REFUSALS[where]}")
    if shown.text:
        permissions.record_read(hub, who, repo, "viewed", path=path, revision=commit.id)
    location["download"] = _address(repo, "resolve", revision, path) if where.reads else ""
    return page(request, "file.html.jinja", who, file=file, shown=shown, **location)


def _content(hub: Hub, repo: Repo, commit: Commit, file: File) -> Content:
    """What the page shows of a file to those who may read it."""
    if PurePosixPath(file.path).suffix.lower() in IMAGES:
        return Content(image=True)
    shown = _text(hub, file)
    if shown.text and file.path == CARD:
        body = card.split(shown.text)[1]
        return Content(html=Rendering(hub)(body, repo.page, commit.id))
    return shown


def _text(hub: Hub, file: File) -> Content:
    if file.size > MAX_TEXT_BYTES:
        return Content(fault="This file is too large to be shown here; download it.")
    data = hub.blobs.path(file.blob).read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return Content(fault="This file is not text; download it.")
    return Content(text=text) if text else Content(fault="This file is empty.")


def _location(
    db: sqlite3.Connection, repo: Repo, commit: Commit, revision: str, path: str
) -> dict[str, Any]:
    """What `_path.html.jinja` wants."""
    parts = path.split("/") if path else []
    crumbs = [
        Crumb(name, _address(repo, "tree", revision, "/".join(parts[: depth + 1])))
        for depth, name in enumerate(parts)
    ]
    refs = history.refs(db, repo)
    return {"repo": repo, "commit": commit, "revision": revision, "crumbs": crumbs, "refs": refs}


def _entries(repo: Repo, revision: str, folder: str, found: list[File]) -> list[Entry]:
    """What is right in a folder, folders first, from all that is anywhere below it."""
    start = len(folder) + 1 if folder else 0
    groups = groupby(found, key=lambda file: file.path[start:].split("/")[0])
    entries = [_entry(repo, revision, start, name, list(inner)) for name, inner in groups]
    return sorted(entries, key=lambda entry: (not entry.folder, entry.name))


def _entry(repo: Repo, revision: str, start: int, name: str, inner: list[File]) -> Entry:
    path = inner[0].path[: start + len(name)]
    folder = inner[0].path != path
    return Entry(
        name,
        folder,
        sum(file.size for file in inner),
        len(inner),
        _address(repo, "tree" if folder else "blob", revision, path),
        _address(repo, "resolve", revision, path),
    )


def _address(repo: Repo, view: str, revision: str, path: str) -> str:
    return f"{repo.page}/{view}/{encoded(revision)}/{quote(path)}"


routes: list[BaseRoute] = [
    Route(DATASET + "/tree/{revision:part}", tree),
    Route(DATASET + "/tree/{revision:part}/{path:inner}", tree),
    Route(DATASET + "/blob/{revision:part}/{path:inner}", blob),
]
