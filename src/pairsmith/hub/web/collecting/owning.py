"""What a collection's owner sees: how far it has come, by whom; what is taken out; its end."""

from __future__ import annotations

import shutil
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from starlette.responses import RedirectResponse, StreamingResponse

from pairsmith.collecting.events import Kind
from pairsmith.collecting.export import export
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.quality.disputes import disputes
from pairsmith.hub.auth import forms
from pairsmith.hub.collections import members, registry
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.web.collecting.entering import Entered, enter, enter_form
from pairsmith.hub.web.collecting.hosting import hosting_of
from pairsmith.hub.web.collecting.taking import annotated
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

COUNTED = (Kind.STARTED, Kind.FINISHED, Kind.CHOSE, Kind.JUDGED, Kind.REVIEWED)
ANNOTATION = "people"
PIECE = 1 << 20
EXPORTS_AT_ONCE = 2
_turns = threading.BoundedSemaphore(EXPORTS_AT_ONCE)


class Share(NamedTuple):
    """What somebody gave so far.

    Attributes:
        name: Of the account; '' for one that is gone.
        started: Conversations begun.
        finished: Conversations finished.
        chose: Choices in them.
        judged: Pairs judged, and transcripts reviewed.
    """

    name: str
    started: int
    finished: int
    chose: int
    judged: int

    @property
    def given(self) -> int:
        """All that counts."""
        return self.chose + self.judged


def show(request: Request) -> Response:
    """`GET /collections/{owner}/{name}`: how far it has come; others are sent to their work."""
    entered = enter(request, Role.WORKER)
    if entered.role is Role.WORKER:
        return RedirectResponse(f"{entered.collection.page}/work", 303)
    with hosting_of(request).served(entered.collection, entered.role) as served:
        shares = _shares(entered, served) if entered.role is Role.OWNER else []
        waiting = sum(not one.is_decided for one in disputes(served.collection))
        talks = served.collection.project().mode.talks
        items = len(served.tasks.read().order)
        with served.collection.store.read() as transaction:
            taken = transaction.last(Kind.IMPORTED) is not None
    return page(
        request,
        "collection.html.jinja",
        entered.caller,
        **entered.shown,
        shares=shares,
        total=sum(one.given for one in shares),
        waiting=waiting,
        talks=talks,
        items=items,
        taken=taken,
        size=registry.measure(entered.hub, entered.collection),
    )


def send_source(request: Request) -> Response:
    """`GET …/source.zip`: all of it as a source, which `pairsmith build` reads once unpacked."""
    return _send(request, _source, "")


def send_annotation(request: Request) -> Response:
    """`GET …/annotation.zip`: what people say of a dataset, as an annotation of its build."""
    return _send(request, _annotation, "-annotation")


def _send(request: Request, make: Make, more: str) -> Response:
    entered = enter(request, Role.OWNER)
    if not _turns.acquire(blocking=False):
        raise HubError(503, "Others are being written at the moment. Try again in a minute.")
    try:
        entered.hub.blobs.room.check(3 * registry.measure(entered.hub, entered.collection))
        with hosting_of(request).served(entered.collection) as served:
            file = make(entered, served)
    finally:
        _turns.release()
    headers = {
        "content-disposition": f'attachment; filename="{entered.collection.name}{more}.zip"',
        "cache-control": "no-store",
    }
    return StreamingResponse(file, media_type="application/zip", headers=headers)


def take_close(request: Request, sent: FormData) -> Response:
    """`POST …/close`: closes it to all who take part, or opens it again."""
    entered = enter_form(request, Role.OWNER)
    with entered.hub.database.write() as db:
        registry.set_closed(db, entered.collection, forms.text(sent, "closed") == "yes")
    return RedirectResponse(f"{entered.collection.page}/settings", 303)


def take_delete(request: Request, sent: FormData) -> Response:
    """`POST …/delete`: deletes it with all that was said in it."""
    entered = enter_form(request, Role.OWNER)
    if forms.line(sent, "confirm") != entered.collection.full_name:
        raise bad_request(f"To delete it, type its name: {entered.collection.full_name}.")
    with entered.hub.deleting() as db:
        registry.delete(db, entered.collection)
    hosting_of(request).forget(entered.collection)
    shutil.rmtree(registry.folder_of(entered.hub, entered.collection), ignore_errors=True)
    return RedirectResponse("/collections", 303)


def _shares(entered: Entered, served: Served) -> list[Share]:
    """What each who takes part gave, who gave most first; of who is gone under no name."""
    with served.collection.store.read() as transaction:
        counts = transaction.counts(COUNTED)
    with entered.hub.database.read() as db:
        names = {str(one.id): one.user for one in members.listed(db, entered.collection)}
        row = db.execute("SELECT id, name FROM users WHERE id = ?", (entered.user.id,)).fetchone()
    names[str(row[0])] = row[1]
    people = {who for who, _ in counts} | {*names}
    found = []
    for who in sorted(people):
        n = {kind: counts.get((who, kind), 0) for kind in COUNTED}
        judged = n[Kind.JUDGED] + n[Kind.REVIEWED]
        name = names.get(who, "")
        found.append(Share(name, n[Kind.STARTED], n[Kind.FINISHED], n[Kind.CHOSE], judged))
    return sorted(found, key=lambda one: (-one.given, one.name))


def _source(entered: Entered, served: Served) -> Iterator[bytes]:
    with _staged(entered) as folder:
        source = folder / entered.collection.name
        export(served.collection, source)
        return _packed(folder, source)


def _annotation(entered: Entered, served: Served) -> Iterator[bytes]:
    with _staged(entered) as folder, annotated(entered, served, ANNOTATION) as made:
        return _packed(folder, made)


@contextmanager
def _staged(entered: Entered) -> Iterator[Path]:
    staging = entered.hub.blobs.staging
    with tempfile.TemporaryDirectory(prefix="parts-collected-", dir=staging) as folder:
        yield Path(folder)


def _packed(folder: Path, source: Path) -> Iterator[bytes]:
    """A folder in a file of ZIP, whose place on the disk is free once it is sent."""
    packed = folder / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(source.parent))
    opened = packed.open("rb")

    def pieces() -> Iterator[bytes]:
        with opened:
            while piece := opened.read(PIECE):
                yield piece

    return pieces()


Make: TypeAlias = Callable[[Entered, Served], Iterator[bytes]]
