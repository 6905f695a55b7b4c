"""The pairs of a build to the lines of a trainer's files, batch by batch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.dataset.rows import kept_batches
from pairsmith.errors import OutputError
from pairsmith.exporting.features import RowKinds
from pairsmith.exporting.format import ExportedFile, Format, LeftOut
from pairsmith.exporting.margins import Margins
from pairsmith.exporting.pair import OWN, RICH, Layout, Pair, Row, Unfit, read_pair
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


class Written(NamedTuple):
    """What is kept of an export while it is written.

    Attributes:
        layout: What its pairs may hold.
        carried: The columns that were carried from the source, with their types.
        tally: The pairs left out.
        kinds: What the rows written hold.
        margins: Those that stand in place of the build's; None for none.
    """

    layout: Layout
    carried: pa.Schema
    tally: LeftOutCounts
    kinds: RowKinds
    margins: Margins | None = None


def survey(
    out: StoragePath,
    built: Manifest,
    entries: Sequence[LedgerEntry],
    margins: Margins | None = None,
) -> Written:
    """Looks at what the pairs of a build may hold, before any is written.

    Raises:
        OutputError: The build cannot be read.
    """
    names: list[str] = []
    carried: dict[str, pa.DataType] = {}
    several = False
    for entry in entries:
        for batch in kept_batches(out, built, entry, 65_536):
            names = batch.schema.names
            carried |= {field.name: field.type for field in batch.schema if field.name not in OWN}
            several = several or any(_are_several(batch[name]) for name in ("chosen", "rejected"))
    layout = Layout("tools" in names, "margin" in names or margins is not None, several)
    return Written(layout, pa.schema(carried), LeftOutCounts(Counter(), {}), RowKinds(), margins)


def _are_several(replies: pa.Array) -> bool:
    if not pa.types.is_list(replies.type):
        return False
    return bool(pc.any(pc.greater(pc.list_value_length(replies), 1)).as_py())


def write_split(
    out: StoragePath,
    built: Manifest,
    entry: LedgerEntry,
    format: Format,
    folder: Path,
    written: Written,
) -> ExportedFile | None:
    """Writes the pairs of one split.

    Args:
        out: The folder of the build.
        built: Its manifest.
        entry: The split, by its entry in the ledger.
        format: What the trainer wants.
        folder: Where the export grows.
        written: What the survey gave; what is left out and what rows hold is added to it.

    Returns:
        The file, or None if it would have no rows: such a file cannot be loaded.

    Raises:
        OutputError: The build cannot be read.
    """
    path = folder / entry.subset / f"{entry.split}.jsonl"
    path.parent.mkdir(exist_ok=True)
    pairs = lines = 0
    columns: dict[str, None] = {}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for batch in kept_batches(out, built, entry, BATCH_ROWS):
            rows_read = written.margins.put(batch) if written.margins else batch
            fit = _fit(_read(rows_read, written.layout, entry), format, written.tally)
            rows = with_carried(format.rows(fit), fit, format)
            written.kinds.add(rows)
            columns |= dict.fromkeys(rows[0]) if rows else {}
            pairs += len(fit)
            lines += _write(file, rows)
    if not lines:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
        return None
    place = f"{entry.subset}/{path.name}"
    return ExportedFile(entry.subset, entry.split, place, pairs, lines, tuple(columns))


def _read(batch: pa.RecordBatch, layout: Layout, entry: LedgerEntry) -> list[Pair]:
    """The pairs of a batch.

    Raises:
        OutputError: JSON in them is damaged.
    """
    try:
        return [read_pair(row, layout) for row in batch.to_pylist()]
    except (ValueError, KeyError, TypeError) as error:
        place = f"{entry.subset}/{entry.split}"
        raise OutputError(f"{place} cannot be read: {error}.", "Run pairsmith check.") from None


def _fit(pairs: Sequence[Pair], format: Format, tally: LeftOutCounts) -> list[Pair]:
    """The pairs that the format has a place for."""
    unheld = {reason: test for reason, test in RICH.items() if reason not in format.holds}
    refuses = {**unheld, **format.refuses}
    fit = []
    for pair in pairs:
        reason = next((reason for reason, holds in refuses.items() if holds(pair)), None)
        if reason is None:
            fit.append(pair)
        else:
            tally.add(reason, pair.id)
    return fit


def with_carried(rows: list[Row], pairs: Sequence[Pair], format: Format) -> list[Row]:
    """Rows with what was carried from the source, where they have an id and the name is free."""
    carried = {pair.id: pair.carried for pair in pairs if pair.carried}
    for row in rows:
        for name, value in carried.get(row.get("id", ""), {}).items():
            if name not in row and name not in format.reserved:
                row[name] = value
    return rows


def _write(file: TextIO, rows: Sequence[Row]) -> int:
    file.writelines(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
    return len(rows)
