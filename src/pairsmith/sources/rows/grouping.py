"""Shapes that need several rows to make a comparison: rows of one prompt, or of one tree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from pairsmith.errors import SourceError
from pairsmith.schema.messages import encode_json
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.rows.mapping import Columns
from pairsmith.sources.rows.parts import read_single
from pairsmith.sources.rows.shapes import RowShape
from pairsmith.sources.rows.trees import id_of, parent_of

Group: TypeAlias = tuple[list[int], dict[str, Any]]
"""The numbers of rows, and what `read_row` takes: `{"rows": [...]}`."""

HELD_BYTES = 1 << 29
"""Rows of one prompt may stand anywhere in a file, so that all are held until its end: at most
512 MiB of them, as text. HelpSteer2's 21,000 ratings are 60 MiB."""


def group_rows(rows: Iterable[tuple[int, dict[str, Any]]], shape: RowShape) -> Iterator[Group]:
    """Brings rows together that make one comparison or several.

    Args:
        rows: The rows of a file with their numbers.
        shape: What their fields are; rows of a shape that needs one row come one by one.

    Yields:
        Every row in exactly one group, in the order of the groups' first rows. A row that cannot
        be read is alone.

    Raises:
        SourceError: They are too many to be held.
    """
    if not shape.is_grouped:
        for number, row in rows:
            yield [number], row
        return
    numbered = _hold(rows)
    keys = _tree_keys(numbered, shape) if shape.rule == "tree" else _prompt_keys(numbered, shape)
    groups: dict[object, list[tuple[int, dict[str, Any]]]] = {}
    for key, held in zip(keys, numbered, strict=True):
        groups.setdefault(key, []).append(held)
    for members in groups.values():
        yield [number for number, _ in members], {"rows": [row for _, row in members]}


def _hold(rows: Iterable[tuple[int, dict[str, Any]]]) -> list[tuple[int, dict[str, Any]]]:
    held, size = [], 0
    for number, row in rows:
        held.append((number, row))
        size += _size(row)
        if size > HELD_BYTES:
            raise SourceError(
                "One reply stands in a row, and rows of one prompt may stand anywhere: this file "
                f"has more than the {HELD_BYTES >> 20} MiB of rows that can be held at once.",
                "Cut the file into several, all rows of a prompt in the same one.",
            )
    return held


def _size(row: dict[str, Any]) -> int:
    """About as many bytes as a row takes as text."""
    size, left = 0, list[Any]([row])
    while left:
        held = left.pop()
        if isinstance(held, dict):
            left += [*held.keys(), *held.values()]
        elif isinstance(held, list):
            left += held
        size += len(held) if isinstance(held, str) else 8
    return size


def _prompt_keys(rows: list[tuple[int, dict[str, Any]]], shape: RowShape) -> Iterator[object]:
    """What rows of one prompt have in common: all messages up to the reply, and the tools."""
    for number, row in rows:
        try:
            single = read_single(row, shape, set())
        except (UnreadableError, RecursionError):
            yield number
        else:
            text = encode_json([single.prompt, single.tools])
            yield hashlib.blake2b(text.encode(), digest_size=16).digest()


def _tree_keys(rows: list[tuple[int, dict[str, Any]]], shape: RowShape) -> Iterator[object]:
    """The first message of each row's tree."""
    columns: Columns = shape.columns
    parents = {name: parent_of(row, columns) for _, row in rows if (name := id_of(row, columns))}
    roots: dict[str, str] = {}
    for number, row in rows:
        name = id_of(row, columns)
        yield number if name is None else _find_root(name, parents, roots)


def _find_root(name: str, parents: dict[str, str | None], roots: dict[str, str]) -> str:
    """The message that a message goes back to; in a circle, one of the circle."""
    way: list[str] = []
    at = name
    while at not in roots and at not in way[-1:] and (parent := parents.get(at)):
        way.append(at)
        if len(way) > len(parents):
            at = min(way)
            break
        at = parent
    root = roots.get(at, at)
    roots.update(dict.fromkeys([*way, name], root))
    return root
