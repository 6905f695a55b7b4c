"""Files and versions: the folders of a revision, and single files."""

from __future__ import annotations

import sqlite3
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller, authenticate
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import encoded, repo_of, repo_pages
from pairsmith.hub.http.errors import entry_not_found
from pairsmith.hub.http.responses import IMAGES
from pairsmith.hub.permissions import REFUSALS
from pairsmith.hub.repos import files, history
from pairsmith.hub.repos.files import File, Folder
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.inspection import find_pickles
from pairsmith.hub.repos.readme import NAME as CARD
from pairsmith.hub.repos.rendering import Rendering
from pairsmith.hub.repos.reports import BY_PATH
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.viewer.formats import format_of
from pairsmith.hub.web import paging
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.requests import Request

PAGE = 500  # entries of a folder
COUNTED = 5_000  # files in the folders of a page that are counted
REFS = 100  # branches and tags in the menu
EMPTY = ("This file is empty.", "There is no text in this card.")
MAX_TEXT_BYTES = 512 << 10  # bytes of a text that is shown


class Entry(NamedTuple):
    """A file or a folder in a folder.

    A folder's `size` and `inside` (how many) are those of its files, each content once; None where
    they are too many to be counted. `pickle` says that a file is one, or holds one.
    """

    name: str
    folder: bool
    size: int | None
    inside: int | None
    page: str
    download: str
    pickle: bool = False


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

    @property
    def edits(self) -> bool:
        """Whether it is a text, which can be edited."""
        return bool(self.text or self.html or self.fault in EMPTY)


def tree(request: Request) -> HTMLResponse:
    """`GET …/tree/{revision}[/{path}]?after`: a folder in pages, the folders of each first."""
    hub, who = hub_of(request), authenticate(request)
    path = request.path_params.get("path", "").rstrip("/")
    revision = request.path_params["revision"]
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        if not path and revision == history.MAIN and not history.head(db, repo, history.MAIN):
            changes = _changes(db, repo, who, revision)
            context = {"commit": None, "revision": revision, "changes": changes, "folder": ""}
            return page(request, "files.html.jinja", who, repo=repo, **context)
        commit = history.find(db, repo, revision)
        after = request.query_params.get("after", "")
        found = files.entries(db, commit, files.clean(path) if path else "", after, PAGE + 1)
        if path and not found and not after:
            raise entry_not_found(path)
        entries = _entries(db, repo, commit, revision, found[:PAGE])
        location = _location(db, repo, commit, revision, path)
        location["changes"] = _changes(db, repo, who, revision)
        location["folder"] = f"?path={quote(path + '/', safe='')}" if path else ""
    entries = _marked(hub, entries, found[:PAGE])
    pages = paging.from_cursor(request, files.cursor(found[PAGE - 1]) if found[PAGE:] else "")
    return page(request, "files.html.jinja", who, entries=entries, pages=pages, **location)


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
        location["changes"] = _changes(db, repo, who, revision)
    if where.reads or path == CARD:
        shown = _content(hub, repo, commit, file)
    else:
        shown = Content(fault=f"What is in this file is not shown. {REFUSALS[where]}")
    location["pickle"] = find_pickles(hub, [file])[file.blob]
    if shown.text:
        permissions.record_read(hub, who, repo, "viewed", path=path, revision=commit.id)
    report = BY_PATH.get(path) if where.reads and repo.kind == "dataset" else None
    location["report"] = f"{repo.page}/reports/{report.name}" if report else ""
    format = format_of(path)
    location["has_rows"] = format is not None and format.kind != "images"
    location["download"] = _address(repo, "resolve", revision, path) if where.reads else ""
    return page(request, "file.html.jinja", who, file=file, shown=shown, **location)


def _changes(db: sqlite3.Connection, repo: Repo, who: Caller, revision: str) -> str:
    """The start of the addresses where files are changed; '' where the caller may change none."""
    head = history.head(db, repo, revision)
    on_branch = history.pull_number(revision) is None and (head or revision == history.MAIN)
    writes = who.user is not None and who.writes
    if not (on_branch and writes and permissions.standing(db, repo, who.user).reads):
        return ""
    return repo.page if head or permissions.may_write(db, repo, who.user) else ""


def _content(hub: Hub, repo: Repo, commit: Commit, file: File) -> Content:
    """What the page shows of a file to those who may read it."""
    if PurePosixPath(file.path).suffix.lower() in IMAGES:
        return Content(image=True)
    if file.path == CARD:
        html = Rendering(hub).card(file.blob, repo.page, commit.id)
        return Content(html=html) if html else Content(fault=EMPTY[1])
    if file.path in BY_PATH and repo.kind == "dataset":
        return Content(fault="This is a report, which is shown as a page.")
    return _text(hub, file)


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
    return Content(text=text) if text else Content(fault=EMPTY[0])


def _location(
    db: sqlite3.Connection, repo: Repo, commit: Commit, revision: str, path: str
) -> dict[str, Any]:
    """What `_path.html.jinja` wants."""
    parts = path.split("/") if path else []
    crumbs = [
        Crumb(name, _address(repo, "tree", revision, "/".join(parts[: depth + 1])))
        for depth, name in enumerate(parts)
    ]
    refs = history.refs(db, repo, REFS + 1)
    return {
        "repo": repo,
        "commit": commit,
        "revision": revision,
        "crumbs": crumbs,
        "refs": refs[:REFS],
        "more_refs": len(refs) > REFS,
    }


def _entries(
    db: sqlite3.Connection, repo: Repo, commit: Commit, revision: str, found: list[File | Folder]
) -> list[Entry]:
    """What a page shows of what is in a folder, folders first."""
    left, entries = COUNTED, []
    for one in found:
        size, inside = (None, None) if isinstance(one, Folder) else (one.size, 1)
        if isinstance(one, Folder) and left > 0:
            there = files.totals(db, commit, one.path, left)
            left -= there.files
            if there.whole:
                size, inside = there.size, there.files
        entries.append(_entry(repo, revision, one, size, inside))
    return sorted(entries, key=lambda entry: (not entry.folder, entry.name))


def _marked(hub: Hub, entries: list[Entry], found: list[File | Folder]) -> list[Entry]:
    """The entries, with those marked that are pickles."""
    listed = {file.path.rpartition("/")[2]: file for file in found if isinstance(file, File)}
    pickles = find_pickles(hub, listed.values())
    return [
        entry if entry.folder else entry._replace(pickle=bool(pickles[listed[entry.name].blob]))
        for entry in entries
    ]


def _entry(
    repo: Repo, revision: str, one: File | Folder, size: int | None, inside: int | None
) -> Entry:
    folder = isinstance(one, Folder)
    return Entry(
        one.path.rpartition("/")[2],
        folder,
        size,
        inside,
        _address(repo, "tree" if folder else "blob", revision, one.path),
        _address(repo, "resolve", revision, one.path),
    )


def _address(repo: Repo, view: str, revision: str, path: str) -> str:
    return f"{repo.page}/{view}/{encoded(revision)}/{quote(path)}"


routes: list[BaseRoute] = [
    *repo_pages("/tree/{revision:part}", tree),
    *repo_pages("/tree/{revision:part}/{path:inner}", tree),
    *repo_pages("/blob/{revision:part}/{path:inner}", blob),
]
