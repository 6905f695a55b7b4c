"""Statements of an annotation as Arrow batches: made of what is given, and read from its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pairsmith.dataset.manifest import FileEntry
from pairsmith.errors import AnnotationError
from pairsmith.io.durable import digest_of, is_regular_file
from pairsmith.schema.annotations import STATEMENTS

BATCH = 10_000
"""Statements that are looked at together."""

Given: TypeAlias = pa.Table | Iterable[pa.RecordBatch] | Iterable[Mapping[str, Any]]
"""Statements as an annotator gives them: Arrow, or a dictionary each. Only `id` has to be there."""


def batches_of(given: Given) -> Iterator[pa.RecordBatch]:
    """What an annotator gives as batches, whose columns may still be anything.

    Of dictionaries, the first `BATCH` tell the columns and their types.

    Raises:
        AnnotationError: It is neither Arrow nor dictionaries, or the types of a column differ.
    """
    if isinstance(given, pa.Table):
        yield from given.to_batches(max_chunksize=BATCH) or [
            pa.RecordBatch.from_pylist([], given.schema)
        ]
        return
    items = iter(given)
    first = next(items, None)
    if first is None:
        return
    items = chain([first], items)
    if not isinstance(first, pa.RecordBatch):
        yield from _of_dictionaries(items)
        return
    for item in items:
        if not isinstance(item, pa.RecordBatch):
            raise AnnotationError(f"A batch of statements is {type(item).__name__}.", "Give Arrow.")
        yield from (item.slice(at, BATCH) for at in range(0, max(len(item), 1), BATCH))


def _of_dictionaries(items: Iterator[Any]) -> Iterator[pa.RecordBatch]:
    schema = None
    while some := [*islice(items, BATCH)]:
        if strange := [item for item in some if not isinstance(item, Mapping)]:
            raise AnnotationError(
                f"A statement is {type(strange[0]).__name__}.",
                "Give dictionaries with an id, or Arrow.",
            )
        names = schema.names if schema else dict.fromkeys(chain.from_iterable(some))
        more = {name for item in some for name in item} - set(names)
        if more:
            raise AnnotationError(f"A column {sorted(more)[0]!r} begins far behind the first row.")
        columns = [[item.get(name) for item in some] for name in names]
        try:
            if schema is None:
                schema = pa.schema([_field(*pair) for pair in zip(names, columns, strict=True)])
            yield pa.RecordBatch.from_arrays(
                [pa.array(held, f.type) for held, f in zip(columns, schema, strict=True)],
                schema=schema,
            )
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise AnnotationError(f"The statements are not a table: {error}.") from None


def _field(name: str, values: list[Any]) -> pa.Field:
    """A column of dictionaries; one of statements as those are, if its values are of that type."""
    try:
        found = pa.array(values).type
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise AnnotationError(f"The column {name!r} holds {_first_line(error)}.") from None
    usual = STATEMENTS.field(name).type if name in STATEMENTS.names else found
    return pa.field(name, usual if _is_like(found, usual) else found)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def as_statements(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch with the columns of `STATEMENTS` first, those that are missing null.

    Raises:
        AnnotationError: There is no id, a column is of another type, or a score is no number.
    """
    names = batch.schema.names
    twice = [name for name in names if names.count(name) > 1]
    if twice or "id" not in names:
        said = f"has {twice[0]!r} twice" if twice else "has no id"
        raise AnnotationError(f"The table of statements {said}.", "A column id names the rows.")
    columns = {}
    for column in STATEMENTS:
        given = batch[column.name] if column.name in names else pa.nulls(len(batch), column.type)
        columns[column.name] = _cast(given, column)
    columns |= {name: batch[name] for name in names if name not in columns}
    made = pa.RecordBatch.from_pydict(columns)
    check_values(made)
    return made


def _cast(given: pa.Array, column: pa.Field) -> pa.Array:
    if not _is_like(given.type, column.type):
        raise AnnotationError(
            f"The column {column.name} holds {given.type}, where {column.type} is wanted."
        )
    try:
        return given.cast(column.type)
    except pa.ArrowException as error:
        raise AnnotationError(f"The column {column.name}: {_first_line(error)}.") from None


def _is_like(given: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of a type can be taken for those of a column, none of them changed."""
    kinds = pa.types
    if kinds.is_dictionary(given):
        given = given.value_type
    texts = [kinds.is_string, kinds.is_large_string, kinds.is_string_view]
    fits = texts if kinds.is_string(wanted) else [kinds.is_floating, kinds.is_integer]
    return any(is_such(given) for is_such in [kinds.is_null, *fits])


def check_values(batch: pa.RecordBatch) -> None:
    """Checks that every statement is of a row, and every score a number.

    Raises:
        AnnotationError: One is not; it is named by its row.
    """
    if batch["id"].null_count:
        raise AnnotationError("A statement has no id.")
    sound = pc.fill_null(pc.is_finite(batch["score"]), True)
    if not pc.all(sound, min_count=0).as_py():
        [first] = batch.filter(pc.invert(sound)).slice(0, 1).to_pylist()
        raise AnnotationError(
            f"The score of {first['id']} is {first['score']}, which is no number.",
            "Leave it null where there is none.",
        )


def read_parts(folder: Path, files: Iterable[FileEntry], rows: int) -> Iterator[pa.RecordBatch]:
    """The statements in the parts of an annotation, in order, in batches.

    Args:
        folder: Where the parts lie.
        files: The parts, proved by `check_parts`.
        rows: At most this many statements in a batch.

    Raises:
        AnnotationError: A part is not what an annotation holds.
    """
    for entry in files:
        try:
            with pq.ParquetFile(folder / entry.path) as part:
                if part.schema_arrow.names[: len(STATEMENTS)] != STATEMENTS.names or any(
                    part.schema_arrow.field(column.name).type != column.type
                    for column in STATEMENTS
                ):
                    raise AnnotationError(
                        f"{folder / entry.path} has other columns than an annotation."
                    )
                for batch in part.iter_batches(batch_size=rows):
                    check_values(batch)
                    yield batch
        except (OSError, pa.ArrowException) as error:
            raise AnnotationError(
                f"{folder / entry.path} cannot be read: {_first_line(error)}."
            ) from None


def check_parts(folder: Path, files: Iterable[FileEntry]) -> None:
    """Checks that the parts of an annotation are there as its manifest says.

    Raises:
        AnnotationError: One is missing, a link, or another.
    """
    for entry in files:
        fault = ""
        if not is_regular_file(folder, entry.path):
            fault = "is missing"
        elif digest_of(folder / entry.path) != (entry.bytes, entry.sha256):
            fault = "is not as it was written"
        if fault:
            raise AnnotationError(
                f"{folder / entry.path} {fault}.", "Have the annotation written again."
            )
