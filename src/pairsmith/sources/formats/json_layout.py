"""Whether JSON text that begins with a bracket is one array, or lines of which the first is bad.

A damaged line may begin with anything, so the lines behind it decide. In an array, a line that is
an object is followed by a comma or a bracket; among lines, by the next one. What is counted is
objects that are lines, and objects that are elements, behind the first line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice, pairwise

from pairsmith.errors import DamagedInputError
from pairsmith.sources.formats.json_array import elements
from pairsmith.sources.formats.jsonl import BLANK

ENOUGH = 50
"""Objects of either kind that are counted at most."""


def is_array(head: bytes) -> bool:
    """Whether a text that begins so is one JSON array.

    Args:
        head: The beginning of the text, or all of it, without a byte order mark.
    """
    body = head.strip(BLANK)
    if not body.startswith(b"["):
        return False
    lines, behind = _count_lines(body), _count_elements(body)
    if lines != behind:
        return behind > lines
    line, _, rest = body.partition(b"\n")
    return not (rest and _is_json(line, list)) and _begins_an_array(body)


def _count_lines(body: bytes) -> int:
    """How many lines are objects by themselves, and no elements of an array."""
    lines = (line.strip(BLANK) for line in body.split(b"\n"))
    held = [line for line in lines if line]
    alone = (line for line, following in pairwise(held[1:]) if following[:1] not in b",]}")
    found = sum(1 for _ in islice(filter(_is_object, alone), ENOUGH))
    # at the end of a text that breaks off, it may be an element as well
    last = len(held) > 1 and _is_object(held[-1]) and not held[0].endswith(b",")
    return found + last


def _count_elements(body: bytes) -> int:
    """How many elements behind the first line are objects."""
    objects = (line > 1 for raw, line in _elements(body) if _is_object(raw))
    return sum(islice(objects, ENOUGH))


def _elements(body: bytes) -> Iterator[tuple[bytes, int]]:
    """The elements of what may be the beginning of an array."""
    try:
        yield from elements(iter([body]), "")
    except DamagedInputError:
        return


def _begins_an_array(body: bytes) -> bool:
    """Whether a text whose lines do not tell begins as an array of rows does, or of anything."""
    first, _ = next(_elements(body), (None, 0))
    if first is None:
        return body[1:].lstrip(BLANK)[:1] in (b"{", b"]", b"")
    return not first.startswith(b'"') or _is_json(first, str)


def _is_object(text: bytes) -> bool:
    return text.startswith(b"{") and text.endswith(b"}") and _is_json(text, dict)


def _is_json(text: bytes, kind: type) -> bool:
    try:
        return isinstance(json.loads(text), kind)
    except (ValueError, RecursionError):
        return False
