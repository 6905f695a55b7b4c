"""Running a hub: one process for a folder, until it is told to stop."""

from __future__ import annotations

import logging
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pairsmith.extras import require
from pairsmith.hub.context import NO_QUOTAS, Allotment, Hub, Settings, check_root, locked, open_hub
from pairsmith.hub.http.accesslog import AccessLog
from pairsmith.hub.http.sockets import (
    bound_socket,
    check_url,
    is_local,
    raise_file_limit,
    url_of,
)
from pairsmith.io.stopping import stoppable

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

PATIENCE = 15  # seconds that answers under way are given when the hub is stopped
PROXIES = frozenset({"127.0.0.1", "::1"})  # where nginx is, if it is in front

log = logging.getLogger("pairsmith.hub")

# the hub's own lines and uvicorn's faults, to stderr
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(message)s", "datefmt": "%Y-%m-%dT%H:%M:%S"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
    },
    "loggers": {
        "pairsmith.hub": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}


def serve(
    root: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    public_url: str | None = None,
    behind_proxy: bool = False,
    accel: bool = False,
    registration: bool = True,
    allotment: Allotment = NO_QUOTAS,
) -> None:
    """Serves a hub until SIGINT or SIGTERM; answers under way are given a while to end.

    Args:
        root: The folder of the hub; made where there is none.
        host: The address to listen at.
        port: The port; 0 for a free one.
        public_url: Where others reach the hub; by default where it listens.
        behind_proxy: Whether a server in front, on this machine, is believed about who asks.
        accel: Whether that is nginx, and hands the files over.
        registration: Whether anybody may make an account.
        allotment: How much room on the disk there is for whom.

    Raises:
        PairsmithError: The folder is not a hub's, or is being served; the address is taken, or is
            none of this machine; the public address is none; a library is missing.
    """
    require("hub", "A hub needs")
    if public_url is not None:
        check_url(public_url)
    check_root(root, create=True)
    with locked(root), bound_socket(host, port) as listener:
        url = public_url or url_of(host, listener.getsockname()[1])
        settings = Settings.from_environment(url, behind_proxy, accel, registration, allotment)
        with open_hub(root, settings, create=True) as hub:
            _tidy(hub)
            _run(hub, listener, host)


def _tidy(hub: Hub) -> None:
    """Takes away what a process left that died, now that no other can be writing."""
    from pairsmith.hub.maintenance.backup import adopt
    from pairsmith.hub.maintenance.gc import incoming
    from pairsmith.hub.repos.steps import undo_all

    adopt(hub.root)
    for path in incoming(hub.blobs):
        path.unlink(missing_ok=True)
    undo_all(hub.database)
    hub.blobs.room.set_aside()


def configuration(app: ASGIApp, behind_proxy: bool) -> uvicorn.Config:
    """How uvicorn is to serve the hub, within the bounds of `http.connections`.

    Args:
        app: The hub as an application.
        behind_proxy: Whether a server in front, on this machine, is believed about who asks.
    """
    import uvicorn

    from pairsmith.hub.http.connections import bounded_protocol

    proxies = PROXIES if behind_proxy else frozenset[str]()
    return uvicorn.Config(
        app,
        http=bounded_protocol(raise_file_limit(), proxies),
        ws="none",
        loop="uvloop" if find_spec("uvloop") else "asyncio",
        lifespan="on",
        log_config=LOGGING,
        log_level=None,
        access_log=False,
        server_header=False,
        proxy_headers=behind_proxy,
        forwarded_allow_ips=sorted(proxies),
        timeout_keep_alive=75 if behind_proxy else 10,  # nginx keeps its own for 60 seconds
        timeout_graceful_shutdown=PATIENCE,
    )


def _run(hub: Hub, listener: socket.socket, host: str) -> None:
    import uvicorn

    from pairsmith.hub.app import application

    settings = hub.settings
    server = uvicorn.Server(configuration(AccessLog(application(hub)), settings.behind_proxy))
    with stoppable(server):
        _warn(settings, host)
        if settings.mail:
            log.info("mail goes by %s:%d", settings.mail.host, settings.mail.port)
        if settings.accel:
            log.info("--accel: nginx hands the files over; without it they come out empty")
        log.info("serving %s at %s", hub.root, settings.public_url)
        server.run([listener])
    log.info("stopped")


def _warn(settings: Settings, host: str) -> None:
    """Says so where others would be sent elsewhere, passwords be in the clear, bounds be few."""
    url = settings.public_url
    parts = urlsplit(url)
    if not is_local(host) and not settings.behind_proxy:
        log.warning(
            "WARNING: others reach it at %s without a server in front: there is no certificate,"
            " and what bounds it are its own limits of heads, bodies and connections."
            " Put nginx in front, listen at 127.0.0.1, and give --behind-proxy.",
            host,
        )
    if is_local(parts.hostname or "") and not is_local(host):
        log.warning(
            "WARNING: it listens at %s, but links and addresses for uploads begin with %s:"
            " give --public-url, the address that others use.",
            host,
            url,
        )
        return
    if parts.scheme == "http" and not (is_local(host) and is_local(parts.hostname or "")):
        log.warning(
            "WARNING: %s is not https: passwords and tokens can be read on their way."
            " Put nginx or another server with a certificate in front.",
            url,
        )
