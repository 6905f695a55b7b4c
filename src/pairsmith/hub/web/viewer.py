"""The viewer's page: the rows of a subset and a split, searched and turned over page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, get_args
from urllib.parse import urlencode

from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller, authenticate
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import DATASET, RepoName, number_in, repo_of
from pairsmith.hub.http.concurrency import ROWS, run_apart
from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.repos import card, files, history
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.history import MAIN
from pairsmith.hub.repos.readme import read_card
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.viewer import sides, subsets
from pairsmith.hub.viewer.annotations import (
    MANIFEST,
    Annotation,
    annotation_named,
    find_annotations,
    is_of_another_build,
    part_paths,
    read_parts,
)
from pairsmith.hub.viewer.connection import Source, UnreadableError
from pairsmith.hub.viewer.query import ON_A_PAGE, Rows, read_page, read_row
from pairsmith.hub.viewer.statements import Order, Question
from pairsmith.hub.viewer.subsets import Split, Subset
from pairsmith.hub.web.render import page as rendered

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams
    from starlette.requests import Request
    from starlette.responses import Response

LAST = 10**12  # rows and pages are numbered up to here
MAX_SEARCH_CHARS = 200  # characters
MAX_FILES = 1_000  # of a split are looked at


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
        subsets: Its subsets.
        annotations: Its annotations.
        subset: The subset that is shown, if there is any.
        split: The split that is shown, if there is any.
        sources: Its files that are looked at.
        files: How many files it has.
        annotation: The annotation that is shown, if one is.
        build: The manifest of the build at this commit, if there is one.
    """

    repo: Repo
    revision: str = ""
    subsets: Sequence[Subset] = ()
    annotations: Sequence[Annotation] = ()
    subset: Subset | None = None
    split: Split | None = None
    sources: Sequence[Source] = ()
    files: int = 0
    annotation: Annotation | None = None
    build: File | None = None


class Result(NamedTuple):
    """The rows, or why there are none, and what to warn of besides."""

    rows: Rows | None
    fault: str = ""
    warning: str = ""


async def viewer(request: Request) -> Response:
    """`GET …/viewer?revision=&config=&split=&q=&page=&row=&annotation=&label=&order=`."""
    return await run_apart(ROWS, lambda: _viewer(request))


def _viewer(request: Request) -> Response:
    hub, who, query = hub_of(request), authenticate(request), _query(request.query_params)
    selection = _select(hub, who, repo_of(request), query)
    if selection.sources:
        _record_view(hub, who, selection, query)
        result = _result(hub, selection, query)
    else:
        result = Result(None, _nothing(selection))
    return rendered(
        request,
        "rows.html.jinja",
        who,
        status=200 if result.rows or not selection.sources else 422,
        **_context(selection, query, result),
    )


def _record_view(hub: Hub, who: Caller, selection: Selection, query: Query) -> None:
    """Puts the view of a gated repository on record, before its first row leaves."""
    if selection.subset and selection.split:
        path = f"{selection.subset.name}/{selection.split.name}"
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


def _select(hub: Hub, who: Caller, name: RepoName, query: Query) -> Selection:
    with hub.database.read() as db:
        repo = permissions.readable(db, hub, who, *name)
        if query.revision == MAIN and history.head(db, repo, MAIN) is None:
            return Selection(repo)
        commit = history.find(db, repo, query.revision)
        configs = card.configs(read_card(hub, db, commit))
        found = {file.path: file for file in files.under(db, commit)}
    said = find_annotations(found)
    annotation = annotation_named(said, query.annotation) if query.annotation else None
    apart = part_paths(said)
    rows = {path: file for path, file in found.items() if path not in apart}
    there = subsets.subsets(configs, rows)
    if not there:
        return Selection(repo, commit.id, annotations=said)
    subset, split = subsets.choose(there, query.config, query.split)
    paths = subsets.files_of(split, rows)
    sources = _sources(hub, [rows[path] for path in paths[:MAX_FILES]])
    return Selection(
        repo, commit.id, there, said, subset, split, sources, len(paths), annotation,
        found.get(MANIFEST),
    )  # fmt: skip


def _sources(hub: Hub, files: list[File]) -> list[Source]:
    return [Source(file.path, hub.blobs.path(file.blob)) for file in files]


def _result(hub: Hub, selection: Selection, query: Query) -> Result:
    try:
        question, warning = _question(hub, selection, query)
        return Result(_rows(selection.sources, query, question), warning=warning)
    except UnreadableError as error:
        return Result(None, str(error))


def _question(hub: Hub, selection: Selection, query: Query) -> tuple[Question | None, str]:
    """What is asked of the annotation that is shown, and what to warn of.

    Raises:
        UnreadableError: The annotation is not whole.
    """
    annotation = selection.annotation
    if annotation is None:
        return None, ""
    listed = read_parts(annotation, hub.blobs.path(annotation.manifest.blob))
    build = selection.build
    warning = ""
    if is_of_another_build(listed, build, hub.blobs.path(build.blob) if build else None):
        warning = f"{annotation.name} is of another build: what it says may be of other rows."
    return Question(_sources(hub, listed.parts), query.label, query.order), warning


def _rows(sources: Sequence[Source], query: Query, question: Question | None) -> Rows:
    if query.row is not None:
        return read_row(sources, query.row, question)
    return read_page(sources, query.page, query.search, question)


def _nothing(selection: Selection) -> str:
    if selection.subset is None or selection.split is None:
        return "There is no Parquet file here, and the viewer shows no other."
    return (
        f"The card names files for {selection.subset.name}, {selection.split.name};"
        " none of them is a Parquet file of this revision."
    )


def _context(selection: Selection, query: Query, result: Result) -> dict[str, object]:
    rows = result.rows
    context: dict[str, object] = {
        **selection._asdict(),
        **result._asdict(),
        "query": query,
        "beyond": selection.files - len(selection.sources),
        "to": _addresses(selection, query),
        "last_page": None,
        "pairs": False,
        "shown": [],
    }
    if rows is not None:
        context["pairs"] = sides.are_pairs(rows.columns)
        context["shown"] = [sides.render_row(rows.columns, row) for row in rows.rows]
        if rows.matching is not None:
            context["last_page"] = max(1, -(-rows.matching // ON_A_PAGE))
    return context


def _addresses(selection: Selection, query: Query) -> Callable[..., str]:
    """Makes the addresses of a page's links: this one, but for what is given."""
    here: dict[str, object] = {
        "revision": query.revision if query.revision != MAIN else "",
        "config": selection.subset.name if selection.subset else "",
        "split": selection.split.name if selection.split else "",
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


routes: list[BaseRoute] = [Route(DATASET + "/viewer", viewer)]
