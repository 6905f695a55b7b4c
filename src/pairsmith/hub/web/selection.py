"""What an address of the viewer selects: a revision, the files of a subset and a split, which rows.

What takes long depends on what others stored, so it is done by a worker (`viewer/plan.py`,
`viewer/view.py`), within bounds of time and memory, in turns among those who ask, and no longer
than they wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple, TypeVar, get_args
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller, authenticate
from pairsmith.hub.auth.limits import address_of
from pairsmith.hub.context import Hub
from pairsmith.hub.http.addresses import RepoName, number_in, repo_of
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
from pairsmith.hub.viewer.formats import PICTURES, TABLES
from pairsmith.hub.viewer.plan import MAX_PATHS, Plan, Plans, make_plan
from pairsmith.hub.viewer.sources import Source
from pairsmith.hub.viewer.statements import Order
from pairsmith.hub.viewer.subsets import MAX_ENTRIES
from pairsmith.hub.viewer.wanted import Wanted

if TYPE_CHECKING:
    import sqlite3

    from starlette.datastructures import QueryParams
    from starlette.requests import Request
    from starlette.responses import Response

T = TypeVar("T")

LAST = 10**12  # rows and pages are numbered up to here
MAX_SEARCH_CHARS = 200  # characters
MAX_NAME_CHARS = 200  # of the id of a row, of a column, of a note
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
        least: Only rows to which it gives at least this score; None for all.
        most: At most this score.
        note: Only rows that have this note; '' for all.
        sort: The column that sorts the rows; '' for none.
        descending: Whether the largest come first.
        id: The id of one row; '' for none.
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
    least: float | None = None
    most: float | None = None
    note: str = ""
    sort: str = ""
    descending: bool = False
    id: str = ""

    @property
    def wanted(self) -> Wanted:
        """What is asked of the rows besides what is asked of an annotation."""
        return Wanted(self.search, self.note, self.sort, self.descending)

    @property
    def one(self) -> bool:
        """Whether it asks for one row."""
        return self.row is not None or bool(self.id)

    @property
    def filters(self) -> bool:
        """Whether it asks for fewer rows than all."""
        bounds = (self.least, self.most)
        return bool(self.search or self.label or self.note or bounds != (None, None))


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


async def in_turn(
    request: Request,
    look: Callable[[Request, Caller, Turn], Response],
    named: RepoName | None = None,
) -> Response:
    """Has somebody look at rows when it is their turn.

    Args:
        request: What is asked.
        look: Makes the answer, in a thread.
        named: The dataset; None where the address has it.

    Raises:
        HubError: 503 where too many look at rows.
    """
    who = await run_in_threadpool(authenticate, request)
    visitor, (_, owner, name) = who.name or address_of(request), named or repo_of(request)
    for last in (False, True):  # a turn that was taken away is waited for once more
        async with TURNS.turn(f"by {visitor}", f"of {owner}/{name}".lower()) as turn:
            try:
                return await _look(request, who, turn, look)
            except HubError:
                if last or not turn.lost:
                    raise
    raise busy("Many people look at rows right now.")


async def _look(
    request: Request,
    who: Caller,
    turn: Turn,
    look: Callable[[Request, Caller, Turn], Response],
) -> Response:
    return await while_connected(
        request, lambda: run_apart(ROWS, lambda: look(request, who, turn)), turn.over
    )


def query_of(parameters: QueryParams) -> Query:
    """What the query of an address asks for.

    Raises:
        HubError: 400 where it cannot be asked.
    """
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
        _score(parameters.get("least", "")) if annotation else None,
        _score(parameters.get("most", "")) if annotation else None,
        _name(parameters.get("note", "")),
        _name(parameters.get("sort", "")),
        parameters.get("way", "") == "down" and bool(parameters.get("sort")),
        _name(parameters.get("id", "")),
    )


def _name(text: str) -> str:
    if len(text) > MAX_NAME_CHARS or "\0" in text:
        raise bad_request(f"An id, a column or a note has up to {MAX_NAME_CHARS} characters.")
    return text


def _score(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text[:40])
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise bad_request(f"{text[:20]!r} is not a score: a number such as 0.5.")
    return number


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


def select(hub: Hub, who: Caller, name: RepoName, query: Query, turn: Turn) -> Selection:
    """Finds the files that an address selects, for who may read them.

    Raises:
        HubError: 401, 403 or 404 for who may not read the rows, 404 for what is not there.
    """
    with hub.database.read() as db:
        repo = permissions.readable(db, hub, who, *name)
        if query.revision == MAIN and history.head(db, repo, MAIN) is None:
            return Selection(repo)
        commit = history.find(db, repo, query.revision)
        plan = PLANS.get(commit.id, query.config, query.split)
        listed = [] if plan else _listed(db, commit)
        configs = [] if plan else card.configs(read_card(hub, db, commit))[:MAX_ENTRIES]
    if plan is None:
        plan = run_within(turn, make_plan, configs, listed, query.config, query.split)
        if query.split in ("", plan.split):  # others make what is kept no larger
            PLANS.put(commit.id, query.config, query.split, plan)
    with hub.database.read() as db:
        found = files.all_named(db, commit, [*plan.paths, MANIFEST])
        annotation = _annotation(db, commit, plan, query.annotation)
    there = (found[path] for path in plan.paths if path in found)
    sources = [Source(file.path, hub.blobs.path(file.blob)) for file in there]
    return Selection(repo, commit.id, plan, sources, annotation, found.get(MANIFEST))


def _listed(db: sqlite3.Connection, commit: Commit) -> list[str]:
    """The paths that the viewer may show; where there are too many, images are left out first."""
    tables = files.paths_ending(db, commit, (*TABLES, f"/{MANIFEST}"), MAX_PATHS + 1)
    room = MAX_PATHS + 1 - len(tables)
    return tables + (files.paths_ending(db, commit, PICTURES, room) if room > 0 else [])


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


def run_within(turn: Turn, function: Callable[..., T], *args: object) -> T:
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


def nothing_there(selection: Selection) -> str:
    """Why a selection has no rows."""
    plan = selection.plan
    if plan.fault:
        return plan.fault
    if not plan.subset:
        return "There is no file here that the viewer shows: Parquet, JSON lines, CSV or images."
    return (
        f"The card names files for {plan.subset}, {plan.split};"
        " none of them is a file of this revision that the viewer shows."
    )


class Addresses:
    """The addresses of a page's links: this page's own, but for what is given."""

    def __init__(self, selection: Selection, query: Query, view: str = "viewer") -> None:
        """The links of a page.

        Args:
            selection: What is shown.
            query: What this page's address asks for.
            view: Which page of the repository they lead to.
        """
        self._page = f"{selection.repo.page}/{view}"
        self._here: dict[str, object] = {
            "revision": query.revision if query.revision != MAIN else "",
            "config": selection.plan.subset,
            "split": selection.plan.split,
            "q": query.search,
            "annotation": query.annotation,
            "label": query.label,
            "order": query.order,
            "least": self.told(query.least),
            "most": self.told(query.most),
            "note": query.note,
            "sort": query.sort,
            "way": "down" if query.descending else "",
            "page": query.page if query.page > 1 else "",
        }

    def __call__(self, **changed: object) -> str:
        """An address that asks for the same but for what is given."""
        asked = {key: value for key, value in {**self._here, **changed}.items() if value}
        return f"{self._page}?{urlencode(asked)}" if asked else self._page

    def row(self, **which: object) -> str:
        """The address of one row, by its `row` or its `id`, with the annotation that is shown."""
        kept = ("revision", "config", "split", "annotation")
        here = {key: "" for key in self._here if key not in kept}
        return self(**here, **which)

    @staticmethod
    def told(score: float | None) -> str:
        """A score as a field of the form has it."""
        return "" if score is None else f"{score:.15g}"
