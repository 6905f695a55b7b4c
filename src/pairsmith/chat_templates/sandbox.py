"""Renders a chat template row by row, in processes that are bounded in time and memory."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from queue import Queue
from threading import Timer
from types import TracebackType
from typing import Any, NamedTuple

from pairsmith.chat_templates import process
from pairsmith.chat_templates.builtin import is_built_in
from pairsmith.chat_templates.worker import MEMORY, SECONDS
from pairsmith.errors import RecipeError
from pairsmith.schema.templates import Conversation, Refusal, Template

REQUEST_CONVERSATIONS = 64
"""Conversations in one request; the bounds on time and memory are for these."""

REQUEST_SHAPES = 16
"""The same for conversations without contents."""

REQUESTS_PER_WORKER = 16
"""Another process is started for each this many requests."""

MAX_DEPTH = 64
"""At most this deep may lists and objects nest in tools and in what they are called with."""

PATIENCE = 20
"""Seconds by the clock for each of computing, where a process does not compute or has no limit."""


class TemplateInfo(NamedTuple):
    """What a template's source shows without rendering it.

    Attributes:
        by: Whose environment renders it: `transformers 5.23.0` or `jinja2`.
        variables: The names that it takes from outside.
        texts: Its constant strings.
        sought: Those of them that it looks for in other texts.
        dated: Whether it asks for the date.
        chance: What it uses that is not the same twice.
    """

    by: str
    variables: tuple[str, ...]
    texts: tuple[str, ...]
    sought: tuple[str, ...]
    dated: bool
    chance: tuple[str, ...]


class Shape(NamedTuple):
    """A conversation without its contents: the roles of its messages.

    Attributes:
        roles: Of each message.
        generation: As in `Conversation`.
    """

    roles: tuple[str, ...]
    generation: bool = False


class ReadContent(NamedTuple):
    """A content in a text, by its place among the messages; how its white space is trimmed."""

    place: int
    role: str
    left: bool
    right: bool


class Reading(NamedTuple):
    """What a template does to contents.

    Attributes:
        texts: Of each shape up to the first that has none: constant text, and contents.
        fault: Why the next shape has none; empty where all have.
        refused: Whether the template refuses that one.
        absent, filled, bare, shortest, longest: What contents must be for the texts to describe
            them; see `Conditions`.
    """

    texts: list[tuple[str | ReadContent, ...]]
    fault: str
    refused: bool
    absent: frozenset[str]
    filled: frozenset[str]
    bare: frozenset[str]
    shortest: dict[str, int]
    longest: dict[str, int]

    def joined(self, other: Reading) -> Reading:
        """This of some shapes and another of those behind them, as one."""
        return Reading(
            [*self.texts, *other.texts],
            other.fault,
            other.refused,
            self.absent | other.absent,
            self.filled | other.filled,
            self.bare | other.bare,
            _by_role(max, self.shortest, other.shortest),
            _by_role(min, self.longest, other.longest),
        )


def make_reading(seen: dict[str, Any]) -> Reading:
    """What the process says it read, which came as JSON."""
    texts = [tuple(map(_piece, pieces)) for pieces in seen["texts"]]
    strings = {name: frozenset(seen[name]) for name in ("absent", "filled", "bare")}
    return Reading(**{**seen, **strings, "texts": texts})


def _by_role(
    choose: Callable[[int, int], int], left: dict[str, int], right: dict[str, int]
) -> dict[str, int]:
    both = {**right, **left}
    return {role: choose(left.get(role, n), right.get(role, n)) for role, n in both.items()}


def _piece(given: Any) -> str | ReadContent:
    return given if isinstance(given, str) else ReadContent(*given)


class Sandbox:
    """A template that can be rendered.

    A built-in one is rendered in the environment of `pairsmith`, any other by the renderer of
    `transformers` where it is installed: it decides how a stranger's template is meant.

    Processes start as there is work for them, at most one a core, and end with `close`.

    Args:
        template: The template.
        day: The date, for a template that asks for it.
        seconds: Computing time for one request, at least 1.
    """

    def __init__(self, template: Template, day: date, *, seconds: int = SECONDS) -> None:
        self.template, self.day, self.seconds = template, day, seconds
        self.idle: Queue[_Worker] = Queue()
        self.workers: list[_Worker] = []
        self.most = os.cpu_count() or 1

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def inspect(self) -> TemplateInfo:
        """Inspects the template's source without rendering it.

        Raises:
            RecipeError: It is not Jinja, or takes too long to read.
        """
        self._start(1)
        return self.workers[0].info

    def render(self, conversations: Sequence[Conversation]) -> list[str | Refusal]:
        """Renders conversations, each to a text or to a refusal.

        Raises:
            RecipeError: The template takes too much time or memory.
        """
        parts = [
            conversations[i : i + REQUEST_CONVERSATIONS]
            for i in range(0, len(conversations), REQUEST_CONVERSATIONS)
        ]
        self._start(min(1 + len(parts) // REQUESTS_PER_WORKER, self.most))
        if len(self.workers) < 2:
            return [outcome for part in parts for outcome in self._render(part)]
        with ThreadPoolExecutor(len(self.workers)) as threads:
            return [outcome for done in threads.map(self._render, parts) for outcome in done]

    def read(self, shapes: Sequence[Shape]) -> Reading:
        """Renders conversations without contents on symbols.

        Args:
            shapes: The conversations, by their roles.

        Raises:
            RecipeError: The template takes too much time or memory.
        """
        self._start(1)
        whole = Reading([], "", False, frozenset(), frozenset(), frozenset(), {}, {})
        for start in range(0, len(shapes), REQUEST_SHAPES):
            if not whole.fault:
                whole = whole.joined(self._read(shapes[start : start + REQUEST_SHAPES]))
        return whole

    def _read(self, shapes: Sequence[Shape]) -> Reading:
        worker = self.idle.get()
        try:
            seen = worker.ask({"shapes": [shape._asdict() for shape in shapes]})
        finally:
            self.idle.put(worker)
        return make_reading(seen)

    def close(self) -> None:
        """Ends the processes."""
        for worker in self.workers:
            worker.stop()
        self.workers.clear()
        self.idle = Queue()

    def _start(self, count: int) -> None:
        while len(self.workers) < count:
            worker = _Worker(self.template, self.day, self.seconds)
            self.workers.append(worker)
            self.idle.put(worker)

    def _render(self, part: Sequence[Conversation]) -> list[str | Refusal]:
        requests = [_encode(conversation) for conversation in part]
        sent = [request for request in requests if isinstance(request, str)]
        worker = self.idle.get()
        try:
            answer = iter(worker.ask_text(f"[{','.join(sent)}]") if sent else ())
        finally:
            self.idle.put(worker)
        return [
            self._outcome(*next(answer)) if isinstance(request, str) else request
            for request in requests
        ]

    def _outcome(self, kind: str, text: str) -> str | Refusal:
        if kind == "memory":
            raise RecipeError(
                f"The template {self.template.name} needs more than {MEMORY >> 20} MiB to render "
                "one conversation.",
                "It was stopped. Is it meant to be rendered?",
            )
        return text if kind == "text" else Refusal(text)


def _encode(conversation: Conversation) -> str | Refusal:
    """A conversation as JSON; or a refusal of one that nests too deeply, or is no data."""
    further = [
        value for message in conversation.messages for value in message.values()
        if not isinstance(value, str)
    ]  # fmt: skip
    if _is_deeper([*further, conversation.tools], MAX_DEPTH):
        return Refusal(f"tools or their calls nest more than {MAX_DEPTH} levels deep")
    try:
        return json.dumps(conversation._asdict())
    except (TypeError, ValueError):
        return Refusal("tools or their calls hold what JSON cannot")


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether lists and objects nest more deeply than this."""
    level = [value]
    for _ in range(depth + 1):
        held = [one for one in level if isinstance(one, list | dict)]
        level = [
            inner for one in held for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


class _Worker:
    """One process; see `pairsmith.chat_templates.worker`."""

    def __init__(self, template: Template, day: date, seconds: int) -> None:
        self.template, self.seconds = template, seconds
        self.process = process.take()
        setup = {
            "source": template.source,
            "tokens": dict(template.tokens),
            "now": day.isoformat(),
            "seconds": seconds,
            "built_in": is_built_in(template),
        }
        try:
            seen = self.ask(setup)
        except BaseException:
            self.stop()
            raise
        if "fault" in seen:
            self.stop()
            raise RecipeError(
                f"The template {template.name} is not Jinja: {seen['fault']}.",
                "Mend it, or name another template.",
            )
        lists = {name: tuple(held) for name, held in seen.items() if isinstance(held, list)}
        self.info = TemplateInfo(by=str(seen["by"]), dated=bool(seen["dated"]), **lists)

    def ask(self, request: Any) -> Any:
        """Sends a request and waits for its answer; faults as `ask_text`."""
        return self.ask_text(json.dumps(request))

    def ask_text(self, request: str) -> Any:
        """The same with a request that is JSON already.

        Raises:
            RecipeError: The process was stopped by its bounds.
        """
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the worker has no pipes")
        limit = Timer(PATIENCE * self.seconds, self.process.kill)
        limit.start()
        try:
            stdin.write(request.encode() + b"\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            limit.cancel()
        if not line.endswith(b"\n"):
            raise self._stopped()
        return json.loads(line)

    def _stopped(self) -> RecipeError:
        code = self.process.wait()
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return RecipeError(
                f"The template {self.template.name} was stopped after {self.seconds} seconds of "
                "computing: it loops for ever, or for far too long.",
                "Name another template.",
            )
        return RecipeError(
            f"The template {self.template.name} ended the process that renders it (status {code}).",
            "It needs too much memory, or nests too deeply. Name another template.",
        )

    def stop(self) -> None:
        """Ends the process."""
        self.process.kill()
        self.process.communicate()
