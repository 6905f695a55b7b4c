"""Rows in memory as sources: tables, data sets, frames, dictionaries; written to files first.

Whatever brings Arrow is written as Arrow, dictionaries as JSON lines. Libraries are told by what
their objects have, so that none is imported that the user has not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from pairsmith.errors import SourceError
from pairsmith.io.paths import locate
from pairsmith.schema.splits import TRAIN
from pairsmith.sources.layouts import Spooled
from pairsmith.sources.layouts.split_names import SPLIT_OF, written

FOLDER = "memory"
"""What the manifest's paths of such rows begin with."""

NAMES = (str, bytes, os.PathLike)


def is_memory(source: Any) -> bool:
    """Whether a source is rows, not names of files: a list of names is no rows."""
    if isinstance(source, NAMES):
        return False
    if isinstance(source, list | tuple):
        return bool(source) and not any(isinstance(one, NAMES) for one in source)
    return isinstance(source, Mapping) or _is_tabular(source) or isinstance(source, Iterable)


def write_memory(source: Any, folder: Path) -> list[Spooled]:
    """Writes rows to files.

    Args:
        source: A `datasets.Dataset`, `DatasetDict` or `IterableDataset`, a table or reader of
            pyarrow, a frame of pandas or polars, an iterable of dictionaries; or a mapping from
            a split to any of these.
        folder: Where to write.

    Raises:
        SourceError: It is no rows, or they cannot be written.
    """
    splits = _splits_of(source)
    spooled: list[Spooled] = []
    for name, rows in splits.items():
        if not isinstance(name, str):
            raise SourceError(f"{name!r} cannot name a split.", "Give {'train': rows, …}.")
        split = SPLIT_OF.get(name.lower()) or written(name, "The mapping")
        if split in [one.split for one in spooled]:
            raise SourceError(f"Two of {', '.join(map(str, splits))} are the split {split}.")
        ending = _write(rows, folder / split)
        path = locate(str(folder / f"{split}.{ending}"))
        spooled.append(Spooled(f"{FOLDER}/{split}.{ending}", path, split))
    if not spooled:
        raise SourceError("The mapping has no splits.", "Give {'train': rows, …}.")
    return spooled


def _splits_of(source: Any) -> Mapping[Any, Any]:
    if isinstance(source, Mapping):
        return source
    told = getattr(source, "split", None) if hasattr(source, "with_format") else None
    split = str(told or TRAIN)  # as a Dataset has it
    return {split.partition("[")[0].partition("+")[0] or TRAIN: source}


def _is_tabular(rows: Any) -> bool:
    return any(hasattr(rows, name) for name in ("__arrow_c_stream__", "__dataframe__"))


def _write(rows: Any, path: Path) -> str:
    """Writes rows to a file; returns its ending."""
    if isinstance(rows, (*NAMES, Mapping)):
        raise SourceError(
            f"A {type(rows).__name__} is no rows.", "A mapping goes from a split to its rows."
        )
    batches = _batches(rows)
    try:
        if batches is None:
            _write_lines(rows, path.with_suffix(".jsonl"))
            return "jsonl"
        _write_batches(batches, path.with_suffix(".arrow"))
    except pa.ArrowException as error:
        said = str(error).partition("\n")[0].rstrip(".")
        raise SourceError(f"The rows cannot be written as Arrow: {said}.") from None
    except OSError as error:
        raise SourceError(
            f"The rows cannot be kept in {path.parent.parent}: {error.strerror or error}.",
            "Make room, or name another folder in TMPDIR.",
        ) from None
    return "arrow"


def _batches(rows: Any) -> pa.RecordBatchReader | None:
    """The rows as batches; None where they are dictionaries."""
    try:
        if isinstance(rows, pa.RecordBatch):
            return pa.Table.from_batches([rows]).to_reader()
        if isinstance(rows, pa.Table):
            return rows.to_reader()
        if isinstance(rows, pa.RecordBatchReader):
            return rows
        if hasattr(rows, "with_format") and hasattr(rows, "column_names"):
            return _of_dataset(rows)
        if hasattr(rows, "iloc"):  # pandas, whose index is no column
            return pa.Table.from_pandas(rows, preserve_index=False).to_reader()
        if hasattr(rows, "collect_schema") and hasattr(rows, "collect"):  # polars, lazy
            rows = rows.collect() if not hasattr(rows, "__arrow_c_stream__") else rows
        if hasattr(rows, "__arrow_c_stream__"):
            return pa.RecordBatchReader.from_stream(rows)
    except (pa.ArrowException, TypeError, ValueError, AttributeError) as error:
        said = str(error).partition("\n")[0].rstrip(".")
        raise SourceError(
            f"A {type(rows).__name__} cannot be made a table: {said}.",
            "Give its columns one type each, or the rows as dictionaries.",
        ) from None
    return None


def _of_dataset(rows: Any) -> pa.RecordBatchReader | None:
    """A `datasets.Dataset`, its rows as it would give them; None for one that is a stream."""
    if not hasattr(rows, "__len__"):
        return None
    shown = rows.with_format("arrow")
    first = shown[:0]
    tables = (shown[at : at + 1_000] for at in range(0, len(rows), 1_000))
    batches = (batch for table in tables for batch in table.to_batches())
    return pa.RecordBatchReader.from_batches(first.schema, batches)


def _write_batches(batches: pa.RecordBatchReader, path: Path) -> None:
    schema = batches.schema.remove_metadata()
    with pa.OSFile(os.fsencode(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch.replace_schema_metadata(None))


def _write_lines(rows: Any, path: Path) -> None:
    """Writes dictionaries as JSON lines.

    Raises:
        SourceError: One is no dictionary, or holds what JSON cannot.
    """
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="\n") as file:
        for number, row in enumerate(_iterated(rows), 1):
            if not isinstance(row, Mapping):
                raise SourceError(
                    f"Row {number:,} is a {type(row).__name__}, not a dictionary.",
                    "Give dictionaries: {'prompt': …, 'chosen': …, 'rejected': …}.",
                )
            try:
                text = json.dumps(dict(row), ensure_ascii=False, default=_plain)
            except (TypeError, ValueError, RecursionError) as error:
                raise SourceError(
                    f"Row {number:,} cannot be written as JSON: {error}.",
                    "Give texts, numbers, lists and dictionaries.",
                ) from None
            file.write(text + "\n")


def _iterated(rows: Any) -> Iterator[Any]:
    try:
        return iter(rows)
    except TypeError:
        raise SourceError(f"A {type(rows).__name__} is no rows.") from None


def _plain(value: Any) -> Any:
    """A value of numpy, pandas and the like as JSON can hold it."""
    for name in ("tolist", "isoformat"):
        if hasattr(value, name):
            return getattr(value, name)()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"a {type(value).__name__} is nothing of JSON's")
