"""Connections: heads, bodies, answers and crowds without end, and the others meanwhile."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pairsmith.hub.http import connections
from pairsmith.hub.http.connections import (
    MAX_CONNECTIONS,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_OF_ADDRESS,
    OTHER_FILES,
)
from pairsmith.hub.http.sockets import network_of
from pairsmith.hub.repos import repos
from support.hub.running import Running, running
from support.hub.stock import commit_files
from support.hub.strain import strained
from support.slow import slow

HALF = b"GET / HTTP/1.1\r\nHost: hub\r\nX-A: "
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
POST = b"POST /login HTTP/1.1\r\nHost: hub\r\n"
SENDING = POST + FORM + b"Content-Length: 60000\r\n\r\na"
UNREAD = POST + b"Content-Length: 60000\r\n\r\na"  # answered before it is whole
CHUNKED = POST + FORM + b"Transfer-Encoding: chunked\r\n\r\n"
LARGE = b"GET /datasets/ann/d/resolve/main/large.bin HTTP/1.1\r\nHost: hub\r\n\r\n"
HOME = b"GET / HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n"


@pytest.fixture
def ann(hub, account):
    user, header = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
    commit_files(hub, repo, user, {"large.bin": b"x" * (8 << 20)})
    return header


def connected(url: str) -> socket.socket:
    where = urlsplit(url)
    return socket.create_connection((where.hostname, where.port), timeout=30)


def answer(url: str, *parts: bytes) -> bytes:
    """All that comes back until the other side hangs up; what cannot be sent is not."""
    with connected(url) as client:
        try:
            for part in parts:
                client.sendall(part)
        except OSError:
            pass
        return rest(client)


def rest(client: socket.socket) -> bytes:
    """What still comes, until the other side hangs up."""
    got = b""
    try:
        while piece := client.recv(1 << 16):
            got += piece
    except ConnectionResetError:
        pass
    return got


# how large


def test_a_head_of_the_largest_size_is_read(served):
    pad = MAX_HEAD_BYTES - len(HALF) - len(b"\r\nConnection: close\r\n\r\n") - 1
    assert answer(served, HALF, b"a" * pad, b"\r\nConnection: close\r\n\r\n")[:12] == (
        b"HTTP/1.1 200"
    )


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([HALF, b"a" * MAX_HEAD_BYTES], id="value"),
        pytest.param([b"GET /" + b"a" * MAX_HEAD_BYTES], id="target", marks=slow),
        pytest.param([HALF, b"\r\n", b"b" * MAX_HEAD_BYTES], id="name", marks=slow),
        pytest.param([HALF, b"\r\n", b"B: c\r\n" * MAX_HEADERS], id="number"),
        pytest.param(
            [HALF, b"\r\n", (b"B: " + b"c" * 9000 + b"\r\n") * 20], id="together", marks=slow
        ),
        pytest.param([b"\r\n" * MAX_HEAD_BYTES], id="blank", marks=slow),
    ],
)
def test_a_head_that_is_too_large_is_refused(served, parts):
    assert answer(served, *parts)[:12] == b"HTTP/1.1 431"


@pytest.mark.parametrize(
    "endless", [b"X-Trailer: aaaaaaaaaaaaa\r\n", b"a" * 64], ids=["trailers", "extension"]
)
def test_what_stands_behind_or_between_chunks_has_an_end(served, endless):
    """What is not part of a body is held by the parser, or read for nothing."""
    before = b"1\r\na\r\n0\r\n" if endless[:1] == b"X" else b"1;"
    with connected(served) as client:
        client.sendall(CHUNKED + before)
        sent = 0
        with pytest.raises(OSError):
            while sent < 64 << 20:
                sent += client.send(endless * 1000)
            pytest.fail("all of it was taken")


def test_a_trailer_is_no_header(served):
    """It would come after who asks, and for what, was decided."""
    got = answer(
        served,
        CHUNKED.replace(b"/login", b"/api/repos/create") + b"2\r\n{}\r\n0\r\n",
        b"Authorization: Bearer x\r\n\r\n" + HOME,
    )
    assert got.startswith(b"HTTP/1.1 401")
    assert b"x-hf-warning" not in got.lower()


def test_requests_without_waiting_for_answers_are_few(served):
    with connected(served) as client:
        with pytest.raises(OSError):
            for _ in range(2000):
                client.sendall(b"GET /login HTTP/1.1\r\nHost: hub\r\n\r\n" * 1000)
        rest(client)
    few = b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n" * 3
    assert answer(served, few + HOME).count(b"HTTP/1.1 200") == 4


# how long


@pytest.fixture
def hurried(monkeypatch) -> None:
    """A hub with little patience."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(connections, "PATIENCE", 0.5)
    monkeypatch.setattr(connections, "MIN_RATE", 10_000)
    monkeypatch.setattr(connections, "TICK", 0.1)


def dripping(client: socket.socket, drop: bytes) -> None:
    """Sends a little now and then, until nobody takes it."""
    try:
        for _ in range(200):
            client.sendall(drop)
            time.sleep(0.05)
    except OSError:
        return
    pytest.fail("it was taken for ten seconds")


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        pytest.param(HALF, b"a", id="head"),
        pytest.param(b"\r\n", b"\r\n", id="blank", marks=slow),
        pytest.param(SENDING, b"a", id="body"),
        pytest.param(UNREAD, b"a", id="unread", marks=slow),
        pytest.param(CHUNKED, b"1\r\na\r\n", id="chunks", marks=slow),
    ],
)
def test_what_drips_is_hung_up(served, begin, drop):
    with connected(served) as client:
        client.sendall(begin)
        dripping(client, drop)


@slow
@pytest.mark.usefixtures("hurried")
def test_half_a_head_after_an_answer_is_hung_up_too(served):
    with connected(served) as client:
        client.sendall(HOME.replace(b"close", b"keep-alive"))
        assert client.recv(12) == b"HTTP/1.1 200"
        client.sendall(HALF)
        assert rest(client).rstrip().endswith(b"Request Timeout")


@pytest.mark.usefixtures("hurried")
def test_who_says_nothing_is_hung_up(served):
    assert answer(served) == b""


@slow
@pytest.mark.usefixtures("hurried", "ann")
def test_an_answer_that_is_not_taken_is_hung_up(served):
    with connected(served) as client:
        client.sendall(LARGE)
        time.sleep(2)
        assert len(rest(client)) < 8 << 20


@slow
@pytest.mark.usefixtures("hurried", "ann")
def test_who_is_slow_but_goes_on_is_served(served):
    """Over several times the patience, above the least rate."""
    with connected(served) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        client.sendall(LARGE.replace(b"Host", b"Connection: close\r\nHost"))
        got = 0
        while piece := client.recv(1 << 17):
            got += len(piece)
            time.sleep(0.02)
    assert got > 8 << 20
    body = b"a=" + b"b" * 19_998
    with connected(served) as client:
        client.sendall(SENDING[:-1].replace(b"60000", b"20000\r\nConnection: close"))
        for at in range(0, len(body), 1000):
            client.sendall(body[at : at + 1000])
            time.sleep(0.04)
        assert rest(client).startswith(b"HTTP/1.1 4")


@pytest.mark.usefixtures("hurried", "ann")
def test_who_waits_for_us_is_not_hung_up(served, hub):
    """A request that is whole waits for as long as its answer takes."""
    with connected(served) as client:
        with hub.database.write():
            client.sendall(LARGE)
            time.sleep(1.5)
        assert client.recv(12) == b"HTTP/1.1 200"


# how many


@contextmanager
def attacked(server: Running, begin: bytes, count: int) -> Iterator[Callable[[], int]]:
    """So many connections that each sent the same and go no further; made anew as they end."""
    over, held = threading.Event(), []

    def keep() -> None:
        while not over.is_set():
            held[:] = [one for one in held if not _ended(one)]
            for _ in range(count - len(held)):
                try:
                    one = connected(server.url)
                    one.sendall(begin)
                    one.setblocking(False)
                except OSError:
                    break
                held.append(one)
            over.wait(0.2)

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield lambda: len(held)
    finally:
        over.set()
        thread.join()
        for one in held:
            one.close()


def _ended(one: socket.socket) -> bool:
    try:
        ended = one.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        ended = True
    if ended:
        one.close()
    return ended


@contextmanager
def room_for(count: int) -> Iterator[None]:
    """Here so many files may be opened besides those that are; a skip where that is forbidden."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = len([*Path("/dev/fd").iterdir()]) + count
    # a hub that may have fewer open admits fewer connections than are tried here
    needed = max(wanted, OTHER_FILES + 3 * MAX_CONNECTIONS)
    if needed > hard != resource.RLIM_INFINITY:
        pytest.skip(f"{needed} files have to be allowed, and the system's limit is {hard}")
    if wanted > soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("begin", "count"),
    [(HALF, 1100), (SENDING, 600), (LARGE, 400), (b"", 1100)],
    ids=["heads", "bodies", "readers", "idle"],
)
@slow
def test_a_crowd_from_one_address_shuts_nobody_out(hub, ann, begin, count):
    hub.close()
    with (
        room_for(count + 100),
        running(hub.root, files=256) as server,
        attacked(server, begin, count),
        strained(server) as strain,
    ):
        time.sleep(4)
    print(strain)
    strain.check()


def test_the_crowd_itself_is_bounded(served, monkeypatch):
    monkeypatch.setattr(connections, "MAX_OF_ADDRESS", 20)
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(served)) for _ in range(60)]
        for client in clients:
            client.sendall(HALF)
        time.sleep(1)
        for client in clients:
            client.setblocking(False)
        assert sum(not _ended(client) for client in clients) == 20
        assert answer(served, HOME).startswith(b"HTTP/1.1 200")


def test_who_was_answered_stays_longer_than_who_never_asked(served, monkeypatch):
    monkeypatch.setattr(connections, "MAX_OF_ADDRESS", 20)
    with ExitStack() as stack:
        kept = stack.enter_context(connected(served))
        kept.sendall(HOME.replace(b"close", b"keep-alive"))
        assert kept.recv(12) == b"HTTP/1.1 200"
        for _ in range(60):
            stack.enter_context(connected(served)).sendall(HALF)
        time.sleep(1)
        kept.sendall(HOME)
        assert rest(kept).count(b"HTTP/1.1 200") == 1


def test_an_address_with_many_makes_room_for_those_with_few(served, monkeypatch):
    """Behind no proxy each network counts; all of 127.0.0.0/8 is this machine."""
    crowds = []
    admit = connections.Crowd.admit

    def few(crowd, one):
        crowd.total = 20
        crowds.append(crowd)
        return admit(crowd, one)

    monkeypatch.setattr(connections.Crowd, "admit", few)
    where = urlsplit(served)
    with ExitStack() as stack:
        for host, count in (("127.0.0.2", 3), ("127.0.0.3", 36)):
            for _ in range(count):
                client = socket.create_connection((where.hostname, where.port), 30, (host, 0))
                stack.enter_context(client).sendall(HALF)
        time.sleep(1)
        left = {name: len(found) for name, found in crowds[0]._members.items()}
        assert left == {"127.0.0.2": 3, "127.0.0.3": 17}
        assert answer(served, HOME).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("", ""),
    ],
)
def test_whose_an_address_is(host, network):
    assert network_of(host) == network


def test_addresses_of_a_crowd_are_within_what_may_be_open():
    for limit in (256, 1024, 4096, 1 << 20):
        protocol: Any = connections.bounded_protocol(limit)
        total = protocol.args[0].total
        assert total * 3 + OTHER_FILES <= limit or total == 16
        assert total <= MAX_CONNECTIONS
    assert MAX_OF_ADDRESS < MAX_CONNECTIONS
