"""The output folder: whose it is, where a build grows, and how it takes its place.

A build grows in `OUT/unfinished`, under a lock, and moves into place when it is whole: the old
manifest goes first, the new one comes last. Until then an earlier build stays as it was. One that
was broken off stays there too, for the next to go on with. What pairsmith did not write is
neither overwritten nor removed.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from pairsmith.errors import OutputError
from pairsmith.store import card, manifest, quality
from pairsmith.store.disk import put, sync
from pairsmith.store.manifest import Manifest, parse_manifest, read_manifest

STAGING = "unfinished"
LOCK = "pairsmith.lock"
PLAN = "plan.json"
"""Beside the lock: what the build is to be; without it, what lies there is of no use."""

HOLDER = "holder.txt"
"""Beside the lock: who has it, in words."""

EARLIER = "earlier.json"
"""In the staging folder: the manifest of the build that is being replaced."""


def local_folder(out: str) -> Path:
    """The output folder's path.

    Raises:
        OutputError: It is a URL, or no name at all.
    """
    if "://" in out:
        raise OutputError(f"{out} is a URL.", "The output must be a local folder.")
    if not out or "\0" in out:
        raise OutputError(f"{out!r} names no folder.", "Name a new or an empty one.")
    return Path(out)


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turns faults of the output folder into sentences; those of sources already are.

    Raises:
        OutputError: The folder cannot be written.
    """
    try:
        yield
    except PermissionError as error:
        raise OutputError(
            f"No permission for {error.filename or out}.", "Name a folder of your own."
        ) from None
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise OutputError(
            f"{out} cannot be written: {error.strerror or error}.",
            "Make room; the same command goes on." if full else "Name another folder.",
        ) from error


def check_source(out: Path, paths: Iterable[str]) -> None:
    """Sees to it that a build does not read what it is going to clear.

    Raises:
        OutputError: A path lies in the folder that builds grow in.
    """
    staging = (out / STAGING).resolve()
    for path in paths:
        if Path(path).resolve().is_relative_to(staging):
            raise OutputError(f"{path} would be cleared by this build.", "Move it elsewhere first.")


def earlier_build(out: Path) -> Manifest | None:
    """The build that the folder holds; None for an absent, an empty or an unfinished one.

    Raises:
        OutputError: It is not a folder, cannot be read, or holds something else.
    """
    if not out.exists():
        return None
    if not out.is_dir():
        raise OutputError(f"{out} is a file.", "Name a new or an empty folder.")
    if (out / manifest.NAME).exists():
        return read_manifest(out)
    others = sorted(path.name for path in out.iterdir() if path.name != STAGING)
    if others:
        raise _holds_something_else(out, others)
    return None


@contextmanager
def workspace(out: Path, earlier: Manifest | None) -> Iterator[Path]:
    """Claims a folder for one build; yields the folder that it grows in, as it was left.

    Args:
        out: The folder of the build.
        earlier: The build that it was seen to hold.

    Raises:
        OutputError: Another build is at work there or came between, or `unfinished` is not
            pairsmith's.
    """
    with _locked(out) as staging:
        if earlier_build(out) != earlier:
            _remove(staging)
            raise OutputError(
                f"Another build into {out} ended just now.", "Look at it, then build again."
            )
        yield staging


@contextmanager
def filling(out: Path) -> Iterator[Path]:
    """Claims a new or an empty folder; yields the empty folder in which its contents grow.

    They move into place when all of them are whole. Of what fails, nothing stays.

    Raises:
        OutputError: The folder holds something, or another process is at work there.
    """
    if earlier_build(out) is not None:
        raise _holds_something_else(out, [manifest.NAME])
    with workspace(out, None) as staging:
        clear(staging)
        try:
            yield staging
            _move_all(out)
        finally:
            _remove(staging)


def recover(out: Path) -> None:
    """Goes on with a build that was broken off on its way into place, or clears up behind it.

    Raises:
        OutputError: Another build is at work there, or something is in the way of the whole one.
    """
    if (out / STAGING).is_dir() and _is_ours(out / STAGING):
        with _locked(out) as staging:
            if _is_whole(staging):
                _check_way(out)
                _move(out)
                _remove(staging)
            elif not (staging / PLAN).exists():
                _remove(staging)


@contextmanager
def _locked(out: Path) -> Iterator[Path]:
    from filelock import FileLock, Timeout

    staging = out / STAGING
    if staging.is_symlink() or (staging.exists() and not _is_ours(staging)):
        raise _holds_something_else(out, [STAGING])
    staging.mkdir(parents=True, exist_ok=True)
    lock = FileLock(staging / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise OutputError(
            f"Another build is writing {out}{_holder(staging)}.",
            "Wait for it to end, or name another folder.",
        ) from None
    now = datetime.now(UTC)
    who = f"process {os.getpid()} on {platform.node()}, since {now:%Y-%m-%d %H:%M:%S} UTC"
    try:
        (staging / HOLDER).write_text(who, encoding="utf-8")
        yield staging
    finally:
        lock.release()


def _holder(staging: Path) -> str:
    try:
        who = (staging / HOLDER).read_text(encoding="utf-8", errors="replace")[:200]
    except OSError:
        return ""
    return f": {who}" if who.isprintable() and who else ""


def settle(out: Path) -> None:
    """Moves a whole build from the staging folder into place.

    Raises:
        OutputError: Something that pairsmith did not write is in the way.
    """
    try:
        _check_way(out)
    except OutputError:
        (out / STAGING / manifest.NAME).unlink()  # or the next build would take it for settled
        raise
    _move(out)
    _remove(out / STAGING)


def intact(out: Path, built: Manifest) -> bool:
    """Whether every file of a build is there in its size; `check` looks closer."""
    paths = [(out / entry.path, entry.bytes) for entry in built.outputs]
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)


def staged(path: str) -> str:
    """Where a file of a build lies while it grows: how many shards there will be is not known."""
    return re.sub(r"-of-\d{5,}(?=\.parquet$)", "", path)


def _is_ours(staging: Path) -> bool:
    names = [path.name for path in staging.iterdir()] if staging.is_dir() else ["?"]
    return not names or LOCK in names


def clear(staging: Path) -> None:
    """Empties the folder that a build grows in; the lock stays."""
    for path in staging.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in (LOCK, HOLDER):
            path.unlink()


def _remove(staging: Path) -> None:
    """Removes the staging folder, the lock last: without it, the folder would not be ours."""
    clear(staging)
    (staging / HOLDER).unlink(missing_ok=True)
    (staging / LOCK).unlink(missing_ok=True)
    staging.rmdir()


def _is_whole(staging: Path) -> bool:
    try:
        read_manifest(staging)
    except OutputError:
        return False
    return True


def _replaced(out: Path) -> Manifest | None:
    """The build that the one in the staging folder takes the place of."""
    for path in (out / STAGING / EARLIER, out / manifest.NAME):
        if path.exists():
            return parse_manifest(path)
    return None


def _check_way(out: Path) -> None:
    """Sees to it that a move would overwrite nothing but the replaced build."""
    staging = out / STAGING
    new = [entry.path for entry in read_manifest(staging).outputs]
    replaced = _replaced(out)
    old = [entry.path for entry in replaced.outputs] if replaced else []
    folders = {(out / path).parent for path in new + old}
    strange = [f.name for f in folders if f.is_symlink() or (f.exists() and not f.is_dir())]
    own = [*old, card.NAME] if replaced else old
    for path in (*new, card.NAME):
        if (
            os.path.lexists(staging / staged(path))
            and os.path.lexists(out / path)
            and path not in own
        ):
            strange.append(path)
    if strange:
        raise _holds_something_else(out, sorted(strange))


def _move(out: Path) -> None:
    """Moves a build into place; where that was begun and broken off, goes on with it."""
    staging = out / STAGING
    new = [entry.path for entry in read_manifest(staging).outputs]
    replaced = _replaced(out)
    if (out / manifest.NAME).exists():
        (out / manifest.NAME).replace(staging / EARLIER)
    old = [entry.path for entry in replaced.outputs] if replaced else []
    if replaced:
        quality.remove_audit(out)  # it is of the build that goes
    for path in set(old) - set(new):
        (out / path).unlink(missing_ok=True)
    for path in new:
        if (staging / staged(path)).exists():
            (out / path).parent.mkdir(exist_ok=True)
            (staging / staged(path)).replace(out / path)
    for folder in {(out / path).parent for path in old}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    if (staging / card.NAME).exists():
        _keep_edited_card(out, replaced)
        put(staging / card.NAME, out / card.NAME)
    for folder in {(out / path).parent for path in new}:
        sync(folder)
    (staging / PLAN).unlink(missing_ok=True)
    put(staging / manifest.NAME, out / manifest.NAME)


def _move_all(out: Path) -> None:
    """Moves what has grown in the staging folder into place, folders first."""
    grown = [path for path in (out / STAGING).iterdir() if path.name not in (LOCK, HOLDER)]
    strange = [path.name for path in grown if os.path.lexists(out / path.name)]
    if strange:
        raise _holds_something_else(out, sorted(strange))
    for path in sorted(grown, key=lambda path: (path.is_file(), path.name)):
        path.replace(out / path.name)


def _keep_edited_card(out: Path, replaced: Manifest | None) -> None:
    """Puts a card aside that is not, or no longer, the one that its build wrote."""
    held = out / card.NAME
    if replaced is None or not held.exists():
        return
    if quality.without(held.read_bytes()) != card.card_text(replaced).encode():
        names = (out / f"{card.NAME}.old{number or ''}" for number in count())
        held.replace(next(name for name in names if not os.path.lexists(name)))


def _holds_something_else(out: Path, names: list[str]) -> OutputError:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return OutputError(
        f"{out} holds something else: {', '.join(names[:3])}{more}.",
        "Nothing of it was changed. Name a new or an empty folder.",
    )
