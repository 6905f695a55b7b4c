"""Bodies of requests: in memory, as JSON or on disk, and read no further than a bound."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from typing import IO, TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from pairsmith.hub.http.concurrency import PARSING, run_apart
from pairsmith.hub.http.errors import bad_request, too_large

if TYPE_CHECKING:
    from starlette.requests import Request

AT_ONCE = 256 << 10  # bytes of a piece; each body that is under way may hold as many
MAX_BARE_BYTES = 512 << 10  # of JSON, outside of texts: 10,000 objects of Git LFS have 300 KiB
TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
HALF = re.compile(r"\\u[dD]")  # how the escape of half a letter begins, which UTF-8 cannot hold


async def pieces(request: Request, what: str, limit: int) -> AsyncIterator[bytes]:
    """The body in larger pieces than it comes in: to take each to a thread costs more than it.

    Args:
        request: Whose body.
        what: What it is, for the error: `The body`, `The commit`.
        limit: How many bytes it may have.

    Raises:
        HubError: 413 where it has more: before any is read, where the request says so itself.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > limit):
        raise too_large(what, limit)
    read, held = 0, bytearray()
    async for part in request.stream():
        read += len(part)
        if read > limit:
            raise too_large(what, limit)
        held += part
        if len(held) >= AT_ONCE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


async def read_bounded(request: Request, limit: int) -> bytes:
    """The whole body, where it has no more than `limit` bytes.

    Raises:
        HubError: 413, before the rest is read, where it has more.
    """
    return b"".join([piece async for piece in pieces(request, "The body", limit)])


async def receive(
    request: Request, what: str, limit: int, write: Callable[[bytes], object]
) -> None:
    """Has the body written somewhere piece by piece, in threads.

    Raises:
        HubError: 413 where it has more than `limit` bytes; and what `write` raises.
    """
    async for piece in pieces(request, what, limit):
        await run_in_threadpool(write, piece)


async def read_json(request: Request, limit: int) -> dict[str, Any]:
    """The body as a JSON object.

    One that is not small waits on disk, and few are in memory at once, parsed, that is some forty
    times as large.

    Raises:
        HubError: 413 where it has more than `limit` bytes; 400 where it is not a JSON object.
    """
    with tempfile.SpooledTemporaryFile(AT_ONCE) as body:
        await receive(request, "The body", limit, body.write)
        return await run_apart(PARSING, lambda: _parsed(body))


def _parsed(body: IO[bytes]) -> dict[str, Any]:
    body.seek(0)
    return json_object(body.read(), "The body")


def json_object(data: bytes | str, what: str) -> dict[str, Any]:
    """A JSON object from its text.

    Args:
        data: The text, UTF-8.
        what: What it is, for the error: `The body`, `Line 3`.

    Raises:
        HubError: 400 where it is not one, or holds a number or a letter that has no value; or
            where there is so much in it beside texts that it would take very much memory.
    """
    if len(data) > MAX_BARE_BYTES and _bare(data) > MAX_BARE_BYTES:
        raise bad_request(f"{what} has more in it, beside texts, than any has to have.")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        value = json.loads(text, parse_constant=_no_constant)
        if HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise bad_request(f"{what} is not JSON: {_why(error)}.") from error
    if not isinstance(value, dict):
        raise bad_request(f"{what} has to be a JSON object, and is {_kind(value)}.")
    return value


def text_of(body: dict[str, Any], name: str, longest: int = 1024) -> str:
    """A text of an object; '' where it is not there, or null.

    Raises:
        HubError: 400 where it is something else, or longer than `longest` characters.
    """
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad_request(f"{name!r} has to be a text, and is {_kind(value)}.")
    if len(value) > longest:
        raise bad_request(f"{name!r} has more than {longest:,} characters.")
    return value


def _bare(data: bytes | str) -> int:
    """How long JSON is without its texts."""
    return len(TEXT.sub(b"", data.encode() if isinstance(data, str) else data))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeError):
        return "it is not UTF-8"
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)


def _kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "an object" if isinstance(value, dict) else "a number")
