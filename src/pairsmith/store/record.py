"""What a build that has not ended knows of itself: its plan, its finished shards and files.

These lie beside the shards in the folder that a build grows in, as JSON, and go with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from pairsmith.sources.files import Prefix


class Shard(NamedTuple):
    """A finished shard.

    Attributes:
        read: Rows of the source.
        kept: Rows in the shard.
        quarantined: Refused rows by reason.
        noted: Kept rows by note.
        rows: Its Parquet file.
        refused: Its part of the quarantine; None where nothing was refused.
        source: What had been read of the source's file, or more.
    """

    read: int
    kept: int
    quarantined: dict[str, int]
    noted: dict[str, int]
    rows: Prefix
    refused: Prefix | None
    source: Prefix


class Source(NamedTuple):
    """A file of the source all of whose shards are finished.

    Attributes:
        rows: Its rows.
        shards: The shards that they make.
        whole: The file.
    """

    rows: int
    shards: int
    whole: Prefix


def record_text(record: Shard | Source) -> str:
    """A record as JSON."""
    held = {n: v._asdict() if isinstance(v, Prefix) else v for n, v in record._asdict().items()}
    return json.dumps(held, indent=1) + "\n"


def read_shard(path: Path) -> Shard | None:
    """A shard's record; None where there is none that can be read."""
    held = _read(path)
    try:
        refused = Prefix(**held.pop("refused")) if held.get("refused") else held.pop("refused")
        rows, source = Prefix(**held.pop("rows")), Prefix(**held.pop("source"))
        return Shard(rows=rows, refused=refused, source=source, **held)
    except (KeyError, TypeError, AttributeError):
        return None


def read_source(path: Path) -> Source | None:
    """A source file's record; None where there is none that can be read."""
    held = _read(path)
    try:
        return Source(int(held["rows"]), int(held["shards"]), Prefix(**held["whole"]))
    except (KeyError, TypeError, ValueError):
        return None


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
