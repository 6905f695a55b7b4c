"""Addresses as they are on the wire: split at slashes before anything in them is decoded.

Revisions and paths may hold a slash as `%2F` (`feat%2Fx` is one branch), and Starlette decodes
before it routes. So routes are matched on the raw path, and each part is decoded after that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import quote, unquote_to_bytes, urlencode

from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Route

from pairsmith.hub.http.errors import bad_request

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

Kind = Literal["dataset", "model"]
KINDS: tuple[Kind, ...] = ("dataset", "model")
DATASETS: tuple[Kind, ...] = ("dataset",)  # of routes that are there for no other kind
ANY = "/{owner:part}/{name:part}"
DATASET = "/datasets" + ANY
# where the pages of a repository of a kind begin; models have no word in front, as on the public
# hub, so whatever else addresses begin with is not the name of an account
PAGES: dict[Kind, str] = {"dataset": DATASET, "model": "/{owner:account}/{name:part}"}
CALLS: dict[Kind, str] = {
    "dataset": "/api" + DATASET,
    "model": "/api/models" + ANY,
}
OTHER_STARTS = frozenset(
    {
        *("about", "admin", "api", "cas", "collections", "datasets", "datasets-server", "deleted"),
        "docs",
        *("health", "help", "hub", "join", "lfs", "licences", "login", "logout", "mail", "models"),
        *("new", "notifications", "search", "settings", "spaces", "static", "stripe", "uploads"),
    }
)
"""What addresses begin with, and who else the record of the gate names: no account has these."""
SERVER = "/datasets-server"  # where the calls of datasets-server begin
REST = "{rest:inner}"  # whatever follows
MAX_PART_BYTES = 1024 * 12  # bytes of a part: 1,024 characters of four bytes, each percent-encoded


class RepoName(NamedTuple):
    """What an address names a repository by. Each kind is a namespace of its own."""

    kind: Kind
    owner: str
    name: str

    @property
    def full_name(self) -> str:
        """As clients name it: owner/name."""
        return f"{self.owner}/{self.name}"


class RawPath:
    """Middleware: routes are matched on the path as it was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on, its path undecoded."""
        if scope["type"] == "http":
            raw = scope["raw_path"].partition(b"?")[0].decode("latin-1")
            # clients whose HF_ENDPOINT ends in a slash ask for //datasets/…
            start = SERVER if _asks_server(scope) else ""
            scope = {**scope, "path": f"{start}/{raw.lstrip('/')}"}
        await self.app(scope, receive, send)


def _asks_server(scope: Scope) -> bool:
    """Whether a client asks the host of `datasets-server` beside a hub's own."""
    hosts = (value for name, value in scope["headers"] if name == b"host")
    return next(hosts, b"").lower().startswith(b"datasets-server.")


class PathPart(Convertor[str]):
    """One part between slashes, decoded: `{revision:part}`."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """The part, decoded."""
        return decoded(value)

    def to_string(self, value: str) -> str:
        """The part, encoded."""
        return quote(value, safe="")


class Account(PathPart):
    """The same, where it may be the name of an account: `{owner:account}`."""

    regex = rf"(?!(?i:{'|'.join(sorted(OTHER_STARTS))})/)[A-Za-z0-9%][^/]*"


class Inner(Convertor[str]):
    """A path within a repository, any number of parts: `{path:inner}`."""

    regex = ".+"

    def convert(self, value: str) -> str:
        """The path, decoded; what is wrong with it is found by `files.clean`."""
        return decoded(value)

    def to_string(self, value: str) -> str:
        """The path, encoded but for its slashes."""
        return quote(value, safe="/")


def decoded(value: str) -> str:
    """Text that was percent-encoded.

    Raises:
        HubError: 400 where it is not UTF-8, or longer than anything here is.
    """
    try:
        text = unquote_to_bytes(value).decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_request("The address is not UTF-8.") from error
    if len(value) > MAX_PART_BYTES or "\0" in text:
        raise bad_request("The address is too long, or has a NUL in it.")
    return text


def repo_of(request: Request) -> RepoName:
    """The repository that an address names."""
    path = request.scope["path"]
    kind: Kind = "dataset" if path.startswith(("/datasets/", "/api/datasets/")) else "model"
    return RepoName(kind, request.path_params["owner"], request.path_params["name"])


def moved_to(request: Request, owner: str, name: str) -> str | None:
    """The same address with another owner and name of a repository; None where it names none.

    It names one in its path, or as the `dataset` of its query.

    It has no host, for what the caller named as one is not to be believed.
    """
    if "owner" not in request.path_params or "name" not in request.path_params:
        return _asked_elsewhere(request, f"{owner}/{name}")
    parts = request.scope["path"].split("/")
    at = 2 + (parts[1] == "api") if parts[1] in ("api", "datasets") else 1
    end = ".git" if decoded(parts[at + 1]) == request.path_params["name"] + ".git" else ""
    parts[at : at + 2] = [quote(owner, safe=""), quote(name, safe="") + end]
    query = request.scope["query_string"].decode("latin-1")
    return "/".join(parts) + (f"?{query}" if query else "")


def _asked_elsewhere(request: Request, dataset: str) -> str | None:
    asked = request.query_params.multi_items()
    if "dataset" not in dict(asked):
        return None
    path = request.scope["path"]
    start = SERVER if _asks_server(request.scope) else ""  # which is put in front again
    query = urlencode([(key, dataset if key == "dataset" else value) for key, value in asked])
    return f"{path.removeprefix(start)}?{query}"


def page_of(kind: Kind, full_name: str) -> str:
    """The path of a repository's page."""
    return f"/{full_name}" if kind == "model" else f"/{kind}s/{full_name}"


def repo_pages(
    path: str,
    act: Callable[..., Any],
    methods: Sequence[str] | None = None,
    kinds: Sequence[Kind] = KINDS,
) -> list[Route]:
    """The routes of a page about a repository, one for each kind.

    Args:
        path: What follows the repository's page in the address; "" for that page.
        act: The endpoint, which has `repo_of` tell which repository is meant.
        methods: The HTTP methods; by default GET and HEAD.
        kinds: The kinds of repositories that have such a page.
    """
    return [Route(PAGES[kind] + path, act, methods=methods) for kind in kinds]


def repo_calls(
    path: str,
    act: Callable[..., Any],
    methods: Sequence[str] | None = None,
    kinds: Sequence[Kind] = KINDS,
) -> list[Route]:
    """The routes of a call about a repository, below `/api`; arguments as of `repo_pages`."""
    return [Route(CALLS[kind] + path, act, methods=methods) for kind in kinds]


def is_asked(query: Mapping[str, str], name: str) -> bool:
    """Whether a query says yes to something, in one of the ways that clients have for it."""
    return query.get(name, "").lower() in ("1", "true")


def number_in(text: str) -> int | None:
    """A whole number as addresses and forms have it, if it is one that SQLite can hold."""
    fits = text.isascii() and text.isdecimal() and len(text) < 19
    return int(text) if fits else None


def encoded(value: str) -> str:
    """One part of an address, with its slashes encoded too."""
    return quote(value, safe="")


register_url_convertor("part", PathPart())
register_url_convertor("account", Account())
register_url_convertor("inner", Inner())
