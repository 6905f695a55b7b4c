"""Files put together again from the xorbs of an upload, and kept as blobs."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pairsmith.hub import permissions
from pairsmith.hub.auth.users import User
from pairsmith.hub.http.errors import HubError, bad_request, too_large
from pairsmith.hub.repos import quotas, repos
from pairsmith.hub.xet import uploads
from pairsmith.hub.xet.xorb import Xorb

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub
    from pairsmith.hub.core.blobs import Arriving
    from pairsmith.hub.xet.shard import File, Segment, Shard
    from pairsmith.hub.xet.uploads import Upload

MAX_REBUILT_BYTES = (
    200_000_000_000  # bytes of all files of a shard: a few xorbs could unpack to any number
)
OPEN = 16  # xorbs


class Rebuild:
    """The files of one shard, on their way to be kept: all of them or none.

    Attributes:
        done: Bytes that were put together so far, for whoever waits.
        total: Bytes that there are to be.

    Raises:
        HubError: 400 where a xorb was not sent under this upload; 413 or 507 where the files
            are larger than is taken.
    """

    def __init__(self, hub: Hub, upload: Upload, shard: Shard, folder: Path) -> None:
        self._hub = hub
        self._upload = upload
        self._shard = shard
        self._folder = folder
        self.done = 0
        self.total = shard.size
        self._check_xorbs()
        self._check_room()

    def run(self) -> None:
        """Puts the files together, compares each with its SHA-256, and keeps them.

        Raises:
            HubError: 400 where one cannot be put together, or is not what the shard says.
        """
        hub, repo = self._hub, self._upload.repo
        with closing(OpenXorbs(self._folder)) as xorbs, hub.blobs.several() as arriving:
            for file in self._shard.files:
                self._put_together(file, arriving, xorbs)
            hub.blobs.keep_all(
                hub.database, arriving.finish(), repo, self._may_send, self._proposer()
            )

    def _proposer(self) -> int | None:
        """Who sends this, where they may not write to the repository but propose."""
        with self._hub.database.read() as db:
            repo = repos.by_id(db, self._upload.repo)
            sender = User(self._upload.user, "", "", "")
            return permissions.proposer_of(db, repo, sender) if repo else None

    def _may_send(self, db: sqlite3.Connection) -> None:
        uploads.still_open(db, self._upload)
        repo = repos.by_id(db, self._upload.repo)
        if repo is not None:
            sender = User(self._upload.user, "", "", "")
            proposer = permissions.proposer_of(db, repo, sender)
            quotas.check(db, self._hub, repo, proposer=proposer)

    def _put_together(self, file: File, arriving: Arriving, xorbs: OpenXorbs) -> None:
        blob = arriving.add(self._chunks(file, xorbs))
        if blob.sha256 != file.sha256:
            raise bad_request(
                f"A file was sent as {file.sha256}; what its chunks make up is {blob.sha256}."
            )

    def _chunks(self, file: File, xorbs: OpenXorbs) -> Iterator[bytes]:
        for segment in self._shard.segments(file):
            size = 0
            for number in range(segment.first, segment.end):
                chunk = xorbs.chunk(segment.xorb, number)
                size += len(chunk)
                yield chunk
            if size != segment.size:
                raise _wrong_size(segment, size)
            self.done += size

    def _check_xorbs(self) -> None:
        for name in sorted(self._shard.xorbs):
            if not (self._folder / name).is_file():
                raise bad_request(f"The shard names xorb {name}; this upload was not sent that.")

    def _check_room(self) -> None:
        if self.total > MAX_REBUILT_BYTES:
            raise too_large("What this shard makes up", MAX_REBUILT_BYTES)
        self._hub.blobs.room.check(self.total)


class OpenXorbs:
    """The xorbs of an upload, of which the last used are kept open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: OrderedDict[str, Xorb] = OrderedDict()

    def chunk(self, name: str, number: int) -> bytes:
        """A chunk of a xorb, unpacked.

        Raises:
            HubError: 400 where the xorb has no such chunk.
        """
        if name not in self._open:
            self._open[name] = Xorb(self._folder / name)
        self._open.move_to_end(name)
        xorb = self._open[name]
        if len(self._open) > OPEN:
            self._open.popitem(last=False)[1].close()
        if number >= len(xorb):
            raise bad_request(f"The shard names chunk {number} of a xorb of {len(xorb)}, {name}.")
        return xorb.chunk(number)

    def close(self) -> None:
        """Closes those that are open."""
        for xorb in self._open.values():
            xorb.close()


def _wrong_size(segment: Segment, size: int) -> HubError:
    return bad_request(
        f"Chunks {segment.first} to {segment.end} of xorb {segment.xorb} are {size:,} bytes;"
        f" the shard says {segment.size:,}."
    )
