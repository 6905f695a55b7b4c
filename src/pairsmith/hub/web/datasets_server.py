"""Rows and sizes for programs, as `datasets-server` tells them; the rest of it is `api/parquet.py`.

They are here because they take their turns with the pages of the viewer, and have the same doors:
rows are for those who may read the data, and are put on record where there is a gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.api.parquet import Listed, answer, dataset_of, read_listing
from pairsmith.hub.auth.authentication import Caller
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import SERVER, number_in
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.processes import TooMuchWorkError
from pairsmith.hub.http.turns import Turn
from pairsmith.hub.viewer.formats import TABLES
from pairsmith.hub.viewer.listing import Part
from pairsmith.hub.viewer.raw import CELL_CHARS, PREVIEW_CHARS, RawRows, make_raw, make_sizes
from pairsmith.hub.viewer.sources import Source
from pairsmith.hub.web.selection import (
    LAST,
    Query,
    Selection,
    in_turn,
    nothing_there,
    run_within,
    select,
)

if TYPE_CHECKING:
    from starlette.requests import Request

Json = dict[str, Any]

MAX_ROWS = 100  # rows of an answer
MAX_SPLITS = 50  # splits whose rows are counted
MAX_FILES = 1_000  # files of a split whose rows are counted


async def rows(request: Request) -> Response:
    """`GET /datasets-server/rows?dataset&config&split&offset&length`: rows, up to 100."""
    skip = _number(request, "offset", 0, LAST)
    limit = _number(request, "length", MAX_ROWS, MAX_ROWS)

    def look(request: Request, who: Caller, turn: Turn) -> Response:
        selection, found = _read(request, who, turn, skip, limit, CELL_CHARS)
        told: Json = {
            "features": _features(found),
            "rows": _told(found, skip),
            "num_rows_total": found.total,
            "num_rows_per_page": MAX_ROWS,
            "partial": _is_partial(selection, found),
        }
        return JSONResponse(told, headers={"X-Revision": selection.revision})

    return await in_turn(request, look, dataset_of(request))


async def first_rows(request: Request) -> Response:
    """`GET /datasets-server/first-rows?dataset&config&split`: the first 100 rows, in brief."""
    return await in_turn(request, _first_rows, dataset_of(request))


def _first_rows(request: Request, who: Caller, turn: Turn) -> Response:
    selection, found = _read(request, who, turn, 0, MAX_ROWS, PREVIEW_CHARS)
    told: Json = {
        "dataset": selection.repo.full_name,
        "config": selection.plan.subset,
        "split": selection.plan.split,
        "features": _features(found),
        "rows": _told(found, 0),
        "truncated": found.total is None or found.total > MAX_ROWS,
    }
    return JSONResponse(told, headers={"X-Revision": selection.revision})


def _read(
    request: Request, who: Caller, turn: Turn, skip: int, limit: int, chars: int
) -> tuple[Selection, RawRows]:
    """The rows that are asked for, which are on record then.

    Raises:
        HubError: As `select` has it; 404 for no such split; 422 where they cannot be told.
    """
    hub, asked = hub_of(request), request.query_params
    split = asked.get("split", "")
    query = Query("main", asked.get("config", ""), split, "", 1, None)
    selection = select(hub, who, dataset_of(request), query, turn)
    plan = selection.plan
    if split and split != plan.split:
        there = ", ".join(list(plan.splits)[:20]) or "none"
        raise HubError(404, f"There is no split {split[:100]!r} here; there is: {there}.")
    if not selection.sources or plan.images:
        fault = "Its files are images." if plan.images else nothing_there(selection)
        raise HubError(422, f"There are no rows to tell. {fault}", "UnprocessableEntity")
    try:
        found = run_within(turn, make_raw, selection.sources, skip, limit, chars)
    except TooMuchWorkError as error:
        raise HubError(
            422, f"These rows cannot be told. {error} Ask for fewer.", "UnprocessableEntity"
        ) from error
    if found.fault:
        raise HubError(422, found.fault, "UnprocessableEntity")
    detail = {"offset": skip, "length": limit}
    where = {"path": f"{plan.subset}/{plan.split}", "revision": selection.revision}
    permissions.record_read(hub, who, selection.repo, "viewed", **where, **detail)
    return selection, found


async def size(request: Request) -> Response:
    """`GET /datasets-server/size?dataset&config`: rows, columns and bytes of each split."""
    return await in_turn(request, _size, dataset_of(request))


def _size(request: Request, _who: Caller, turn: Turn) -> Response:
    listed, counted = _counted(request, turn)
    dataset = {"dataset": listed.repo.full_name}
    splits = [
        {**dataset, "config": part.subset, "split": part.split, **_sizes(listed, [(part, found)])}
        for part, found in counted
    ]
    configs = [
        {**dataset, "config": name, **_sizes(listed, inside)}
        for name, inside in _by_subset(counted).items()
    ]
    whole = {**dataset, **_sizes(listed, counted)}
    del whole["num_columns"]
    told = {"dataset": whole, "configs": configs, "splits": splits}
    return answer(listed, size=told, partial=_is_short(listed, counted))


async def info(request: Request) -> Response:
    """`GET /datasets-server/info?dataset&config`: columns and splits of each subset."""
    return await in_turn(request, _info, dataset_of(request))


def _info(request: Request, _who: Caller, turn: Turn) -> Response:
    listed, counted = _counted(request, turn)
    told = {name: _about(listed, name, inside) for name, inside in _by_subset(counted).items()}
    asked = request.query_params.get("config", "")
    if asked and asked not in told:
        there = ", ".join(list(told)[:20]) or "none"
        raise HubError(404, f"There is no subset {asked[:100]!r} here; there is: {there}.")
    partial = _is_short(listed, counted)
    return answer(listed, dataset_info=told[asked] if asked else told, partial=partial)


Counted = list[tuple[Part, RawRows]]


def _counted(request: Request, turn: Turn) -> tuple[Listed, Counted]:
    """The splits of a dataset, or of a subset of it, with what is in them.

    Raises:
        HubError: As `read_listing` has it; 422 where counting takes too much work.
    """
    hub, asked = hub_of(request), request.query_params.get("config", "")
    listed = read_listing(request, dataset_of(request), TABLES)
    parts = [part for part in listed.listing.parts if asked in ("", part.subset)][:MAX_SPLITS]
    splits = [
        [
            Source(path, hub.blobs.path(listed.files[path].blob))
            for path in part.paths[:MAX_FILES]
            if path in listed.files
        ]
        for part in parts
    ]
    try:
        found = run_within(turn, make_sizes, splits) if splits else []
    except TooMuchWorkError as error:
        message = f"The rows of this dataset cannot be counted. {error}"
        raise HubError(422, message, "UnprocessableEntity") from error
    return listed, list(zip(parts, found, strict=True))


def _by_subset(counted: Counted) -> dict[str, Counted]:
    made: dict[str, Counted] = {}
    for part, found in counted:
        made.setdefault(part.subset, []).append((part, found))
    return made


def _bytes(listed: Listed, part: Part) -> int:
    return sum(listed.files[path].size for path in part.paths if path in listed.files)


def _sizes(listed: Listed, counted: Counted) -> Json:
    """How much there is in some splits; the number of rows is null where one was not counted."""
    bytes_of_files = sum(_bytes(listed, part) for part, _ in counted)
    return {
        "num_bytes_original_files": bytes_of_files,
        "num_bytes_parquet_files": bytes_of_files,
        "num_bytes_memory": None,
        "num_rows": _sum([found.total for _, found in counted]),
        "num_columns": max((_columns(found) for _, found in counted), default=0),
        "estimated_num_rows": None,
    }


def _sum(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _columns(found: RawRows) -> int:
    return len(found.features) + found.unshown


def _about(listed: Listed, subset: str, counted: Counted) -> Json:
    """A subset as `datasets` describes one."""
    name = listed.repo.name
    return {
        "description": "",
        "citation": "",
        "homepage": "",
        "license": "",
        "features": next((found.features for _, found in counted if found.features), {}),
        "dataset_name": name,
        "config_name": subset,
        "splits": {
            part.split: {
                "name": part.split,
                "num_bytes": _bytes(listed, part),
                "num_examples": found.total,
                "dataset_name": name,
            }
            for part, found in counted
        },
        "download_size": sum(_bytes(listed, part) for part, _ in counted),
        "dataset_size": sum(_bytes(listed, part) for part, _ in counted),
    }


def _is_short(listed: Listed, counted: Counted) -> bool:
    """Whether there is more than is told."""
    asked = {part.subset for part, _ in counted}
    there = [part for part in listed.listing.parts if part.subset in asked]
    unread = any(found.fault or found.files < len(part.paths) for part, found in counted)
    return bool(listed.listing.fault) or unread or len(there) > len(counted)


def _is_partial(selection: Selection, found: RawRows) -> bool:
    return found.files < selection.plan.files or found.unshown > 0


def _features(found: RawRows) -> list[Json]:
    return [
        {"feature_idx": at, "name": name, "type": kind}
        for at, (name, kind) in enumerate(found.features.items())
    ]


def _told(found: RawRows, skip: int) -> list[Json]:
    return [
        {"row_idx": skip + at, "row": row.values, "truncated_cells": row.cut}
        for at, row in enumerate(found.rows)
    ]


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, "")
    number = number_in(text) if text else default
    if number is None or number > most:
        raise HubError(
            422, f"{name} has to be a whole number up to {most:,}.", "UnprocessableEntity"
        )
    return number


routes: list[BaseRoute] = [
    Route(SERVER + "/rows", rows),
    Route(SERVER + "/first-rows", first_rows),
    Route(SERVER + "/size", size),
    Route(SERVER + "/info", info),
]
