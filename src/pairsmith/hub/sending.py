"""Sending a content: whole, in ranges, or not at all where the client has it.

Starlette reads in a thread and sends as the client takes it. Pieces of 64 KiB, its own choice, cost
most of the speed; those of 1 MiB gain little over these, and a slow client holds two of them.
Where the processor is short, nginx in front sends for a quarter of the work: see
benchmarks/bench_hub.py.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PIECE = 256 << 10
RANGES = 16  # of one request; one that asks for more is given the whole
PLAIN = "application/octet-stream"
# what a card may show; all else is bytes, so that no page of a dataset's runs as one of the hub's
IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


class BlobResponse(FileResponse):
    """A content under a hash, which never changes: so the hash is its entity tag.

    Honours Range, If-Range and If-None-Match, and HEAD. It says nothing of when the file was
    written: the same content may have been sent by another, to another repository.
    """

    chunk_size = PIECE
    max_ranges = RANGES

    def __init__(
        self,
        path: str | os.PathLike[str],
        size: int,
        etag: str,
        headers: Mapping[str, str] | None = None,
        filename: str | None = None,
    ) -> None:
        """Prepares the answer; the file is opened when it is sent.

        Args:
            path: Where the content lies.
            size: Its bytes.
            etag: Its hash, without quotes.
            headers: More headers of the answer, of a 304 too.
            filename: The name that a browser saves it under, and its type is told by.
        """
        self.size = size
        self.etag = f'"{etag}"'
        self.more = dict(headers or {})
        super().__init__(
            path, headers={**self.more, "etag": self.etag}, media_type=kind(filename or "")
        )
        self.headers["accept-ranges"] = "bytes"
        if filename is not None:
            self.headers["content-disposition"] = disposition(filename)

    def set_stat_headers(self, stat_result: os.stat_result) -> None:
        """Says how long it is.

        Raises:
            RuntimeError: The file is not of the size that it was when it came.
        """
        if stat_result.st_size != self.size:
            raise RuntimeError(f"{self.path} has {stat_result.st_size} bytes, not {self.size}.")
        self.headers["content-length"] = str(self.size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends what was asked for."""
        asked = Headers(scope=scope)
        if _matches(asked.get("if-none-match"), self.etag):
            same = Response(status_code=304, headers={**self.more, "etag": self.etag})
            await same(scope, receive, send)
            return
        await super().__call__(self._without_stale_range(scope, asked), receive, send)

    def _without_stale_range(self, scope: Scope, asked: Headers) -> Scope:
        """The request without a range that was meant for another content, or is in no bytes."""
        wanted = asked.get("if-range") in (None, self.etag)
        wanted = wanted and asked.get("range", "").lower().startswith("bytes=")
        left_out = (b"if-range",) if wanted else (b"if-range", b"range")
        return {**scope, "headers": [h for h in scope["headers"] if h[0] not in left_out]}


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
