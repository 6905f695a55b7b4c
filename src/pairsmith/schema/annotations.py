"""Annotations as an Arrow schema: what somebody or something says of a row."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

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

"""

TASK_SCORE = "task_score"
"""The column of an annotation that scores what a red team was to do, a number; may be null."""

DECISIONS = pa.schema([*STATEMENTS, (TASK_SCORE, pa.float64())])
"""The decisions of a build, with no id twice.

`label` is a `Reason`, with a `detail`; or one of `LABEL_NOTES`, with a `score`: the probability
that the label as written is right; or `Note.SCORE_FILLED`, with `score` and `TASK_SCORE`, the
numbers that a dialogue gets where it has none, either of which may be null.
"""


MARGIN_LABELS = ("agrees", "contradicts", "tied")
"""What a scorer of pairs says: whether its margin is above 0, below it, or 0.

Where an annotation has no other labels but for `DIALOGUE`, `score` is the margin.
"""

DIALOGUE = "dialogue"
"""What a scorer says of a row that is no pair: its score is that of the dialogue."""


class Action(StrEnum):
    """What applying a label of an annotation does with the rows that have it.

    `LEAVE` is nothing, as for rows that are only pointed out, unless the label is named: then they
    are dropped.
    """

    DROP = "drop"
    FLIP = "flip"
    SMOOTH = "smooth"
    FILL = "fill"
    LEAVE = "leave"


class Applied(NamedTuple):
    """An annotation that a recipe acts on.

    Attributes:
        name: Of the annotation.
        label: Only statements with this label; None for all.
        sha256: Of its manifest, which tells the hashes of its parts.
        actions: What is done, in the order of `Action`: with `FLIP` or `SMOOTH` among it, shards
            have `label_confidence`.
        by: Whose numbers fill scores: the model, or else the annotator, by name; None without
            `FILL`.
    """

    name: str
    label: str | None
    sha256: str
    actions: tuple[Action, ...]
    by: str | None = None

    @property
    def weighs(self) -> bool:
        """Whether labels are judged."""
        return Action.FLIP in self.actions or Action.SMOOTH in self.actions

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; without `FILL` as before there was any."""
        held = {**self._asdict(), "actions": [*self.actions]}
        return held if self.by is not None else {k: v for k, v in held.items() if k != "by"}


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
