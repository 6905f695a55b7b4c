"""Room on the disk: what is left to others, and a reserve so that deleting is always possible."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from pairsmith.hub.http.errors import HubError

RESERVE = ".reserve"
"""In ROOT: a file of no content, given back to the disk where only deleting makes room."""

RESERVE_BYTES = 32 << 20  # the log of a deletion, which is moved into the database at 8 MiB


class Room:
    """The room of the disk that a hub lies on.

    Attributes:
        spare: Bytes that contents never take: the database and all else on the disk need some.
    """

    def __init__(self, root: Path, spare: int) -> None:
        self.root = root
        self.spare = spare
        self._reserve = root / RESERVE

    @property
    def free(self) -> int:
        """Bytes that are free."""
        return shutil.disk_usage(self.root).free

    def check(self, size: int = 0) -> None:
        """Checks that the disk has room for this many bytes more.

        Raises:
            HubError: 507, where it has not.
        """
        if size > self.free - self.spare:
            what = f"{size:,} bytes" if size else "more"
            raise HubError(507, f"There is no room on this hub's disk for {what}.", "NoRoom")

    def give_back(self) -> None:
        """Gives the reserve back, where the disk is so full that deleting might not be written."""
        if self.free < RESERVE_BYTES:
            self._reserve.unlink(missing_ok=True)

    def set_aside(self) -> None:
        """Makes the reserve, where there is none and the disk has room for it."""
        if self._reserve.exists() or self.free < 2 * RESERVE_BYTES:
            return
        made = self._reserve.with_name(f"{RESERVE}.new")
        with suppress(OSError), made.open("wb") as file:  # without one it is as it was before
            os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
            made.replace(self._reserve)
        made.unlink(missing_ok=True)
