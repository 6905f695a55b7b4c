"""The output folder: whose it is, where a build grows, and how it takes its place.

A build grows in `OUT/unfinished`, under a lock, and moves into place when it is whole: the old
manifest goes first, the new one comes last. Until then an earlier build stays as it was. What
pairsmith did not write is neither overwritten nor removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pairsmith.errors import OutputError
from pairsmith.store import card, manifest
from pairsmith.store.manifest import Manifest, read_manifest

STAGING = "unfinished"
LOCK = "pairsmith.lock"
EARLIER = "earlier.json"
"""In the staging folder: the manifest of the build that is being replaced."""


def local_folder(out: str) -> Path:
    """The output folder's path.

    Raises:
        OutputError: It is a URL.
    """
    if "://" in out:
        raise OutputError(f"{out} is a URL.", "The output must be a local folder.")
    return Path(out)


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
def workspace(out: Path) -> Iterator[Path]:
    """Claims a folder for one build; yields the empty folder that it grows in.

    Raises:
        OutputError: Another build is at work there, or `unfinished` is not pairsmith's.
    """
    with _locked(out) as staging:
        _clear(staging)
        yield staging


def recover(out: Path) -> None:
    """Goes on with a build that was broken off while it moved into place.

    Raises:
        OutputError: Another build is at work there.
    """
    if (out / STAGING / manifest.NAME).exists():
        with _locked(out) as staging:
            _move(out)
            shutil.rmtree(staging)


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
            f"Another build is writing {out}.", "Wait for it to end, or name another folder."
        ) from None
    try:
        yield staging
    finally:
        lock.release()


def settle(out: Path) -> None:
    """Moves a whole build from the staging folder into place.

    Raises:
        OutputError: Something that pairsmith did not write is in the way.
    """
    _check_way(out)
    _move(out)
    shutil.rmtree(out / STAGING)


def intact(out: Path, built: Manifest) -> bool:
    """Whether every file of a build is there in its size; `check` looks closer."""
    paths = [(out / entry.path, entry.bytes) for entry in built.outputs]
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)


def _is_ours(staging: Path) -> bool:
    names = [path.name for path in staging.iterdir()] if staging.is_dir() else ["?"]
    return not names or LOCK in names


def _clear(staging: Path) -> None:
    for path in staging.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


def _check_way(out: Path) -> None:
    new = [entry.path for entry in read_manifest(out / STAGING).outputs]
    earlier = (out / manifest.NAME).exists()
    old = [entry.path for entry in read_manifest(out).outputs] if earlier else []
    links = {f for path in new + old if (f := (out / path).parent).is_symlink() or f.is_file()}
    strange = [path for path in new if (out / path).exists() and path not in old]
    if not earlier and (out / card.NAME).exists():
        strange.append(card.NAME)
    if links or strange:
        raise _holds_something_else(out, [*sorted(f.name for f in links), *strange])


def _move(out: Path) -> None:
    """Moves a build into place; where that was begun and broken off, goes on with it."""
    staging = out / STAGING
    new = [entry.path for entry in read_manifest(staging).outputs]
    if (out / manifest.NAME).exists():
        (out / manifest.NAME).replace(staging / EARLIER)
    old = manifest.parse_manifest(staging / EARLIER) if (staging / EARLIER).exists() else None
    for entry in old.outputs if old else ():
        if entry.path not in new:
            (out / entry.path).unlink(missing_ok=True)
    for path in new:
        if (staging / path).exists():
            (out / path).parent.mkdir(exist_ok=True)
            (staging / path).replace(out / path)
    for folder in {(out / entry.path).parent for entry in old.outputs} if old else ():
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    if (staging / card.NAME).exists():
        (staging / card.NAME).replace(out / card.NAME)
    (staging / manifest.NAME).replace(out / manifest.NAME)


def _holds_something_else(out: Path, names: list[str]) -> OutputError:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return OutputError(
        f"{out} holds something else: {', '.join(names[:3])}{more}.",
        "Nothing of it was changed. Name a new or an empty folder.",
    )
