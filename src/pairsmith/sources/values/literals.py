"""Values out of texts: JSON, and Python literals as a data frame writes them; both bounded.

What comes out is what JSON knows: objects with names of text, lists, texts, finite numbers, truth
values and null. Nothing is evaluated.
"""

from __future__ import annotations

import ast
import json
import math
import re
from typing import Any, NoReturn

from pairsmith.schema.reasons import Reason
from pairsmith.sources.outcomes import UnreadableError

MOST_BYTES = 16 << 20
"""No longer text is read as JSON, as no longer row is."""
MOST_BYTES_OF_PYTHON = 4 << 20
"""Python's parser takes some hundred times the memory of its text."""
MOST_DEPTH = 64
MOST_ITEMS = 200_000
"""How many values, those inside counted, one value may hold."""

_PYTHON = re.compile(
    r"""(?P<space>\s++)
    | (?P<open>[\[({]|array\() | (?P<close>[\])}]|,\s*+dtype=\w++\)) | [,:]
    | -?\d++(?:\.\d*+)?+(?:[eE][+-]?\d++)?+(?![\w.]) | (?:True|False|None)\b
    | (?P<text>'(?:[^'\\\n\r\0]++|\\(?:[\\'"abfnrtv]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*+'
             | "(?:[^"\\\n\r\0]++|\\(?:[\\'"abfnrtv]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*+")
    """,
    re.VERBOSE,
)
"""What `repr` writes of lists, objects and scalars: no operators, no calls, no prefixes; and of
arrays of these, which data frames hold."""


def parse_json(text: str, what: str) -> Any:
    """The value of a JSON text.

    Args:
        text: Any text.
        what: What to call it in a sentence.

    Raises:
        UnreadableError: `malformed`: it is no JSON, an object gives a field twice, or it is longer
            or deeper than is read.
    """
    if len(text) > MOST_BYTES:
        raise malformed(f"{what} is longer than is read as JSON")
    try:
        value = json.loads(text, object_pairs_hook=_make_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise malformed(f"{what} is not JSON, or gives a field twice") from None
    check_value(value, what)
    return value


def parse_python(text: str, what: str) -> Any:
    """The value of a Python literal; tuples become lists.

    Raises:
        UnreadableError: `malformed`: it is no literal of lists, objects, texts, numbers, or it is
            longer or deeper than is read.
    """
    if len(text) > MOST_BYTES_OF_PYTHON:
        raise malformed(f"{what} is longer than is read as Python")
    refusal = f"{what} is not a Python literal, or gives a field twice"
    literal = _as_literal(text)
    if literal is None:
        raise malformed(refusal)
    try:
        tree = ast.parse(literal.strip(), mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                _make_object([(ast.literal_eval(key), None) for key in node.keys if key])
        value = _without_tuples(ast.literal_eval(tree))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise malformed(refusal) from None
    check_value(value, what)
    return value


def _as_literal(text: str) -> str | None:
    """The text with commas between the objects of an array, which are written without.

    Returns:
        None where it does not consist of a literal's tokens, nested as deep as is read. Two texts
        side by side, as in an array of texts, would be one to Python, and are none.
    """
    place, depth, items, before = 0, 0, 0, ""
    pieces: list[str] = []
    while place < len(text):
        found = _PYTHON.match(text, place)
        if found is None:
            return None
        place, written = found.end(), found[0]
        if found["space"]:
            pieces.append(" ")
            continue
        if found["text"] and before == "text":
            return None
        if found["open"] == "{" and before == "}":
            pieces.append(",")
        depth += bool(found["open"]) - bool(found["close"])
        items += 1
        if depth > MOST_DEPTH or items > 4 * MOST_ITEMS:
            return None
        # an array's brackets stand for themselves
        is_array = bool(found["open"] or found["close"]) and len(written) > 1
        pieces.append(("(" if found["open"] else ")") if is_array else written)
        before = "text" if found["text"] else written
    return "".join(pieces) if depth == 0 else None


def check_value(value: Any, what: str) -> None:
    """Refuses what JSON cannot hold, or what is deeper or larger than is read.

    Raises:
        UnreadableError: `malformed`: a name that is not text, a number that is not finite, half of
            a surrogate pair or a NUL character in a text, another type, too deep, too many items.
    """
    left, items = [(value, 0)], 0
    while left:
        held, depth = left.pop()
        items += 1
        if depth > MOST_DEPTH or items > MOST_ITEMS:
            raise malformed(f"{what} is nested too deeply or holds too many items")
        if isinstance(held, dict):
            for name, inner in held.items():
                check_text(name, what)
                left.append((inner, depth + 1))
        elif isinstance(held, list):
            left += [(inner, depth + 1) for inner in held]
        elif isinstance(held, str):
            check_text(held, what)
        elif isinstance(held, float) and not math.isfinite(held):
            raise malformed(f"{what} holds a number that is not finite")
        elif held is not None and not isinstance(held, int | float):
            raise malformed(f"{what} holds what JSON cannot")


def check_text(text: Any, what: str) -> str:
    """The text itself.

    Raises:
        UnreadableError: `malformed`: it is no text, or cannot be written as one.
    """
    if not isinstance(text, str):
        raise malformed(f"{what} holds a name that is not text")
    if "\0" in text:
        raise malformed("a text holds a NUL character")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise malformed("a text in it holds half of a surrogate pair") from None
    return text


def malformed(detail: str) -> UnreadableError:
    """A value that cannot be read as what it should be."""
    return UnreadableError(Reason.MALFORMED, detail)


def unread(detail: str) -> UnreadableError:
    """A value that decides what the pair means, and of which this software can make nothing."""
    return UnreadableError(Reason.UNREAD_CONTENT, detail)


def _make_object(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a field is given twice")
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a finite number")


def _without_tuples(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_without_tuples(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _without_tuples(inner) for name, inner in value.items()}
    return value
