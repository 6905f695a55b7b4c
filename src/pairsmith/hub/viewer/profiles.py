"""What the columns of a table hold: how large values are, which are frequent, where there are none.

All rows are looked at where they are few enough, and else the first of them, which is said. Each
column is asked for by itself, so that one that takes too long, or too much memory, costs no other.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from math import ceil
from time import monotonic
from typing import NamedTuple

from pairsmith.hub.viewer.columns import Column, text_of
from pairsmith.hub.viewer.connection import Table, opened_table, time_limit
from pairsmith.hub.viewer.sources import Source

MAX_ROWS = 100_000  # rows whose values are looked at
BARS = 20  # of a histogram
FAR = 4  # times the 99th percentile beyond the least: what lies above it is told beside the bars
MAX_VALUES = 20  # frequent values that are told
FEW = 1_000  # distinct values up to which the most frequent are told
MAX_VALUE_CHARS = 100
SECONDS_A_COLUMN = 2.0
SECONDS_TOGETHER = 7.0  # the 10 s of DuckDB, less what opening files takes
NUMBERS = ("INT", "DECIMAL", "DOUBLE", "FLOAT")  # what the names of number types hold
ROOM = 32  # profiles that are kept


class Bar(NamedTuple):
    """A bar of a histogram: from which value, up to which, and how many rows."""

    low: float
    high: float
    rows: int


class Histogram(NamedTuple):
    """How numbers are spread.

    Attributes:
        least: The least of all.
        median: The one in the middle.
        mean: Their mean.
        most: The highest.
        bars: Bars of equal width, from the least on, each up to where the next begins; none where
            there is one value alone.
        beyond: How many rows lie above the last bar.
        odd: How many rows have no finite number, and are in none of these.
    """

    least: float
    median: float
    mean: float
    most: float
    bars: list[Bar]
    beyond: int = 0
    odd: int = 0


class Frequent(NamedTuple):
    """A value, and how many rows have it."""

    value: str
    rows: int


class ColumnProfile(NamedTuple):
    """What a column holds, in the rows that were looked at.

    Attributes:
        name: The column's name.
        type: Its type.
        rows: How many rows were looked at.
        nulls: How many of them have no value.
        measure: What is measured: the number itself, characters, entries, bytes; '' for nothing.
        histogram: How what is measured is spread; None where there is nothing.
        distinct: How many values there are; None where they are not counted.
        frequent: The most frequent values, where they are few.
        fault: Why it is not told, in a sentence; '' where it is.
    """

    name: str
    type: str
    rows: int = 0
    nulls: int = 0
    measure: str = ""
    histogram: Histogram | None = None
    distinct: int | None = None
    frequent: Sequence[Frequent] = ()
    fault: str = ""


class Profile(NamedTuple):
    """What the columns of a table hold.

    Attributes:
        columns: Each of those that are shown.
        unshown: How many more there are.
        rows: How many rows were looked at, from the first.
        total: How many there are; None where counting them took too long.
        files: How many of the files were looked at.
    """

    columns: Sequence[ColumnProfile]
    unshown: int
    rows: int
    total: int | None
    files: int

    @property
    def whole(self) -> bool:
        """Whether all rows were looked at."""
        return self.rows == self.total


def make_profile(sources: Sequence[Source]) -> Profile:
    """Looks at what the columns of files hold.

    Args:
        sources: The files, in order; at least one.

    Raises:
        UnreadableError: Where the files cannot be read, or take too much memory.
        HubError: 503 where it takes too long.
    """
    end = monotonic() + SECONDS_TOGETHER
    with opened_table(sources) as table:
        rows = MAX_ROWS if table.total is None else min(MAX_ROWS, table.total)
        found = [
            _profile(table, at, min(SECONDS_A_COLUMN, end - monotonic()))
            for at in range(len(table.columns))
        ]
        return Profile(found, table.unshown, rows, table.total, len(table.paths))


def _profile(table: Table, at: int, seconds: float) -> ColumnProfile:
    import duckdb

    column = table.columns[at]
    empty = ColumnProfile(column.name, column.type)
    if seconds <= 0:
        return empty._replace(fault="There was no time left for it.")
    try:
        with time_limit(table.db, seconds):
            return _looked_at(table, at, empty)
    except duckdb.InterruptException:
        return empty._replace(fault="It takes too long.")
    except (duckdb.OutOfMemoryException, MemoryError):
        return empty._replace(fault="Its values are too large.")


def _looked_at(table: Table, at: int, empty: ColumnProfile) -> ColumnProfile:
    column = table.columns[at]
    measure, measured = _measured(column)
    values = f"(SELECT c{at} AS v FROM {table.relation} LIMIT {MAX_ROWS})"
    paths = {"paths": table.paths}
    (rows, there) = table.db.execute(f"SELECT count(*), count(v) FROM {values}", paths).fetchone()
    made = empty._replace(rows=rows, nulls=rows - there, measure=measure if measured else "")
    if measured:
        numbers = f"(SELECT CAST({measured} AS DOUBLE) AS x FROM {values} WHERE v IS NOT NULL)"
        counts = measure != "value" or "INT" in column.type
        made = made._replace(histogram=_histogram(table, numbers, counts))
    if column.kind in ("text", "plain"):
        distinct, frequent = _frequent(table, column, values)
        made = made._replace(distinct=distinct, frequent=frequent)
    return made


def _measured(column: Column) -> tuple[str, str]:
    """What is measured of the values `v` of a column, in a word, and as SQL; '' for nothing."""
    if column.kind == "text":
        return "characters", f"length({text_of('v', column)})"
    if column.kind == "messages":
        return "messages", "len(v)"
    if column.kind == "binary":
        return "bytes", f"octet_length({'v.bytes' if column.wrapped else 'v'})"
    if column.kind == "nested" and column.type.endswith("]"):
        return "entries", "len(v)"
    number = column.kind == "plain" and any(word in column.type for word in NUMBERS)
    return ("value", "v") if number and "INTERVAL" not in column.type else ("", "")


def _histogram(table: Table, numbers: str, counts: bool) -> Histogram | None:
    """How numbers `x` are spread; None where there is no finite one.

    Args:
        table: The table.
        numbers: The numbers, as SQL.
        counts: Whether they are whole: then so are the ends of the bars.
    """
    paths: dict[str, object] = {"paths": table.paths}
    rows, odd, least, median, mean, most, far = table.db.execute(
        "SELECT count(*), count(*) FILTER (NOT isfinite(x)), min(x) FILTER (isfinite(x)),"
        " median(x) FILTER (isfinite(x)), avg(x) FILTER (isfinite(x)),"
        " max(x) FILTER (isfinite(x)), quantile_disc(x, 0.99) FILTER (isfinite(x))"
        f" FROM {numbers}",
        paths,
    ).fetchone()
    if rows == odd:
        return None
    top = far if most - least > FAR * (far - least) > 0 else most
    if not 0 < (span := top - least) < float("inf"):  # one value alone, or beyond all numbers
        return Histogram(least, median, mean, most, [], 0, odd)
    width = ceil((span + 1) / BARS) if counts else span / BARS
    count = ceil((span + 1) / width) if counts else BARS
    counted = table.db.execute(
        f"SELECT least(CAST(floor((x - $least) / $width) AS INTEGER), {count - 1}) AS bar, count(*)"
        f" FROM {numbers} WHERE isfinite(x) AND x <= $top GROUP BY bar",
        {**paths, "least": least, "width": width, "top": top},
    ).fetchall()
    by_bar = dict(counted)
    bars = [
        Bar(least + bar * width, least + (bar + 1) * width, by_bar.get(bar, 0))
        for bar in range(count)
    ]
    return Histogram(least, median, mean, most, bars, rows - odd - sum(by_bar.values()), odd)


def _frequent(table: Table, column: Column, values: str) -> tuple[int, list[Frequent]]:
    """How many values there are, told by their hashes, and the most frequent where they are few."""
    paths = {"paths": table.paths}
    (distinct,) = table.db.execute(
        f"SELECT count(DISTINCT hash(v)) FROM {values} WHERE v IS NOT NULL", paths
    ).fetchone()
    if distinct > FEW:
        return distinct, []
    found = table.db.execute(
        f"SELECT any_value(left({text_of('v', column)}, {MAX_VALUE_CHARS})) AS shown, count(*) AS n"
        f" FROM {values} WHERE v IS NOT NULL GROUP BY hash(v)"
        f" ORDER BY n DESC, shown LIMIT {MAX_VALUES}",
        paths,
    ).fetchall()
    return distinct, [Frequent(*row) for row in found if found[0][1] > 1]


class Profiles:
    """The profiles that were made last. Safe to use from many threads."""

    def __init__(self, room: int = ROOM) -> None:
        """Room for profiles.

        Args:
            room: How many.
        """
        self._room = room
        self._kept: OrderedDict[tuple[str, ...], Profile] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, blobs: tuple[str, ...]) -> Profile | None:
        """The profile of these contents, in this order."""
        with self._lock:
            if blobs in self._kept:
                self._kept.move_to_end(blobs)
            return self._kept.get(blobs)

    def put(self, blobs: tuple[str, ...], profile: Profile) -> None:
        """Keeps a profile, and forgets the one that nobody asked for in the longest time."""
        with self._lock:
            self._kept[blobs] = profile
            while len(self._kept) > self._room:
                self._kept.popitem(last=False)
