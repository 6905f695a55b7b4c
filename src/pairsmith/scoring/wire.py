"""Questions to a server of scores: JSON there and back, bounded, and asked again where that helps.

By the standard library: it is one request and one answer. What may pass (a server that is busy or
not up yet, an answer that was cut short) is tried again with growing pauses; all else is a sentence
at once. Nothing is sent elsewhere: redirections are not followed, and no proxy is asked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from socket import SHUT_RDWR
from threading import Event, Timer
from typing import Any
from urllib.parse import SplitResult

from pairsmith.errors import ModelError, PairsmithError
from pairsmith.io.retries import retrying

ATTEMPTS = 6
"""A question is put at most this many times."""

PAUSE = 0.5
"""Seconds before the second; twice as many before each one after."""

SECONDS = 300.0
"""How long a server may be silent."""

WHOLE_SECONDS = 1_200.0
"""How long an answer may take in all, a byte now and then included."""

MOST_BYTES = 64 << 20
"""Of an answer."""

MAY_PASS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""What a server says that is busy, or whose worker fell."""

TOKEN = "PAIRSMITH_ENDPOINT_TOKEN"  # noqa: S105  (its name)
"""The environment's variable with a bearer token, for a server that wants one."""


class RefusedError(Exception):
    """A server that does not take the question: its status, from 400, and a few of its words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status} {words}".rstrip())
        self.status = status


class _PassingError(PairsmithError):
    """A fault that may pass."""


def ask(address: SplitResult, question: Mapping[str, Any]) -> Any:
    """Posts JSON, and reads the JSON that comes back.

    Args:
        address: Of the server, http or https.
        question: What to send.

    Raises:
        ModelError: There is no answer, or it is too large or no JSON.
        RefusedError: The server does not take the question.
    """
    body = json.dumps(question).encode()
    attempts = retrying(lambda error: isinstance(error, _PassingError), ATTEMPTS, PAUSE)
    try:
        return attempts(lambda: _ask_once(address, body))
    except _PassingError as error:
        raise ModelError(
            f"{error.message.rstrip('.')} (asked {ATTEMPTS} times).",
            "Is it up? What is finished is kept: the same command goes on.",
        ) from error


def _ask_once(address: SplitResult, body: bytes) -> Any:
    name = shown(address)
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if os.environ.get(TOKEN):
        headers["Authorization"] = f"Bearer {os.environ[TOKEN]}"
    try:
        with (
            closing(kind(address.hostname or "", address.port, timeout=SECONDS)) as connection,
            _hanging_up(connection, name),
        ):
            connection.request("POST", path, body, headers)
            with connection.getresponse() as answer:
                text = answer.read(MOST_BYTES + 1)
                length = answer.getheader("Content-Length")
    except (OSError, HTTPException) as error:
        raise _PassingError(f"{name} does not answer: {_words(error)}.") from error
    if len(text) > MOST_BYTES:
        raise ModelError(f"{name} answers with more than {MOST_BYTES >> 20} MiB.")
    if answer.status in MAY_PASS:
        raise _PassingError(f"{name} answers {answer.status} {_words(answer.reason)}.")
    if answer.status != 200:
        raise RefusedError(answer.status, _words(answer.reason))
    if length is not None and length.isdigit() and len(text) < int(length):
        raise _PassingError(f"The answer of {name} was cut short.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if length is None:  # nothing told where it was to end
            raise _PassingError(f"The answer of {name} is no JSON, or was cut short.") from None
        raise ModelError(f"The answer of {name} is no JSON.", "Is it the right route?") from None


@contextmanager
def _hanging_up(connection: HTTPConnection, name: str) -> Iterator[None]:
    """Connects, and ends the connection once an answer has taken too long in all.

    Raises:
        ModelError: It did.
    """
    connection.connect()
    held, late = connection.sock, Event()  # kept here: it is taken from the connection by its end

    def hang_up() -> None:
        late.set()
        with suppress(OSError):  # it is gone already
            held.shutdown(SHUT_RDWR)

    timer = Timer(WHOLE_SECONDS, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            raise ModelError(
                f"{name} takes more than {WHOLE_SECONDS:g} seconds for an answer.",
                "Ask for less at a time: fewer --batch-tokens.",
            )


def shown(address: SplitResult) -> str:
    """The address in a sentence: without a name and a password that may stand in it."""
    host = address.hostname or ""
    port = f":{address.port}" if address.port else ""
    return f"{address.scheme}://{host}{port}{address.path}"


def _words(said: object) -> str:
    """A few printable words of an error or of a server."""
    text = str(said) or type(said).__name__
    return "".join(c if c.isprintable() else " " for c in text)[:120].rstrip(". ")
