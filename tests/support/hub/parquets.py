"""Tables as the bytes of Parquet files."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq


def parquet(table: pa.Table | dict, **options: object) -> bytes:
    """A table, or its columns, as the bytes of a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), sink, **options)
    return sink.getvalue()
