"""Format strings that contents are put into: `'%s' % content` and `'{}'.format(content)`.

Python formats stand-ins, which then give way to the contents; so only fields that take a text as
it is are known here, not those that pad, cut or quote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from secrets import token_hex
from string import Formatter
from typing import Any

from pairsmith.chat_templates.symbolic.conditions import HOW, Symbol
from pairsmith.chat_templates.symbolic.text import Text, join

PERCENT = re.compile(r"%(?:%|(?:\(\w+\))?s)")
"""What a `%` may begin: itself, and a field that takes a text as it is."""

SIGN = token_hex()
"""What no template writes."""

MARK = re.compile(f"{SIGN}([0-9]+){SIGN}")


class StandIn:
    """What is formatted in the place of a text; it is written as a mark, and never quoted."""

    def __init__(self, text: Text, place: int) -> None:
        self.text, self.place = text, place

    def __str__(self) -> str:
        return f"{SIGN}{self.place}{SIGN}"

    def __repr__(self) -> str:
        self.text._fail(HOW["__repr__"])


def format_percent(form: object, values: Any) -> Any:
    """As `form % values`."""
    held = _symbols(values)
    if not held:
        return form % values
    if not isinstance(form, str) or "%" in PERCENT.sub("", form):
        held[0]._fail("it formats a content")
    if hasattr(form, "__html__"):
        held[0]._fail(HOW["__html__"])
    texts: list[Text] = []
    return _put_in(form % _stand_ins(values, texts), texts)


def format_braces(form: str, *args: Any, **named: Any) -> Any:
    """As `form.format(*args, **named)`, where a value is a symbol."""
    held = _symbols([*args, *named.values()])
    fields = [field for field in Formatter().parse(form) if field[1] is not None]
    if not all(_plain(*field[1:]) for field in fields):
        held[0]._fail("it formats a content")
    if hasattr(form, "__html__"):
        held[0]._fail(HOW["__html__"])
    texts: list[Text] = []
    given, by_name = _stand_ins(args, texts), _stand_ins(named, texts)
    return _put_in(form.format(*given, **by_name), texts)


def _plain(name: str | None, spec: str | None, conversion: str | None) -> bool:
    """Whether a field takes a value as it is, and none of its attributes."""
    return not spec and not conversion and re.fullmatch(r"\w*", name or "") is not None


def _symbols(values: Any) -> list[Symbol]:
    """The symbols among values; those deeper within are refused as they are written."""
    if isinstance(values, Mapping):
        values = list(values.values())
    values = values if isinstance(values, tuple | list) else [values]
    return [value for value in values if isinstance(value, Symbol)]


def _stand_ins(values: Any, texts: list[Text]) -> Any:
    """The same values, with a text of its own for each that holds contents."""
    if isinstance(values, tuple):
        return tuple(_stand_ins(value, texts) for value in values)
    if isinstance(values, Mapping):
        return {name: _stand_ins(value, texts) for name, value in values.items()}
    if not isinstance(values, Text):
        return values
    texts.append(values)
    return StandIn(values, len(texts) - 1)


def _put_in(formatted: str, texts: list[Text]) -> str | Text:
    """Contents in the place of what stood in for them."""
    parts = MARK.split(formatted)  # constant text and numbers by turns
    return join([texts[int(part)] if at % 2 else part for at, part in enumerate(parts)])
