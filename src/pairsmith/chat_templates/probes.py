"""Probe conversations: marks that occur nowhere else, and contents of every kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from pairsmith.schema.templates import Conversation, Refusal, probe_text

Jinja: TypeAlias = Callable[[Sequence[Conversation]], list[str | Refusal]]

LENGTHS = (1, 2, 3, 4, 5, 6, 13, 14, 39, 40)
"""Turns of the conversations that are rendered to check what was read."""

MAX_TURNS = 40
"""Conversations of more turns are rendered by Jinja. Reading takes time that grows with the square
of this: at 40, 0.1 s for an ordinary template, and 1 s for the slowest of those that TRL ships."""

MAX_CONSTANT_CHARS = 200_000
"""At most this many characters may a template write around contents."""

AWKWARD = (
    "\n\n", "\n \n\n\n", "    ", "\t", "\r\n", "<b>&amp;\"'</b>", "\\n\\", "é日本😀\u200b\u2028",
    "{{ x }}{% if y %}{# z #}", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u3000",
)  # fmt: skip
"""What contents may begin or end with, to check that it is written as it is, or trimmed."""


class Probe(NamedTuple):
    """A conversation by its contents: the system text, if any, then user and assistant in turn."""

    system: bool
    contents: tuple[str, ...]
    generation: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        """The role of each content."""
        turns = len(self.contents) - self.system
        return (*["system"] * self.system, *(("user", "assistant")[i % 2] for i in range(turns)))

    @property
    def ends_with_user(self) -> bool:
        """Whether the user speaks last."""
        return self.roles[-1] == "user"

    @property
    def conversation(self) -> Conversation:
        """The input of Jinja."""
        pairs = zip(self.roles, self.contents, strict=True)
        return Conversation([{"role": r, "content": c} for r, c in pairs], self.generation)


MARK = re.compile(r"(?:q?W)?\d+Zqq+|qW\d+", re.IGNORECASE)
"""What `probe_text` makes, whole or cut at either end."""


def without_marks(text: str, instead: str) -> str:
    """A text with something else in place of the marks, whole or in part."""
    return MARK.sub(lambda _: instead, text)


def plain_probes(system: bool, turns: int) -> list[Probe]:
    """Probes of this many turns; with the user last, both without and with a generation prompt."""
    marks = tuple(probe_text(place) for place in range(turns + system))
    return [Probe(system, marks, generation) for generation in (False, True)[: 1 + turns % 2]]


def filled_probes(system: bool, contents: Sequence[str], turns: int = 4) -> list[Probe]:
    """Conversations with these contents in turn: one that ends in a reply, and its prompt."""
    front = (contents[0],) if system else ()
    body = [contents[turn // 2 % len(contents)] for turn in range(turns)]
    return [Probe(system, (*front, *body)), Probe(system, (*front, *body[:-1]), generation=True)]


def roles_of(system: bool) -> list[str]:
    """The roles of conversations that begin with a system turn, or do not."""
    return ["system", "user", "assistant"] if system else ["user", "assistant"]
