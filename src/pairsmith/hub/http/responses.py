"""Sending a content: whole, in ranges, or not at all where the client has it.

What a request costs is how often it goes to a thread, so a file is opened and its first piece read
in one go. Pieces of 64 KiB, Starlette's own choice, cost most of the speed; those of 1 MiB gain
little over these, and a slow client holds two of them. Where the processor is short, nginx in
front sends for a quarter of the work: see benchmarks/bench_hub.py.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse, PlainTextResponse, Response

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.ranges import BeyondError, Range, requested_ranges

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

log = logging.getLogger("pairsmith.hub")

PIECE = 256 << 10
PLAIN = "application/octet-stream"
# what a card may show; all else is bytes, so that no page of a dataset's runs as one of the hub's
IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


class Proof(NamedTuple):
    """A content's SHA-256, and what to call where it is not what lies there.

    `damaged` is called in a thread, and returns what to raise.
    """

    sha256: str
    damaged: Callable[[], Exception]


class BlobResponse(FileResponse):
    """A content under a hash, which never changes: so the hash is its entity tag.

    Honours Range, If-Range and If-None-Match, and HEAD. It says nothing of when the file was
    written: the same content may have been sent by another, to another repository.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size: int,
        etag: str,
        headers: Mapping[str, str] | None = None,
        filename: str | None = None,
        proof: Proof | None = None,
    ) -> None:
        """Prepares the answer; the file is opened when it is sent.

        Args:
            path: Where the content lies.
            size: Its bytes.
            etag: Its hash, without quotes.
            headers: More headers of the answer, of a 304 too.
            filename: The name that a browser saves it under, and its type is told by.
            proof: By what the content is told from a damaged one, where it is sent whole.
        """
        self.proof = proof
        self.size = size
        self.etag = f'"{etag}"'
        self.kept = {**(headers or {}), "etag": self.etag}
        super().__init__(path, headers=self.kept, media_type=kind(filename or ""))
        self.headers["accept-ranges"] = "bytes"
        if filename is not None:
            self.headers["content-disposition"] = disposition(filename)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends what was asked for."""
        asked = Headers(scope=scope)
        if _matches(asked.get("if-none-match"), self.etag):
            await Response(status_code=304, headers=self.kept)(scope, receive, send)
            return
        fits = asked.get("if-range") in (None, self.etag)  # or it was meant for another content
        try:
            ranges = requested_ranges(asked.get("range") if fits else None, self.size)
        except BeyondError:
            beyond = {"content-range": f"bytes */{self.size}"}
            await PlainTextResponse(status_code=416, headers=beyond)(scope, receive, send)
            return
        status, headers, parts = self._parts(ranges)
        start = {"type": "http.response.start", "status": status, "headers": headers.raw}
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self._send_parts(start, parts, receive, send)

    def _parts(self, ranges: list[Range] | None) -> tuple[int, MutableHeaders, list[bytes | Range]]:
        """The status and the headers of an answer, and what its body is made of."""
        headers = MutableHeaders(raw=list(self.raw_headers))
        if ranges is None:
            headers["content-length"] = str(self.size)
            return 200, headers, [Range(0, self.size)]
        if len(ranges) == 1:
            start, end = ranges[0]
            headers["content-range"] = f"bytes {start}-{end - 1}/{self.size}"
            headers["content-length"] = str(end - start)
            return 206, headers, [ranges[0]]
        boundary = token_hex(13)
        length, heading = self.generate_multipart(
            ranges, boundary, self.size, headers["content-type"]
        )
        headers["content-type"] = f"multipart/byteranges; boundary={boundary}"
        headers["content-length"] = str(length)
        parts: list[bytes | Range] = []
        for span in ranges:
            parts += [heading(*span), span, b"\r\n"]
        return 206, headers, [*parts, f"--{boundary}--".encode()]

    async def _send_parts(
        self, start: Message, parts: list[bytes | Range], receive: Receive, send: Send
    ) -> None:
        """Sends a body piece by piece, for as long as the client is there to take it.

        A content that is damaged is not sent to its end: where it has more than one piece the
        connection ends before the last.
        """
        whole = parts == [Range(0, self.size)]
        reader = _Reader(self.path, self.size, self.proof, whole)
        gone: asyncio.Task[None] | None = None
        try:
            for piece in _pieces(parts):
                body = piece if isinstance(piece, bytes) else await reader.read(piece)
                if gone is None:  # the file is there: the answer may begin
                    await send(start)
                    gone = asyncio.create_task(_gone(receive))
                elif gone.done():
                    return
                await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except HubError:
            if gone is None:
                raise
            log.warning("%s is damaged, and was not sent to its end.", self.path)
        finally:
            reader.close()
            if gone:
                gone.cancel()


class _Reader:
    """Reads a file in threads, which open it too; one that is read whole is hashed on the way."""

    def __init__(
        self, path: str | os.PathLike[str], size: int, proof: Proof | None, whole: bool
    ) -> None:
        self.path, self.size, self.proof = path, size, proof
        self.sha256 = hashlib.sha256() if proof and whole else None
        self.handle: int | None = None

    async def read(self, span: Range) -> bytes:
        """Those bytes.

        Raises:
            Exception: The file is not there, or not what it was when it came.
        """
        return await run_in_threadpool(self._read, span)

    def close(self) -> None:
        if self.handle is not None:
            os.close(self.handle)

    def _read(self, span: Range) -> bytes:
        try:
            if self.handle is None:
                self.handle = os.open(self.path, os.O_RDONLY)
            found = os.fstat(self.handle).st_size
            data = os.pread(self.handle, span.end - span.start, span.start)
        except OSError as error:
            if self.proof is None:
                raise
            raise self.proof.damaged() from error
        if found != self.size or len(data) != span.end - span.start:
            raise self._damaged(f"has {found} bytes, not {self.size}")
        if self.sha256 is not None and self.proof is not None:
            self.sha256.update(data)
            if span.end == self.size and self.sha256.hexdigest() != self.proof.sha256:
                raise self._damaged("is not what it was")
        return data

    def _damaged(self, what: str) -> Exception:
        return self.proof.damaged() if self.proof else RuntimeError(f"{self.path} {what}.")


def _pieces(parts: list[bytes | Range]) -> Iterator[bytes | Range]:
    """The parts of a body, those of the file in pieces."""
    for part in parts:
        if isinstance(part, bytes) or part.start == part.end:
            yield part
            continue
        for start in range(part.start, part.end, PIECE):
            yield Range(start, min(start + PIECE, part.end))


async def _gone(receive: Receive) -> None:
    """Ends when the client hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def kind(filename: str) -> str:
    """The type that a content is sent as: that of an image, or bytes."""
    return IMAGES.get(PurePosixPath(filename).suffix.lower(), PLAIN)


def disposition(filename: str) -> str:
    """The header that has a browser save the content rather than show it."""
    name = PurePosixPath(filename).name
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    also = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{also}'


def _matches(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match names this content; weak tags count, as RFC 9110 has it for GET."""
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return etag in tags or tags == ["*"]
