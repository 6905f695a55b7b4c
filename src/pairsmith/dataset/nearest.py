"""The id of a build that is nearest to one that it has not, for whoever mistyped it."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np

from pairsmith.dataset.manifest import Manifest
from pairsmith.dataset.row_ids import SPREAD, read_row_ids
from pairsmith.io.remote import StoragePath
from pairsmith.text.spans import Index

LONGEST = 200
"""Characters of an id that are looked at."""

NUMBERS = re.compile("(?:^|/)(?:([0-9]{1,9})-)?([0-9]{1,12})(?:/([0-9]{1,6}))?$")
"""The file, the row and the comparison at the end of an id."""

NAME = re.compile("(?P<place>[^/]+/[^/]+?)(?:/(?P<file>[0-9]+)-)?(?P<compared>/)?")
"""What stands before the numbers of a run; see `pairsmith.dataset.row_ids.numbers_of`."""


class _Near(NamedTuple):
    """An id, and how far from the one that was asked for: in files, rows and comparisons."""

    files: int
    rows: int
    comparisons: int
    id: str


def nearest_id(out: StoragePath, built: Manifest, id: str) -> str | None:
    """The row's id that is most like another text: the likest place, and there the nearest row.

    Args:
        out: The folder of the build.
        built: Its manifest.
        id: What is no id of the build, of any length.

    Returns:
        An id; None where the build has no rows, or the text has no number of a row.

    Raises:
        OutputError: A file of the build cannot be read.
    """
    held = id.strip().lower()[-LONGEST:]
    numbers = NUMBERS.search(held)
    if numbers is None:
        return None
    ids = read_row_ids(out, built).names()
    named = {name: NAME.fullmatch(name) for name in ids}
    places = sorted({found["place"] for found in named.values() if found})
    like = get_close_matches(held[: numbers.start()], places, 1, 0.0)
    file, row, comparison = (int(number or 0) for number in numbers.groups())
    near = [
        _near(found, ids[name], (file, row, comparison))
        for name, found in named.items()
        if found and found["place"] in like
    ]
    return min(near).id if near else None


def _near(name: re.Match[str], runs: Index, asked: tuple[int, int, int]) -> _Near:
    """The nearest of the ids of one name."""
    file, row, comparison = asked
    compared = name["compared"] is not None
    wanted = row * SPREAD + comparison if compared else row
    closest = np.clip(wanted, *runs)
    found = int(closest[np.argmin(np.abs(closest - wanted))])
    mine, which = divmod(found, SPREAD) if compared else (found, 0)
    own = int(name["file"] or 0)
    id = f"{name['place']}/" + (f"{own}-" if name["file"] else "") + str(mine)
    distances = abs(own - file), abs(mine - row), abs(which - comparison)
    return _Near(*distances, f"{id}/{which}" if compared else id)
