"""Sizes as people write them: 500MB, 1.5GB, 2TiB; and who may have how much of a hub's disk."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pairsmith.errors import PairsmithError

if TYPE_CHECKING:
    from pairsmith.hub.context import Allotment

SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)
POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
FIELDS = {"free": "keep_free", "user": "user_quota", "repo": "repo_quota"}


def bytes_of(text: str) -> int:
    """A number of bytes from its text.

    Raises:
        PairsmithError: It is no size.
    """
    found = SIZE.fullmatch(text.strip())
    if found is None:
        raise PairsmithError(f"{text!r} is no size.", "Such as 500MB, 20GB or 1TiB.")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** POWERS[unit.upper()])


def allotment(words: Iterable[str]) -> Allotment:
    """Who may have how much, from words such as `user=20GB`.

    Raises:
        PairsmithError: One is none.
    """
    from pairsmith.hub.context import Allotment

    said: dict[str, int] = {}
    for word in words:
        who, _, size = word.partition("=")
        if who not in FIELDS:
            raise PairsmithError(f"{word!r} says of no one how much.", "user=, repo= or free=SIZE.")
        said[FIELDS[who]] = bytes_of(size)
    return Allotment(**said)
