"""The viewer's page: the rows of a subset and a split, searched and turned over page by page.

What takes long depends on what others stored, so it is done by a worker (`viewer/plan.py`,
`viewer/view.py`), within bounds of time and memory, in turns among those who ask, and no longer
than they wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar, get_args
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller, authenticate
from pairsmith.hub.auth.limits import address_of
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import DATASETS, RepoName, number_in, repo_of, repo_pages
from pairsmith.hub.http.concurrency import ROWS, run_apart
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.http.processes import BusyError, TooMuchWorkError, Workers
from pairsmith.hub.http.turns import Turn, Turns, busy, while_connected
from pairsmith.hub.repos import card, files, history
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.history import MAIN, Commit
from pairsmith.hub.repos.readme import read_card
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.viewer.annotations import (
    FOLDER,
    MANIFEST,
    MAX_PARTS,
    Annotation,
    annotation_of,
)
from pairsmith.hub.viewer.plan import MAX_PATHS, Plan, Plans, make_plan
from pairsmith.hub.viewer.query import ON_A_PAGE
from pairsmith.hub.viewer.sources import Source
from pairsmith.hub.viewer.statements import Order
from pairsmith.hub.viewer.subsets import MAX_ENTRIES, SUFFIX
from pairsmith.hub.viewer.view import Asked, View, make_view
from pairsmith.hub.web import discussed
from pairsmith.hub.web.render import page as rendered

if TYPE_CHECKING:
    import sqlite3

    from starlette.datastructures import QueryParams
    from starlette.requests import Request
    from starlette.responses import Response

T = TypeVar("T")

LAST = 10**12  # rows and pages are numbered up to here
MAX_SEARCH_CHARS = 200  # characters
AT_ONCE = 2  # questions
SECONDS = 12.0  # of a worker for one; DuckDB is stopped after 10, which planning does not heed
MEMORY = 320 << 20  # bytes of a worker: 40 MB of its own, and the 200 MB that DuckDB may take
TURNS = Turns(AT_ONCE)
WORKERS = Workers(AT_ONCE, spare="duckdb")
PLANS = Plans()


class Query(NamedTuple):
    """What an address asks for.

    Attributes:
        revision: A branch, a tag or a commit.
        config: The subset; '' for the one that is loaded unasked.
        split: The split; '' for the one to begin with.
        search: A text; '' for none.
        page: Which page, from 1.
        row: One row, from 1; None for a page of them.
        annotation: The annotation that is shown with the rows; '' for none.
        label: Only rows of which it has this label; '' for all.
        order: How its scores sort the rows; '' for not at all.
    """

    revision: str
    config: str
    split: str
    search: str
    page: int
    row: int | None
    annotation: str = ""
    label: str = ""
    order: Order = ""


class Selection(NamedTuple):
    """The files that an address selects, as one transaction found them.

    Attributes:
        repo: The repository.
        revision: The commit; '' where there is none yet.
        plan: What there is to choose from, and what was chosen.
        sources: The files of the split that are looked at.
        annotation: The annotation that is shown, if one is.
        build: The manifest of the build at this commit, if there is one.
    """

    repo: Repo
    revision: str = ""
    plan: Plan = Plan()
    sources: Sequence[Source] = ()
    annotation: Annotation | None = None
    build: File | None = None


async def viewer(request: Request) -> Response:
    """`GET …/viewer?revision=&config=&split=&q=&page=&row=&annotation=&label=&order=`."""
    who = await run_in_threadpool(authenticate, request)
    visitor, (_, owner, name) = who.name or address_of(request), repo_of(request)
    for last in (False, True):  # a turn that was taken away is waited for once more
        async with TURNS.turn(f"by {visitor}", f"of {owner}/{name}".lower()) as turn:
            try:
                return await _in_turn(request, who, turn)
            except HubError:
                if last or not turn.lost:
                    raise
    raise busy("Many people look at rows right now.")


async def _in_turn(request: Request, who: Caller, turn: Turn) -> Response:
    return await while_connected(
        request, lambda: run_apart(ROWS, lambda: _viewer(request, who, turn)), turn.over
    )


def _viewer(request: Request, who: Caller, turn: Turn) -> Response:
    hub, query = hub_of(request), _query(request.query_params)
    selection = _select(hub, who, repo_of(request), query, turn)
    if selection.sources:
        view = _view(hub, selection, query, turn)
        if view.rows:
            _record_view(hub, who, selection, query)
    else:
        view = View(fault=_nothing(selection))
    place = (selection.plan.subset, selection.plan.split, selection.revision)
    return rendered(
        request,
        "rows.html.jinja",
        who,
        status=200 if view.rows or not (selection.sources or selection.plan.fault) else 422,
        talk=discussed.of_rows(hub, selection.repo, place, view.shown),
        **_context(selection, query, view),
    )


def _record_view(hub: Hub, who: Caller, selection: Selection, query: Query) -> None:
    """Puts the view of a gated repository on record, before its first row leaves."""
    path = f"{selection.plan.subset}/{selection.plan.split}"
    detail: dict[str, object] = {"page": query.page, "row": query.row, "q": query.search}
    if selection.annotation:
        detail["annotation"] = selection.annotation.name
    permissions.record_read(
        hub, who, selection.repo, "viewed", path=path, revision=selection.revision, **detail
    )


def _query(parameters: QueryParams) -> Query:
    search = parameters.get("q", "").strip().replace("\0", "")
    if len(search) > MAX_SEARCH_CHARS:
        raise bad_request(f"A text to search has up to {MAX_SEARCH_CHARS} characters.")
    annotation = parameters.get("annotation", "")
    return Query(
        parameters.get("revision") or MAIN,
        parameters.get("config", ""),
        parameters.get("split", ""),
        search,
        _number(parameters.get("page") or "1", "page"),
        _number(parameters["row"], "row") if parameters.get("row") else None,
        annotation,
        parameters.get("label", "") if annotation else "",
        _order(parameters.get("order", "")) if annotation else "",
    )


def _order(text: str) -> Order:
    for order in get_args(Order):
        if order == text:
            return order  # type: ignore[no-any-return]
    raise bad_request(f"{text[:20]!r} is no order of rows: highest, lowest.")


def _number(text: str, what: str) -> int:
    number = number_in(text)
    if number is None:
        raise bad_request(f"{text[:20]!r} is not the number of a {what}.")
    if not 1 <= number <= LAST:
        raise bad_request(f"{text[:20]!r} is not the number of a {what}: they count from 1.")
    return number


def _select(hub: Hub, who: Caller, name: RepoName, query: Query, turn: Turn) -> Selection:
    with hub.database.read() as db:
        repo = permissions.readable(db, hub, who, *name)
        if query.revision == MAIN and history.head(db, repo, MAIN) is None:
            return Selection(repo)
        commit = history.find(db, repo, query.revision)
        plan = PLANS.get(commit.id, query.config, query.split)
        listed = [] if plan else _listed(db, commit)
        configs = [] if plan else card.configs(read_card(hub, db, commit))[:MAX_ENTRIES]
    if plan is None:
        plan = _run(turn, make_plan, configs, listed, query.config, query.split)
        if query.split in ("", plan.split):  # others make what is kept no larger
            PLANS.put(commit.id, query.config, query.split, plan)
    with hub.database.read() as db:
        found = files.all_named(db, commit, [*plan.paths, MANIFEST])
        annotation = _annotation(db, commit, plan, query.annotation)
    there = (found[path] for path in plan.paths if path in found)
    sources = [Source(file.path, hub.blobs.path(file.blob)) for file in there]
    return Selection(repo, commit.id, plan, sources, annotation, found.get(MANIFEST))


def _listed(db: sqlite3.Connection, commit: Commit) -> list[str]:
    return files.paths_ending(db, commit, (SUFFIX, f"/{MANIFEST}"), MAX_PATHS + 1)


def _annotation(db: sqlite3.Connection, commit: Commit, plan: Plan, name: str) -> Annotation | None:
    """The annotation of a name; None where none is asked for.

    Raises:
        HubError: 404 where there is none of that name.
    """
    if not name:
        return None
    inside = (
        files.under(db, commit, f"{FOLDER}/{name}", limit=2 * MAX_PARTS) if "/" not in name else []
    )
    if (annotation := annotation_of(name, inside)) is None:
        there = ", ".join(plan.annotations[:20]) or "none"
        raise HubError(404, f"There is no annotation {name[:100]!r} here; there is: {there}.")
    return annotation


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
    )
    try:
        return _run(turn, make_view, asked)
    except TooMuchWorkError as error:
        return View(
            fault=f"These rows cannot be shown. {error} A value, a page of values or the"
            " description of the columns is too large for the viewer. The files can be downloaded."
        )


def _run(turn: Turn, function: Callable[..., T], *args: object) -> T:
    """Has a worker do something, as long as it is somebody's turn.

    Raises:
        HubError: 503 where the turn was taken away, or no worker is there.
        TooMuchWorkError: It took too long, or too much memory.
    """
    try:
        return WORKERS.run(function, *args, seconds=SECONDS, memory=MEMORY, over=turn.over)
    except TooMuchWorkError as error:
        if turn.over.is_set() or isinstance(error, BusyError):
            raise busy("Many people look at rows right now, and this takes long.") from error
        raise


def _nothing(selection: Selection) -> str:
    plan = selection.plan
    if plan.fault:
        return plan.fault
    if not plan.subset:
        return "There is no Parquet file here, and the viewer shows no other."
    return (
        f"The card names files for {plan.subset}, {plan.split};"
        " none of them is a Parquet file of this revision."
    )


def _context(selection: Selection, query: Query, view: View) -> dict[str, object]:
    plan, rows = selection.plan, view.rows
    return {
        **selection._asdict(),
        **view._asdict(),
        "query": query,
        "beyond": plan.files - rows.files if rows else 0,
        "to": _addresses(selection, query),
        "last_page": (
            max(1, -(-rows.matching // ON_A_PAGE)) if rows and rows.matching is not None else None
        ),
    }


def _addresses(selection: Selection, query: Query) -> Callable[..., str]:
    """Makes the addresses of a page's links: this one, but for what is given."""
    here: dict[str, object] = {
        "revision": query.revision if query.revision != MAIN else "",
        "config": selection.plan.subset,
        "split": selection.plan.split,
        "q": query.search,
        "annotation": query.annotation,
        "label": query.label,
        "order": query.order,
        "page": query.page if query.page > 1 else "",
    }

    def to(**changed: object) -> str:
        query_of = {key: value for key, value in {**here, **changed}.items() if value}
        address = f"{selection.repo.page}/viewer"
        return f"{address}?{urlencode(query_of)}" if query_of else address

    return to


routes: list[BaseRoute] = [*repo_pages("/viewer", viewer, kinds=DATASETS)]
