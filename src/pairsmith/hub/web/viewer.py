"""The viewer's page: the rows of a subset and a split, searched, sorted, and turned over."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import DATASETS, repo_of, repo_pages
from pairsmith.hub.http.processes import TooMuchWorkError
from pairsmith.hub.http.turns import Turn
from pairsmith.hub.viewer.query import ON_A_PAGE, Rows
from pairsmith.hub.viewer.view import Asked, View, make_view
from pairsmith.hub.web import discussed
from pairsmith.hub.web.render import page as rendered
from pairsmith.hub.web.selection import (
    Addresses,
    Query,
    Selection,
    in_turn,
    nothing_there,
    query_of,
    run_within,
    select,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

MAX_IMAGE_BYTES = 8 << 20  # an image that is shown; a larger one is a link


class Picture(NamedTuple):
    """An image of a repository, as a row.

    Attributes:
        number: Its place among all, from 1.
        name: Its path.
        size: Its bytes.
        address: Where its content is.
        shown: Whether it is shown.
    """

    number: int
    name: str
    size: int
    address: str
    shown: bool


async def viewer(request: Request) -> Response:
    """`GET …/viewer?revision=&config=&split=&q=&page=&row=&id=&note=&sort=&way=&annotation=…`.

    Besides, of an annotation: `label=&least=&most=&order=`.
    """
    return await in_turn(request, _viewer)


def _viewer(request: Request, who: Caller, turn: Turn) -> Response:
    hub, query = hub_of(request), query_of(request.query_params)
    selection = select(hub, who, repo_of(request), query, turn)
    pictures: list[Picture] = []
    if selection.sources and selection.plan.images:
        view, pictures = _gallery(selection, query)
    elif selection.sources:
        view = _view(hub, selection, query, turn)
    else:
        view = View(fault=nothing_there(selection))
    if view.rows:
        _record_view(hub, who, selection, query)
    place = (selection.plan.subset, selection.plan.split, selection.revision)
    return rendered(
        request,
        "rows.html.jinja",
        who,
        status=_status(selection, query, view),
        pictures=pictures,
        talk=discussed.of_rows(hub, selection.repo, place, view.shown),
        **_context(selection, query, view),
    )


def _status(selection: Selection, query: Query, view: View) -> int:
    if view.rows:
        return 404 if query.id and not (view.shown or selection.plan.images) else 200
    return 422 if selection.sources or selection.plan.fault else 200


def _record_view(hub: Hub, who: Caller, selection: Selection, query: Query) -> None:
    """Puts the view of a gated repository on record, before its first row leaves."""
    path = f"{selection.plan.subset}/{selection.plan.split}"
    detail: dict[str, object] = {"page": query.page, "row": query.row, "q": query.search}
    more = {"id": query.id, "note": query.note, "sort": query.sort, "label": query.label}
    detail |= {key: value for key, value in more.items() if value}
    if selection.annotation:
        detail["annotation"] = selection.annotation.name
    permissions.record_read(
        hub, who, selection.repo, "viewed", path=path, revision=selection.revision, **detail
    )


def _view(hub: Hub, selection: Selection, query: Query, turn: Turn) -> View:
    said = selection.annotation
    wanted = [selection.build, said and said.manifest, *(said.parts if said else ())]
    asked = Asked(
        selection.sources,
        {file.blob: hub.blobs.path(file.blob) for file in wanted if file},
        query.page,
        query.row,
        query.search,
        said,
        query.label,
        query.order,
        selection.build,
        query.id,
        query.wanted,
        (query.least, query.most),
    )
    try:
        return run_within(turn, make_view, asked)
    except TooMuchWorkError as error:
        return View(
            fault=f"These rows cannot be shown. {error} A value, a page of values or the"
            " description of the columns is too large for the viewer. The files can be downloaded."
        )


def _gallery(selection: Selection, query: Query) -> tuple[View, list[Picture]]:
    """Images, each a row: those of a page, whose paths hold a text where one is searched."""
    word = query.search.lower()
    found = [
        (number, source)
        for number, source in enumerate(selection.sources, start=1)
        if word in source.name.lower() and query.row in (None, number)
    ]
    skip = (query.page - 1) * ON_A_PAGE
    base = f"{selection.repo.page}/resolve/{selection.revision}"
    pictures = []
    for number, source in found[skip : skip + ON_A_PAGE]:
        size = source.path.stat().st_size
        address = f"{base}/{quote(source.name)}"
        pictures.append(Picture(number, source.name, size, address, size <= MAX_IMAGE_BYTES))
    total = len(selection.sources)
    rows = Rows([], 0, [], total, len(found), len(found) > skip + ON_A_PAGE, files=total)
    return View(rows), pictures


def _context(selection: Selection, query: Query, view: View) -> dict[str, object]:
    plan, rows = selection.plan, view.rows
    return {
        **selection._asdict(),
        **view._asdict(),
        "query": query,
        "beyond": plan.files - rows.files if rows else 0,
        "asked": _asked(query),
        "to": Addresses(selection, query),
        "columns_page": Addresses(selection, query, "viewer/columns")(page=""),
        "last_page": (
            max(1, -(-rows.matching // ON_A_PAGE)) if rows and rows.matching is not None else None
        ),
    }


def _asked(query: Query) -> str:
    """What the rows are asked to have, in words."""
    parts = (
        (query.search, "text"),
        (query.label, "label"),
        ((query.least, query.most) != (None, None), "score"),
        (query.note, "note"),
    )
    *first, last = [word for asked, word in parts if asked] or [""]
    return f"{', '.join(first)} and this {last}" if first else last


routes: list[BaseRoute] = [*repo_pages("/viewer", viewer, kinds=DATASETS)]
