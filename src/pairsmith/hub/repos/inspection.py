"""Which files of a page are pickles: contents are looked at when somebody lists them, and once.

A content never changes, so what was found holds for as long as this process remembers it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pairsmith.hub.repos.pickles import is_pickle

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub
    from pairsmith.hub.repos.files import File

PATIENCE = 1.0  # seconds after which a page has no further contents looked at
REMEMBERED = 200_000  # contents; each takes some 150 bytes
_known: dict[str, bool] = {}


def find_pickles(hub: Hub, listed: Iterable[File]) -> dict[str, bool | None]:
    """Of these files' contents, by their hashes, whether each is a pickle or holds one.

    None where that is not known yet: it could not be read, or there was no time left.
    """
    end = time.monotonic() + PATIENCE
    return {file.blob: _look(hub, file.blob, end) for file in listed}


def _look(hub: Hub, blob: str, end: float) -> bool | None:
    found = _known.get(blob)
    if found is not None or time.monotonic() > end:
        return found
    try:
        found = is_pickle(hub.blobs.path(blob))
    except OSError:  # it is lost, which whoever reads it is told
        return None
    if len(_known) >= REMEMBERED:
        _known.clear()
    _known[blob] = found
    return found
