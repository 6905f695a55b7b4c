"""A build in pieces to be scored, and what was said of each, kept until all are whole.

A piece is at most `PIECE_ROWS` rows of one shard. Its rows are sorted by length and put in batches
by themselves, so its scores do not depend on what else is scored, by whom, or when: a run that was
broken off and gone on with makes the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pairsmith.dataset.manifest import Manifest
from pairsmith.dataset.rows import UNREADABLE, entries_of
from pairsmith.errors import OutputError
from pairsmith.io.durable import PARTIAL, finalize, partial_path, sha256_of
from pairsmith.schema.rows import Kind
from pairsmith.sources.layouts import kind_of

PIECE_ROWS = 4096
"""The number of rows that are sorted by length together."""

TOLD = b"pairsmith"
"""The name in a file's metadata of what is told of the piece."""

_NAME = re.compile(r"piece-(\d{6,})-([0-9a-f]{16})\.parquet")


class Piece(NamedTuple):
    """Rows that are scored together.

    Attributes:
        number: Its number, from 0, in the order of the build.
        subset, split: Of the rows.
        path: Of the shard, below the build's folder.
        first: The first row in the shard, from 0.
        rows: How many.
    """

    number: int
    subset: str
    split: str
    path: str
    first: int
    rows: int

    @property
    def kind(self) -> Kind:
        """What its rows are."""
        return kind_of(self.subset)

    @property
    def name(self) -> str:
        """What to call it in a fault."""
        return f"rows {self.first + 1} to {self.first + self.rows} of {self.path}"


@dataclass(frozen=True)
class Told:
    """What became of a piece.

    Attributes:
        said: Rows of which there is a statement.
        not_said: The others, by why.
        tokens: The tokens that were read.
        places: The same and padding.
        fast: Whether its prompts were shared, or its dialogues read once; None where nothing told.
        difference: How far that was from the plain way, on the rows that proved it.
        sums: The sum and the number of all scores.
        scorer: What gave them, as the recipe of an annotation has it.
        remark: What was changed of the model to use it; empty if nothing.
    """

    said: int
    not_said: dict[str, int]
    tokens: int
    places: int
    fast: bool | None
    difference: float | None
    sums: tuple[float, int]
    scorer: dict[str, Any]
    remark: str = ""


def cut_into_pieces(built: Manifest, subset: str | None = None) -> list[Piece]:
    """The pieces of a build.

    Args:
        built: Its manifest.
        subset: Only of this subset; None for all.

    Raises:
        OutputError: There is no such subset.
    """
    pieces = list[Piece]()
    for entry in entries_of(built, subset):
        for file in built.outputs_of(entry):
            if file.path.endswith(".parquet"):
                for first in range(0, file.rows, PIECE_ROWS):
                    rows = min(PIECE_ROWS, file.rows - first)
                    pieces.append(
                        Piece(len(pieces), entry.subset, entry.split, file.path, first, rows)
                    )
    return pieces


def write_piece(staging: Path, number: int, rows: pa.RecordBatch, told: Told) -> None:
    """Keeps what was said of a piece, whole or not at all.

    Args:
        staging: The folder that the annotation grows in.
        number: The piece's.
        rows: Statements.
        told: What became of it.
    """
    text = json.dumps(told.__dict__, sort_keys=True)
    table = pa.Table.from_batches([rows]).replace_schema_metadata({TOLD: text.encode()})
    partial = partial_path(staging / "piece")
    try:
        pq.write_table(table, partial, compression="zstd")
        name = f"piece-{number:06}-{sha256_of(partial)[:16]}.parquet"
        finalize(partial, staging / name)
    finally:
        partial.unlink(missing_ok=True)


def finished_pieces(staging: Path) -> dict[int, Path]:
    """The pieces that are whole, by number; what is damaged or was begun is removed."""
    found = dict[int, Path]()
    for path in sorted(staging.iterdir()):
        named = _NAME.fullmatch(path.name)
        if named and int(named[1]) not in found and sha256_of(path)[:16] == named[2]:
            found[int(named[1])] = path
        elif named or path.name.endswith(PARTIAL):
            path.unlink()
    return found


def read_told(path: Path) -> Told:
    """What became of a piece.

    Args:
        path: Of its file, from `finished_pieces`.
    """
    with _opened(path) as file:
        held = json.loads(file.schema_arrow.metadata[TOLD])
    return Told(**{**held, "sums": tuple(held["sums"])})


def read_statements(paths: Iterator[Path], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """What was said of pieces, in their order.

    Args:
        paths: Their files.
        schema: The columns; of those that a piece has none of, all are null.
    """
    for path in paths:
        with _opened(path) as file:
            for batch in file.iter_batches():
                names = batch.schema.names
                yield pa.RecordBatch.from_arrays(
                    [
                        batch[field.name]
                        if field.name in names
                        else pa.nulls(len(batch), field.type)
                        for field in schema
                    ],
                    schema=schema,
                )


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except UNREADABLE as error:
        raise OutputError(
            f"{path} cannot be read: {error}.", "Remove it; the same command goes on."
        ) from None
