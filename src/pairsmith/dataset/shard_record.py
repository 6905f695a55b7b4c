"""What a build that has not ended knows of itself: its plan, its finished shards and files.

These lie beside the shards in the folder that a build grows in, as JSON, and go with it. Each is
sealed with a hash of itself and of its name, so that one which was changed or put elsewhere is
not believed.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from pairsmith.io.digests import Digest
from pairsmith.io.durable import is_regular_file
from pairsmith.io.remote import StoragePath


class ShardRecord(NamedTuple):
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
    rows: Digest
    refused: Digest | None
    source: Digest


class SourceRecord(NamedTuple):
    """A file of the source all of whose shards are finished.

    Attributes:
        rows: Its rows.
        shards: The shards that they make.
        whole: The file.
    """

    rows: int
    shards: int
    whole: Digest


def record_text(record: ShardRecord | SourceRecord, name: str) -> str:
    """A record as JSON; `name` is its path in the folder that the build grows in."""
    held = {n: v._asdict() if isinstance(v, Digest) else v for n, v in record._asdict().items()}
    return json.dumps({**held, "seal": _seal(held, name)}, indent=1) + "\n"


def _seal(held: Any, name: str) -> str:
    return hashlib.sha256(json.dumps([name, held], sort_keys=True).encode()).hexdigest()


def read_shard(staging: StoragePath, name: str) -> ShardRecord | None:
    """A shard's record; None where there is none that can be believed."""
    held = _read(staging, name)
    try:
        refused = Digest(**held.pop("refused")) if held.get("refused") else held.pop("refused")
        rows, source = Digest(**held.pop("rows")), Digest(**held.pop("source"))
        return ShardRecord(rows=rows, refused=refused, source=source, **held)
    except (KeyError, TypeError, AttributeError):
        return None


def read_source(staging: StoragePath, name: str) -> SourceRecord | None:
    """A source file's record; None where there is none that can be believed."""
    held = _read(staging, name)
    try:
        return SourceRecord(held["rows"], held["shards"], Digest(**held["whole"]))
    except (KeyError, TypeError):
        return None


def _read(staging: StoragePath, name: str) -> dict[str, Any]:
    """What a record holds; nothing where it is not as it was written."""
    if not is_regular_file(staging, name):
        return {}
    try:
        held = json.loads((staging / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(held, dict) or held.pop("seal", None) != _seal(held, name):
        return {}
    return held
