"""The ledger as bar charts: the rows read of each split, divided by their outcome."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pairsmith.dataset.manifest import LedgerEntry
from pairsmith.schema.reasons import EXPLANATIONS, Reason

WIDTH = 1_000.0
"""The length of a bar, in units of the SVG."""
MIN_WIDTH = 4.0
"""The least width of a segment, in the same units, so that it remains visible."""


class BarSegment(NamedTuple):
    """A segment of a bar.

    Attributes:
        name: `kept`, `quarantined` or a reason.
        rows: The number of rows, at least 1.
        start, width: Its position and width, in units of the SVG.
    """

    name: str
    rows: int
    start: float
    width: float


class Bars(NamedTuple):
    """The two bars of one split.

    Attributes:
        entry: The split's entry in the ledger.
        whole: The upper bar: kept and quarantined rows; empty if no rows were read.
        refused: The lower bar: quarantined rows by reason, enlarged to the whole length; empty if
            there are none.
    """

    entry: LedgerEntry
    whole: list[BarSegment]
    refused: list[BarSegment]

    @property
    def alternative(self) -> str:
        """The alternative text of the picture."""
        reasons = ", ".join(f"{part.name} {part.rows:,}" for part in self.refused)
        why = f", quarantined {self.entry.read - self.entry.kept:,}: {reasons}" if reasons else ""
        return f"Read {self.entry.read:,}, kept {self.entry.kept:,}{why}."


def bars(ledger: Iterable[LedgerEntry]) -> list[Bars]:
    """Computes the bars of each entry of a ledger."""
    return [_bars(entry) for entry in ledger]


def reasons(ledger: Iterable[LedgerEntry]) -> dict[str, str]:
    """The reasons that occur in a ledger, in the order of `Reason`, with their explanations."""
    occurring = {reason for entry in ledger for reason in entry.quarantined}
    return {reason.value: EXPLANATIONS[reason] for reason in Reason if reason.value in occurring}


def _bars(entry: LedgerEntry) -> Bars:
    whole = {"kept": entry.kept, "quarantined": entry.read - entry.kept}
    return Bars(entry, _segments(whole), _segments(entry.quarantined))


def _segments(counts: dict[str, int]) -> list[BarSegment]:
    """Divides a bar in proportion to counts, 0 left out, but none thinner than `MIN_WIDTH`."""
    some = {name: rows for name, rows in counts.items() if rows}
    total = sum(some.values())
    thin = {name for name, rows in some.items() if rows * WIDTH < MIN_WIDTH * total}
    left = WIDTH - MIN_WIDTH * len(thin)
    thick = sum(rows for name, rows in some.items() if name not in thin)
    segments, start = [], 0.0
    for name, rows in some.items():
        width = MIN_WIDTH if name in thin else left * rows / thick
        segments.append(BarSegment(name, rows, round(start, 2), round(width, 2)))
        start += width
    return segments
