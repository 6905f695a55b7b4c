"""Long lists in pages: which one is asked for, and the addresses of those beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import urlencode

from pairsmith.hub.http.addresses import number_in

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")
MAX_PAGE = 100_000  # the number of the last page


class Pages(NamedTuple):
    """Where a page stands: its number, from 0, and its neighbours' addresses, '' for none.

    Of a list that is read from a cursor on, `first` is the address of its beginning, in place of
    that of the page before.
    """

    number: int
    before: str
    after: str
    first: str = ""


def number(request: Request) -> int:
    """Which page is asked for, from 0; what is no number asks for the first."""
    return min(number_in(request.query_params.get("p", "")) or 0, MAX_PAGE)


def cut(request: Request, entries: list[T], size: int) -> tuple[list[T], Pages]:
    """A page of a list that was read one further than the page goes.

    Args:
        request: What was asked.
        entries: The entries from the page's first on.
        size: The entries of a page.
    """
    here = number(request)
    after = _address(request, here + 1) if len(entries) > size and here < MAX_PAGE else ""
    before = _address(request, here - 1) if here else ""
    return entries[:size], Pages(here, before, after)


def from_cursor(request: Request, following: str) -> Pages:
    """Where a page of a list stands that is read from a cursor on, however long the list is.

    Args:
        request: What was asked.
        following: The cursor of the next page; '' where there is none.
    """
    here = number(request)
    after = _address(request, here + 1, after=following) if following else ""
    return Pages(here, "", after, "?" if request.query_params.get("after") else "")


def _address(request: Request, page: int, **changed: str) -> str:
    query = {**request.query_params, "p": str(page), **changed}
    return "?" + urlencode(query)
