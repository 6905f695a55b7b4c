"""What is made of a content and can be compared, but not written: a part of it, its length."""

from __future__ import annotations

from functools import cache
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from pairsmith.chat_templates.symbolic.conditions import HOW, ORDINARY_CHARS, Symbol

if TYPE_CHECKING:
    from pairsmith.chat_templates.symbolic.text import Text


IN_WORDS = ("title", "upper", "lower")
"""What becomes of the characters of a word that is to begin with a capital."""


class Part(Symbol):
    """Something cut out of a content, or in another case: it can be compared, and not be written.

    What is in the part is in the content. So a content that holds none of the constants that its
    part is compared with has a part that equals none.

    Args:
        text: What it is made of, a single content.
        change: The change of case, such as `lower`; empty where there is none.
        end: True for the first character alone, False for the last one, None for any part.
    """

    def __init__(self, text: Text, change: str = "", end: bool | None = None) -> None:
        super().__init__(text._conditions)
        self._text, self._change, self._end = text, change, end

    def _holds(self, needle: object) -> bool:
        if not isinstance(needle, str) or not needle:
            self._fail("it compares a part of a content with what is no constant")
        content = self._text._single
        if content is None:
            self._fail("it changes the case of a text that holds contents")
        if self._end is not None and needle.isspace():
            return len(needle) == 1 and self._text._has_space(content, self._end)
        if self._change and not needle.isascii():
            self._fail("it compares a content in another case with characters beyond ASCII")
        if self._change:
            self._conditions.absent.update(
                char
                for char in cased(self._change)
                if set(images(char, self._change).lower()) & set(needle.lower())
            )
        return self._text._holds(needle)

    def __contains__(self, needle: object) -> bool:
        return self._holds(needle)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Symbol) or not isinstance(other, str):
            return self._fail("it compares contents") if isinstance(other, Symbol) else False
        return self._holds(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        self._fail(HOW["__hash__"])

    def startswith(self, prefix: object, /, *more: object) -> bool:
        """As `str.startswith`."""
        return self._any(prefix, more)

    def endswith(self, suffix: object, /, *more: object) -> bool:
        """As `str.endswith`."""
        return self._any(suffix, more)

    def _any(self, given: object, more: tuple[object, ...]) -> bool:
        given = given if isinstance(given, tuple) else (given,)
        return any([self._holds(one) for one in given]) if not more else self._holds(None)  # noqa: C419

    def strip(self) -> Part:
        """As `str.strip`: still a part."""
        return Part(self._text, self._change)

    lstrip = rstrip = strip

    def lower(self) -> Part:
        """As `str.lower`."""
        return self._in_case("lower")

    def upper(self) -> Part:
        """As `str.upper`."""
        return self._in_case("upper")

    def _in_case(self, change: str) -> Part:
        if self._change not in ("", change):
            self._fail("it changes the case of a content twice")
        return Part(self._text, change)


class Length(Symbol):
    """The number of characters of a text: it can be compared with a number.

    Args:
        text: The text, of one content.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text._conditions)
        if len(text._contents) > 1:
            self._fail("it counts the characters of several contents together")
        [content] = text._contents
        self._role = content.role
        self._constant = sum(len(piece) for piece in text._pieces if isinstance(piece, str))

    def _least(self, chars: object) -> bool:
        """Whether it is at least this many, as ordinary contents have it."""
        if isinstance(chars, Symbol) or not isinstance(chars, int | float):
            self._fail("it compares the length of a content with what is no constant number")
        least = ceil(chars) - self._constant
        if least <= 0:
            return True
        if least <= ORDINARY_CHARS:
            self._conditions.above(self._role, least - 1)
            return True
        self._conditions.below(self._role, least)
        return False

    def __ge__(self, other: object) -> bool:
        return self._least(other)

    def __gt__(self, other: object) -> bool:
        return self._least(floor(other) + 1 if isinstance(other, int | float) else other)

    def __lt__(self, other: object) -> bool:
        return not self >= other

    def __le__(self, other: object) -> bool:
        return not self > other

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Symbol):
            self._fail("it compares lengths of contents")
        if isinstance(other, int | float) and not (self > other or self < other):
            self._fail("it looks for contents of the ordinary length")
        return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        self._fail(HOW["__hash__"])

    def __bool__(self) -> bool:
        return self._least(1)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            self._fail("it takes an attribute of the length of a content")
        raise AttributeError(name)


@cache
def cased(change: str) -> tuple[str, ...]:
    """The characters beyond ASCII that a change of case, such as `lower`, makes ASCII letters of.

    None beyond the first 65,536 does.
    """
    return tuple(
        char
        for char in map(chr, range(0x80, 0x1_0000))
        if any(image.isascii() and image.isalpha() for image in images(char, change))
    )


def images(char: str, change: str) -> str:
    """What a change of case can make of a character: of the first of a word, and of another."""
    changes = IN_WORDS if change in ("title", "capitalize") else (change,)
    return "".join(getattr(char, one)() for one in changes)
