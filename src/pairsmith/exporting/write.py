"""The pairs of a build to the lines of a trainer's files, batch by batch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.dataset.rows import kept_batches
from pairsmith.exporting.format import ExportedFile, Format, LeftOut
from pairsmith.exporting.pair import Pair, Refuses, Unfit
from pairsmith.io.remote import StoragePath

BATCH_ROWS = 1_000
"""Pairs held at once; TRL unpairs as many at once, see `trl`."""
FIRST = 3
"""At most this many ids of pairs left out are named, for each reason."""


class LeftOutCounts(NamedTuple):
    """The pairs left out so far: how many by reason, and the first ids of each."""

    counts: Counter[Unfit]
    ids: dict[Unfit, list[str]]

    def add(self, reason: Unfit, id: str) -> None:
        """Counts a pair."""
        self.counts[reason] += 1
        if self.counts[reason] <= FIRST:
            self.ids.setdefault(reason, []).append(id)

    def left_out(self) -> tuple[LeftOut, ...]:
        """The sum, in the order of `Unfit`."""
        reasons = [reason for reason in Unfit if self.counts[reason]]
        return tuple(LeftOut(r, self.counts[r], tuple(self.ids[r])) for r in reasons)


def write_split(
    out: StoragePath,
    built: Manifest,
    entry: LedgerEntry,
    format: Format,
    folder: Path,
    tally: LeftOutCounts,
) -> ExportedFile | None:
    """Writes the pairs of one split.

    Args:
        out: The folder of the build.
        built: Its manifest.
        entry: The split, by its entry in the ledger.
        format: What the trainer wants.
        folder: Where the export grows.
        tally: Counts what is left out.

    Returns:
        The file, or None if it would have no rows: such a file cannot be loaded.

    Raises:
        OutputError: The build cannot be read.
    """
    path = folder / entry.subset / f"{entry.split}.jsonl"
    path.parent.mkdir(exist_ok=True)
    pairs = rows = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for batch in kept_batches(out, built, entry, BATCH_ROWS):
            held = batch.select(Pair._fields).to_pylist()
            fit = _fit([Pair(**row) for row in held], format.refuses, tally)
            pairs += len(fit)
            rows += _write(file, format, fit)
    if not rows:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
        return None
    return ExportedFile(entry.subset, entry.split, f"{entry.subset}/{path.name}", pairs, rows)


def _fit(pairs: Sequence[Pair], refuses: Refuses, tally: LeftOutCounts) -> list[Pair]:
    """The pairs that the format has a place for."""
    fit = []
    for pair in pairs:
        reason = next((reason for reason, holds in refuses.items() if holds(pair)), None)
        if reason is None:
            fit.append(pair)
        else:
            tally.add(reason, pair.id)
    return fit


def _write(file: TextIO, format: Format, pairs: Sequence[Pair]) -> int:
    rows = format.rows(pairs)
    file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return len(rows)
