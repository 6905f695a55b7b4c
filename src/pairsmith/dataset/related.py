"""The rows of one conversation: what goes on from a row, and what it goes on from."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset.conversations import BEGUN, note_conversations
from pairsmith.dataset.index import open_keys
from pairsmith.dataset.reader import Dataset
from pairsmith.errors import OutputError
from pairsmith.extras import require

HOW = {
    "this": "the row that was asked for",
    "goes_on": "goes on from the chosen transcript of {}",
    "goes_on_from_rejected": "goes on from the rejected transcript of {}",
    "before": "its chosen transcript is the beginning of {}",
    "rejected_before": "its rejected transcript is the beginning of {}",
    "same_prompt": "has the prompt of {} too",
    "same_beginning": "begins with the same turns as {}, a reply among them",
    "linked": "is of the same conversation by way of other rows",
}
"""What a row is to the one that was asked for; the first that holds is told."""

LABELS = [*HOW]

RELATED = f"""
    WITH this AS (SELECT * FROM rows WHERE id = $id),
    begun AS ({BEGUN}),
    own AS (SELECT key FROM begun WHERE row IN (SELECT row FROM this)),
    found AS (
        SELECT row, 0 AS how FROM this
        UNION ALL SELECT row, 1 FROM begun WHERE key IN (SELECT whole_chosen FROM this)
        UNION ALL SELECT row, 2 FROM begun WHERE key IN (SELECT whole_rejected FROM this)
        UNION ALL SELECT row, 3 FROM rows WHERE whole_chosen IN (FROM own)
        UNION ALL SELECT row, 4 FROM rows WHERE whole_rejected IN (FROM own)
        UNION ALL SELECT row, 5 FROM rows WHERE prompt IN (SELECT prompt FROM this)
        UNION ALL SELECT row, 6 FROM begun WHERE key IN (FROM own)
        UNION ALL SELECT row, 7 FROM conversations WHERE conversation IN (
            SELECT conversation FROM conversations JOIN this USING (row)
        )
    )
    SELECT id, turns, min(how) AS how FROM found JOIN rows USING (row)
    GROUP BY row, id, turns ORDER BY turns, row
"""  # noqa: S608  (constants)


class Related(NamedTuple):
    """The rows of one conversation, as who names rows; see `HOW`.

    Attributes:
        id: Of the row that was asked for.
        rows: `id`, `turns` of the prompt, and `how`, a place in `LABELS`: short prompts first.
    """

    id: str
    rows: pa.Table

    def ids(self) -> Iterator[pa.StringArray]:
        """Their ids, as the conversation runs."""
        return (batch["id"] for batch in self.rows.to_batches())

    def of(self, ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
        """What some rows are to the one that was asked for: `label`, `score` and `detail`."""
        mine = self.rows.filter(pc.is_in(self.rows["id"], pa.array(sorted(ids), pa.string())))
        return {
            row["id"]: [
                {
                    "label": LABELS[row["how"]],
                    "score": None,
                    "detail": HOW[LABELS[row["how"]]].format(self.id),
                }
            ]
            for row in mine.to_pylist()
        }


def find_related(out: Path, id: str) -> Related:
    """Finds the pairs that belong to the conversation of one, kept and quarantined.

    Args:
        out: The folder of a build.
        id: The row's.

    Raises:
        RecipeError: The extra `audit` is not installed.
        OutputError: There is no finished build, or the row is no pair of it whose turns are known.
    """
    require("audit", "To find the rows of a conversation takes")
    data = Dataset(out)
    with open_keys(data) as keys:
        note_conversations(keys)
        found = keys.sql(RELATED, params={"id": id}).to_arrow_table()
    if not len(found):
        raise OutputError(
            f"{id} is no pair with turns on both sides.", "It belongs to no conversation."
        )
    columns = [("id", pa.string()), ("turns", pa.int64()), ("how", pa.int8())]
    return Related(id, pa.table(found).cast(pa.schema(columns)))
