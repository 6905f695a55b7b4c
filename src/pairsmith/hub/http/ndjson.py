"""Lines of JSON objects in a file, of any length, read without holding more than a little of each.

What JSON text turns into in memory may take eighty times its bytes, but for texts. So what stands
outside of texts is bounded by a little, and a long text is left where it is, to be read in pieces.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from pairsmith.hub.http.bodies import json_object
from pairsmith.hub.http.errors import bad_request, too_large

PIECE = 64 << 10  # bytes that are read at once; a line as short is parsed as it is
MAX_BARE_BYTES = 64 << 10  # of a longer line, outside of its texts
MAX_TEXT_BYTES = 1 << 20  # of a text that is held in memory
LEFT = "\0left"
"""What stands for a text that was left in the file; no text of a protocol is that."""

INSIDE = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)


class Span(NamedTuple):
    """Bytes `start` up to and without `end` of a file."""

    start: int
    end: int


class Line(NamedTuple):
    """A line: its number, from 1 on, its object, and the text that was left in the file."""

    number: int
    said: dict[str, Any]
    left: Span | None


class Bounds(NamedTuple):
    """What lines are taken: how many, of how many bytes, and what to do with a longer one."""

    lines: int
    bytes: int
    hint: str


def lines(body: IO[bytes], bounds: Bounds) -> Iterator[Line]:
    """The lines of a file, but for those that are blank.

    Args:
        body: The file, read from its start.
        bounds: How many lines it may have, blank ones too, and how long they may be.

    Raises:
        HubError: 413 where a line has more bytes; 400 where there are more lines, or one is not a
            JSON object, or has more than one long text.
    """
    start = number = 0
    while span := _line(body, start, number + 1, bounds):
        start, number = span.end, number + 1
        if number > bounds.lines:
            raise bad_request(f"It has to have at most {bounds.lines:,} lines; make several.")
        if span.end - span.start <= PIECE:
            text, left = _read(body, span), None
            if not text.strip():
                continue
        else:
            text, left = _held(body, span, number)
        yield Line(number, json_object(text, f"Line {number}"), left)


def base64_pieces(body: IO[bytes], span: Span) -> Iterator[bytes]:
    """What a text in base64 that was left in a file says, piece by piece.

    Raises:
        ValueError: It is not base64.
    """
    for start in range(span.start, span.end, 4 * PIECE):
        end = min(start + 4 * PIECE, span.end)
        text = _read(body, Span(start, end))
        if end < span.end and b"=" in text:
            raise ValueError("it ends before its end")
        yield a2b_base64(text, strict_mode=True)


def _line(body: IO[bytes], start: int, number: int, bounds: Bounds) -> Span | None:
    """Where the line that begins at a place ends; None at the end of the file."""
    body.seek(start)
    end = start
    while piece := body.readline(PIECE):
        end += len(piece)
        if end - start > bounds.bytes:
            raise too_large(f"Line {number}; {bounds.hint}: it", bounds.bytes)
        if piece.endswith(b"\n"):
            break
    return Span(start, end) if end > start else None


def _read(body: IO[bytes], span: Span) -> bytes:
    body.seek(span.start)
    return body.read(span.end - span.start)


def _held(body: IO[bytes], span: Span, number: int) -> tuple[bytes, Span | None]:
    """A long line without its long text, and where that is.

    Raises:
        HubError: 400 where it has more than one, or too much besides.
    """
    held, left, bare, kept = bytearray(), None, 0, 0
    for is_text, part in _parts(body, span):
        size = part.end - part.start
        if is_text and size > MAX_TEXT_BYTES:
            if left is not None:
                raise bad_request(f"Line {number} has more than one text of over 1 MiB.")
            left = part
            held += b"\\u0000left"
            continue
        bare += 0 if is_text else size
        kept += size
        if bare > MAX_BARE_BYTES or kept > 2 * MAX_TEXT_BYTES:
            raise bad_request(f"Line {number} says more than such a line has to say.")
        held += _read(body, part)
    return bytes(held), left


def _parts(body: IO[bytes], span: Span) -> Iterator[tuple[bool, Span]]:
    """A line in parts, in turn what is outside of texts, with their quotes, and what is inside."""
    start = place = span.start
    inside = escaped = False
    while place < span.end:
        piece = _read(body, Span(place, min(place + PIECE, span.end)))
        at = 0
        while at < len(piece):
            if not inside:
                quote = piece.find(b'"', at)
                at = len(piece) if quote < 0 else quote + 1
                if quote >= 0:
                    yield False, Span(start, place + at)
                    start, inside = place + at, True
                continue
            at, escaped = at + escaped, False
            match = INSIDE.match(piece, at)
            at = match.end() if match else at
            if piece[at : at + 1] == b'"':
                yield True, Span(start, place + at)
                start, inside = place + at, False
                at += 1  # the quote that ends it is outside; the next one begins another
            elif at < len(piece):  # a backslash, and what it escapes is in the next piece
                at, escaped = len(piece), True
        place += len(piece)
    yield inside, Span(start, span.end)
