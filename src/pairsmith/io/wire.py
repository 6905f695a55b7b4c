"""Questions to a model's server: JSON there and back, bounded, and asked again where that helps.

By the standard library: it is one request and one answer. What may pass (a server that is busy or
not up yet, an answer that was cut short) is tried again with growing pauses, or after as long as
the server says; all else is a sentence at once. Nothing is sent elsewhere: redirections are not
followed, and no proxy is asked.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from socket import SHUT_RDWR, socket
from threading import Event, Lock, Timer
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult

from pairsmith.errors import ModelError, PairsmithError, RecipeError
from pairsmith.io.retries import retrying

if TYPE_CHECKING:
    from tenacity import RetryCallState

ATTEMPTS = 6
"""A question is put at most this many times."""

PAUSE = 0.5
"""Seconds before the second; twice as many before each one after."""

SECONDS = 300.0
"""How long a server may be silent."""

CONNECTING = 20.0
"""How long it may take to be reached: nothing ends that sooner, a `Stop` neither."""

WHOLE_SECONDS = 1_200.0
"""How long an answer may take in all, a byte now and then included."""

MOST_BYTES = 64 << 20
"""Of an answer."""

MOST_WAIT = 60.0
"""Seconds that are waited because a server says when to come again; one that says more is asked
then all the same."""

MAY_PASS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""What a server says that is busy, or whose worker fell."""

TOKEN = "PAIRSMITH_ENDPOINT_TOKEN"  # noqa: S105  (its name)
"""The environment's variable with a bearer token, for a server that wants one."""

_LENGTH = re.compile(r"[0-9]{1,18}")

AWAY, BUSY, CUT, LARGE, LATE, NO_JSON, STOPPED = (
    "unreachable", "busy", "cut_short", "too_large", "too_slow", "no_json", "stopped",
)  # fmt: skip
"""Kinds of what is wrong with an answer."""


class AnswerError(ModelError):
    """A question that a server gave no usable answer to.

    Attributes:
        kind: What was wrong: `AWAY`, `BUSY`, …
    """

    def __init__(self, message: str, hint: str = "", kind: str = AWAY) -> None:
        super().__init__(message, hint)
        self.kind = kind
        self.args = (message, hint, kind)  # so that a worker can send it


class RefusedError(Exception):
    """A server that does not take the question: its status and a few of its words.

    Attributes:
        status: Of HTTP; none of those that say the question was answered.
        said: What the answer holds, as far as it can be shown in a sentence; often empty.
    """

    def __init__(self, status: int, words: str, said: str = "") -> None:
        super().__init__(f"{status} {words}".rstrip())
        self.status, self.said = status, said


class _PassingError(PairsmithError):
    """A fault that may pass; with it how long the server wants to be left alone, if it says so."""

    def __init__(self, message: str, kind: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.kind, self.wait = kind, wait


class Stop:
    """Ends questions that are on their way, from another thread."""

    def __init__(self) -> None:
        self._event, self._lock = Event(), Lock()
        self._held = set[socket]()

    def __call__(self) -> None:
        """Ends them, and lets none begin."""
        with self._lock:
            self._event.set()
            for held in self._held:
                hang_up(held)

    @property
    def called(self) -> bool:
        """Whether it was."""
        return self._event.is_set()

    def sleep(self, seconds: float) -> None:
        """Waits, but no longer than until it is called."""
        self._event.wait(seconds)

    @contextmanager
    def holding(self, held: socket) -> Iterator[None]:
        """Ends this connection when it is called."""
        with self._lock:
            self._held.add(held)
            if self.called:
                hang_up(held)
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(held)


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for, and how much of an answer is read.

    Attributes:
        attempts, pause: A question is put so often; seconds before the second time.
        seconds: How long it may be silent.
        whole_seconds: How long an answer may take in all.
        most_bytes: Of an answer.
        until: When all is over, attempts and pauses together, by `time.monotonic`; None for never.
        stop: What ends it sooner.
    """

    attempts: int
    pause: float
    seconds: float
    whole_seconds: float
    most_bytes: int
    until: float | None = None
    stop: Stop | None = None

    @classmethod
    def usual(cls) -> Patience:
        """As long as work that nobody sits and waits for."""
        return cls(ATTEMPTS, PAUSE, SECONDS, WHOLE_SECONDS, MOST_BYTES)

    @property
    def left(self) -> float:
        """Seconds that an answer may still take."""
        until = float("inf") if self.until is None else self.until - time.monotonic()
        return max(0.0, min(self.whole_seconds, until))

    @property
    def stopped(self) -> bool:
        """Whether it was ended."""
        return self.stop is not None and self.stop.called


def ask(
    address: SplitResult, question: Mapping[str, Any] | None, patience: Patience | None = None
) -> Any:
    """Posts JSON, and reads the JSON that comes back.

    Args:
        address: Of the server, http or https.
        question: What to send; None to get what is at the address.
        patience: How long to wait; None for as long as usual.

    Raises:
        AnswerError: There is no answer, or it is too large or no JSON; it is a `ModelError`.
        RecipeError: The token in the environment cannot be sent.
        RefusedError: The server does not take the question.
    """
    held = patience or Patience.usual()
    body = None if question is None else json.dumps(question).encode()
    tries = 0

    def once() -> Any:
        nonlocal tries
        tries += 1
        return _ask_once(address, body, held)

    attempts = retrying(_is_passing(held), held.attempts, held.pause, _wait, _sleep(held))
    try:
        return attempts(once)
    except _PassingError as error:
        raise AnswerError(
            f"{error.message.rstrip('.')} (asked {'once' if tries == 1 else f'{tries} times'}).",
            "Is it up? What is finished is kept: the same command goes on.",
            error.kind,
        ) from error


def _is_passing(patience: Patience) -> Any:
    def may_pass(error: BaseException) -> bool:
        return isinstance(error, _PassingError) and patience.left > 0 and not patience.stopped

    return may_pass


def _wait(state: RetryCallState) -> float | None:
    """How long the server wants to be left alone; None where it does not say."""
    error = state.outcome.exception() if state.outcome else None
    told = error.wait if isinstance(error, _PassingError) else None
    return None if told is None else min(told, MOST_WAIT)


def _sleep(patience: Patience) -> Any:
    def sleep(seconds: float) -> None:
        wait = min(seconds, patience.left)
        if patience.stop is None:
            time.sleep(wait)
        else:
            patience.stop.sleep(wait)

    return sleep


def _ask_once(address: SplitResult, body: bytes | None, patience: Patience) -> Any:
    name = shown(address)
    _check_going_on(name, patience)
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    headers = {"Content-Type": "application/json", "Accept": "application/json", **_authorized()}
    silent = min(patience.seconds, patience.left)
    most = patience.most_bytes
    try:
        with (
            closing(
                kind(address.hostname or "", address.port, timeout=min(silent, CONNECTING))
            ) as connection,
            _hanging_up(connection, name, patience),
        ):
            connection.sock.settimeout(silent)
            connection.request("GET" if body is None else "POST", path, body, headers)
            with connection.getresponse() as answer:
                text = answer.read(most + 1)
                length = answer.getheader("Content-Length")
                wait = answer.getheader("Retry-After")
    except (OSError, HTTPException, UnicodeError) as error:  # the last of a host that is no name
        _check_going_on(name, patience)
        raise _PassingError(f"{name} does not answer: {words_of(error)}.", AWAY) from error
    if patience.stopped:  # what came may end anywhere
        _check_going_on(name, patience)
    if len(text) > most:
        size = f"{most >> 20} MiB" if most >= 1 << 20 else f"{most:,} bytes"
        raise AnswerError(f"{name} answers with more than {size}.", kind=LARGE)
    if answer.status in MAY_PASS:
        told = f"{name} answers {answer.status} {words_of(answer.reason)}."
        raise _PassingError(told, BUSY, _seconds_of(wait))
    if answer.status != 200:
        words = words_of(answer.reason)
        if 300 <= answer.status < 400:
            words += ", which leads elsewhere, where nothing is sent"
        raise RefusedError(answer.status, words, _said_in(text))
    return _parse(text, length, name)


def _check_going_on(name: str, patience: Patience) -> None:
    """Checks that nobody has ended it, and that there is time left.

    Raises:
        AnswerError: It is over.
    """
    if patience.stopped:
        raise AnswerError(f"{name} was not waited for any longer.", kind=STOPPED)
    if patience.left <= 0:
        raise AnswerError(f"{name} has not answered in time.", kind=LATE)


def _parse(text: bytes, length: str | None, name: str) -> Any:
    if length is not None and _LENGTH.fullmatch(length) and len(text) < int(length):
        raise _PassingError(f"The answer of {name} was cut short.", CUT)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if length is None:  # nothing told where it was to end
            told = f"The answer of {name} is no JSON, or was cut short."
            raise _PassingError(told, NO_JSON) from None
        hint = "Is it the right route?"
        raise AnswerError(f"The answer of {name} is no JSON.", hint, NO_JSON) from None


def _authorized() -> dict[str, str]:
    """The header with the token of the environment, if there is one.

    Raises:
        RecipeError: It is no token; it is not shown.
    """
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        return {}
    if not token.isascii() or not token.isprintable():
        raise RecipeError(
            f"The environment's {TOKEN} holds characters that no token has.",
            "Was something else copied with it?",
        )
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def _hanging_up(connection: HTTPConnection, name: str, patience: Patience) -> Iterator[None]:
    """Connects, and ends the connection once an answer has taken too long in all.

    Raises:
        AnswerError: It did.
    """
    connection.connect()
    # kept here: it is taken from the connection by its end
    held, late, seconds = connection.sock, Event(), patience.left

    def end() -> None:
        late.set()
        hang_up(held)

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        with (patience.stop or Stop()).holding(held):
            yield
    finally:
        timer.cancel()
        if late.is_set():
            raise AnswerError(
                f"{name} takes more than {seconds:.3g} seconds for an answer.",
                "Ask for less at a time, or wait longer.",
                LATE,
            )


def hang_up(held: socket) -> None:
    """Ends a connection that another thread may be reading from."""
    with suppress(OSError):  # it is gone already
        held.shutdown(SHUT_RDWR)


def _seconds_of(told: str | None) -> float | None:
    """What a header Retry-After says: seconds, or a date; None where that is neither."""
    if told is None:
        return None
    if told.strip().isascii() and told.strip().isdigit():
        return float(told.strip()[:9])
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _said_in(text: bytes) -> str:
    """What a server says in refusing: the `message` or `detail` of its JSON."""
    try:
        held = json.loads(text[: 1 << 16])
    except (ValueError, RecursionError):
        return ""
    for name in ("error", "message", "detail"):
        if isinstance(held, dict) and name in held:
            held = held[name]
    return words_of(held) if isinstance(held, str) and held else ""


def shown(address: SplitResult) -> str:
    """The address in a sentence: without a name and a password that may stand in it."""
    host = address.hostname or ""
    port = f":{address.port}" if address.port else ""
    return f"{address.scheme}://{host}{port}{address.path}"


def words_of(said: object) -> str:
    """A few printable words of an error or of a server."""
    text = str(said) or type(said).__name__
    return "".join(c if c.isprintable() else " " for c in text[:480])[:120].rstrip(". ")
