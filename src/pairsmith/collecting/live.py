"""Replies for conversations that wait for them: asked of models, and recorded both at once.

A few conversations are answered at a time, by threads. What a conversation waits for is a matter of
its events, so a process that ends loses nothing: the next one finds what waits (`Live.recover`), or
is told when its page is looked at (`Live.wake`). Where no two replies came that is recorded too,
and nothing more is asked until the person says so; that is for the pages to heed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from pairsmith.collecting import actions, replies
from pairsmith.collecting.collection import Collection, project_in
from pairsmith.collecting.conversation import Conversation, Phase, fold
from pairsmith.collecting.events import Kind
from pairsmith.collecting.project import Project, ServedModel
from pairsmith.collecting.replies import Request, Sampled
from pairsmith.errors import CollectionError, PairsmithError
from pairsmith.io import wire
from pairsmith.models.generation import endpoint as serving
from pairsmith.models.generation.sample import Failed, Sample, Sampling

if TYPE_CHECKING:
    from pairsmith.schema.messages import Message

AT_ONCE = 4
"""Conversations that are answered together."""

SECONDS = 300.0
"""For both replies to a message, attempts and further samples together: a small model on a
processor may need minutes, and nobody waits for longer."""

ATTEMPTS = 3
"""So often a server is asked for a sample, where it is busy or away."""

WORDS: dict[str, str] = {
    wire.AWAY: "the model cannot be reached",
    wire.BUSY: "the model is busy",
    wire.CUT: "its end was cut off",
    wire.LARGE: "it was too long",
    wire.LATE: "it took too long",
    wire.NO_JSON: "it could not be read",
    wire.STOPPED: "it was stopped",
    serving.REFUSED: "the model refused to answer",
    serving.OTHER_MODEL: "another model answered",
    serving.NO_CHOICE: "the model said nothing",
    serving.COUNT: "the model said several things at once",
    serving.TOOL_CALL: "the model called a tool in place of a reply",
    serving.NO_CONTENT: "the model said nothing",
    serving.MALFORMED: "it could not be read",
}
"""What whoever waits is told of a fault: nothing that names a model or a server."""

GONE = "the model is no longer part of the project"
UNSCORED = "it could not be scored"
BROKEN = "something is wrong on this side"

Score: TypeAlias = Callable[[Sequence["list[Message]"]], Sequence[float]]
"""Scores of conversations by a preference model, each up to and with its last reply.

Raises `PairsmithError` where one of them cannot be scored."""

Tell: TypeAlias = Callable[[str], None]
"""Takes a sentence about what went wrong, for whoever runs the collection."""

log = logging.getLogger("pairsmith.collecting")


@dataclass(frozen=True)
class Manner:
    """How models are asked.

    Attributes:
        at_once: Conversations that are answered together.
        requests: Requests for one of them that are on their way together.
        seconds: For all that is asked in one attempt.
        score: Scores samples, where the project wants that; None where it cannot be done.
        tell: Takes what went wrong, with the names of servers.
    """

    at_once: int = AT_ONCE
    requests: int = serving.AT_ONCE
    seconds: float = SECONDS
    score: Score | None = None
    tell: Tell = log.warning


class _Came(NamedTuple):
    """What came of a request: the sample, and the kind of its fault if it has one."""

    sample: Sampled
    kind: str = ""


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

    def wake(self, conversation: str) -> None:
        """Has replies asked for, if the conversation waits and nothing is being asked for it."""
        with self._guard:
            if self._closed or conversation in self._asking:
                return
            self._asking[conversation] = stop = wire.Stop()
            self._pool.submit(self._answer, conversation, stop)

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
        found = [state.id for state in states if state.phase == Phase.WAITING]
        for conversation in found:
            self.wake(conversation)
        return len(found)

    def close(self) -> None:
        """Ends all questions; what was not answered waits, and is asked anew the next time."""
        with self._guard:
            self._closed = True
            stops = [*self._asking.values()]
        for stop in stops:
            stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _answer(self, conversation: str, stop: wire.Stop) -> None:
        try:
            self._answer_once(conversation, stop)
        except PairsmithError as error:
            self.manner.tell(error.message)
            self._record_fault(conversation)
        except (
            Exception
        ):  # a thread's fault is nobody's to catch: it is told, and can be tried again
            log.exception("no replies could be had for %s", conversation)
            self.manner.tell(f"No replies could be had for {conversation}: see the log.")
            self._record_fault(conversation)
        finally:
            with self._guard:
                self._asking.pop(conversation, None)

    def _answer_once(self, conversation: str, stop: wire.Stop) -> None:
        with self.collection.store.read() as transaction:
            state = fold(transaction.thread(conversation))
            project = project_in(transaction)
        if state.phase != Phase.WAITING:
            return
        until = time.monotonic() + self.manner.seconds
        samples = self._sample(project, state, stop, until)
        if stop.called:
            return
        token = actions.token_of(self.collection, state)
        actions.record_replies(self.collection, conversation, token, samples)

    def _sample(
        self, project: Project, state: Conversation, stop: wire.Stop, until: float
    ) -> list[Sampled]:
        """All samples of an attempt: until two can be shown, or it is of no use."""
        samples: list[Sampled] = []
        while not stop.called:
            try:
                asked = replies.next_requests(project, self.collection.secret, state, samples)
            except CollectionError as error:  # its model was taken from the project
                self.manner.tell(error.message)
                return [*samples, Sampled(state.models[0], 0, None, GONE)]
            if not asked or (samples and time.monotonic() >= until):
                break
            came = self._ask(asked, stop, until)
            samples += self._scored(project, state, [one.sample for one in came])
            if all(one.kind in serving.OF_THE_SERVER for one in came):
                break  # others would fare no better
        return samples

    def _ask(self, asked: Sequence[Request], stop: wire.Stop, until: float) -> list[_Came]:
        """Asks for samples, of two models at the same time."""
        by_model = {
            request.model.name: [one for one in asked if one.model.name == request.model.name]
            for request in asked
        }
        patience = replace(
            wire.Patience.usual(), attempts=ATTEMPTS, seconds=self.manner.seconds,
            whole_seconds=self.manner.seconds, until=until, stop=stop,
        )  # fmt: skip
        with ThreadPoolExecutor(len(by_model)) as pool:
            made = pool.map(lambda some: self._ask_one(some, patience), by_model.values())
            came = {place: one for some in made for place, one in some.items()}
        return [came[request.place] for request in asked]

    def _ask_one(self, asked: Sequence[Request], patience: wire.Patience) -> dict[int, _Came]:
        """Asks one model for samples of one conversation."""
        model, messages = asked[0].model, asked[0].messages
        sampling = Sampling(**_arguments(model))
        server = serving.Endpoint(serving.parse_address(model.endpoint), model.served_model)
        now = time.time()
        seeds = [request.seed for request in asked]
        came = server.write(messages, seeds, sampling, patience, self.manner.requests)
        return {
            request.place: self._kept(model, sampling, now, one)
            for request, one in zip(asked, came, strict=True)
        }

    def _kept(
        self, model: ServedModel, sampling: Sampling, now: float, came: Sample | Failed
    ) -> _Came:
        known: dict[str, Any] = {
            "served": model.served_model,
            "seconds": round(came.seconds, 3),
            "time": round(now, 3),
            "parameters": {
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "max_tokens": sampling.max_tokens,
            },
        }
        if isinstance(came, Failed):
            if came.kind != wire.STOPPED:
                self.manner.tell(f"{model.name}: {came.said}")
            fault = WORDS.get(came.kind, serving.MALFORMED)
            return _Came(Sampled(model.name, came.seed, None, fault, **known), came.kind)
        made = Sampled(model.name, came.seed, came.text, **known)
        return _Came(made._replace(finish_reason=came.finish_reason, tokens=came.tokens))

    def _scored(
        self, project: Project, state: Conversation, samples: list[Sampled]
    ) -> list[Sampled]:
        """Samples with their scores, where the project wants them; what has none has a fault."""
        if project.score is None:
            return samples
        before = state.messages()
        made = [replies.check_sample(sample) for sample in samples]
        return [one if one.fault else self._score(one, before) for one in made]

    def _score(self, sample: Sampled, before: list[Message]) -> Sampled:
        if self.manner.score is None:
            return sample._replace(fault=UNSCORED)
        said = [*before, {"role": "assistant", "content": sample.text or ""}]
        try:
            with self._scoring:
                [score] = self.manner.score([said])
        except PairsmithError as error:
            self.manner.tell(error.message)
            return sample._replace(fault=UNSCORED)
        return sample._replace(score=float(score))

    def _record_fault(self, conversation: str) -> None:
        """Records that nothing came, so that the page says it and offers to try again."""
        try:
            state = self._state(conversation)
            if state.phase == Phase.WAITING:
                token = actions.token_of(self.collection, state)
                sample = Sampled(state.models[0], 0, None, BROKEN)
                actions.record_replies(self.collection, conversation, token, [sample])
        except Exception:  # the disk may be full: the page asks again when it is looked at
            log.exception("that could not be recorded either")

    def _state(self, conversation: str) -> Conversation:
        with self.collection.store.read() as transaction:
            return fold(transaction.thread(conversation))


def _arguments(model: ServedModel) -> dict[str, Any]:
    """A model's parameters as `Sampling` takes them."""
    held: dict[str, Any] = dict(model.parameters)
    if "max_tokens" in held:
        held["max_tokens"] = int(held["max_tokens"])
    return held


def score_by(model: str) -> Score:
    """A preference model, loaded when it is first needed, that scores conversations.

    Args:
        model: The folder of a run or of another preference model, or an id on the hub.
    """
    held: list[Any] = []

    def score(said: Sequence[list[Message]]) -> Sequence[float]:
        from pairsmith.scoring.texts import open_texts

        if not held:
            held.append(open_texts(model))
        return [one.score for one in held[0].score(said)]

    return score
