"""Turns: a few at a time do what may take long, and nobody keeps the others from it.

Who waits is let in by how little was done lately for the visitor and about the subject (the
repository, say): one who asks a hundred times, or about what is made to be slow, waits behind
those who ask once. No subject has all the turns, and a turn that has lasted a while is taken away
when somebody waits for whom less was done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import anyio
from starlette.requests import ClientDisconnect

from pairsmith.hub.http.errors import HubError

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")

PAUSE = 1.0  # seconds until somebody is told that they asked for too much
LOOK = 0.1  # seconds between two looks at whether a turn has to be taken away
HALVED = 30.0  # seconds after which what was done counts half
REMEMBERED = 10_000  # visitors and subjects; a sum for each is some 200 bytes


class Turn:
    """One's turn at the work, or one's place among those who wait.

    Attributes:
        visitor: Whose it is.
        subject: What it is about.
        over: Set when the work has to end at once: nobody waits for its answer, or others have to
            be let by (`lost`).
        lost: Whether it was taken away.
    """

    def __init__(self, visitor: str, subject: str) -> None:
        self.visitor = visitor
        self.subject = subject
        self.over = threading.Event()
        self.lost = False
        self.began = 0.0
        self.ready = anyio.Event()


class Turns:
    """Turns at one kind of work. Of one event loop: nothing of it is called from a thread."""

    def __init__(
        self, count: int, patience: float = 5.0, grace: float = 0.5, queue: int = 16
    ) -> None:
        """Turns that nobody has yet.

        Args:
            count: How many there are at once; at least two, for no subject has all of them.
            patience: Seconds that somebody waits for one.
            grace: Seconds for which nobody takes a turn away.
            queue: How many may wait of one visitor about one subject; of one visitor, four times
                as many.
        """
        self._count = count
        self._patience = patience
        self._grace = grace
        self._queue = queue
        self._running: list[Turn] = []
        self._waiting: list[Turn] = []
        self._spent: dict[str, tuple[float, float]] = {}

    @asynccontextmanager
    async def turn(self, visitor: str, subject: str) -> AsyncIterator[Turn]:
        """A turn, for as long as the block lasts.

        Args:
            visitor: Who asks: an account, or an address.
            subject: What the work is about.

        Raises:
            HubError: 503 with Retry-After, where this visitor waits for too many already, or
                waited for too long.
        """
        mine = Turn(visitor, subject)
        if self._waits_for_enough(mine):
            await anyio.sleep(PAUSE)  # who asks again at once is to cost the others nothing
            raise busy("You have asked for several pages of rows that are not there yet.")
        self._waiting.append(mine)
        self._admit()
        try:
            with anyio.move_on_after(self._patience):
                while not mine.ready.is_set():
                    self._press(mine)
                    with anyio.move_on_after(LOOK):
                        await mine.ready.wait()
            if not mine.ready.is_set():
                raise busy("Too many people look at rows right now.")
            yield mine
        finally:
            self._leave(mine)

    def _waits_for_enough(self, mine: Turn) -> bool:
        theirs = [other for other in self._waiting if other.visitor == mine.visitor]
        same = [other for other in theirs if other.subject == mine.subject]
        return len(same) >= self._queue or len(theirs) >= 4 * self._queue

    def _leave(self, mine: Turn) -> None:
        if mine in self._waiting:
            self._waiting.remove(mine)
        if mine in self._running:
            self._running.remove(mine)
            took = time.monotonic() - mine.began
            for key in (mine.visitor, mine.subject):
                worth = self._worth(key) + took
                self._spent.pop(key, None)  # the newest last
                self._spent[key] = (worth, time.monotonic())
            if len(self._spent) > REMEMBERED:
                self._spent = dict(list(self._spent.items())[-REMEMBERED // 2 :])
        self._admit()

    def _admit(self) -> None:
        """Gives the turns that are free to those for whom least was done."""
        for mine in sorted(self._waiting, key=self._cost):
            if not self._in_the_way(mine):
                self._waiting.remove(mine)
                self._running.append(mine)
                mine.began = time.monotonic()
                mine.ready.set()

    def _in_the_way(self, mine: Turn) -> list[Turn]:
        """The turns of which one has to end before this one can begin."""
        if len(self._running) >= self._count:
            return self._running
        same = [turn for turn in self._running if turn.subject == mine.subject]
        return same if len(same) >= self._count - 1 else []

    def _press(self, mine: Turn) -> None:
        """Takes a turn away for one who waits, where one has had far more than they and a while."""
        before = self._in_the_way(mine)
        if any(turn.over.is_set() for turn in before):
            return
        dearer = [turn for turn in before if self._is_dearer(turn, mine)]
        if dearer:
            dearest = max(dearer, key=self._cost)
            dearest.lost = True
            dearest.over.set()

    def _is_dearer(self, turn: Turn, mine: Turn) -> bool:
        """Whether a turn has to let another by, judged by what they have not in common.

        Twice as much, so that of two who take each other's turns one comes to an end soon.
        """
        theirs, ours = {turn.visitor, turn.subject}, {mine.visitor, mine.subject}
        had = time.monotonic() - turn.began
        more = sum(map(self._worth, theirs - ours)) + had
        less = sum(map(self._worth, ours - theirs))
        return theirs != ours and had > self._grace and more > 2 * less + self._grace

    def _cost(self, turn: Turn) -> float:
        """Seconds that were spent lately on a visitor and a subject, with those of this turn."""
        running = time.monotonic() - turn.began if turn.began else 0.0
        return self._worth(turn.visitor) + self._worth(turn.subject) + running

    def _worth(self, key: str) -> float:
        seconds, then = self._spent.get(key, (0.0, 0.0))
        return float(seconds * 0.5 ** ((time.monotonic() - then) / HALVED))


async def while_connected(
    request: Request, act: Callable[[], Awaitable[T]], over: threading.Event | None = None
) -> T:
    """Does something for a visitor, as long as they are there.

    Args:
        request: What was asked; its body is not wanted.
        act: What is done; cancelled when they have gone.
        over: Set then, for what cannot be cancelled.

    Raises:
        ClientDisconnect: They have gone.
        Exception: What `act` raises.
    """
    outcome: list[T] = []
    fault: Exception | None = None

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        if over is not None:
            over.set()
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        try:
            outcome.append(await act())
        except Exception as error:  # raised below, without the group's wrapping
            fault = error
        group.cancel_scope.cancel()
    if fault is not None:
        raise fault
    if not outcome:
        raise ClientDisconnect
    return outcome[0]


def busy(message: str) -> HubError:
    """A question that has to be asked again later."""
    sentence = f"{message} Try again in a moment, with a rarer text or a smaller split."
    return HubError(503, sentence, headers={"Retry-After": "10"})
