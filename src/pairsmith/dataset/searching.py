"""Words searched in rows: of kept ones in prompt and replies, of refused ones in all texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from unicodedata import normalize

from pairsmith.dataset.quarantine import Refused
from pairsmith.errors import RecipeError

MOST_CHARACTERS = 1_000
"""The longest search."""

SEARCHED = ("prompt", "chosen", "rejected", "text", "messages")
"""The columns of shards that are searched; a transcript is the text, unrendered."""


class Search(NamedTuple):
    """Words that a row has to hold, all of them, each anywhere and as part of others too.

    Attributes:
        words: As `folded` makes them.
    """

    words: tuple[str, ...]

    def finds(self, row: dict[str, Any] | Refused) -> bool:
        """Whether a row holds all the words."""
        held = _folded("\n".join(_texts_of(row)))  # no word reaches across a line end
        return all(word in held for word in self.words)


def parse_search(given: str) -> Search:
    """Takes words between white space.

    Raises:
        RecipeError: There are none, or they are more than `MOST_CHARACTERS`.
    """
    if len(given) > MOST_CHARACTERS:
        raise RecipeError(
            f"A search of {len(given):,} characters is too long.",
            f"Give the words that matter: at most {MOST_CHARACTERS:,} characters.",
        )
    words = tuple(dict.fromkeys(_folded(given).split()))
    if not words:
        raise RecipeError("There is nothing to search for.", "Give words: --search 'mint tea'.")
    return Search(words)


def _folded(text: str) -> str:
    """A text with which others are compared whatever their case, and however accents are put."""
    return normalize("NFC", normalize("NFC", text).casefold())


def _texts_of(row: dict[str, Any] | Refused) -> Iterator[str]:
    if isinstance(row, Refused):
        yield from _texts_in(row)
        return
    for column in SEARCHED:
        value = row.get(column)
        if isinstance(value, str):
            yield value
        else:
            for message in value or ():
                yield from _texts_of_message(message)


def _texts_of_message(message: dict[str, Any]) -> Iterator[str]:
    yield message["content"] or ""
    yield message.get("reasoning_content") or ""
    for call in message.get("tool_calls") or ():
        yield call["function"]["name"]
        yield call["function"]["arguments"]


def _texts_in(row: Refused) -> Iterator[str]:
    """All texts of a refused row, escapes undone; the row as it stood where it is no JSON."""
    text = row.data.decode("utf-8", "replace")
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        yield text
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (dict, list)):
            waiting.extend(value.values() if isinstance(value, dict) else value)
