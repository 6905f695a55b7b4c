"""Where a hub listens, and where others reach it."""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from pairsmith.errors import PairsmithError

WAITING = 2048  # connections that the system keeps for us until we take them
# bytes of an answer that the system takes from us and has not sent yet: by itself it would keep
# 2.5 MB for each client that does not read
MAX_UNSENT_BYTES = 256 << 10
MAX_FILES = 1 << 16  # descriptors; where a hard limit is in the millions, children count them all


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


def network_of(host: str) -> str:
    """Who an address stands for: itself; of IPv6 the network, for one household has all of it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, ipaddress.IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return address.exploded[:19]  # 64 bits


def raise_file_limit() -> int:
    """Has this process open as many descriptors as it may; how many that are."""
    if sys.platform == "win32":  # sockets are no descriptors there
        return MAX_FILES
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_FILES
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)


def unsent_by_system(connection: socket.socket) -> int:
    """Bytes that we wrote and the other side has not taken; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0
    from fcntl import ioctl
    from termios import TIOCOUTQ

    with suppress(OSError):  # it is closed
        return int(struct.unpack("i", ioctl(connection.fileno(), TIOCOUTQ, bytes(4)))[0])
    return 0


def bound_unsent(connection: socket.socket) -> None:
    """Has the system take no more of an answer than it will soon send, where it can be told so."""
    option = getattr(socket, "TCP_NOTSENT_LOWAT", 25 if sys.platform == "linux" else None)
    if option is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, option, MAX_UNSENT_BYTES)
