"""The history of a dataset: its commits, and what each changed, the card line by line."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from typing import TYPE_CHECKING, Literal, NamedTuple

from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import authenticate
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import DATASET, repo_of
from pairsmith.hub.repos import diff, history
from pairsmith.hub.repos.diff import Change
from pairsmith.hub.repos.readme import MAX_CARD_BYTES
from pairsmith.hub.repos.readme import NAME as CARD
from pairsmith.hub.web import paging
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.requests import Request

PAGE = 50  # commits
MAX_FILES = 500  # changed files that are shown
LINES = 5_000  # of a card, before and after, that are compared
MAX_LINE_CHARS = 2_000  # characters of a line that are shown


class Line(NamedTuple):
    """A line of a difference: where it is, put in, taken out, or there before and after."""

    kind: Literal["at", "ins", "del", "same"]
    text: str


class Difference(NamedTuple):
    """How a card changed; no lines where it did not, a sentence where it cannot be told."""

    lines: list[Line]
    fault: str = ""


def commits(request: Request) -> HTMLResponse:
    """`GET …/commits/{revision}?p`: a commit and those before it, newest first."""
    hub, who, revision = hub_of(request), authenticate(request), request.path_params["revision"]
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        start = history.find(db, repo, revision)
        skip = paging.number(request) * PAGE
        found = history.ancestors(db, repo, start, PAGE + 1, skip)
    shown, pages = paging.cut(request, found, PAGE)
    return page(
        request, "commits.html.jinja", who, repo=repo, revision=revision, commits=shown, pages=pages
    )


def commit(request: Request) -> HTMLResponse:
    """`GET …/commit/{revision}`: which files a commit changed, and how it changed the card."""
    hub, who = hub_of(request), authenticate(request)
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        found = history.find(db, repo, request.path_params["revision"])
        made = diff.changes_of(db, found, MAX_FILES + 1)
        card = next(iter(diff.changes_at(db, found, [CARD])), None)
    return page(
        request,
        "commit.html.jinja",
        who,
        repo=repo,
        commit=found,
        changes=made[:MAX_FILES],
        more=len(made) > MAX_FILES,
        diff=_card_change(hub, card) if card else Difference([]),
    )


def difference(old: str, new: str) -> Difference:
    """How a text became another, as a unified difference."""
    before, after = old.splitlines(), new.splitlines()
    if len(before) + len(after) > LINES:
        return Difference([], f"The card is longer than the {LINES:,} lines that are compared.")
    return Difference(list(_lines(before, after)))


def _lines(before: list[str], after: list[str]) -> Iterator[Line]:
    told = list(unified_diff(before, after, lineterm=""))[2:]  # without the names of files
    for line in told:
        sign, text = line[0], line[1 : MAX_LINE_CHARS + 1]
        if sign == "@":
            yield Line("at", line)
        elif sign == "+":
            yield Line("ins", text)
        else:
            yield Line("del" if sign == "-" else "same", text)


def _card_change(hub: Hub, change: Change) -> Difference:
    return difference(_text(hub, change.old), _text(hub, change.new))


def _text(hub: Hub, blob: str | None) -> str:
    if blob is None:
        return ""
    with hub.blobs.path(blob).open("rb") as content:
        return content.read(MAX_CARD_BYTES).decode("utf-8", "replace")


routes: list[BaseRoute] = [
    Route(DATASET + "/commits/{revision:part}", commits),
    Route(DATASET + "/commit/{revision:part}", commit),
]
