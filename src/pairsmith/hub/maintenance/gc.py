"""Taking away what nothing refers to any longer, never sooner than a day after it was sent.

A content goes in two transactions. The first deletes its row, and is on disk before any file is
touched: a row without its file would be a promise that is not kept. The second takes the file, if
no row for it came back meanwhile; uploads give a file its place within a transaction too, so they
cannot come between. A process that dies between the two leaves a file that no row knows, and
those go a day later.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pairsmith.hub.collections import registry
from pairsmith.hub.community import attachments
from pairsmith.hub.core.blobs import Blobs
from pairsmith.hub.core.database import now
from pairsmith.hub.repos import rendering
from pairsmith.hub.repos.sweep import sweep
from pairsmith.hub.xet import uploads

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

DAY = 24 * 3600
HOUR = 3600
SOON = 300  # seconds from the start to the first collection
BATCH = 100  # contents in one transaction, so that no writer waits for long
HASH = re.compile(r"[0-9a-f]{64}")
# what no commit has, and no discussion; ?1: the last moment that counts as long ago
UNUSED = (
    "touched < ?1 AND NOT EXISTS (SELECT 1 FROM files WHERE files.blob = blobs.sha256)"
    " AND NOT EXISTS (SELECT 1 FROM attachments WHERE attachments.blob = blobs.sha256)"
)

Item = TypeVar("Item")

log = logging.getLogger("pairsmith.hub")


class Collected(NamedTuple):
    """What was taken away: contents, and their bytes."""

    contents: int = 0
    bytes: int = 0


def collect(hub: Hub, keep: int = DAY) -> Collected:
    """Takes away contents that no commit refers to, and whatever else is over.

    Args:
        hub: The hub, which may be serving.
        keep: Seconds for which a content is kept after it was last sent or referred to.
    """
    hub.blobs.room.give_back()
    sweep(hub)
    before = now() - keep
    attachments.sweep(hub, before)
    with hub.database.write() as db:
        db.execute("DELETE FROM sessions WHERE expires < ?", (now(),))
    _forget_blobs(hub, before)
    taken = [_take_files(hub, batch, before) for batch in _batches(list(strays(hub, before)))]
    for path in incoming(hub.blobs, before):
        path.unlink(missing_ok=True)
    for folder in hub.blobs.staging.glob("parts-*"):  # of a content that comes by LFS
        if _is_older(folder, before):
            shutil.rmtree(folder, ignore_errors=True)
    uploads.sweep(hub)
    registry.sweep(hub, before)
    rendering.sweep(hub)
    hub.blobs.room.set_aside()
    return Collected(sum(part.contents for part in taken), sum(part.bytes for part in taken))


async def collect_hourly(hub: Hub) -> None:
    """Collects every hour for as long as the hub is served."""
    await asyncio.sleep(SOON)
    while True:
        try:
            taken = await asyncio.to_thread(collect, hub)
        except Exception:  # the next hour may go better, and the hub goes on
            log.exception("The collector failed.")
        else:
            if taken.contents:
                log.info("collected %d contents, %d bytes", *taken)
        await asyncio.sleep(HOUR)


def strays(hub: Hub, before: float) -> Iterator[str]:
    """The hashes of files in the folder of blobs that no row knows, if they are that old."""
    for folder in sorted(hub.blobs.folder.iterdir()):
        names = {path.name for path in _files(folder)}
        with hub.database.read() as db:
            rows = db.execute(
                "SELECT sha256 FROM blobs WHERE sha256 >= ? AND sha256 < ?",
                (folder.name, folder.name + "g"),
            )
            names -= {row[0] for row in rows}
        for name in sorted(names):
            if HASH.fullmatch(name) and _is_older(folder / name, before):
                yield name


def incoming(blobs: Blobs, before: float = float("inf")) -> Iterator[Path]:
    """The files on their way in that were last written that long ago; not those in folders."""
    return (path for path in _files(blobs.staging) if _is_older(path, before))


def _forget_blobs(hub: Hub, before: int) -> None:
    """Deletes the rows of contents that are in no use, and with them who held those."""
    with hub.database.read() as db:
        rows = db.execute(f"SELECT sha256 FROM blobs WHERE {UNUSED}", (before,)).fetchall()
    for batch in _batches(rows):
        with hub.database.write(many=True) as db:  # where they may be in use again
            db.executemany(
                f"DELETE FROM blobs WHERE sha256 = ?2 AND {UNUSED}",
                [(before, row[0]) for row in batch],
            )


def _take_files(hub: Hub, hashes: Sequence[str], before: float) -> Collected:
    """Takes files away that still have no row: out of their places at once, then off the disk.

    One that came meanwhile, and whose row is not written yet, is put back within the transaction.
    """
    aside = []
    with hub.database.write(many=True) as db:
        for sha256 in hashes:
            if db.execute("SELECT 1 FROM blobs WHERE sha256 = ?", (sha256,)).fetchone() is None:
                place = hub.blobs.staging / f"gone-{secrets.token_hex(8)}"
                with suppress(FileNotFoundError):
                    hub.blobs.path(sha256).replace(place)
                    if _is_older(place, before):
                        aside.append(place)
                    else:
                        place.replace(hub.blobs.path(sha256))
    sizes = [path.stat().st_size for path in aside]
    for path in aside:  # which takes its time, and holds up nobody now
        path.unlink()
    return Collected(len(sizes), sum(sizes))


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def _files(folder: Path) -> Iterator[Path]:
    """The files of a folder that is there, without those of folders in it."""
    return (path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else iter(())


def _is_older(path: Path, before: float) -> bool:
    with suppress(FileNotFoundError):  # taken away meanwhile
        return path.stat().st_mtime < before
    return False
