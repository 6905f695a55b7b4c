"""Annotations as an Arrow schema: what somebody or something says of a row."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

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


MARGIN_LABELS = ("agrees", "contradicts", "tied")
"""What a scorer of pairs says: whether its margin is above 0, below it, or 0.

Where an annotation has no other labels but for `DIALOGUE`, `score` is the margin.
"""

DIALOGUE = "dialogue"
"""What a scorer says of a row that is no pair: its score is that of the dialogue."""


class Action(StrEnum):
    """What applying a label of an annotation does with the rows that have it."""

    DROP = "drop"
    FLIP = "flip"
    SMOOTH = "smooth"


class Applied(NamedTuple):
    """An annotation that a recipe acts on.

    Attributes:
        name: Of the annotation.
        label: Only statements with this label; None for all.
        sha256: Of its manifest, which tells the hashes of its parts.
        actions: What is done, in the order of `Action`: with `FLIP` or `SMOOTH` among it, shards
            have `label_confidence`.
    """

    name: str
    label: str | None
    sha256: str
    actions: tuple[Action, ...]

    @property
    def weighs(self) -> bool:
        """Whether labels are judged."""
        return any(action != Action.DROP for action in self.actions)


class Judge(NamedTuple):
    """An annotation whose margins tell which labels are doubted.

    Attributes:
        name: Of the annotation.
        sha256: Of its manifest, which tells the hashes of its parts.
        temperature: What its margins are divided by to be log-odds; above 0.
    """

    name: str
    sha256: str
    temperature: float
