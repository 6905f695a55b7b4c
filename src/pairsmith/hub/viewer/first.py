"""What a dataset's page leads with: its first rows, or the example that its card gives.

Both are of others, so they are made ready in a process apart; what came out is kept in memory.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from pairsmith.hub.viewer.query import Value
from pairsmith.hub.viewer.sides import PairView, RenderedRow, are_pairs, pair_of
from pairsmith.hub.viewer.view import Asked, make_view

ROWS = 3  # that a page leads with
MAX_EXAMPLE_CHARS = 20_000  # characters of a text of an example
MAX_EXAMPLE_TURNS = 50  # messages of a side of it
KEPT = 128  # datasets whose first rows are kept


class First(NamedTuple):
    """The rows that a page leads with; none where there are none that can be shown.

    `until` is when they are to be looked for again, by the clock that never goes back.
    """

    rows: Sequence[RenderedRow] = ()
    subset: str = ""
    split: str = ""
    until: float = math.inf


NONE = First()


def first_rows(asked: Asked) -> Sequence[RenderedRow]:
    """The first rows of some files, where they are pairs. A worker calls it."""
    view = make_view(asked)
    return view.shown[:ROWS] if view.rows and are_pairs(view.rows.columns) else ()


def example_rows(given: object) -> Sequence[RenderedRow]:
    """The rows of a card's `example:`, as far as they are pairs. A worker calls it."""
    listed = given if isinstance(given, list) else [given]
    pairs = [pair for one in listed[:ROWS] if (pair := _pair(one)) is not None]
    return [RenderedRow(number, pair, []) for number, pair in enumerate(pairs, start=1)]


def _pair(row: object) -> PairView | None:
    if not isinstance(row, dict):
        return None
    prompt, chosen, rejected = (_value(row.get(key)) for key in ("prompt", "chosen", "rejected"))
    return pair_of(prompt, chosen, rejected) if chosen and rejected else None


def _value(given: object) -> Value | None:
    """A text, or messages, as the columns of files have them; None for what is neither."""
    if isinstance(given, str):
        return Value(given[:MAX_EXAMPLE_CHARS], len(given))
    if not isinstance(given, list):
        return None
    turns: list[dict[str, object] | None] = []
    for one in given[:MAX_EXAMPLE_TURNS]:
        role, content = (one.get("role"), one.get("content")) if isinstance(one, dict) else (0, 0)
        if not isinstance(role, str) or not isinstance(content, str):
            return None
        turns.append({"role": role, "content": content[:MAX_EXAMPLE_CHARS], "size": len(content)})
    return Value(turns, len(given))


class Kept:
    """What was made ready last, by what it is of. Safe to use from many threads."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._found: OrderedDict[str, First] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> First | None:
        """What was made ready of that; None where nothing was."""
        with self._lock:
            if found := self._found.get(key):
                self._found.move_to_end(key)
            return found

    def put(self, key: str, found: First) -> None:
        """Keeps it, and forgets what nobody asked for in the longest time."""
        with self._lock:
            self._found[key] = found
            self._found.move_to_end(key)
            while len(self._found) > self._most:
                self._found.popitem(last=False)
