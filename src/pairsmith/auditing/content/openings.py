"""Openings: the first words of replies, and which of them are typical of one side.

An opening is typical of a side if its log-odds ratio of chosen over rejected, divided by the
standard error, is far from 0.
"""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WIDTHS = (3, 5)
"""The lengths of an opening, in words; a shorter reply is its own opening."""
MAX_OPENING_CHARS = 60
"""An opening is taken from at most this many characters of the reply, in lower case."""
LEAST = 20
"""Replies that must share an opening before it counts as boilerplate and may be quoted."""
MAX_SHOWN = 30
"""Openings in each list of `Openings.to_dict`, at most."""
PRIOR = 0.5
"""Added to each of the four counts of a log-odds ratio (Haldane-Anscombe; Jeffreys' prior)."""

FREQUENT = """
    SELECT opening, CAST(sum(chosen) AS BIGINT), CAST(sum(rejected) AS BIGINT) FROM openings
    WHERE width = {width} GROUP BY opening
    HAVING sum(chosen) + sum(rejected) >= {least} ORDER BY opening
"""

COUNT_CHOSEN = "INSERT INTO openings SELECT ?, words, rows, 0 FROM counted"
COUNT_REJECTED = "INSERT INTO openings SELECT ?, words, 0, rows FROM counted"


class Opening(NamedTuple):
    """An opening that occurs often.

    Attributes:
        opening: The words, in lower case, separated by single spaces.
        chosen, rejected: The number of replies of each side that begin with it.
        log_odds: The log-odds ratio of chosen over rejected, in nats; above 0 it is more frequent
            among chosen replies.
        z: `log_odds` divided by its standard error.
    """

    opening: str
    chosen: int
    rejected: int
    log_odds: float
    z: float


class Openings:
    """Counts the openings of replies in a temporary DuckDB table, which spills to disk.

    Args:
        connection: A DuckDB connection on which no table `openings` exists.
    """

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self.connection, self.rows = connection, 0
        connection.execute(
            "CREATE TEMP TABLE openings "
            "(width INTEGER, opening VARCHAR, chosen BIGINT, rejected BIGINT)"
        )

    def add(self, chosen: pa.StringArray, rejected: pa.StringArray) -> None:
        """Counts the openings of n rows' replies; blank replies have none.

        Args:
            chosen: The n chosen replies, none null.
            rejected: The n rejected replies, none null.
        """
        self.rows += len(chosen)
        for width in WIDTHS:
            for statement, texts in ((COUNT_CHOSEN, chosen), (COUNT_REJECTED, rejected)):
                frequencies = pc.value_counts(open_texts(texts, width).drop_null())
                counted = pa.table(  # noqa: F841 - the statement reads it by its name
                    {"words": frequencies.field("values"), "rows": frequencies.field("counts")}
                )
                self.connection.execute(statement, [width])

    def to_dict(self) -> dict[str, Any]:
        """The commonest and the most lopsided openings by width, as values that JSON can hold."""
        return {
            "what": f"the first words, at most {MAX_OPENING_CHARS} characters, in lower case",
            "least": LEAST,
            "prior": f"{PRIOR} on each count (Jeffreys)",
            "by_words": {str(width): self._rank(width) for width in WIDTHS},
        }

    def _rank(self, width: int) -> dict[str, Any]:
        counts = self.connection.sql(FREQUENT.format(width=width, least=LEAST)).fetchall()
        frequent = [weigh(words, left, right, self.rows) for words, left, right in counts]
        commonest = sorted(frequent, key=lambda o: -(o.chosen + o.rejected))[:MAX_SHOWN]
        lopsided = sorted(frequent, key=lambda o: -abs(o.z))[:MAX_SHOWN]
        return {
            "kinds": len(frequent),
            "commonest": [opening._asdict() for opening in commonest],
            "lopsided": [opening._asdict() for opening in lopsided],
        }


def open_texts(texts: pa.StringArray, width: int) -> pa.StringArray:
    """The opening of each of n texts, white space collapsed; null for a blank text.

    Args:
        texts: n texts, none null.
        width: The most words that an opening has.
    """
    heads = pc.utf8_lower(pc.utf8_slice_codeunits(texts, 0, MAX_OPENING_CHARS))
    words = rf"^\s*(?P<words>\S+(?:\s+\S+){{0,{width - 1}}})"
    opening = pc.struct_field(pc.extract_regex(heads, words), "words")
    return pc.replace_substring_regex(opening, r"\s+", " ")


def weigh(opening: str, chosen: int, rejected: int, rows: int) -> Opening:
    """The log-odds ratio of an opening (Gart and Zweifel, Biometrika 54, 1967), and its z-score.

    `PRIOR` is added to each cell of the table of side by opening; the standard error is the root of
    the sum of the reciprocal cells.

    >>> round(weigh("i cannot", 10, 30, rows=100).log_odds, 3)  # log(10.5/90.5) - log(30.5/70.5)
    -1.316

    Args:
        opening: The words.
        chosen: The chosen replies that begin with it.
        rejected: The rejected replies that begin with it.
        rows: The number of rows, each with one reply of either side; not less than either count.
    """
    cells = [PRIOR + n for n in (chosen, rows - chosen, rejected, rows - rejected)]
    log_odds = log(cells[0] / cells[1]) - log(cells[2] / cells[3])
    return Opening(
        opening, chosen, rejected, log_odds, log_odds / sqrt(sum(1 / cell for cell in cells))
    )
