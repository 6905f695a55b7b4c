"""Openings: how replies begin, and which beginnings are one side's more than the other's."""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WIDTHS, LONGEST = (3, 5), 60
"""An opening is so many words, or fewer, in at most so many characters, in lower case."""
LEAST = 20
"""An opening that occurs so often is boilerplate and may be shown; others are contents."""
SHOWN = 30
PRIOR = 0.5
"""Added to each of the four counts of a log-odds ratio: Jeffreys' prior on either side."""

GATHERED = """
    SELECT opening, CAST(sum(chosen) AS BIGINT), CAST(sum(rejected) AS BIGINT) FROM openings
    WHERE width = {width} GROUP BY opening
    HAVING sum(chosen) + sum(rejected) >= {least} ORDER BY opening
"""

COUNT_CHOSEN = "INSERT INTO openings SELECT ?, words, rows, 0 FROM held"
COUNT_REJECTED = "INSERT INTO openings SELECT ?, words, 0, rows FROM held"


class Opening(NamedTuple):
    """An opening that occurs often.

    Attributes:
        opening: The words.
        chosen, rejected: The replies of each side that begin with it.
        log_odds: Of chosen over rejected: above 0 it is chosen's.
        z: The same by its standard deviation.
    """

    opening: str
    chosen: int
    rejected: int
    log_odds: float
    z: float


class Openings:
    """Counts openings, which lie with the keys, and so on disk where they are many.

    Args:
        keys: A connection of its own.
    """

    def __init__(self, keys: DuckDBPyConnection) -> None:
        self.keys, self.rows = keys, 0
        keys.execute(
            "CREATE TEMP TABLE openings "
            "(width INTEGER, opening VARCHAR, chosen BIGINT, rejected BIGINT)"
        )

    def add(self, chosen: pa.StringArray, rejected: pa.StringArray) -> None:
        """Counts the openings of some rows' replies; blank replies have none."""
        self.rows += len(chosen)
        for width in WIDTHS:
            for counted, texts in ((COUNT_CHOSEN, chosen), (COUNT_REJECTED, rejected)):
                found = pc.value_counts(open_texts(texts, width).drop_null())
                held = pa.table(  # noqa: F841
                    {"words": found.field("values"), "rows": found.field("counts")}
                )
                self.keys.execute(counted, [width])

    def to_dict(self) -> dict[str, Any]:
        """What there is to tell of them, as JSON holds it."""
        return {
            "what": f"the first words, at most {LONGEST} characters, in lower case",
            "least": LEAST,
            "prior": f"{PRIOR} on each count (Jeffreys)",
            "by_words": {str(width): self._tell(width) for width in WIDTHS},
        }

    def _tell(self, width: int) -> dict[str, Any]:
        found = self.keys.sql(GATHERED.format(width=width, least=LEAST)).fetchall()
        often = [weigh(words, left, right, self.rows) for words, left, right in found]
        commonest = sorted(often, key=lambda o: -(o.chosen + o.rejected))[:SHOWN]
        lopsided = sorted(often, key=lambda o: -abs(o.z))[:SHOWN]
        return {
            "kinds": len(often),
            "commonest": [opening._asdict() for opening in commonest],
            "lopsided": [opening._asdict() for opening in lopsided],
        }


def open_texts(texts: pa.StringArray, width: int) -> pa.StringArray:
    """The opening of each text, its white space made single; null for a blank one."""
    begun = pc.utf8_lower(pc.utf8_slice_codeunits(texts, 0, LONGEST))
    words = rf"^\s*(?P<words>\S+(?:\s+\S+){{0,{width - 1}}})"
    opening = pc.struct_field(pc.extract_regex(begun, words), "words")
    return pc.replace_substring_regex(opening, r"\s+", " ")


def weigh(opening: str, chosen: int, rejected: int, rows: int) -> Opening:
    """An opening with its log-odds ratio (Gart and Zweifel, 1967) over so many rows."""
    cells = [PRIOR + n for n in (chosen, rows - chosen, rejected, rows - rejected)]
    log_odds = log(cells[0] / cells[1]) - log(cells[2] / cells[3])
    return Opening(
        opening, chosen, rejected, log_odds, log_odds / sqrt(sum(1 / cell for cell in cells))
    )
