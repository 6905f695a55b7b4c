"""A conversation as its events tell it: whose turn it is, what was shown, what was picked.

`fold` is a pure function. A conversation goes

    WRITING ──said──▶ WAITING ──replied──▶ CHOOSING ──chose──▶ WRITING ──▶ …

and can end at any moment, by `finished` or `left`. Where no two replies came, or neither was
picked (`both_bad`, `skip`), replies are asked for again, as another *attempt* at the turn with
seeds of its own. After `ATTEMPTS` in which nothing was picked the message is set aside: the person
writes another, and the conversation goes on as if it had not been. It goes on from the reply that
was picked; in helpful mode from its edit, if there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from pairsmith.collecting.events import Event, Kind
from pairsmith.collecting.project import Mode
from pairsmith.collecting.verdicts import Side, Verdict, Word, side_of
from pairsmith.errors import CollectionError

Message: TypeAlias = dict[str, str]
"""`role` and `content`."""

ATTEMPTS = 3
"""So often a person is shown two replies to one message, at most. Attempts to which no two replies
came do not count: a server that is down costs nobody a message."""


class Phase(StrEnum):
    """What a conversation waits for."""

    WRITING = "writing"
    WAITING = "waiting"
    CHOOSING = "choosing"
    FINISHED = "finished"
    LEFT = "left"


class Attempt(NamedTuple):
    """Two replies to a message, or what came instead, and what was said of them.

    Attributes:
        number: From 1, within the turn.
        samples: All that was sampled, as JSON has it, see `replies.Sampled`.
        shown: The places among them of A and B; None where there were not two to show.
        fault: Why not; empty where there were.
        verdict: What was said; None while nothing is.
        better: In red-team mode the reply that is better in itself, if the person says.
        seconds: From the replies to the verdict.
        instructions: The sha256 of those that were at hand.
    """

    number: int
    samples: tuple[Mapping[str, Any], ...]
    shown: tuple[int, int] | None
    fault: str = ""
    verdict: Verdict | None = None
    better: Side | None = None
    seconds: float | None = None
    instructions: str = ""

    @property
    def picked(self) -> Side | None:
        """The side that was picked; None while none is, and where none was."""
        if self.verdict is None or isinstance(self.verdict, Word):
            return None
        return side_of(self.verdict)

    def on(self, side: Side) -> Mapping[str, Any]:
        """The sample on a side.

        Raises:
            CollectionError: Nothing was shown.
        """
        if self.shown is None:
            raise CollectionError(f"Attempt {self.number} has no replies that were shown.")
        return self.samples[self.shown[side == Side.B]]


class Turn(NamedTuple):
    """A message and what came of it.

    Attributes:
        number: From 1.
        message: The person's.
        attempts: In order.
        edit: What the person made of the picked reply; None without.
    """

    number: int
    message: str
    attempts: tuple[Attempt, ...] = ()
    edit: str | None = None

    @property
    def attempt(self) -> Attempt | None:
        """The last one."""
        return self.attempts[-1] if self.attempts else None

    @property
    def picked(self) -> str | None:
        """The text that was picked; None where none is."""
        last = self.attempt
        return None if last is None or last.picked is None else str(last.on(last.picked)["text"])


@dataclass(frozen=True)
class Conversation:
    """A conversation.

    Attributes:
        id: Its thread.
        who: Whose it is.
        mode: Helpful or red-team.
        description: In red-team mode, what the person is going to try.
        models: The names of the models behind the two replies.
        instructions: The sha256 of those at its beginning.
        subset: The subset that its pairs go to.
        tranche: How its replies are made.
        round: The round that it belongs to; empty for none.
        turns: So far.
        phase: What it waits for.
        rating: How far a red-team attempt succeeded, 0–4, as its author says; None where not said.
        events: How many events it consists of.
    """

    id: str
    who: str
    mode: Mode
    description: str
    models: tuple[str, str]
    instructions: str
    subset: str = ""
    tranche: str = ""
    round: str = ""
    turns: tuple[Turn, ...] = ()
    phase: Phase = Phase.WRITING
    rating: int | None = None
    events: int = 1

    @property
    def turn(self) -> Turn | None:
        """The last one."""
        return self.turns[-1] if self.turns else None

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.phase in (Phase.FINISHED, Phase.LEFT)

    @property
    def attempts(self) -> int:
        """How often replies were asked for in the last turn."""
        return len(self.turn.attempts) if self.turn else 0

    def messages(self, turns: int | None = None) -> list[Message]:
        """What was said, up to a turn's message.

        Args:
            turns: Up to the message of this turn; None for all that was said.

        Returns:
            The person's messages, each but the last of an open turn with the reply from which it
            went on. Messages that were set aside are not among them.
        """
        said: list[Message] = []
        asked = turns if turns is not None or not self.is_open else len(self.turns)
        for turn in self.turns[:turns]:
            reply = self.goes_on_from(turn)
            if turn.number == asked or reply is not None:
                said.append({"role": "user", "content": turn.message})
            if turn.number != asked and reply is not None:
                said.append({"role": "assistant", "content": reply})
        return said

    @property
    def is_open(self) -> bool:
        """Whether a message waits for replies, or they for a choice."""
        return self.phase in (Phase.WAITING, Phase.CHOOSING)

    def goes_on_from(self, turn: Turn) -> str | None:
        """The reply from which the conversation goes on; None where none was picked.

        A red team's edit shows what the model should have said, so the attack goes on from what it
        did say.
        """
        edited = turn.edit if self.mode == Mode.HELPFUL else None
        return turn.picked if edited is None else edited


def fold(events: Sequence[Event]) -> Conversation:
    """The conversation that events make, in their order.

    Raises:
        CollectionError: They are not those of a conversation.
    """
    if not events or events[0].kind != Kind.STARTED:
        raise CollectionError("The events are not those of a conversation.")
    first, last = events[0], events[0]
    held = _start(first)
    for event in events[1:]:
        try:
            held = _STEPS[event.kind](held, event, last)
        except (KeyError, IndexError, TypeError, ValueError):
            raise CollectionError(
                f"The conversation {first.thread} has an event {event.kind} out of order.",
                "Was the collection edited by hand?",
            ) from None
        held, last = replace(held, events=held.events + 1), event
    return held


def _start(event: Event) -> Conversation:
    body = event.body
    first, second = body["models"]
    return Conversation(
        id=event.thread,
        who=event.who,
        mode=Mode(body["mode"]),
        description=str(body.get("description", "")),
        models=(first, second),
        instructions=str(body["instructions"]),
        subset=str(body["subset"]),
        tranche=str(body["tranche"]),
        round=str(body["round"]),
    )


def _said(held: Conversation, event: Event, last: Event) -> Conversation:
    turn = Turn(len(held.turns) + 1, event.body["text"])
    return replace(held, turns=(*held.turns, turn), phase=Phase.WAITING)


def _replied(held: Conversation, event: Event, last: Event) -> Conversation:
    turn = held.turns[-1]
    shown = event.body["shown"]
    attempt = Attempt(
        number=len(turn.attempts) + 1,
        samples=tuple(event.body["samples"]),
        shown=None if shown is None else (shown[0], shown[1]),
        fault=event.body.get("fault", ""),
    )
    phase = Phase.WAITING if shown is None else Phase.CHOOSING
    return _with(held, turn._replace(attempts=(*turn.attempts, attempt)), phase)


def _chose(held: Conversation, event: Event, last: Event) -> Conversation:
    turn, body = held.turns[-1], event.body
    verdict = body["verdict"]
    better = body.get("better")
    attempt = turn.attempts[-1]._replace(
        verdict=Word(verdict) if isinstance(verdict, str) else verdict,
        better=None if better is None else Side(better),
        seconds=max(0.0, event.time - last.time),
        instructions=str(body["instructions"]),
    )
    made = turn._replace(attempts=(*turn.attempts[:-1], attempt))
    judged = sum(one.verdict is not None for one in made.attempts)
    again = attempt.picked is None and judged < ATTEMPTS
    return _with(held, made, Phase.WAITING if again else Phase.WRITING)


def _edited(held: Conversation, event: Event, last: Event) -> Conversation:
    return _with(held, held.turns[-1]._replace(edit=event.body["text"]), held.phase)


def _finished(held: Conversation, event: Event, last: Event) -> Conversation:
    return replace(held, phase=Phase.FINISHED, rating=event.body.get("rating"))


def _left(held: Conversation, event: Event, last: Event) -> Conversation:
    return replace(held, phase=Phase.LEFT)


def _with(held: Conversation, turn: Turn, phase: Phase) -> Conversation:
    return replace(held, turns=(*held.turns[:-1], turn), phase=phase)


_STEPS = {
    Kind.SAID: _said,
    Kind.REPLIED: _replied,
    Kind.CHOSE: _chose,
    Kind.EDITED: _edited,
    Kind.FINISHED: _finished,
    Kind.LEFT: _left,
}
