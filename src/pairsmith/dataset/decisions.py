"""The decisions on rows beside the shards of a build that has not ended: workers read them."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pairsmith.errors import OutputError
from pairsmith.io.durable import finalize, partial_path, sha256_of
from pairsmith.io.remote import StoragePath
from pairsmith.schema.annotations import DECISIONS

NAME = "decisions.parquet"


def to_bytes(decisions: pa.Table) -> bytes:
    """The table as Parquet: the same bytes for the same rows, in whatever order they come.

    Args:
        decisions: Rows of `DECISIONS`.
    """
    held = io.BytesIO()
    ordered = decisions.cast(DECISIONS).sort_by("id").combine_chunks()
    pq.write_table(ordered, held, compression="zstd", store_schema=False)
    return held.getvalue()


def write_decisions(staging: StoragePath, written: bytes) -> None:
    """Writes the table, whole or not at all."""
    partial = partial_path(staging / NAME)
    try:
        partial.write_bytes(written)
        finalize(partial, staging / NAME)
    finally:
        partial.unlink(missing_ok=True)


def is_held(staging: StoragePath, sha256: str) -> bool:
    """Whether the table is there, with these bytes."""
    path = staging / NAME
    return not path.is_symlink() and path.is_file() and sha256_of(path) == sha256


def read_decisions(staging: StoragePath, sha256: str, place: str) -> pa.RecordBatch:
    """The decisions on the rows of one split.

    Args:
        staging: The folder that the build grows in.
        sha256: Of the table.
        place: What the ids begin with: subset and split, with slashes.

    Raises:
        OutputError: The table is not there, or is another.
    """
    if not is_held(staging, sha256):
        raise OutputError(
            f"{staging / NAME} is not as it was written.",
            "Has something else removed or changed it? The same command makes it anew.",
        )
    with (staging / NAME).open("rb") as file:
        table = pq.read_table(pa.PythonFile(file, mode="r"), schema=DECISIONS)
    mine = table.filter(pc.starts_with(table["id"], place)).combine_chunks()
    return pa.RecordBatch.from_arrays(
        [
            pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
            for column in mine.columns
        ],
        schema=DECISIONS,
    )
