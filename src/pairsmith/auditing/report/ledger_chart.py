"""The ledger as a picture: of each split, the rows read, and what became of them, as bars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pairsmith.dataset.manifest import LedgerEntry
from pairsmith.schema.reasons import EXPLANATIONS, Reason

WIDTH = 1_000.0
"""The length of a bar in units of the picture."""
THIN = 4.0
"""No part of a bar is thinner, or it would not be seen."""


class Part(NamedTuple):
    """A part of a bar.

    Attributes:
        name: `kept`, `quarantined` or a reason.
        rows: How many.
        start, width: In units of the picture.
    """

    name: str
    rows: int
    start: float
    width: float


class Bars(NamedTuple):
    """The bars of one split.

    Attributes:
        entry: The split's entry in the ledger.
        whole: Kept and quarantined.
        refused: The reasons, enlarged to the whole length; none where nothing was refused.
    """

    entry: LedgerEntry
    whole: list[Part]
    refused: list[Part]

    @property
    def alternative(self) -> str:
        """What the picture shows, in words."""
        reasons = ", ".join(f"{part.name} {part.rows:,}" for part in self.refused)
        why = f", quarantined {self.entry.read - self.entry.kept:,}: {reasons}" if reasons else ""
        return f"Read {self.entry.read:,}, kept {self.entry.kept:,}{why}."


def bars(ledger: Iterable[LedgerEntry]) -> list[Bars]:
    """The bars of all splits."""
    return [_bars(entry) for entry in ledger]


def reasons(ledger: Iterable[LedgerEntry]) -> dict[str, str]:
    """The reasons that occur, in their order, each with what it means."""
    found = {reason for entry in ledger for reason in entry.quarantined}
    return {reason.value: EXPLANATIONS[reason] for reason in Reason if reason.value in found}


def _bars(entry: LedgerEntry) -> Bars:
    whole = {"kept": entry.kept, "quarantined": entry.read - entry.kept}
    return Bars(entry, _parts(whole), _parts(entry.quarantined))


def _parts(counts: dict[str, int]) -> list[Part]:
    """The parts of one bar, in proportion, but none thinner than `THIN`."""
    some = {name: rows for name, rows in counts.items() if rows}
    total = sum(some.values())
    thin = {name for name, rows in some.items() if rows * WIDTH < THIN * total}
    left = WIDTH - THIN * len(thin)
    thick = sum(rows for name, rows in some.items() if name not in thin)
    parts, start = [], 0.0
    for name, rows in some.items():
        width = THIN if name in thin else left * rows / thick
        parts.append(Part(name, rows, round(start, 2), round(width, 2)))
        start += width
    return parts
