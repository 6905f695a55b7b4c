"""The viewer's page: the rows of a subset and a split, searched and turned over page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller, caller
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import DATASET, RepoName, number_in, repo_of
from pairsmith.hub.http.concurrency import ROWS, run_apart
from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.repos import card, files, history
from pairsmith.hub.repos.history import MAIN
from pairsmith.hub.repos.readme import card_text
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.viewer import query, sides, subsets
from pairsmith.hub.viewer.query import Rows, Source
from pairsmith.hub.viewer.subsets import Split, Subset
from pairsmith.hub.web.render import page as rendered

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

LAST = 10**12  # rows and pages are numbered up to here
LONGEST_SEARCH = 200  # characters
MOST_FILES = 1_000  # of a split are looked at


class Asked(NamedTuple):
    """What an address asks for: its query, read."""

    revision: str
    config: str
    split: str
    search: str
    page: int
    row: int | None


class Place(NamedTuple):
    """Where the rows are: what was found for an address, in one transaction."""

    repo: Repo
    revision: str
    found: list[Subset]
    subset: Subset | None
    split: Split | None
    sources: list[Source]
    files: int = 0


async def viewer(request: Request) -> Response:
    """`GET /datasets/{owner}/{name}/viewer?revision=&config=&split=&q=&page=&row=`."""
    return await run_apart(ROWS, lambda: _viewer(request))


def _viewer(request: Request) -> Response:
    hub, who, asked = hub_of(request), caller(request), _asked(request)
    place = _place(hub, who, repo_of(request), asked)
    if place.sources:
        _note(hub, who, place, asked)
    rows, fault = _rows(place.sources, asked) if place.sources else (None, _nothing(place))
    return rendered(
        request,
        "rows.html.jinja",
        who,
        status=200 if rows or not place.sources else 422,
        **_context(place, asked, rows, fault),
    )


def _note(hub: Hub, who: Caller, place: Place, asked: Asked) -> None:
    """Puts the view of a gated repository on record, before its first row leaves."""
    if place.subset and place.split:
        where = f"{place.subset.name}/{place.split.name}"
        found = {"page": asked.page, "row": asked.row, "q": asked.search}
        permissions.note_read(
            hub, who, place.repo, "viewed", path=where, revision=place.revision, **found
        )


def _asked(request: Request) -> Asked:
    given = request.query_params
    search = given.get("q", "").strip().replace("\0", "")
    if len(search) > LONGEST_SEARCH:
        raise bad_request(f"A text to search has up to {LONGEST_SEARCH} characters.")
    return Asked(
        given.get("revision") or MAIN,
        given.get("config", ""),
        given.get("split", ""),
        search,
        _number(given.get("page") or "1", "page"),
        _number(given["row"], "row") if given.get("row") else None,
    )


def _number(text: str, what: str) -> int:
    number = number_in(text)
    if number is None:
        raise bad_request(f"{text[:20]!r} is not the number of a {what}.")
    if not 1 <= number <= LAST:
        raise bad_request(f"{text[:20]!r} is not the number of a {what}: they count from 1.")
    return number


def _place(hub: Hub, who: Caller, named: RepoName, asked: Asked) -> Place:
    with hub.database.read() as db:
        repo = permissions.readable(db, hub, who, *named)
        if asked.revision == MAIN and history.head(db, repo, MAIN) is None:
            return Place(repo, "", [], None, None, [])
        commit = history.find(db, repo, asked.revision)
        text = card_text(hub, db, commit)
        there = {file.path: file for file in files.under(db, commit)}
    found = subsets.subsets(card.configs(card.read(text)), there)
    if not found:
        return Place(repo, commit.id, [], None, None, [])
    subset, split = subsets.chosen(found, asked.config, asked.split)
    paths = subsets.files_of(split, there)
    sources = [Source(path, hub.blobs.path(there[path].blob)) for path in paths[:MOST_FILES]]
    return Place(repo, commit.id, found, subset, split, sources, len(paths))


def _rows(sources: Sequence[Source], asked: Asked) -> tuple[Rows | None, str]:
    """The rows, or why there are none."""
    try:
        if asked.row is not None:
            return query.whole(sources, asked.row), ""
        return query.page(sources, asked.page, asked.search), ""
    except query.UnreadableError as error:
        return None, str(error)


def _nothing(place: Place) -> str:
    if place.subset is None or place.split is None:
        return "There is no Parquet file here, and the viewer shows no other."
    return (
        f"The card names files for {place.subset.name}, {place.split.name};"
        " none of them is a Parquet file of this revision."
    )


def _context(place: Place, asked: Asked, rows: Rows | None, fault: str) -> dict[str, object]:
    context: dict[str, object] = {
        "repo": place.repo,
        "asked": asked,
        "found": place.found,
        "subset": place.subset,
        "split": place.split,
        "rows": rows,
        "fault": fault,
        "beyond": place.files - len(place.sources),
        "to": _addresses(place, asked),
        "last_page": None,
        "pairs": False,
        "shown": [],
    }
    if rows is not None:
        context["pairs"] = sides.are_pairs(rows.columns)
        context["shown"] = [sides.shown(rows.columns, row) for row in rows.rows]
        if rows.matching is not None:
            context["last_page"] = max(1, -(-rows.matching // query.ON_A_PAGE))
    return context


def _addresses(place: Place, asked: Asked) -> Callable[..., str]:
    """Makes the addresses of a page's links: this one, but for what is given."""
    here: dict[str, object] = {
        "revision": asked.revision if asked.revision != MAIN else "",
        "config": place.subset.name if place.subset else "",
        "split": place.split.name if place.split else "",
        "q": asked.search,
        "page": asked.page if asked.page > 1 else "",
    }

    def to(**changed: object) -> str:
        query_of = {key: value for key, value in {**here, **changed}.items() if value}
        address = f"{place.repo.page}/viewer"
        return f"{address}?{urlencode(query_of)}" if query_of else address

    return to


routes: list[BaseRoute] = [Route(DATASET + "/viewer", viewer)]
