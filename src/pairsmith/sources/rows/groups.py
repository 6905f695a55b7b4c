"""Rows of which several make one comparison or more: those of a whole file, in groups.

A group stands for its rows wherever rows go: it has the number and the line of the first of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from pairsmith.sources.records import BLOCK_ROWS, Index, Rows
from pairsmith.sources.rows.grouping import group_rows
from pairsmith.sources.rows.shapes import RowShape

_OPENED, _DECODER = '{"rows": [', json.JSONDecoder()
NO_OBJECT = "the row is not a JSON object"


class Member(NamedTuple):
    """A row of a group: its number, its line, its bytes, and what it holds or why it holds none."""

    number: int
    line: int
    raw: bytes
    held: dict[str, Any] | str


class GroupedRows(NamedTuple):
    """n groups of rows, as `Rows`."""

    groups: Sequence[Sequence[Member]]

    @property
    def numbers(self) -> Index:
        """The number of each group's first row."""
        return np.array([group[0].number for group in self.groups], np.int64)

    @property
    def lines(self) -> Index:
        """The line that this row begins in."""
        return np.array([group[0].line for group in self.groups], np.int64)

    @property
    def sizes(self) -> Index:
        """How many rows each group has."""
        return np.array([len(group) for group in self.groups], np.int64)

    def raw(self, row: int) -> bytes:
        """The bytes of a group: of a row by itself as the file has it, else of one list of them."""
        group = self.groups[row]
        if len(group) == 1:
            return group[0].raw
        held = b", ".join(member.raw.strip() for member in group)
        return _OPENED.encode() + held + b"]}"

    def load(self, row: int) -> dict[str, Any] | str:
        """What `read_row` takes, or a sentence on why a row cannot be read."""
        group = self.groups[row]
        if isinstance(group[0].held, str):
            return group[0].held
        return {"rows": [member.held for member in group]}

    def part(self, start: int, size: int) -> GroupedRows:
        """The `size` groups from `start` on."""
        return GroupedRows(self.groups[start : start + size])

    def take(self, which: Index) -> GroupedRows:
        """Some groups, by their places in ascending order."""
        return GroupedRows([self.groups[place] for place in which.tolist()])


def group_blocks(
    blocks: Iterator[Rows], shape: RowShape, at_once: int | None
) -> Iterator[GroupedRows]:
    """Brings the rows of a file together; a row that cannot be read is a group by itself.

    Args:
        blocks: All rows of the file.
        shape: What their fields are.
        at_once: At most this many groups at a time; None for `BLOCK_ROWS`.

    Raises:
        SourceError: They are too many to be held.
    """
    members: dict[int, Member] = {}

    def numbered() -> Iterator[tuple[int, dict[str, Any]]]:
        for block in blocks:
            numbers, lines = block.numbers.tolist(), block.lines.tolist()
            for row, (number, line) in enumerate(zip(numbers, lines, strict=True)):
                held = block.load(row)
                members[number] = Member(number, line, block.raw(row), held)
                if isinstance(held, dict):
                    yield number, held

    found = [numbers for numbers, _ in group_rows(numbered(), shape)]
    found += [[number] for number, member in members.items() if isinstance(member.held, str)]
    found.sort(key=lambda numbers: numbers[0])
    groups = [[members[number] for number in numbers] for numbers in found]
    step = at_once or BLOCK_ROWS
    for start in range(0, len(groups), step):
        yield GroupedRows(groups[start : start + step])


def rows_behind(rows: Rows, row: int) -> list[bytes]:
    """The bytes of a row as its file has them; of a group those of each of its rows."""
    if isinstance(rows, GroupedRows):
        return [member.raw for member in rows.groups[row]]
    return [rows.raw(row)]


def split_group(raw: bytes) -> list[bytes]:
    """The rows of a group whose bytes `GroupedRows.raw` gave, each as its file has it."""
    text, start, held = raw.decode(), len(_OPENED), list[bytes]()
    if not text.startswith(_OPENED):
        return [raw]
    while True:
        try:
            _, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            return [raw]
        held.append(text[start:end].encode())
        if not text.startswith(", ", end):
            return held if text[end:] == "]}" else [raw]
        start = end + 2


def regroup(raw: Sequence[bytes]) -> GroupedRows:
    """Groups whose bytes `GroupedRows.raw` gave, numbered from 1."""
    groups: list[list[Member]] = []
    for number, held in enumerate(raw, 1):
        group = load_group(held)
        rows = [NO_OBJECT] if group is None else rows_of_group(group)
        groups.append([Member(number, number, held, row) for row in rows])
    return GroupedRows(groups)


def rows_of_group(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that a group holds."""
    held: list[dict[str, Any]] = row["rows"]
    return held


def load_group(raw: bytes) -> dict[str, Any] | None:
    """What `GroupedRows.raw` gave, as `read_row` takes it; None where it is no object."""
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    return row if row.keys() == {"rows"} else {"rows": [row]}
