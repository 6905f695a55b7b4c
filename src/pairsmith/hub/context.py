"""The context of every request: the hub's folder with its database and blobs, and its settings.

ROOT/
  hub.sqlite        users, tokens, repositories, commits, requests, licences, counts
  blobs/ab/abcd…    contents, by SHA-256
  incoming/         what is on its way in; of no value once no process writes it
  .reserve          room for deleting where the disk is full
  rendered/         texts as HTML, by their hash; made again where it is missing
  collections/      what people say in collections, a folder for each
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.errors import OutputError
from pairsmith.hub.core.blobs import Blobs
from pairsmith.hub.core.counts import Counts
from pairsmith.hub.core.database import Database
from pairsmith.hub.core.mail_server import MailServer
from pairsmith.hub.core.mail_server import from_environment as mail_from_environment
from pairsmith.hub.core.modes import FOUND, close_to_others, private_files
from pairsmith.hub.core.seen import Seen

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

DATABASE = "hub.sqlite"
LOCK = ".lock"
"""In ROOT, held by the process that serves it, or that renews it as a backup."""

PASSED_OVER = frozenset({LOCK, FOUND})  # in a folder that counts as empty
STRIPE_SECRET = "PAIRSMITH_STRIPE_WEBHOOK_SECRET"  # noqa: S105 - a variable's name
SIGNING_KEY = "PAIRSMITH_HUB_KEY"
ENDPOINTS, SCORES = "PAIRSMITH_COLLECT_ENDPOINTS", "PAIRSMITH_COLLECT_SCORES"


class Allotment(NamedTuple):
    """How much room on the disk there is for whom.

    Attributes:
        keep_free: Bytes that contents never take; None for a gibibyte.
        user_quota: Bytes that an account's repositories may hold together; 0 for any number.
        repo_quota: Bytes that a repository may hold; 0 for any number.
    """

    keep_free: int | None = None
    user_quota: int = 0
    repo_quota: int = 0


NO_QUOTAS = Allotment()


class Reachable(NamedTuple):
    """Which models collections may use: those that whoever runs the hub names, and no others.

    Attributes:
        endpoints: Addresses of chat servers.
        scores: Preference models that score replies, as a project names them.
    """

    endpoints: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()


NO_MODELS = Reachable()


@dataclass(frozen=True)
class Settings:
    """How a hub is served.

    Attributes:
        public_url: Where others reach it, without a slash at the end.
        behind_proxy: Whether a server in front, on this machine, says who asks.
        accel: Whether that is nginx, and hands the files over (`X-Accel-Redirect`).
        registration: Whether anybody may make an account.
        stripe_secret: What Stripe signs its events with; '' where licences are granted by hand.
        key: What signs addresses and forms. A new one at every start, unless it is set.
        allotment: How much room on the disk there is for whom.
        mail: The mail server that it sends by; None for none.
        reachable: Which models collections may use.
    """

    public_url: str
    behind_proxy: bool = False
    accel: bool = False
    registration: bool = True
    stripe_secret: str = field(default="", repr=False)
    key: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    allotment: Allotment = NO_QUOTAS
    mail: MailServer | None = None
    reachable: Reachable = NO_MODELS

    @classmethod
    def from_environment(
        cls,
        public_url: str,
        behind_proxy: bool = False,
        accel: bool = False,
        registration: bool = True,
        allotment: Allotment = NO_QUOTAS,
    ) -> Settings:
        """The same, with its secrets, its mail server and its models from the environment.

        Raises:
            MailError: What the environment says of the mail server cannot be.
        """
        key = os.environ.get(SIGNING_KEY) or secrets.token_hex(32)
        stripe_secret = os.environ.get(STRIPE_SECRET, "")
        in_front = behind_proxy or accel
        name = public_url.rstrip("/")
        return cls(
            name,
            in_front,
            accel,
            registration,
            stripe_secret,
            key,
            allotment,
            mail_from_environment(),
            Reachable(*(tuple(os.environ.get(one, "").split()) for one in (ENDPOINTS, SCORES))),
        )


class Hub:
    """A hub that is open: what every request works with."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.database = Database(root / DATABASE)
        self.blobs = Blobs(root, settings.allotment.keep_free)
        self.counts = Counts()
        self.seen = Seen()
        self.rendered = root / "rendered"

    def close(self) -> None:
        """Closes the database."""
        self.database.close()

    @contextmanager
    def deleting(self) -> Iterator[sqlite3.Connection]:
        """A write transaction that makes room; on a disk that is full it has the reserve."""
        self.blobs.room.give_back()
        with self.database.write() as db:
            yield db

    def url(self, path: str) -> str:
        """The public address of a path that begins with a slash."""
        return self.settings.public_url + path


def hub_of(request: HTTPConnection) -> Hub:
    """The hub that a request was made to."""
    hub: Hub = request.app.state.hub
    return hub


@contextmanager
def open_hub(root: Path, settings: Settings | None = None, create: bool = False) -> Iterator[Hub]:
    """A hub for as long as the block lasts; it may be served meanwhile.

    What is made meanwhile is this user's alone.

    Args:
        root: Its folder.
        settings: How it is served, where it is.
        create: Whether an empty folder, or one that is not there, becomes a hub.

    Raises:
        PairsmithError: There is no hub, or it cannot be written.
    """
    check_root(root, create)
    with private_files():
        hub = Hub(root, settings or Settings(""))
        try:
            yield hub
        finally:
            hub.close()


def check_root(root: Path, create: bool) -> None:
    """Checks that a folder is a hub's, or that it may become one; closes it to other users.

    Raises:
        OutputError: It is not, it cannot be written, or it is another user's and open to all.
    """
    another = "Name the folder of a hub, or an empty one."
    try:
        if create:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = {entry.name for entry in root.iterdir()}
    except FileNotFoundError as error:
        raise OutputError(f"There is no folder {root}.", "`pairsmith serve` makes one.") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(f"{root} is, or lies in, a file.", another) from error
    except OSError as error:
        raise OutputError(f"{root} cannot be a hub's folder: {error.strerror}.", another) from error
    if DATABASE not in names and names - PASSED_OVER:
        raise OutputError(f"{root} holds something else than a hub.", another)
    if DATABASE not in names and not create:
        raise OutputError(f"There is no hub in {root}.", "`pairsmith serve` makes one.")
    if not os.access(root, os.W_OK | os.X_OK):
        raise OutputError(f"{root} cannot be written by this user.", "Change its owner or mode.")
    close_to_others(root)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Holds a folder, so that no other process serves it, or renews it as a backup.

    Raises:
        OutputError: Another process holds it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(root / LOCK, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise OutputError(
            f"Another process serves {root}, or makes a backup there.",
            "Stop that one first, or name another folder.",
        ) from None
    try:
        yield
    finally:
        lock.release()
