"""Connections with bounds, for a hub that is reached without a proxy in front.

uvicorn bounds neither how long a head may be nor how long a client may take, and its parser
(httptools) keeps what it has read of a head or of the fields behind a body. So its protocol is
derived from here, and counts:

- bytes since the parser last got anywhere, which bounds heads, trailers and chunk extensions;
- the seconds that a head takes;
- for a body that does not come and an answer that is not taken, an account of seconds: it holds
  `PATIENCE`, every second of waiting takes one, every `MIN_RATE` bytes that move bring one back.
  What we are at ourselves is not held against the client;
- connections, of all and of each address. Who comes is not sent away while others stand still:
  a moment later, when those who had something to ask have asked it, the address that has too many
  loses the connections on which it is the client's turn, those first that were never answered, and
  of these the ones that have been still for longest. So half heads, slow bodies and slow readers
  make room for whoever comes to ask for something, also from behind the same address.
"""

from __future__ import annotations

import asyncio
import http
from collections import defaultdict
from functools import partial
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from pairsmith.hub.http.sockets import bound_unsent, network_of, unsent_by_system

MAX_HEAD_BYTES = 64 << 10  # bytes of a request line and its headers
MAX_HEADERS = 128  # as many as no client sends; each is looked through for each that is asked for
HEAD_SECONDS = 10.0  # from a connection's first moment, or a head's first byte, to its end
PATIENCE = 60.0  # seconds that a client may stand still in the middle of a body or an answer
MIN_RATE = 1000  # bytes a second that it has to send or to take, over longer than that
MAX_PIPELINED = 8  # requests that wait on a connection for the answer to another
MAX_CONNECTIONS = 1000
MAX_OF_ADDRESS = 256  # connections; a household or an office may be one address
OTHER_FILES = 512  # descriptors for the database, contents, the viewer
LINGER = 2.0  # seconds in which who was refused may read why
SETTLE = 0.1  # seconds that who comes has to ask for something, where there are too many
TICK = 1.0  # seconds between two looks at a connection


class Crowd:
    """The connections that are open, by the network that they come from, and how many may be.

    Args:
        total: How many in all; for a moment twice as many.
        proxies: Addresses that stand for many, and of which there may be as many.
    """

    def __init__(self, total: int, proxies: frozenset[str]) -> None:
        self.total = total
        self.proxies = proxies
        self._members: defaultdict[str, set[BoundedProtocol]] = defaultdict(set)
        self._settling = False

    def admit(self, one: BoundedProtocol) -> bool:
        """Takes a connection in; False where there is no room even for a moment."""
        self._members[one.origin].add(one)
        if not self._settling and self._surplus(one.origin, self._share()) > 0:
            self._settling = True
            one.loop.call_later(SETTLE, self._settle, one.loop)
        return sum(map(len, self._members.values())) <= 2 * self.total

    def forget(self, one: BoundedProtocol) -> None:
        """Notes that a connection is gone."""
        self._members[one.origin].discard(one)
        if not self._members[one.origin]:
            del self._members[one.origin]

    def _share(self) -> int:
        """How many each network may have, so that all together are not too many."""
        room, networks = self.total, len(self._members)
        for size in sorted(map(len, self._members.values())):
            if size * networks > room:
                return room // networks
            room, networks = room - size, networks - 1
        return self.total

    def _surplus(self, network: str, share: int) -> int:
        """How many a network has too many."""
        most = share if network in self.proxies else min(share, MAX_OF_ADDRESS)
        return len(self._members[network]) - most

    def _settle(self, loop: asyncio.AbstractEventLoop) -> None:
        """Brings the connections down to as many as there may be, as soon as as many wait."""
        share = self._share()
        crowded = [name for name in self._members if self._surplus(name, share) > 0]
        for name in crowded:
            _hang_up(self._members[name], self._surplus(name, share))
        self._settling = bool(crowded)  # until it is seen that they are gone
        if crowded:
            loop.call_later(SETTLE, self._settle, loop)


def _hang_up(members: set[BoundedProtocol], count: int) -> None:
    """Hangs up as many connections, where as many wait."""
    waiting = sorted(
        (one for one in members if one.waits), key=lambda one: (one.served, one.active)
    )
    for one in waiting[:count]:
        one.hang_up()


def bounded_protocol(files: int, proxies: frozenset[str] = frozenset()) -> type[asyncio.Protocol]:
    """What uvicorn is to make of each connection, as its `http=`.

    Args:
        files: How many descriptors this process may have open.
        proxies: Addresses of proxies in front.
    """
    # for a moment twice as many, and each that stays may read a file
    crowd = Crowd(max(16, min(MAX_CONNECTIONS, (files - OTHER_FILES) // 3)), proxies)
    return cast(type[asyncio.Protocol], partial(BoundedProtocol, crowd))


class BoundedProtocol(HttpToolsProtocol):
    """A connection within the bounds of this module."""

    def __init__(self, crowd: Crowd, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.crowd = crowd
        self.origin = ""
        self.active = self.loop.time()  # when anything last moved
        self.served = False  # whether it was answered before
        self._over = False  # refused; nothing that comes is looked at
        self._fault = 400  # what the parser's complaint is answered with
        self._begun: float | None = self.active  # when the head under way began
        self._in_body = False
        self._unfinished = 0  # bytes since the parser last got anywhere
        self._came = 0  # bytes since the last look
        self._left = 0  # bytes of answers that the client had not taken at the last look
        self._taken = False  # whether it took what there was since then
        self._credit = PATIENCE
        self._clock: asyncio.TimerHandle | None = None
        self._cycles: list[RequestResponseCycle] = []  # requests whose answers may be under way

    # what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection in, or sends it away."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.origin = network_of(self.client[0] if self.client else "")
        bound_unsent(transport.get_extra_info("socket"))
        self._clock = self.loop.call_later(TICK, self._look)
        if not self.crowd.admit(self):
            self.hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        if self._clock:
            self._clock.cancel()
        self.crowd.forget(self)
        self._disconnect()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hands bytes to the parser, no more at once than may come to nothing."""
        self.active = self.loop.time()
        self._came += len(data)
        if self._begun is None and not self._in_body:
            self._begun = self.active
        while data and not self._over:
            room = MAX_HEAD_BYTES - self._unfinished
            piece, data = data[:room], data[room:]
            self._unfinished += len(piece)
            super().data_received(piece)
            if self._unfinished >= MAX_HEAD_BYTES:
                self._refuse(431)

    def resume_writing(self) -> None:
        """Notes that the client took what there was."""
        self.active, self._taken = self.loop.time(), True
        super().resume_writing()

    # what the parser calls

    def on_message_begin(self) -> None:
        """Begins a request, unless too many wait."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("too many requests at once")
        if self._begun is None:
            self._begun = self.loop.time()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header; what stands behind a body is dropped."""
        if self._in_body:
            return
        if len(self.headers) >= MAX_HEADERS:
            self._fault = 431
            raise ValueError("too many headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        super().on_headers_complete()
        self._cycles = [one for one in self._cycles if not one.response_complete]
        self._cycles.append(self.cycle)
        self._begun, self._in_body, self._unfinished = None, True, 0

    def on_body(self, body: bytes) -> None:
        """A part of the body came."""
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._begun, self._in_body, self._unfinished = None, False, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is whole."""
        self.active, self.served = self.loop.time(), True
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answers what the parser could not read."""
        self._refuse(self._fault)

    # bounds

    @property
    def waits(self) -> bool:
        """Whether it is the client's turn: to ask, to send, to take, or to go."""
        if self.transport.is_closing():
            return False
        return self._over or not self._answering or self.flow.write_paused or self._awaits_body

    def hang_up(self) -> None:
        """Ends the connection at once, and what is done for it."""
        self._over = True
        self._disconnect()
        self.transport.abort()

    def _disconnect(self) -> None:
        # uvicorn itself tells this to the newest request alone, and only when all is over
        for one in self._cycles:
            one.disconnected = True
            one.message_event.set()

    @property
    def _answering(self) -> bool:
        return any(not one.response_complete for one in self._cycles)

    @property
    def _awaits_body(self) -> bool:
        return (
            self._in_body
            and not self.flow.read_paused
            and not (self.cycle is not None and self.cycle.waiting_for_100_continue)
        )

    def _look(self) -> None:
        """Looks every `TICK` whether the client takes too long."""
        self._clock = self.loop.call_later(TICK, self._look)
        if self._begun is not None and self.loop.time() - self._begun > HEAD_SECONDS:
            if self._unfinished:
                self._refuse(408)
            else:
                self.hang_up()
            return
        moved = self._moved()
        if moved is None:
            self._credit = PATIENCE
        else:
            self._credit = min(PATIENCE, self._credit - TICK + moved / MIN_RATE)
        if self._credit < 0:
            self.hang_up()

    def _moved(self) -> float | None:
        """How many bytes the client sent or took since the last look; None where it owes none."""
        came, taken, before = self._came, self._taken, self._left
        left = self.transport.get_write_buffer_size()
        if left:
            left += unsent_by_system(self.transport.get_extra_info("socket"))
        self._came, self._taken, self._left = 0, False, left
        if left:
            return float("inf") if taken else max(0, before - left)
        return came if self._awaits_body else None

    def _refuse(self, status: int) -> None:
        """Says why, where no answer is under way, and hangs up a little later."""
        if self._over:
            return
        self._over = True
        if self._answering:
            self.hang_up()
            return
        phrase = http.HTTPStatus(status).phrase
        self.transport.write(
            f"HTTP/1.1 {status} {phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(phrase)}\r\nconnection: close\r\n\r\n{phrase}".encode()
        )
        # whoever still sends would lose the answer with a connection that is closed at once
        self.flow.pause_reading()
        self.loop.call_later(LINGER, self.hang_up)
