"""Records of an unfinished build: its finished shards and source files.

They are JSON files beside the shards in the staging folder, and are removed with it. Each is
sealed with a hash of itself and of its name, so that one which was changed or moved is not
believed.
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
        read: The number of comparisons; of most sources a row is one.
        kept: The number of rows in the shard.
        quarantined: Refused rows by reason.
        noted: Kept rows by note.
        rows: The digest of its Parquet file.
        refused: That of its part of the quarantine; None where nothing was refused.
        source: That of the source's file, up to the last row of the shard or beyond.
        source_rows: The number of rows of the source.
        fields: How many of these have each field, by path, then by use.
    """

    read: int
    kept: int
    quarantined: dict[str, int]
    noted: dict[str, int]
    rows: Digest
    refused: Digest | None
    source: Digest
    source_rows: int
    fields: dict[str, dict[str, int]]


class SourceRecord(NamedTuple):
    """A file of the source all of whose shards are finished.

    Attributes:
        rows: The number of its rows.
        shards: The number of shards that they make.
        whole: The digest of the file.
    """

    rows: int
    shards: int
    whole: Digest


def record_text(record: ShardRecord | SourceRecord, name: str) -> str:
    """A record as JSON; `name` is its path in the staging folder."""
    fields = {n: v._asdict() if isinstance(v, Digest) else v for n, v in record._asdict().items()}
    return json.dumps({**fields, "seal": _seal(fields, name)}, indent=1) + "\n"


def _seal(fields: Any, name: str) -> str:
    return hashlib.sha256(json.dumps([name, fields], sort_keys=True).encode()).hexdigest()


def read_shard(staging: StoragePath, name: str) -> ShardRecord | None:
    """A shard's record; None where it is missing or its seal is broken."""
    fields = _read(staging, name)
    try:
        refused = fields.pop("refused")
        refused = Digest(**refused) if refused else refused
        rows, source = Digest(**fields.pop("rows")), Digest(**fields.pop("source"))
        return ShardRecord(rows=rows, refused=refused, source=source, **fields)
    except (KeyError, TypeError, AttributeError):
        return None


def read_source(staging: StoragePath, name: str) -> SourceRecord | None:
    """A source file's record; None where it is missing or its seal is broken."""
    fields = _read(staging, name)
    try:
        return SourceRecord(fields["rows"], fields["shards"], Digest(**fields["whole"]))
    except (KeyError, TypeError):
        return None


def _read(staging: StoragePath, name: str) -> dict[str, Any]:
    """The fields of a record; empty where it is missing or its seal is broken."""
    if not is_regular_file(staging, name):
        return {}
    try:
        fields = json.loads((staging / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict) or fields.pop("seal", None) != _seal(fields, name):
        return {}
    return fields
