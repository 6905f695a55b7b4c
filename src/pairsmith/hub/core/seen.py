"""When something was last used, in memory, to be written together: a write each time costs much."""

from __future__ import annotations

import threading


class Seen:
    """What was used since it was last asked, and when: sessions and tokens, by their digests."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._seen: dict[bytes, int] = {}

    def note(self, digest: bytes, date: int) -> None:
        """Keeps that it was used then."""
        with self._guard:
            self._seen[digest] = date

    def at(self, digest: bytes) -> int | None:
        """When it was used, where that was not yet taken."""
        return self._seen.get(digest)

    def take(self) -> list[tuple[int, bytes]]:
        """When each was used. It begins anew."""
        with self._guard:
            seen, self._seen = self._seen, {}
        return [(date, digest) for digest, date in seen.items()]
