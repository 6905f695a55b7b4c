"""Bodies of requests, streamed to disk and no longer than they may be."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from pairsmith.hub.faults import bad_request, too_large

if TYPE_CHECKING:
    from starlette.requests import Request

AT_ONCE = 1 << 20  # bytes that go to disk together


@asynccontextmanager
async def received(request: Request, folder: Path, what: str, limit: int) -> AsyncIterator[Path]:
    """The body of a request as a file in a folder; gone when the block ends, unless renamed.

    Raises:
        HubError: 413 where it is longer than `limit`, 400 where it ends early.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 15 or int(announced) > limit):
        raise too_large(what, limit)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="part-", delete=False) as file:
        path = Path(file.name)
        try:
            size = 0
            async for part in _parts(request):
                size += len(part)
                if size > limit:
                    raise too_large(what, limit)
                await run_in_threadpool(file.write, part)
            await run_in_threadpool(file.close)
            yield path
        finally:
            path.unlink(missing_ok=True)


async def _parts(request: Request) -> AsyncIterator[bytes]:
    """The body in larger parts than it comes in: each of them costs a change of thread."""
    held = bytearray()
    try:
        async for part in request.stream():
            held += part
            if len(held) >= AT_ONCE:
                yield bytes(held)
                held.clear()
    except ClientDisconnect as error:
        raise bad_request("The body ended before it was whole.") from error
    if held:
        yield bytes(held)
