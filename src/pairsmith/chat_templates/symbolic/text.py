r"""Contents as symbols: a template that is given them shows what it does to any content.

A symbol stands for a content that is not known. It can be written, joined to other text, trimmed,
and looked into for a constant; whatever else would depend on its characters raises. So a text that
comes out holds each content whole, and the conditions tell for which contents that is so.

>>> conditions = Conditions()
>>> content = Text((Content(0, "user"),), conditions)
>>> ("<u>" + content.strip() + "</u>")._pieces
('<u>', Content(place=0, role='user', left=True, right=True), '</u>')
>>> "</think>" in content, bool(content), conditions.absent, conditions.filled
(False, True, {'</think>'}, {'user'})

The answer is that of ordinary contents, which do not hold `</think>` and are not blank; contents
that do, or are, are not described by the text that comes out.

Names begin with an underscore, since a sandboxed template reaches none that does.
"""

from __future__ import annotations

from collections.abc import Iterable

from pairsmith.chat_templates.symbolic.conditions import HOW, Conditions, Content, Piece, Symbol
from pairsmith.chat_templates.symbolic.parts import Part

MAX_PIECES = 1_000
"""At most this many pieces may a text have: 41 contents, each written once, make 83."""


class Text(Symbol):
    """A text that holds contents; what a template does to one is done to its pieces.

    Args:
        pieces: Constant text and contents, in order; at least one content.
        conditions: Takes down what it is asked.
    """

    def __init__(self, pieces: Iterable[Piece], conditions: Conditions) -> None:
        super().__init__(conditions)
        joined: list[Piece] = []  # constant text that meets is one piece
        for piece in pieces:
            if isinstance(piece, str) and joined and isinstance(joined[-1], str):
                joined[-1] += piece
            elif piece != "":
                joined.append(piece)
        self._pieces = tuple(joined)
        if len(joined) > MAX_PIECES:
            self._fail("it repeats a content")

    # joined

    def __add__(self, other: object) -> Text:
        return self._joined(other, behind=True)

    def __radd__(self, other: object) -> Text:
        return self._joined(other, behind=False)

    def _joined(self, other: object, behind: bool) -> Text:
        if not isinstance(other, str | Text):
            return NotImplemented  # type: ignore[no-any-return]
        if hasattr(other, "__html__"):
            self._fail(HOW["__html__"])
        pieces = other._pieces if isinstance(other, Text) else (other,)
        both = (*self._pieces, *pieces) if behind else (*pieces, *self._pieces)
        return Text(both, self._conditions)

    # trimmed

    def strip(self, chars: object = None, /) -> Text:
        """As `str.strip`."""
        return self.lstrip(chars).rstrip(chars)

    def lstrip(self, chars: object = None, /) -> Text:
        """As `str.lstrip`."""
        return self._trimmed(chars, list(self._pieces), left=True)

    def rstrip(self, chars: object = None, /) -> Text:
        """As `str.rstrip`."""
        return self._trimmed(chars, list(self._pieces), left=False)

    def _trimmed(self, chars: object, pieces: list[Piece], left: bool) -> Text:
        """Trims constant text, and the content that comes first behind it."""
        if not isinstance(chars, str | None):
            self._fail("it strips what a content says")
        for at in range(len(pieces)) if left else range(len(pieces) - 1, -1, -1):
            piece = pieces[at]
            if isinstance(piece, Content):
                pieces[at] = self._trim(piece, chars, left, alone=len(pieces) == 1)
                break
            pieces[at] = piece = piece.lstrip(chars) if left else piece.rstrip(chars)
            if piece:
                break
        return Text(pieces, self._conditions)

    def _trim(self, content: Content, chars: str | None, left: bool, alone: bool) -> Content:
        if not alone:  # of a blank one nothing is left, and what stands behind is trimmed too
            self._conditions.filled.add(content.role)
        if chars is None:
            return content._replace(left=True) if left else content._replace(right=True)
        if not (content.left if left else content.right) and any(map(str.isspace, chars)):
            self._conditions.bare.add(content.role)
        self._conditions.absent.update(char for char in chars if not char.isspace())
        return content

    # looked into

    def __bool__(self) -> bool:
        if not any(isinstance(piece, str) for piece in self._pieces):
            self._conditions.filled.add(self._contents[0].role)
        return True

    @property
    def _contents(self) -> list[Content]:
        return [piece for piece in self._pieces if isinstance(piece, Content)]

    @property
    def _single(self) -> Content | None:
        """The content that this text is, where it is one."""
        piece = self._pieces[0]
        return piece if isinstance(piece, Content) and len(self._pieces) == 1 else None

    def __contains__(self, needle: object) -> bool:
        if not isinstance(needle, str):
            self._fail("it looks in one content for another")
        return self._holds(needle)

    def _holds(self, needle: str) -> bool:
        """Whether a constant is in the text's constant pieces: it may be in no content."""
        if any(isinstance(piece, str) and needle in piece for piece in self._pieces):
            return True
        self._lack(needle)
        return False

    def _lack(self, needle: str) -> None:
        """Notes that a constant is in no content, nor partly in one and partly beside it.

        Where it could begin in a constant piece and end in a content, this is not known.
        """
        for at, piece in enumerate(self._pieces):
            before, behind = at > 0, at + 1 < len(self._pieces)
            cuts = range(1, len(needle))
            if isinstance(piece, Content):
                if before and cuts and isinstance(self._pieces[at - 1], Content):
                    self._fail("it looks for a string in contents that it joins")
            elif (behind and any(_meet_ends(piece, needle[:cut]) for cut in cuts)) or (
                before and any(_meet_starts(piece, needle[cut:]) for cut in cuts)
            ):
                self._fail("it looks for a string in contents and constant text together")
        self._conditions.absent.add(needle)

    def startswith(self, prefix: object, /, *more: object) -> bool:
        """As `str.startswith`."""
        return self._at_end(prefix, more, left=True)

    def endswith(self, suffix: object, /, *more: object) -> bool:
        """As `str.endswith`."""
        return self._at_end(suffix, more, left=False)

    def _at_end(self, given: object, more: tuple[object, ...], left: bool) -> bool:
        given = given if isinstance(given, tuple) else (given,)
        if more or not all(isinstance(one, str) for one in given):
            self._fail("it compares an end of a content with what is no constant")
        return any([self._has_end(one, left) for one in given])  # noqa: C419  (each is noted)

    def _has_end(self, end: str, left: bool) -> bool:
        if not end:
            return True
        piece = self._pieces[0 if left else -1]
        if isinstance(piece, str):
            if piece.startswith(end) if left else piece.endswith(end):
                return True
            if not (end.startswith(piece) if left else end.endswith(piece)):
                return False
            self._fail("it looks for a string in contents and constant text together")
        outer = end[0] if left else end[-1]
        if outer.isspace():
            return self._has_space(piece, left)
        if len(self._pieces) > 1:
            self._conditions.filled.add(piece.role)
        self._lack(end)
        return False

    def _has_space(self, content: Content, left: bool) -> bool:
        """Whether a content begins or ends with white space: none does that is described."""
        if len(self._pieces) > 1:
            self._conditions.filled.add(content.role)
        if not (content.left if left else content.right):
            self._conditions.bare.add(content.role)
        return False

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Symbol):
            if isinstance(other, Text) and other._pieces == self._pieces:
                return True
            self._fail("it compares contents with each other")
        if not isinstance(other, str):
            return False
        constant = [piece for piece in self._pieces if isinstance(piece, str)]
        if any(piece not in other for piece in constant):
            return False
        if self._single is None:
            self._fail("it compares a text that holds contents")
        if not other.strip():
            self._conditions.filled.add(self._single.role)
            return False
        return self._holds(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        self._fail(HOW["__hash__"])

    def __getitem__(self, key: object) -> Part:
        content = self._single
        if not isinstance(key, int | slice):
            raise TypeError("string indices must be integers")  # as a text: it is then undefined
        if content is None or (isinstance(key, slice) and key.step not in (None, 1)):
            self._fail("it takes a part of a text that holds contents")
        if isinstance(key, int):
            if key not in (0, -1):
                self._fail("it takes a character from the middle of a content")
            self._conditions.filled.add(content.role)
            return Part(self, end=key == 0)
        if not all(isinstance(bound, int | None) for bound in (key.start, key.stop)):
            self._fail("it takes a part of a content by what is no constant number")
        return Part(self)

    # changed where its constant text holds another, which contents do not

    def replace(self, old: object, new: object, count: object = -1, /) -> str | Text:
        """As `str.replace`."""
        if not isinstance(new, str | Text):
            self._fail("it calls replace of a content")
        return _between(new, self._cut(old, "replace", count))

    def split(self, sep: object = None, maxsplit: object = -1) -> list[str | Text]:
        """As `str.split`."""
        return self._cut(sep, "split", maxsplit)

    def rsplit(self, sep: object = None, maxsplit: object = -1) -> list[str | Text]:
        """As `str.rsplit`."""
        return self._cut(sep, "rsplit", maxsplit)

    def partition(self, sep: object, /) -> tuple[str | Text, str | Text, str | Text]:
        """As `str.partition`."""
        first, *others = self._cut(sep, "partition")
        return (first, str(sep), _between(str(sep), others)) if others else (self, "", "")

    def rpartition(self, sep: object, /) -> tuple[str | Text, str | Text, str | Text]:
        """As `str.rpartition`."""
        *others, last = self._cut(sep, "rpartition")
        return (_between(str(sep), others), str(sep), last) if others else ("", "", self)

    def _cut(self, sep: object, method: str, most: object = -1) -> list[str | Text]:
        """What stands between the places where constant text holds a separator."""
        if not isinstance(sep, str) or not sep or not isinstance(most, int):
            self._fail(f"it calls {method} of a content")
        self._lack(sep)
        parts: list[list[Piece]] = [[]]
        from_right = method in ("rsplit", "rpartition")  # of 'aaa', 'aa' is the other part
        for piece in self._pieces:
            first, *others = (
                [piece]
                if isinstance(piece, Content)
                else piece.rsplit(sep)
                if from_right
                else piece.split(sep)
            )
            parts[-1].append(first)
            parts += [[other] for other in others]
        if len(parts) > 1 and most != -1:
            self._fail(f"it calls {method} of a content, a number of times")
        return [_text_of(part, self._conditions) for part in parts]

    def find(self, sub: object, /, *bounds: object) -> int:
        """As `str.find`."""
        if len(self._cut(sub, "find")) > 1 or not all(isinstance(b, int) for b in bounds):
            self._fail("it finds the place of a string in a text that holds contents")
        return -1

    rfind = find

    def count(self, sub: object, /, *bounds: object) -> int:
        """As `str.count`."""
        if bounds:
            self._fail("it counts in a part of a content")
        return len(self._cut(sub, "count")) - 1

    def removeprefix(self, prefix: object, /) -> Text:
        """As `str.removeprefix`."""
        if not isinstance(prefix, str) or self.startswith(prefix):
            self._fail("it removes constant text before a content")
        return self

    def removesuffix(self, suffix: object, /) -> Text:
        """As `str.removesuffix`."""
        if not isinstance(suffix, str) or self.endswith(suffix):
            self._fail("it removes constant text behind a content")
        return self

    def lower(self) -> Part:
        """As `str.lower`; so are the other changes of case."""
        return Part(self, change="lower")

    def upper(self) -> Part:
        """As `str.upper`."""
        return Part(self, change="upper")

    def title(self) -> Part:
        """As `str.title`."""
        return Part(self, change="title")

    def capitalize(self) -> Part:
        """As `str.capitalize`."""
        return Part(self, change="capitalize")

    def casefold(self) -> Part:
        """As `str.casefold`."""
        return Part(self, change="casefold")

    def swapcase(self) -> Part:
        """As `str.swapcase`."""
        return Part(self, change="swapcase")


def as_text(value: object, /) -> str | Text:
    """As `str`, of which a text that holds contents is one already."""
    return value if isinstance(value, Text) else str(value)


def join(parts: Iterable[object]) -> str | Text:
    """As `"".join`, of parts that may hold contents.

    Raises:
        TypeError: A part is no text.
    """
    parts = list(parts)
    texts = [part for part in parts if isinstance(part, Text)]
    if not texts:
        return "".join(parts)  # type: ignore[arg-type]
    pieces: list[Piece] = []
    run: list[str] = []  # constant text that has not been joined yet
    for part in parts:
        if isinstance(part, str):
            run.append(part)
        elif isinstance(part, Text):
            pieces += ["".join(run), *part._pieces]
            run = []
        else:
            raise TypeError("it joins what is no text")
    return Text([*pieces, "".join(run)], texts[0]._conditions)


def _text_of(pieces: list[Piece], conditions: Conditions) -> str | Text:
    """Pieces as a text; as a constant where they hold no content."""
    constant = [piece for piece in pieces if isinstance(piece, str)]
    return "".join(constant) if len(constant) == len(pieces) else Text(pieces, conditions)


def _between(sep: str | Text, parts: list[str | Text]) -> str | Text:
    """Parts with a separator between each two; at least one part."""
    joined, *others = parts
    for other in others:
        joined = joined + sep + other
    return joined


def _meet_ends(piece: str, start: str) -> bool:
    """Whether constant text ends in, or wholly lies at the end of, the start of a string."""
    return piece.endswith(start) or start.endswith(piece)


def _meet_starts(piece: str, end: str) -> bool:
    """Whether constant text begins with, or wholly lies at the beginning of, a string's end."""
    return piece.startswith(end) or end.startswith(piece)
