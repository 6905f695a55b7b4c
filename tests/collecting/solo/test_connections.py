"""Connections on which nobody asks for anything keep nobody out."""

import socket
from contextlib import ExitStack

import httpx

from pairsmith.collecting.solo.connections import MOST
from support.collecting_browser import serving
from support.collecting_chromium import open_door
from support.waiting import wait_for


def test_who_stands_still_makes_room(begun):
    """Three times as many as may be, none of which says anything or ends what it says."""
    with serving(begun()) as (served, _), open_door(served) as door, ExitStack() as held:
        client = held.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{door.port}"))
        assert client.get(door.link).status_code == 200
        others = []
        for nth in range(3 * MOST):
            other = held.enter_context(socket.create_connection(("127.0.0.1", door.port)))
            other.sendall(b"GET / HTTP/1.1\r\nHost: " if nth % 2 else b"")
            other.settimeout(10)
            others.append(other)
        assert client.get("/").status_code == 200
        wait_for(lambda: sum(map(_is_gone, others)) >= 2 * MOST)
        assert not all(map(_is_gone, others))


def _is_gone(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
