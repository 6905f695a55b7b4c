"""Where the files of a build lie while it grows: their names change when it moves into place.

A shard gets its number among all shards of its split at the end. Where one file makes a split,
its name then tells what it was called before; where several do, that is written down.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pairsmith.io.durable import is_regular_file, write_text_durably
from pairsmith.io.remote import StoragePath

NAME = "grown.json"
_SHARD = re.compile(r"[a-z0-9][a-z0-9_-]*/[a-z0-9_]+(\.\d+)?-\d{5,}\.parquet")


def staged(path: str) -> str:
    """The path of a file in the staging folder, where the number of shards is not known."""
    return re.sub(r"-of-\d{5,}(?=\.parquet$)", "", path)


def write_grown(staging: StoragePath, grown: Mapping[str, str]) -> None:
    """Writes down which shards are called otherwise than `staged` says, if there are any.

    Args:
        staging: The folder that the build grows in.
        grown: From a shard's path in the manifest to its path there.
    """
    if grown:
        write_text_durably(staging / NAME, json.dumps(grown, indent=1) + "\n")


class Grown:
    """Where the files of a build lie in a staging folder.

    Args:
        staging: The folder; what is written down there is read once.
    """

    def __init__(self, staging: StoragePath) -> None:
        self.staging, self.names = staging, _read(staging)

    def __call__(self, path: str) -> StoragePath:
        """The place of a file, by its path in the manifest."""
        return self.staging / self.name(path)

    def name(self, path: str) -> str:
        """The path of a file there, by its path in the manifest."""
        return self.names.get(path) or staged(path)


def _read(staging: StoragePath) -> dict[str, str]:
    """What is written down; nothing where it is not as it was written."""
    if not is_regular_file(staging, NAME):
        return {}
    try:
        held = json.loads((staging / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(held, dict):
        return {}
    return {p: n for p, n in held.items() if isinstance(n, str) and _SHARD.fullmatch(n)}
