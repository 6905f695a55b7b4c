"""Rows that are columns already when they are read: those of Parquet, of tables of any kind.

A format that makes an Arrow table of a file's content is `table_format(read)`, where `read` yields
`TableRows`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.errors import DamagedInputError
from pairsmith.io.identity import WatchedFile
from pairsmith.io.paths import FsspecPath
from pairsmith.sources import records
from pairsmith.sources.columnar.column_types import NOT_UTF8, is_list, is_text, project, text_sizes
from pairsmith.sources.columnar.field_masks import masks_of
from pairsmith.sources.columnar.parse import Parsed
from pairsmith.sources.formats.format import SAMPLE_ROWS, Format, Reading
from pairsmith.sources.json_faults import ROW_BYTES
from pairsmith.sources.records import Index


class TableRows(NamedTuple):
    """Rows that are columns, with all columns that the file has.

    Attributes:
        table: The rows; nulls where one cannot be read.
        numbers: Each row's number in the file, from 1.
        begins: The line that each row begins in, from 1; None where a file has no lines.
        faults: By a row's number, why it cannot be read, in a sentence, and its own bytes.
    """

    table: pa.Table
    numbers: Index
    begins: Index | None = None
    faults: Mapping[int, tuple[str, bytes]] = MappingProxyType({})

    @property
    def lines(self) -> Index:
        """The line that a row begins in; where a file has none, its number."""
        return self.numbers if self.begins is None else self.begins

    def raw(self, row: int) -> bytes:
        """One row as a line of JSON, bytes that are not text in base64; a bad one as it is."""
        if (fault := self.faults.get(int(self.numbers[row]))) is not None:
            return fault[1]
        held = {
            n: _value(self.table[place][row]) for place, n in enumerate(self.table.column_names)
        }
        text = json.dumps(held, ensure_ascii=False, default=str)
        return text.encode("utf-8", "surrogateescape")

    def load(self, row: int) -> dict[str, Any] | str:
        """One row as of JSON, less what is null, or a sentence on why it cannot be read."""
        if (fault := self.faults.get(int(self.numbers[row]))) is not None:
            return fault[0]
        names = self.table.column_names
        if len(set(names)) < len(names):
            return "two columns have the same name"
        [alone] = self.table.slice(row, 1).combine_chunks().to_batches()
        if int(text_sizes(alone.columns, 1)[0]) > ROW_BYTES:
            return f"the row has texts of more than {ROW_BYTES:,} bytes"
        try:
            [held] = alone.to_pylist()
        except UnicodeDecodeError:
            return NOT_UTF8
        return {name: _plain(value) for name, value in held.items() if value is not None}

    def part(self, start: int, size: int) -> TableRows:
        """The `size` rows from `start` on."""
        here = slice(start, start + size)
        begins = None if self.begins is None else self.begins[here]
        return TableRows(self.table.slice(start, size), self.numbers[here], begins, self.faults)

    def take(self, which: Index) -> TableRows:
        """Some rows, by their places in ascending order."""
        begins = None if self.begins is None else self.begins[which]
        chosen = self.table.take(pa.array(which))
        return TableRows(chosen, self.numbers[which], begins, self.faults)


def table_format(read: Callable[[Reading], Iterator[TableRows]]) -> Format:
    """A format whose rows are columns.

    Args:
        read: As `Format.read`. Columns may have any type that can be read as a field's; in a row
            that lacks a value it is null.
    """

    def sample(place: FsspecPath, name: str, _known: Collection[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        with suppress(DamagedInputError), WatchedFile(place, name) as metered:
            for block in read(Reading(metered, name, pa.schema([]), ())):
                rows += block.table.slice(0, SAMPLE_ROWS).to_pylist()
                if len(rows) >= SAMPLE_ROWS:
                    break
        return rows

    return Format(read, project_rows, sample)


def project_rows(
    rows: TableRows, fields: pa.Schema, required: tuple[str, ...], name: str
) -> Parsed:
    """The fields of rows, as `parse_rows` returns them; `name` is what to call the file.

    Raises:
        DamagedInputError: They do not fit into memory.
    """
    with enough_memory(name):
        table = project(rows.table, fields, required)
        masks = masks_of(rows.table)
    if not rows.faults:
        return Parsed(table, masks)
    own = pa.array([rows.faults.get(n, (None,))[0] for n in rows.numbers.tolist()], pa.string())
    place = table.schema.get_field_index("fault")
    fault = pc.coalesce(own, table["fault"].combine_chunks())
    return Parsed(table.set_column(place, "fault", fault), masks)


def gather_blocks(pieces: Iterable[tuple[pa.RecordBatch, int]], most: int) -> Iterator[pa.Table]:
    """Puts pieces together to blocks; those before a fault too.

    Args:
        pieces: Rows, and how many bytes they are.
        most: The rows of a block, at most; it has about `BLOCK_BYTES` bytes.

    Raises:
        DamagedInputError: The pieces do.
    """
    held: list[pa.RecordBatch] = []
    rows = size = 0
    try:
        for piece, long in pieces:
            rows, size = rows + len(piece), size + long
            if held and (rows > most or size > records.BLOCK_BYTES):
                yield pa.Table.from_batches(held)
                held, rows, size = [], len(piece), long
            held.append(piece)
    except DamagedInputError:
        if held:
            yield pa.Table.from_batches(held)
        raise
    if held:
        yield pa.Table.from_batches(held)


@contextmanager
def enough_memory(name: str) -> Iterator[None]:
    """Turns a want of memory into a sentence."""
    try:
        yield
    except MemoryError:
        raise DamagedInputError(
            f"{name} has rows that do not fit into memory.",
            "No conversation is so long: look at the file, or write it with shorter rows.",
        ) from None


def _plain(value: Any) -> Any:
    """A value as of JSON; what a row lacks is null in objects of a table, and is left out."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def check_names(fields: Iterable[pa.Field]) -> None:
    """Reads the names of fields, at any depth, which a damaged file may have as no text.

    Raises:
        UnicodeDecodeError: One is none.
    """
    waiting = list(fields)
    while waiting:
        field = waiting.pop()
        str(field.name)
        held = field.type
        waiting += [held.field(place) for place in range(held.num_fields)]
        if pa.types.is_dictionary(held):
            waiting.append(pa.field("", held.value_type))


def blank_row(given: pa.DataType) -> Any:
    """A value such as a type lets one expect: an empty text, a list of one item."""
    if pa.types.is_dictionary(given):
        return blank_row(given.value_type)
    if is_list(given):
        return [blank_row(given.value_type)]
    if pa.types.is_struct(given):
        return {field.name: blank_row(field.type) for field in given}
    return "" if is_text(given) else 0


def _value(held: pa.Scalar) -> Any:
    """A value as JSON can hold it; bytes that are not UTF-8 as half surrogates."""
    if isinstance(held, pa.DictionaryScalar):
        held = held.value
    if not held.is_valid:
        return None
    if pa.types.is_struct(held.type):
        return {field.name: _value(held[n]) for n, field in enumerate(held.type)}
    if is_list(held.type):
        return [_value(item) for item in held.values]
    if is_text(held.type):
        return held.as_buffer().to_pybytes().decode("utf-8", "surrogateescape")
    value = held.as_py()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
