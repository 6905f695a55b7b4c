"""The output folder: whose it is, where a build grows, and how it takes its place.

A build grows in `OUT/unfinished`, under a lock, and moves into place when it is whole: the old
manifest goes first, the new one comes last. Until then an earlier build stays as it was. One that
was broken off stays there too, for the next to go on with. What pairsmith did not write is
neither overwritten nor removed.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import compress, count
from pathlib import Path

from pairsmith.dataset import card, card_audit, card_prose, evaluations, explorations, manifest
from pairsmith.dataset.grown import Grown
from pairsmith.dataset.manifest import Manifest, parse_manifest, read_manifest
from pairsmith.errors import BrokenWriteError, OutputError
from pairsmith.io import durable
from pairsmith.io.durable import (
    finalize,
    fsync,
    is_interrupted_copy,
    map_files,
    path_exists,
    rename,
)
from pairsmith.io.locks import LOCK, check_lease, is_lock, locked, unlock
from pairsmith.io.remote import RemotePath, StoragePath, remote_path

STAGING = "unfinished"
PLAN = "plan.json"
"""Beside the lock: the plan of the build; without it, the folder's content is of no use."""

ANNOTATIONS = "annotations"
"""What is said of the rows, beside the build; it is no part of it, and stays when that goes."""

EXPORT = "export.json"
"""What tells that a folder holds an export."""

EARLIER = "earlier.json"
"""In the staging folder: the manifest of the build that is being replaced."""


def output(out: str) -> StoragePath:
    """The path of a build, on a disk or in an object store.

    Raises:
        OutputError: It is no name at all, or a URL that nothing can be written to.
    """
    if out.startswith("file://"):
        out = out.removeprefix("file://")
    return remote_path(out) if "://" in out else local_folder(out)


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
def writing(out: StoragePath) -> Iterator[None]:
    """Translates faults of the output folder into sentences; those of sources already are.

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
        if isinstance(out, RemotePath):
            raise _no_way_there(out, error) from error
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise OutputError(
            f"{out} cannot be written: {error.strerror or error}.",
            "Make room; the same command goes on." if full else "Name another folder.",
        ) from error


@contextmanager
def grown_in(growing: Path, out: Path) -> Iterator[None]:
    """Holds the folder inside another in which that one grows.

    The other goes with the end where nothing is in it: as where its work was refused.

    Raises:
        OutputError: Another process holds it, or it cannot be written.
    """
    with writing(out):
        growing.mkdir(parents=True, exist_ok=True)
        try:
            with locked(growing, out):
                yield
        finally:
            if not any(out.iterdir()):
                out.rmdir()


def _no_way_there(out: RemotePath, error: OSError) -> OutputError:
    """The fault of a file on its way to an object store, whose own faults are sentences."""
    if isinstance(error, FileNotFoundError):
        return OutputError(
            f"Something else has removed {error.filename or error}.", "The same command goes on."
        )
    return OutputError(
        f"What is to be uploaded to {out} cannot be written to {tempfile.gettempdir()}: "
        f"{error.strerror or error}.",
        "Make room, or name another folder in TMPDIR; the same command goes on.",
    )


def check_source(out: StoragePath, paths: Iterable[str]) -> None:
    """Checks that a build does not read what it is going to clear.

    Raises:
        OutputError: A path lies in the folder that builds grow in.
    """
    for path in paths:
        if durable.is_below(path, out / STAGING):
            raise OutputError(f"{path} would be cleared by this build.", "Move it elsewhere first.")


def earlier_build(out: StoragePath) -> Manifest | None:
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
    beside = (STAGING, ANNOTATIONS)
    others = sorted(path.name for path in out.iterdir() if path.name not in beside)
    if others:
        raise _holds_something_else(out, others)
    return None


@contextmanager
def workspace(out: StoragePath, earlier: Manifest | None) -> Iterator[StoragePath]:
    """Claims a folder for one build; yields its staging folder, as it was left.

    Args:
        out: The folder of the build.
        earlier: The build that was in it before the claim.

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
    """Claims a new or an empty folder; yields an empty staging folder.

    They move into place when all of them are whole. Of what fails, nothing stays: no folder either
    that was not there before.

    Raises:
        OutputError: The folder holds something, or another process is at work there.
    """
    if earlier_build(out) is not None:
        raise _holds_something_else(out, [manifest.NAME])
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        with workspace(out, None):
            staging = out / STAGING
            clear(staging)
            try:
                yield staging
                _move_all(out)
            finally:
                _remove(staging)
    except BaseException:
        with suppress(OSError):  # somebody else has come to use it
            for folder in made:
                folder.rmdir()
        raise


def recover(out: StoragePath) -> None:
    """Completes a build that was interrupted while it moved into place, or cleans up after it.

    Raises:
        OutputError: Another build is at work there, or something is in the way of the whole one.
    """
    if (out / STAGING).is_dir() and _is_ours(out / STAGING):
        with _locked(out) as staging:
            if _is_whole(staging):
                _check_way(out, begun=True)
                _move(out)
                _remove(staging)
            elif not (staging / PLAN).exists():
                _remove(staging)


@contextmanager
def _locked(out: StoragePath) -> Iterator[StoragePath]:
    staging = out / STAGING
    if staging.is_symlink() or (staging.exists() and not _is_ours(staging)):
        raise _holds_something_else(out, [STAGING])
    staging.mkdir(parents=True, exist_ok=True)
    with locked(staging, out):
        yield staging


def move_into_place(out: StoragePath) -> None:
    """Moves a finished build from the staging folder into place.

    Raises:
        OutputError: Something that pairsmith did not write is in the way.
    """
    check_lease(out / STAGING)
    try:
        _check_way(out)
    except BrokenWriteError:
        raise
    except OutputError:
        (out / STAGING / manifest.NAME).unlink()  # or the next build would take it for settled
        raise
    _move(out)
    _remove(out / STAGING)


def intact(out: StoragePath, built: Manifest) -> bool:
    """Whether every file of a build is there with its size; `check` compares more."""
    sizes = map_files(out, lambda entry: durable.file_size(out / entry.path), built.outputs)
    return sizes == [entry.bytes for entry in built.outputs]


def _is_ours(staging: StoragePath) -> bool:
    names = [path.name for path in staging.iterdir()] if staging.is_dir() else ["?"]
    if isinstance(staging, RemotePath):
        # the lock can be gone before its lease, and empty folders stay where there are such
        return any(is_lock(name) for name in names) or not staging.rglob()
    return not names or LOCK in names


def clear(staging: StoragePath, spared: Collection[str] = ()) -> None:
    """Empties the staging folder, except for the lock and files of these names."""
    durable.clear_folder(staging, lambda name: is_lock(name) or name in spared)


def abandon(staging: StoragePath) -> None:
    """Removes the staging folder, and an output folder that is empty."""
    _remove(staging)
    if isinstance(staging, Path) and not any(staging.parent.iterdir()):
        staging.parent.rmdir()


def _remove(staging: StoragePath) -> None:
    """Removes the staging folder, the lock last: without it, the folder would not be ours."""
    clear(staging)
    unlock(staging)
    staging.rmdir()


def _is_whole(staging: StoragePath) -> bool:
    try:
        read_manifest(staging)
    except BrokenWriteError:  # who knows
        raise
    except OutputError:
        return False
    return True


def _replaced(out: StoragePath) -> Manifest | None:
    """The build that the one in the staging folder replaces."""
    for path in (out / STAGING / EARLIER, out / manifest.NAME):
        if path.exists():
            return parse_manifest(path)
    return None


def _check_way(out: StoragePath, begun: bool = False) -> None:
    """Checks that moving into place overwrites nothing but the replaced build.

    Args:
        out: The folder of the build.
        begun: Whether a move may have been begun, which leaves copies in an object store.
    """
    staging, grown = out / STAGING, Grown(out / STAGING)
    new = [entry.path for entry in read_manifest(staging).outputs]
    replaced = _replaced(out)
    old = [entry.path for entry in replaced.outputs] if replaced else []
    folders = {(out / path).parent for path in new + old}
    strange = [f.name for f in folders if f.is_symlink() or (f.exists() and not f.is_dir())]
    own = [*old, card.NAME] if replaced else old
    paths = [path for path in (*new, card.NAME) if path not in own]

    def is_strange(path: str) -> bool:
        here, there = grown(path), out / path
        both = path_exists(here) and path_exists(there)
        return both and not (begun and is_interrupted_copy(there, here))

    strange += compress(paths, map_files(out, is_strange, paths))
    if strange:
        raise _holds_something_else(out, sorted(strange))


def _move(out: StoragePath) -> None:
    """Moves a build into place, or completes a move that was interrupted."""
    staging = out / STAGING
    new = [entry.path for entry in read_manifest(staging).outputs]
    replaced = _replaced(out)
    if (out / manifest.NAME).exists():
        rename(out / manifest.NAME, staging / EARLIER)
    old = [entry.path for entry in replaced.outputs] if replaced else []
    if replaced and isinstance(out, Path):
        card_audit.remove_audit(out)  # they are of the build that goes
        evaluations.remove_evaluations(out)
        explorations.remove_exploration(out)
    map_files(out, lambda path: (out / path).unlink(missing_ok=True), set(old) - set(new))
    map_files(out, partial(_place, out, Grown(staging)), new)
    for folder in {(out / path).parent for path in old}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    if (staging / card.NAME).exists():
        _keep_edited_card(out, replaced)
        finalize(staging / card.NAME, out / card.NAME)
    for folder in {(out / path).parent for path in new}:
        fsync(folder)
    (staging / PLAN).unlink(missing_ok=True)
    finalize(staging / manifest.NAME, out / manifest.NAME)


def _place(out: StoragePath, grown: Grown, path: str) -> None:
    """Moves one file of a build into place, unless it has been."""
    here = grown(path)
    if here.exists():
        (out / path).parent.mkdir(exist_ok=True)
        rename(here, out / path)


def _move_all(out: Path) -> None:
    """Moves the content of the staging folder into place, folders first."""
    grown = [path for path in (out / STAGING).iterdir() if not is_lock(path.name)]
    strange = [path.name for path in grown if path_exists(out / path.name)]
    if strange:
        raise _holds_something_else(out, sorted(strange))
    for path in sorted(grown, key=lambda path: (path.is_file(), path.name)):
        path.replace(out / path.name)


def _keep_edited_card(out: StoragePath, replaced: Manifest | None) -> None:
    """Keeps what was written into a card since: its prose in the new one, all else put aside."""
    path, new = out / card.NAME, out / STAGING / card.NAME
    if replaced is None or not path.exists() or is_interrupted_copy(path, new):
        return
    held = card_audit.without_section(path.read_bytes())
    wrote = card.card_text(replaced)
    if held == wrote.encode():
        return
    text = held.decode("utf-8", "replace")
    if text.encode() == held and card_prose.is_marked(text):
        told = read_manifest(out / STAGING).recipe.card_fields
        merged = card_prose.merge(text, new.read_text(encoding="utf-8"), wrote, told)
        new.write_text(merged.text, encoding="utf-8", newline="\n")
        ours = card_prose.sections_of(wrote)
        if not merged.fault and ours.items() >= card_prose.sections_of(text).items():
            return
    names = (out / f"{card.NAME}.old{number or ''}" for number in count())
    rename(path, next(n for n in names if not path_exists(n) or is_interrupted_copy(n, path)))


def _holds_something_else(out: StoragePath, names: list[str]) -> OutputError:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    earlier = " An earlier export is not written over." if EXPORT in names else ""
    return OutputError(
        f"{out} holds something else: {', '.join(names[:3])}{more}.",
        f"Nothing of it was changed.{earlier} Name a new or an empty folder.",
    )
