"""A pair as trainers are given it, and what can make it one that a trainer has no place for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from pairsmith.schema.reasons import Reason

Message: TypeAlias = dict[str, str]
Row: TypeAlias = dict[str, Any]


class Pair(NamedTuple):
    """One row of a shard of pairs. Contents are text or lists of messages, all three alike.

    Attributes:
        id: Subset, split and number.
        prompt: The shared turns; messages may begin with a system turn.
        chosen, rejected: The replies; in messages, a list of one assistant message.
    """

    id: str
    prompt: Any
    chosen: Any
    rejected: Any

    @property
    def system(self) -> str | None:
        """The text of the system turn that the prompt begins with; None where there is none."""
        first: Message = self.prompt[0] if self.prompt else {}
        return first["content"] if first.get("role") == "system" else None

    @property
    def turns(self) -> list[Message]:
        """The prompt without the system turn that it begins with."""
        turns: list[Message] = self.prompt[self.system is not None :]
        return turns

    @property
    def replies(self) -> tuple[str, str]:
        """The texts of chosen and rejected, of a pair in messages."""
        return self.chosen[0]["content"], self.rejected[0]["content"]


class Unfit(StrEnum):
    """Why a trainer's format has no place for a kept pair; named as the `Reason` where one is."""

    NO_PROMPT = "no_prompt"
    BAD_ROLES = Reason.BAD_ROLES.value
    EMPTY_REPLY = Reason.EMPTY_REPLY.value
    IDENTICAL = Reason.IDENTICAL.value
    EMPTY_SYSTEM = "empty_system"
    FOUND_ELSEWHERE = "found_elsewhere"


EXPLANATIONS: dict[Unfit, str] = {
    Unfit.NO_PROMPT: "the prompt has no turn before the reply",
    Unfit.BAD_ROLES: "the prompt is not user, assistant, …, user after a system turn, if any",
    Unfit.EMPTY_REPLY: "a reply is blank",
    Unfit.IDENTICAL: "chosen and rejected are the same",
    Unfit.EMPTY_SYSTEM: "the system turn is blank, which the trainer takes for none",
    Unfit.FOUND_ELSEWHERE: "the trainer would look for the reply and find it in its own text",
}

Refuses: TypeAlias = Mapping[Unfit, Callable[[Pair], bool]]
"""The reasons for which a format leaves pairs out, each with its test, the first that applies."""


def has_no_prompt(pair: Pair) -> bool:
    """Whether nothing but a system turn comes before the replies. Text always has a prompt."""
    return not isinstance(pair.prompt, str) and not pair.turns


def has_bad_roles(pair: Pair) -> bool:
    """Whether the turns are not user, assistant, …, user."""
    wanted = ("user", "assistant")
    turns = pair.turns
    if len(turns) % 2 == 0:
        return True
    return any(turn["role"] != wanted[place % 2] for place, turn in enumerate(turns))


def has_empty_reply(pair: Pair) -> bool:
    """Whether a reply is blank."""
    return not all(reply.strip() for reply in pair.replies)


def has_empty_system(pair: Pair) -> bool:
    """Whether there is a system turn that says nothing."""
    return pair.system is not None and not pair.system.strip()


def is_identical(pair: Pair) -> bool:
    """Whether the replies are the same."""
    chosen, rejected = pair.replies
    return chosen == rejected
