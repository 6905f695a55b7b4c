"""What reading one row gives: the comparisons that it holds, and the fields that were read.

A comparison is two whole conversations, of which the first is said to be better. A row holds one
of them, or several where it ranks or rates replies; what cannot be read of a row is refused with a
reason.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from pairsmith.schema.messages import Message
from pairsmith.schema.reasons import Note, Reason


class Comparison(NamedTuple):
    """Two conversations and which is better.

    Attributes:
        chosen, rejected: The whole conversations, the better one first.
        tools: The definitions of the tools that the assistant may call; None without any.
        scores: Of both, where the source tells them; the difference is the comparison's margin.
        notes: What holds of it.
    """

    chosen: list[Message]
    rejected: list[Message]
    tools: list[dict[str, Any]] | None = None
    scores: tuple[float, float] | None = None
    notes: tuple[Note, ...] = ()


class Refused(NamedTuple):
    """A comparison, or a whole row, that is refused, and one sentence that quotes nothing."""

    reason: Reason
    detail: str


Outcome: TypeAlias = Comparison | Refused


class RowReading(NamedTuple):
    """One row, read.

    Attributes:
        outcomes: One or more, in the order in which the row tells them.
        used: The paths of the fields that were read, see `sources.fields`; a path stands for
            whatever is below it.
    """

    outcomes: list[Outcome]
    used: frozenset[str]


class UnreadableError(Exception):
    """Why a value cannot be read: it is caught where a row is read, and refuses the row."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail
