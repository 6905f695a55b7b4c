"""Replies for conversations that wait for them: asked of models, and recorded both at once.

A few conversations are answered at a time, by threads. What a conversation waits for is a matter of
its events, so a process that ends loses nothing: the next one finds what waits (`Live.recover`), or
is told when its page is looked at (`Live.wake`). Where no two replies came that is recorded too,
and nothing more is asked until the person says so; that is for the pages to heed.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from pairsmith.collecting import actions, asking
from pairsmith.collecting.collection import Collection
from pairsmith.collecting.conversation import Attempt, Conversation, Phase, fold
from pairsmith.collecting.events import Kind
from pairsmith.collecting.faults import words_of
from pairsmith.collecting.replies import BROKEN, GONE, GoneError, Sampled
from pairsmith.io import wire

if TYPE_CHECKING:
    from pairsmith.collecting.conversation import Message

AT_ONCE = 4
"""Conversations that are answered together."""

SECONDS = 300.0
"""For both replies to a message, attempts and further samples together: a small model on a
processor may need minutes, and nobody waits for longer."""

PAUSE = 30.0
"""Before models are asked again for what could not be stored."""

Tell: TypeAlias = Callable[[str], None]
"""Takes a sentence about what went wrong, for whoever runs the collection."""

log = logging.getLogger("pairsmith.collecting")


@dataclass(frozen=True)
class Manner:
    """How models are asked.

    Attributes:
        at_once: Conversations that are answered together.
        seconds: For all that is asked in one attempt.
        pause: Seconds before models are asked again for what the disk had no room for.
        score: Scores samples, where the project wants that; None where it cannot be done.
        tell: Takes what went wrong, with the names of servers.
    """

    at_once: int = AT_ONCE
    seconds: float = SECONDS
    pause: float = PAUSE
    score: asking.Score | None = None
    tell: Tell = log.warning


class Live:
    """What asks models on behalf of a collection, in threads of its own.

    Args:
        collection: The collection.
        manner: How.
    """

    def __init__(self, collection: Collection, manner: Manner | None = None) -> None:
        self.collection, self.manner = collection, manner or Manner()
        self._pool = ThreadPoolExecutor(self.manner.at_once, "collecting")
        self._guard, self._scoring = threading.Lock(), threading.Lock()
        self._asking: dict[str, wire.Stop] = {}
        self._closed = False

    def wake(self, state: Conversation) -> None:
        """Has replies asked for, if the conversation waits and nothing is being asked for it.

        Args:
            state: The conversation as it was seen. Where an attempt has ended since then, nothing
                is asked: what came of it is to be seen first.
        """
        with self._guard:
            if self._closed or state.id in self._asking:
                return
            self._asking[state.id] = stop = wire.Stop()
            self._pool.submit(self._answer, state, stop)

    def is_asking(self, conversation: str) -> bool:
        """Whether replies are being asked for."""
        with self._guard:
            return conversation in self._asking

    def stop(self, conversation: str) -> None:
        """Asks no more for a conversation; nothing of it is recorded."""
        with self._guard:
            stop = self._asking.get(conversation)
        if stop is not None:
            stop()

    def recover(self) -> int:
        """Wakes all that waits, as a process that ended left it; how many that is."""
        with self.collection.store.read() as transaction:
            waiting = transaction.ending_in((Kind.SAID, Kind.CHOSE))
            states = [fold(transaction.thread(thread)) for thread in waiting]
        found = [state for state in states if state.phase == Phase.WAITING]
        for state in found:
            self.wake(state)
        return len(found)

    def close(self) -> None:
        """Ends all questions; what was not answered waits, and is asked again the next time."""
        with self._guard:
            self._closed = True
            stops = [*self._asking.values()]
        for stop in stops:
            stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _answer(self, seen: Conversation, stop: wire.Stop) -> None:
        conversation = seen.id
        try:
            if not stop.called and self._state(conversation).attempts == seen.attempts:
                self._answer_once(conversation, stop)
        except GoneError as error:
            self.manner.tell(error.message)
            self._record_fault(conversation, GONE)
        except (sqlite3.Error, OSError) as error:
            self._wait_for_disk(conversation, stop, error)
        except Exception as error:  # a thread's fault is nobody's to catch: it is told and recorded
            self._break(conversation, error)
        finally:
            with self._guard:
                self._asking.pop(conversation, None)

    def _break(self, conversation: str, error: Exception) -> None:
        log.error("no replies could be had for %s", conversation, exc_info=error)
        self.manner.tell(f"No replies could be had for {conversation}: {error!r}.")
        self._record_fault(conversation, BROKEN)

    def _wait_for_disk(
        self, conversation: str, stop: wire.Stop, error: sqlite3.Error | OSError
    ) -> None:
        """Tells that what came could not be stored, and has nothing asked again for a while."""
        words = words_of(error)
        if words is None:
            self._break(conversation, error)
            return
        self.manner.tell(f"{words} The replies to {conversation} could not be stored.")
        stop.sleep(self.manner.pause)  # whoever waits looks again and again

    def _answer_once(self, conversation: str, stop: wire.Stop) -> None:
        patience = replace(
            wire.Patience.usual(), attempts=asking.ATTEMPTS, seconds=self.manner.seconds,
            whole_seconds=self.manner.seconds, until=time.monotonic() + self.manner.seconds,
            stop=stop,
        )  # fmt: skip
        score = None if self.manner.score is None else self._score
        answer = asking.answer(self.collection, conversation, score, patience)
        turn = None if answer.state is None or not answer.stored else answer.state.turn
        attempt = None if turn is None else turn.attempt
        for sentence in _faults(attempt):
            self.manner.tell(sentence)

    def _score(self, messages: Sequence[Message], texts: Sequence[str]) -> Sequence[float]:
        with self._scoring:  # one model, one at a time
            return [] if self.manner.score is None else self.manner.score(messages, texts)

    def _record_fault(self, conversation: str, fault: str) -> None:
        """Records that nothing came, so that the page says it and offers to try again."""
        try:
            state = self._state(conversation)
            if state.phase == Phase.WAITING:
                token = actions.token_of(self.collection, state)
                sample = Sampled(state.models[0], 0, None, fault)
                actions.record_replies(self.collection, conversation, token, [sample])
        except Exception:  # the disk may be full: the page asks again when it is looked at
            log.exception("that could not be recorded either")

    def _state(self, conversation: str) -> Conversation:
        with self.collection.store.read() as transaction:
            return fold(transaction.thread(conversation))


def _faults(attempt: Attempt | None) -> list[str]:
    """What went wrong in an attempt, for whoever runs the collection."""
    if attempt is None:
        return []
    said = [*dict.fromkeys(sample["said"] for sample in attempt.samples if sample["said"])]
    if said or attempt.shown is not None:
        return said
    faults = {sample["fault"] for sample in attempt.samples}
    texts = {(sample["text"] or "").strip() for sample in attempt.samples}
    names = " and ".join(dict.fromkeys(sample["model"] for sample in attempt.samples))
    if "" not in faults:
        told = ", ".join(sorted(faults))
        said = [f"None of {len(attempt.samples)} replies of {names} can be shown: {told}."]
    elif len(texts) == 1:
        said = [
            f"{names} said the same {len(attempt.samples)} times, with as many seeds: it may not"
            " draw samples at all (transformers serve does so where a model's settings say"
            " do_sample)."
        ]
    return said


def score_by(model: str) -> asking.Score:
    """Loads a preference model that scores replies.

    Args:
        model: The folder of a run or of another preference model, or an id on the hub.

    Raises:
        ModelError: It cannot be loaded, or gives no scores.
    """
    from pairsmith.scoring.texts import open_texts

    held = open_texts(model)

    def score(messages: Sequence[Message], texts: Sequence[str]) -> Sequence[float]:
        said: list[Any] = [[*messages, {"role": "assistant", "content": text}] for text in texts]
        return [one.score for one in held.score(said)]

    return score
