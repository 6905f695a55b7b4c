"""Where a hub listens, and where others reach it."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from pairsmith.errors import PairsmithError

WAITING = 2048  # connections that the system keeps for us until we take them


def check_url(url: str) -> None:
    """Checks that an address is one that a hub can be reached at.

    Raises:
        PairsmithError: It is not.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port, parts = 0, urlsplit("")
    rest = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in ("http", "https") or not parts.hostname or rest or port == 0:
        raise PairsmithError(
            f"{url!r} is not an address that a hub can be reached at.",
            "It is a scheme and a host, as in https://hub.example.org, without a path.",
        )


@contextmanager
def bound_socket(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that is bound to the address.

    Raises:
        PairsmithError: It cannot be.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise PairsmithError(
            f"{host!r} is no address of this machine.", "0.0.0.0 stands for all of them."
        ) from error
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(WAITING)
        except (OSError, OverflowError) as error:
            raise _cannot_listen(host, port, error) from error
        yield listener


def _cannot_listen(host: str, port: int, error: Exception) -> PairsmithError:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return PairsmithError(
            f"Port {port} of {host} is in use.", "Stop what listens there, or give another --port."
        )
    if number == errno.EACCES:
        return PairsmithError(
            f"This user may not listen at port {port}.", "Give a --port from 1024 on."
        )
    return PairsmithError(
        f"{host}, port {port}, cannot be listened at: {error}.", "Give another --host or --port."
    )


def url_of(host: str, port: int) -> str:
    """Where a hub is reached that listens there, if nothing else was said."""
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - this compares, and opens nothing
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_local(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
