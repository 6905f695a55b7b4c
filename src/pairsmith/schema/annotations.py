"""Annotations as an Arrow schema: what somebody or something says of a row."""

from __future__ import annotations

from enum import StrEnum

import pyarrow as pa

STATEMENTS = pa.schema(
    [
        ("id", pa.string()),
        ("label", pa.string()),
        ("score", pa.float64()),
        ("detail", pa.string()),
    ]
)
"""What is said, a statement each; of one row there may be several.

`id` is the row's and is never null. The others may be: `label` is one of few words, such as
`duplicate`; `score` is a finite number, whose meaning is the annotator's; `detail` says it in words
that quote nothing. Behind these columns an annotator may have its own.

The decisions of a build are such a table too, with no id twice: `label` is a `Reason`, with a
`detail`, or one of `LABEL_NOTES`, with a `score`: the probability that the label as written is
right.
"""


class Action(StrEnum):
    """What applying a label of an annotation does with the rows that have it."""

    DROP = "drop"
    FLIP = "flip"
    SMOOTH = "smooth"
