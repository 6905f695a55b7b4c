"""Conversations: rows of one prompt, and rows that go on from one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pairsmith.text.spans import Index

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BEGUN = """
    SELECT row, key FROM beginnings WHERE replied
    UNION ALL
    SELECT row, prompt FROM rows WHERE replied
"""
"""Each row with every beginning of its prompt that holds a reply, the whole prompt among them."""

WHOLE = "SELECT row, unnest([whole_chosen, whole_rejected]) AS key FROM rows"
"""Each row with its two transcripts."""

LINKS = f"""
    WITH held AS (
        SELECT row, prompt AS key FROM rows WHERE prompt IS NOT NULL AND NOT replied
        UNION ALL {BEGUN} UNION ALL {WHOLE}
    ),
    mine AS (SELECT held.row, key FROM held JOIN rows USING (row) WHERE {{which}})
    SELECT row, key FROM mine
    WHERE key IN (SELECT key FROM mine GROUP BY key HAVING min(row) < max(row))
"""  # noqa: S608  (constants)
"""Each row with what other rows have too: its prompt, beginnings with a reply, transcripts."""

ROWS = "SELECT row FROM rows WHERE {which} ORDER BY row"


def components(left: Index, right: Index, count: int) -> Index:
    """The connected component of each of `count` nodes, given edges between them.

    Args:
        left: m nodes, numbered from 0.
        right: m nodes: each edge links those in the same place.
        count: The number of nodes.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    labels: Index = connected_components(links, directed=False)[1].astype(np.int64)
    return labels


def note_conversations(keys: DuckDBPyConnection, which: str = "true") -> None:
    """Makes a table `conversations`: for each row (`row`) the number of its `conversation`.

    Two rows belong to one where their prompts are the same; where one goes on from the other, its
    prompt beginning with the other's transcript; where their prompts begin with the same turns, a
    reply among them; and so does what is linked by others. To open with the same question alone is
    not enough: many do.

    Args:
        keys: The keys.
        which: A condition on `rows`: those that are looked at, and link others.
    """
    import pyarrow as pa

    found = keys.sql(LINKS.format(which=which)).fetchnumpy()
    shared, places = np.unique(np.asarray(found["key"], np.uint64), return_inverse=True)
    mine = keys.sql(ROWS.format(which=which)).fetchnumpy()
    rows = np.asarray(mine["row"], np.int64)
    count = int(rows.max(initial=-1)) + 1
    links = np.asarray(found["row"], np.int64), count + places.astype(np.int64)
    labels = components(*links, count + len(shared))
    held = pa.table({"row": rows, "conversation": labels[rows]})  # noqa: F841
    keys.execute("CREATE OR REPLACE TEMP TABLE conversations AS SELECT * FROM held")
