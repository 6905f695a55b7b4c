"""Crowds: many who take long, and the others, who are served meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from pairsmith.hub.repos import repos
from support.hub.parquets import parquet
from support.hub.stock import commit_files
from support.slow import slow

MANY = 200
LARGE = b"x" * (8 << 20)


@pytest.fixture
def ann(hub, account):
    user, header = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
    rows = {"prompt": ["p"], "chosen": ["c"], "rejected": ["r"]}
    commit_files(hub, repo, user, {"large.bin": LARGE, "data/train.parquet": parquet(rows)})
    return header


def read(url: str | Request, timeout: float | None = 60) -> bytes:
    """The body at an address."""
    with urlopen(url, timeout=timeout) as answer:
        return answer.read()


@contextmanager
def crowd(url: str, request: str, count: int) -> Iterator[list[socket.socket]]:
    """Connections, each of which sent the same and goes no further."""
    where = urlsplit(url)
    with ExitStack() as stack:
        connections = []
        for _ in range(count):
            client = stack.enter_context(socket.create_connection((where.hostname, where.port)))
            client.sendall(request.replace("\n", "\r\n").encode())
            connections.append(client)
        yield connections


@slow
def test_many_who_download_slowly(served, ann):
    asking = "GET /datasets/ann/d/resolve/main/large.bin HTTP/1.1\nHost: hub\n\n"
    with crowd(served, asking, MANY) as connections:
        assert all(one.recv(12) == b"HTTP/1.1 200" for one in connections)  # and no more is taken
        assert b"ann/" in read(f"{served}/")


def test_many_who_upload_slowly(served, ann):
    sending = (
        "POST /api/datasets/ann/d/commit/main HTTP/1.1\nHost: hub\nContent-Length: 100000\n"
        f"Authorization: {ann['Authorization']}\n\n{{"
    )
    with crowd(served, sending, MANY):
        assert b"ann/" in read(f"{served}/")


def test_many_who_look_at_rows(served, ann):
    """Those who wait for their turn at the viewer keep no thread from the others."""

    def look(number: int) -> int:
        try:
            with urlopen(f"{served}/datasets/ann/d/viewer?page={number}", timeout=60) as answer:
                return answer.status
        except HTTPError as error:
            return error.code

    with ThreadPoolExecutor(60) as pool:
        looks = [pool.submit(look, number) for number in range(1, 61)]
        assert b"ann/" in read(f"{served}/")
        statuses = {look.result() for look in looks}
    assert statuses == {200, 503}


def test_many_whose_reads_are_put_on_record(served, hub, ann):
    """They wait for a long commit, say; those who look at pages do not."""
    with hub.database.write() as db:
        repos.set_gate(db, repos.find(db, "dataset", "ann", "d"), "auto")
    url = f"{served}/datasets/ann/d/resolve/main/data/train.parquet"
    with ThreadPoolExecutor(60) as pool:
        with hub.database.write():
            waiting = [pool.submit(read, Request(url, headers=ann)) for _ in range(60)]
            assert b"ann/" in read(f"{served}/")
            assert not any(one.done() for one in waiting)
        assert all(one.result().startswith(b"PAR1") for one in waiting)
