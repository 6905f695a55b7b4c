"""Which Parquet files a dataset has, by subset and split, told as `datasets-server` tells it.

Two sets of addresses: those below a dataset (`/api/datasets/{owner}/{name}/parquet…`), and those
that name it in the query (`/datasets-server/parquet?dataset=owner/name`), which clients ask of the
host `datasets-server.…` beside a hub's own. All of it is for those who may read the data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import authenticate
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import DATASETS, SERVER, RepoName, number_in, repo_calls, repo_of
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.http.processes import VISITORS, BusyError, TooMuchWorkError
from pairsmith.hub.repos import card, files, history
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.history import MAIN, Commit
from pairsmith.hub.repos.readme import read_card
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.viewer.annotations import MANIFEST
from pairsmith.hub.viewer.formats import TABLES
from pairsmith.hub.viewer.listing import Listing, make_listing
from pairsmith.hub.viewer.plan import MAX_PATHS
from pairsmith.hub.viewer.subsets import MAX_ENTRIES, SUFFIX

if TYPE_CHECKING:
    from starlette.requests import Request

SECONDS = 3.0  # for the patterns of a card
MEMORY = 160 << 20  # bytes of a worker


class Listed(NamedTuple):
    """The splits of a dataset, and their files by path."""

    repo: Repo
    commit: Commit
    listing: Listing
    files: dict[str, File]

    def tell(self, hub: Hub, subset: str = "") -> list[dict[str, Any]]:
        """The files as `datasets-server` tells them, of one subset or all."""
        return [
            {
                "dataset": self.repo.full_name,
                "config": part.subset,
                "split": part.split,
                "url": self.address(hub, path),
                "filename": path.rpartition("/")[2],
                "size": self.files[path].size,
            }
            for part in self.listing.parts
            for path in part.paths
            if path in self.files and subset in ("", part.subset)
        ]

    def address(self, hub: Hub, path: str) -> str:
        """Where a file is read."""
        return hub.url(f"{self.repo.page}/resolve/{self.commit.id}/{quote(path)}")


def read_listing(request: Request, name: RepoName, suffixes: tuple[str, ...] = (SUFFIX,)) -> Listed:
    """The splits of a dataset's newest commit.

    Args:
        request: Who asks.
        name: The dataset.
        suffixes: How the names of the files end that are listed.

    Raises:
        HubError: Where the caller may not read the data; 404 where there is no commit; 422 where
            the card's patterns take too much work.
    """
    hub, who = hub_of(request), authenticate(request)
    with hub.database.read() as db:
        repo = permissions.readable(db, hub, who, *name)
        commit = history.find(db, repo, MAIN)
        paths = files.paths_ending(db, commit, (*suffixes, f"/{MANIFEST}"), MAX_PATHS + 1)
        configs = card.configs(read_card(hub, db, commit))[:MAX_ENTRIES]
    try:
        listing = VISITORS.run(make_listing, configs, paths, seconds=SECONDS, memory=MEMORY)
    except BusyError as error:
        message = "Too many ask for lists of files right now; try again soon."
        raise HubError(503, message, headers={"Retry-After": "2"}) from error
    except TooMuchWorkError as error:
        raise HubError(422, "The card's patterns take too much work to be listed.") from error
    named = [path for part in listing.parts for path in part.paths]
    with hub.database.read() as db:
        return Listed(repo, commit, listing, files.all_named(db, commit, dict.fromkeys(named)))


def nested(request: Request) -> Response:
    """`GET …/parquet[/{config}[/{split}[/{n}.parquet]]]`: addresses of files, and one of them."""
    hub, asked = hub_of(request), request.path_params
    listed = read_listing(request, repo_of(request))
    tree: Any = {}
    for told in listed.tell(hub):
        tree.setdefault(told["config"], {}).setdefault(told["split"], []).append(told["url"])
    for key in ("config", "split"):
        if key in asked:
            tree = _within(tree, asked[key])
    if "file" not in asked:
        return JSONResponse(tree)
    number = number_in(asked["file"].removesuffix(SUFFIX))
    if number is None or number >= len(tree):
        raise HubError(404, f"There is no such file: there are {len(tree)}.", "EntryNotFound")
    return RedirectResponse(tree[number], 302)


def _within(tree: Any, name: str) -> Any:
    if name not in tree:
        there = ", ".join(list(tree)[:20])
        raise HubError(404, f"There is no {name[:100]!r} here; there is: {there}.", "EntryNotFound")
    return tree[name]


def parquet(request: Request) -> Response:
    """`GET /datasets-server/parquet?dataset&config`: every Parquet file."""
    listed = read_listing(request, dataset_of(request))
    told = listed.tell(hub_of(request), request.query_params.get("config", ""))
    return answer(listed, parquet_files=told, partial=bool(listed.listing.fault))


def splits(request: Request) -> Response:
    """`GET /datasets-server/splits?dataset&config`: every subset and split."""
    listed = read_listing(request, dataset_of(request), TABLES)
    subset = request.query_params.get("config", "")
    told = [
        {"dataset": listed.repo.full_name, "config": part.subset, "split": part.split}
        for part in listed.listing.parts
        if subset in ("", part.subset)
    ]
    return answer(listed, splits=told)


def is_valid(request: Request) -> Response:
    """`GET /datasets-server/is-valid?dataset`: what there is to be had of its rows."""
    listed = read_listing(request, dataset_of(request), TABLES)
    rows = bool(listed.listing.parts)
    return JSONResponse(
        {"preview": rows, "viewer": rows, "search": False, "filter": False, "statistics": False},
        headers={"X-Revision": listed.commit.id},
    )


def dataset_of(request: Request) -> RepoName:
    """The dataset that a query names.

    Raises:
        HubError: 400, where it names none.
    """
    owner, slash, name = request.query_params.get("dataset", "").partition("/")
    if not slash or not owner or not name:
        raise bad_request("Name a dataset: ?dataset=owner/name.")
    return RepoName("dataset", owner, name)


def answer(listed: Listed, **told: object) -> Response:
    """What is told of a dataset, with what could not be."""
    failed = [{"error": listed.listing.fault}] if listed.listing.fault else []
    body = {**told, "pending": [], "failed": failed}
    return JSONResponse(body, headers={"X-Revision": listed.commit.id})


routes: list[BaseRoute] = [
    *repo_calls("/parquet", nested, kinds=DATASETS),
    *repo_calls("/parquet/{config:part}", nested, kinds=DATASETS),
    *repo_calls("/parquet/{config:part}/{split:part}", nested, kinds=DATASETS),
    *repo_calls("/parquet/{config:part}/{split:part}/{file:part}", nested, kinds=DATASETS),
    Route(SERVER + "/parquet", parquet),
    Route(SERVER + "/splits", splits),
    Route(SERVER + "/is-valid", is_valid),
]
