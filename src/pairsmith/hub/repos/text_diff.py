"""How a text became another, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from typing import Literal, NamedTuple

LINES = 5_000  # of a text, before and after, that are compared
MAX_LINE_CHARS = 2_000  # characters of a line that are shown


class Line(NamedTuple):
    """A line of a difference: where it is, put in, taken out, or there before and after."""

    kind: Literal["at", "ins", "del", "same"]
    text: str


class Difference(NamedTuple):
    """How a text changed; no lines where it did not, a sentence where it cannot be told."""

    lines: list[Line]
    fault: str = ""


def difference(old: str, new: str) -> Difference:
    """How a text became another, as a unified difference.

    Lines that are alike can be made to take minutes, so this is called in a worker for texts of
    others.
    """
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
