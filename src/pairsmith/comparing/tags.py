"""The round of each row of a build: as its column says, or as the manifest of its source does.

Samples say in their manifest of which round they are, and rows of a collection say it line by line.
So rows of a build without the column `round`, and dialogues, which have none, have a round too,
where their source lies around and is laid out as samples are: `<subset>/<split>.jsonl`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from pairsmith.dataset.manifest import FileEntry, LedgerEntry, Manifest, read_manifest
from pairsmith.dataset.quarantine import Refused
from pairsmith.dataset.questions import first_questions
from pairsmith.dataset.rows import kept_batches, refused_rows
from pairsmith.errors import OutputError
from pairsmith.schema.rows import Kind
from pairsmith.sources.layouts import kind_of
from pairsmith.tracing.find import place_of
from pairsmith.tracing.made import File, Made
from pairsmith.tracing.places import Places

COLUMN = "round"
BATCH = 10_000
MOST_ROUNDS = 200
"""More tags than this are no rounds."""

MOST_LINE = 64 << 20
"""Bytes of one line of a source."""


class Row(NamedTuple):
    """A kept pair.

    Attributes:
        id: Its id.
        subset, split: Where it stands.
        round: Its tag; empty for none.
        key: That of its first question; None where that is not known.
    """

    id: str
    subset: str
    split: str
    round: str
    key: bytes | None


class _Source(NamedTuple):
    """What is known of a file of a build's source.

    Attributes:
        round: That of the samples or the collection that wrote it; empty for none.
        path: Where it lies; None where it was not found.
    """

    round: str
    path: Path | None


class Tags:
    """The rounds of a build's rows.

    Args:
        out: The folder of the build.
        made: The same, as its manifest tells it.
        places: Where its sources are looked for.

    Raises:
        OutputError: There is no finished build.
    """

    def __init__(self, out: Path, made: Made, places: Places) -> None:
        self.out, self.made, self.places = out, made, places
        self.built: Manifest = read_manifest(out)
        self._lines: dict[str, list[str]] = {}
        self.has_column = COLUMN in self.built.recipe.pair_columns.carried.names

    def pairs(self) -> Iterator[Row]:
        """The kept pairs, in order.

        Raises:
            OutputError: A shard cannot be read, or there are more tags than rounds.
        """
        entries = [e for e in self.built.ledger if kind_of(e.subset) == Kind.PAIRS]
        if not entries:
            return
        tags = (tag for entry in entries for tag in self._tags_of(entry))
        known = set[str]()
        for asked in first_questions(self.out):
            for id, key in zip(asked.ids, asked.keys, strict=True):
                tag = next(tags)
                known.add(tag)
                yield Row(id, asked.subset, asked.split, tag, key)
        if len(known) > MOST_ROUNDS:
            raise OutputError(
                f"{self.out} has {len(known):,} different rounds, more than {MOST_ROUNDS}.",
                f"The column {COLUMN} is to hold one short tag a round.",
            )

    def _tags_of(self, entry: LedgerEntry) -> Iterator[str]:
        for batch in kept_batches(self.out, self.built, entry, BATCH):
            told = batch[COLUMN].to_pylist() if self.has_column else [None] * len(batch)
            for id, tag in zip(batch["id"].to_pylist(), told, strict=True):
                yield self.of_file(id) if tag is None else str(tag)

    def refused(self) -> Iterator[tuple[str, Refused]]:
        """The quarantined rows, each with its round: as the raw row says, or its source."""
        for row in refused_rows(self.out, self.built):
            tag = _in_raw(row)
            told = self._sources.get(row.path)
            yield (tag if tag is not None else told.round if told else ""), row

    def of_file(self, id: str) -> str:
        """The round of a row by its source, found by its id; empty where it is not known."""
        subset, split, number = id.split("/")[:3]
        file, line = number.split("-") if "-" in number else ("", number)
        inputs = self._by_place.get((subset, split), [])
        nth = int(file or 0)
        if nth >= len(inputs) or (not file and len(inputs) > 1):
            return ""
        told = self._sources[inputs[nth]]
        lines = self._lines_of(inputs[nth]) if told.path is not None and not told.round else []
        return lines[int(line) - 1] if int(line) <= len(lines) else told.round

    @cached_property
    def _sources(self) -> dict[str, _Source]:
        """What is known of the build's inputs, by path."""
        return {entry.path: self._find(entry) for entry in self.built.inputs}

    def _find(self, entry: FileEntry) -> _Source:
        file = File(entry.path, entry.bytes, entry.sha256, entry.rows)
        for _ in self.places.widen(self.made):
            if place := place_of(file, self.made, self.places, check=True):
                return _Source(place.made.round if place.made else "", place.path)
        return _Source("", None)

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], list[str]]:
        """The inputs of each split by path, in the order of their numbers in ids."""
        found = {}
        for entry in self.built.ledger:
            files = _files_of(entry, self.built.inputs)
            if sum(file.rows for file in files) == entry.source_rows:
                found[entry.subset, entry.split] = [file.path for file in files]
        return found

    def _lines_of(self, path: str) -> list[str]:
        """The rounds that the lines of an input tell; none where it is no JSON lines."""
        if path not in self._lines:
            place = self._sources[path].path
            self._lines[path] = [] if place is None else [*_read_lines(place)]
        return self._lines[path]


def _read_lines(path: Path) -> Iterator[str]:
    """The round of each line of a file; lines that tell none have an empty one."""
    if path.suffix != ".jsonl":
        return
    with path.open("rb") as lines:
        while line := lines.readline(MOST_LINE):
            yield (_told_in(line) or "") if b'"round"' in line else ""


def _files_of(entry: LedgerEntry, inputs: Sequence[FileEntry]) -> list[FileEntry]:
    """The inputs that are laid out as those of a split, in the order of their paths."""
    mine = []
    for file in inputs:
        path = PurePosixPath(file.path)
        if path.parent.name == entry.subset and path.name.split(".")[0] == entry.split:
            mine.append(file)
    return sorted(mine, key=lambda file: file.path)


def _in_raw(row: Refused) -> str | None:
    """The round that a refused row tells; None where it tells none."""
    return _told_in(row.data)


def _told_in(line: bytes) -> str | None:
    """The round that a row tells as JSON; None where it tells none."""
    try:
        held: Any = json.loads(line)
        tag = held.get(COLUMN)
    except (ValueError, AttributeError, RecursionError):
        return None
    return str(tag) if isinstance(tag, str | int) and not isinstance(tag, bool) else None


def order_of(tag: str) -> tuple[Any, ...]:
    """What sorts rounds: none first, then by the numbers in them.

    >>> sorted(["10", "", "2", "b", "round-3", "round-20"], key=order_of)
    ['', '2', '10', 'b', 'round-3', 'round-20']
    """
    parts = re.split(r"(\d+)", tag)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
