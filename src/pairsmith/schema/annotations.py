"""Annotations as an Arrow schema: what somebody or something says of a row."""

from __future__ import annotations

import pyarrow as pa

FATES = pa.schema(
    [
        ("id", pa.string()),
        ("fate", pa.string()),
        ("detail", pa.string()),
        ("confidence", pa.float64()),
    ]
)
"""What becomes of rows that would be kept: those that something becomes of, a row each.

`fate` is one of the reasons of `DROPS`, with a `detail`, or one of `LABEL_NOTES`, with a
`confidence`: the probability that the label as written is right. Of `detail` and `confidence` the
other is null.
"""
