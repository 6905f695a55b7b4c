"""Probe conversations: marks that occur nowhere else, and contents of every kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from pairsmith.schema.templates import Conversation, Refusal

Jinja: TypeAlias = Callable[[Sequence[Conversation]], list[str | Refusal]]

LENGTHS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 39, 40)
"""Turns of the probe conversations."""


class Talk(NamedTuple):
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
    def asked(self) -> bool:
        """Whether the user speaks last."""
        return self.roles[-1] == "user"

    @property
    def conversation(self) -> Conversation:
        """As Jinja is given it."""
        pairs = zip(self.roles, self.contents, strict=True)
        return Conversation([{"role": r, "content": c} for r, c in pairs], self.generation)


def mark(place: int) -> str:
    """What stands for the content at a place, and occurs nowhere else."""
    return f"qW{place}Zq"


def plain_talks(system: bool, turns: int) -> list[Talk]:
    """Probes of so many turns; with the user last, both without and with a generation prompt."""
    marks = tuple(mark(place) for place in range(turns + system))
    return [Talk(system, marks, generation) for generation in (False, True)[: 1 + turns % 2]]


def filled_talks(system: bool, contents: Sequence[str], turns: int = 4) -> list[Talk]:
    """Conversations with these contents in turn: one that ends in a reply, and its prompt."""
    front = (contents[0],) if system else ()
    body = [contents[turn // 2 % len(contents)] for turn in range(turns)]
    return [Talk(system, (*front, *body)), Talk(system, (*front, *body[:-1]), generation=True)]


def talks_of_role(system: bool, role: str, content: str) -> list[Talk]:
    """Conversations in which one role speaks, and its contents are this."""
    talks = [talk for turns in (1, 2, 5, 6) for talk in plain_talks(system, turns)]
    talks = [talk for talk in talks if role in talk.roles]
    return [
        talk._replace(
            contents=tuple(
                content if r == role else c for r, c in zip(talk.roles, talk.contents, strict=True)
            )
        )
        for talk in talks
    ]


def roles_of(system: bool) -> list[str]:
    """The roles of conversations that begin with a system turn, or do not."""
    return ["system", "user", "assistant"] if system else ["user", "assistant"]
