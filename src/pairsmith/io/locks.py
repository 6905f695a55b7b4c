"""One build at a time: a lock on a disk, a lease in an object store.

On a disk the system lets go of a lock when its process ends. An object store knows no processes, so
the holder of a lease writes it anew every so often, and one that was not is taken over: at once if
its process was of this machine and is gone, else after a while by the store's own clock.

Leases are numbered, and the highest counts. Who claims the folder creates the next one, which only
one can where the store creates exclusively (S3 does, with If-None-Match), and looks again.
"""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

from pairsmith.errors import OutputError
from pairsmith.io.remote import RemotePath, StoragePath

LOCK = "pairsmith.lock"
"""In the folder that a build grows in; without it, the folder is not pairsmith's."""

HOLDER = "holder.txt"
"""Beside the lock on a disk: who has it, in words."""

LEASE = "lease-"
"""How the names of leases begin, beside the lock in an object store."""

REFRESH = 20.0
"""Seconds after which the holder of a lease writes it anew."""

EXPIRY = 120.0
"""Seconds after which a lease that was not written anew is taken over."""

MAX_CLAIMS = 5
"""At most this many times a folder is claimed, if other claims come and go meanwhile."""


def is_lock(name: str) -> bool:
    """Whether a file of the folder that a build grows in belongs to its lock."""
    return name in (LOCK, HOLDER) or name.startswith(LEASE)


@contextmanager
def locked(staging: StoragePath, out: StoragePath) -> Iterator[None]:
    """Holds the folder that a build grows in.

    Args:
        staging: That folder.
        out: What to call it in a fault.

    Raises:
        OutputError: Another build holds it.
    """
    with _leased(staging, out) if isinstance(staging, RemotePath) else _filelock(staging, out):
        yield


def unlock(staging: StoragePath) -> None:
    """Removes what makes the folder pairsmith's, last of all; a lease ends with its holder."""
    (staging / HOLDER).unlink(missing_ok=True)
    (staging / LOCK).unlink(missing_ok=True)


@contextmanager
def _filelock(staging: Path, out: StoragePath) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(staging / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise _taken(out, _holder(staging), "Wait for it to end, or name another folder.") from None
    try:
        (staging / HOLDER).write_text(_who(os.getpid(), platform.node(), _now()), encoding="utf-8")
        yield
    finally:
        lock.release()


def _holder(staging: Path) -> str:
    try:
        who = (staging / HOLDER).read_text(encoding="utf-8", errors="replace")[:200]
    except OSError:
        return ""
    return who if who.isprintable() else ""


def _who(process: int, host: str, since: str) -> str:
    return f"process {process} on {host}, since {since}"


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _taken(out: StoragePath, who: str, hint: str) -> OutputError:
    return OutputError(f"Another build is writing {out}{': ' if who else ''}{who}.", hint)


class Holder(NamedTuple):
    """Who holds a lease.

    Attributes:
        process, host: Its process.
        machine: Which machine this is, since it was started, and which processes it sees.
        started: When that process was, for its number may be another's since; 0 if unknown.
        since: When it claimed the lease, in words.
        token: Of this claim alone.
    """

    process: int
    host: str
    machine: str
    started: int
    since: str
    token: str

    @property
    def words(self) -> str:
        """Who that is, and since when."""
        return _who(self.process, self.host, self.since)

    @property
    def is_here(self) -> bool:
        """Whether it is a process that this one could see."""
        return self.machine == _machine()

    @property
    def is_alive(self) -> bool:
        """Whether the process is still there, if it is one of this machine."""
        return _started(self.process) in (self.started, 0) and _exists(self.process)


def _me() -> Holder:
    process = os.getpid()
    token = secrets.token_hex(8)
    return Holder(process, platform.node(), _machine(), _started(process), _now(), token)


@cache
def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # not a Linux
        import uuid

        return f"{platform.node()} {uuid.getnode()}"


def _started(process: int) -> int:
    """When a process was started, in ticks since its machine was; 0 where that is not known."""
    try:
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    fields = told.rpartition(")")[2].split()  # a name may hold anything, so from behind it
    return 0 if fields[0] in "ZX" else int(fields[19])


def _exists(process: int) -> bool:
    if Path("/proc/self/stat").exists():
        return _started(process) > 0
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


class _Lease:
    """A claim on a folder in an object store, kept up by a thread while it is held."""

    def __init__(self, staging: RemotePath, out: StoragePath) -> None:
        self.staging, self.out, self.me = staging, out, _me()
        self.text = json.dumps(self.me._asdict()) + "\n"
        self.path = self._claim()
        self.ended = Event()
        self.thread = Thread(target=self._keep, daemon=True)
        self.thread.start()

    def _claim(self) -> RemotePath:
        """Creates the next lease, if the last is nobody's any longer.

        Raises:
            OutputError: It is somebody's.
        """
        for _ in range(MAX_CLAIMS):
            last = _last(self.staging)
            if last is not None:
                self._check(last)
            path = self.staging / f"{LEASE}{_number(last) + 1:06d}.json"
            with suppress(FileExistsError):  # another came first; or it was this one, tried again
                path.create_text(self.text)
            # where a store does not create exclusively, the later one has it
            if _last(self.staging) == path and _read(path) == self.me:
                return path
        raise _taken(self.out, "", "Others come and go. Wait for them to end.")

    def _check(self, last: RemotePath) -> None:
        """Checks that a lease can be taken over."""
        holder = _read(last)
        if holder is None or (holder.is_here and not holder.is_alive):
            return
        if holder.is_here:
            hint = "Wait for it to end, or name another folder."
            raise _taken(self.out, holder.words, hint)
        age = self._age(last)
        if age is not None and age < EXPIRY:
            raise _taken(
                self.out,
                holder.words,
                "Wait for it to end, or name another folder. If it was killed, the same command "
                f"goes on in {EXPIRY - age:.0f} seconds.",
            )

    def _age(self, lease: RemotePath) -> float | None:
        """Seconds since a lease was written, by the store's clock; None if it is gone."""
        probe = self.staging / f"{LEASE}probe-{self.me.token}"
        probe.write_text("")
        try:
            return (probe.modified() - lease.modified()).total_seconds()
        except FileNotFoundError:
            return None
        finally:
            probe.unlink(missing_ok=True)

    def _keep(self) -> None:
        """Writes the lease anew every so often, until it ends or is another's."""
        while not self.ended.wait(REFRESH):
            with suppress(OutputError):  # tried again soon; `check_lease` has the last word
                if _last(self.staging) != self.path:
                    return
                self.path.write_text(self.text)

    def end(self) -> None:
        """Lets go of the folder."""
        self.ended.set()
        self.thread.join()
        if _last(self.staging) == self.path:
            for path in _leases(self.staging):
                path.unlink(missing_ok=True)
        else:
            self.path.unlink(missing_ok=True)


@contextmanager
def _leased(staging: RemotePath, out: StoragePath) -> Iterator[None]:
    (staging / LOCK).write_text("")
    lease = _Lease(staging, out)
    try:
        yield
    except BaseException:
        with suppress(OutputError):  # what came first says more; a lease that stays runs out
            lease.end()
        raise
    lease.end()


def check_lease(staging: StoragePath) -> None:
    """Checks that this process still holds the folder, before it does what cannot be undone.

    Raises:
        OutputError: It was held up for so long that another has taken over.
    """
    if not isinstance(staging, RemotePath):
        return
    last, me = _last(staging), _me()
    holder = _read(last) if last else None
    if holder is None or holder[:4] != me[:4]:
        who = f": {holder.words}" if holder else ""
        raise OutputError(
            f"This build was held up for more than {EXPIRY:.0f} seconds, and another has taken "
            f"over {staging.parent}{who}.",
            "Wait for that one to end; the same command goes on.",
        )


def _leases(staging: RemotePath) -> list[RemotePath]:
    """The leases that there are, by number."""
    try:
        paths = list(staging.iterdir())
    except FileNotFoundError:
        return []
    return sorted(path for path in paths if re.fullmatch(LEASE + r"[0-9]+\.json", path.name))


def _last(staging: RemotePath) -> RemotePath | None:
    return next(reversed(_leases(staging)), None)


def _number(lease: RemotePath | None) -> int:
    return int(lease.stem.removeprefix(LEASE)) if lease else 0


def _read(lease: RemotePath) -> Holder | None:
    """Who holds a lease; None if it is gone, or is none."""
    try:
        return Holder(**json.loads(lease.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
