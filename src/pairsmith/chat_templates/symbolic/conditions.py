"""What contents must be for a text to describe them, and symbols, which take it down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn, TypeAlias

from pairsmith.schema.templates import PROBE_REPLY

ORDINARY_CHARS = len(PROBE_REPLY)
"""The length of an ordinary content, which decides how a comparison with a length turns out."""


MOST_CHARS = 2**31 - 1
"""No content has more characters."""


class DependsOnContentError(Exception):
    """What a template does depends on the characters of a content; the message says how."""


@dataclass
class Conditions:
    """What contents must be for a text to describe them.

    Attributes:
        absent: Strings that none may hold, in whatever case.
        filled: Roles whose contents may not be blank.
        bare: Roles whose contents may have no white space around them.
        shortest, longest: For a role, the least and the most characters of a content.
        faults: Why a text describes no content; empty where it does.
    """

    absent: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)
    bare: set[str] = field(default_factory=set)
    shortest: dict[str, int] = field(default_factory=dict)
    longest: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def fail(self, how: str) -> NoReturn:
        """Gives up; it is noted too, since a template may go on from an error.

        Raises:
            DependsOnContentError: Always.
        """
        self.faults.append(how)
        raise DependsOnContentError(how)

    def above(self, role: str, chars: int) -> None:
        """Contents have more characters than this."""
        self.shortest[role] = max(self.shortest.get(role, 0), chars + 1)

    def below(self, role: str, chars: int) -> None:
        """Contents have fewer characters than this."""
        if chars > MOST_CHARS:
            return
        self.longest[role] = min(self.longest.get(role, chars - 1), chars - 1)


class Content(NamedTuple):
    """The content at a place, and whether white space is trimmed at its left and right end."""

    place: int
    role: str
    left: bool = False
    right: bool = False


Piece: TypeAlias = str | Content


class Symbol:
    """What is not known; everything that would make it known raises.

    Args:
        conditions: Takes down what it is asked.
    """

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions

    def _fail(self, how: str) -> NoReturn:
        self._conditions.fail(how)

    def __getattr__(self, name: str) -> Any:
        if name in _TEXT_NAMES:
            self._fail(f"it calls {name} of a content")
        raise AttributeError(name)

    def __getitem__(self, key: object) -> Any:
        if isinstance(key, int | slice):
            self._fail("it takes a part of a content")
        raise TypeError("string indices must be integers")  # as a text: it is then undefined


def _refusing(name: str) -> Callable[..., NoReturn]:
    def refuse(self: Symbol, *_: object) -> NoReturn:
        self._fail(HOW.get(name, "it looks at the characters of a content"))

    return refuse


_TEXT_NAMES = frozenset(dir(str))
HOW = {
    "__repr__": "it quotes a content",
    "__len__": "it counts the characters of a content",
    "__iter__": "it goes through the characters of a content",
    "__hash__": "it looks a content up in a table",
    "__lt__": "it sorts contents",
    "__html__": "it escapes contents for HTML",
}
for _name in (
    "bool", "str", "repr", "format", "bytes", "hash", "len", "length_hint", "iter", "reversed",
    "contains", "eq", "ne", "lt", "le", "gt", "ge", "int", "float", "complex", "index", "round",
    "add", "radd", "sub", "rsub", "mul", "rmul", "mod", "rmod", "truediv", "rtruediv", "floordiv",
    "rfloordiv", "pow", "rpow", "neg", "pos", "invert", "abs", "and", "rand", "or", "ror",
):  # fmt: skip
    setattr(Symbol, f"__{_name}__", _refusing(f"__{_name}__"))
