"""How the rows of a source are read, as a recipe says it: by columns where that can be done.

Rows whose fields have exactly the types of a shape, and nothing besides that matters, are read as
columns. All others are read one by one, to the same conversations. Which way a row goes depends on
that row alone, so where a file is cut makes no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import NOTHING, Kind, source_schema
from pairsmith.sources.columnar.shapes import HH, SHAPES, Shape
from pairsmith.sources.rows.detected import Detected
from pairsmith.sources.rows.shapes import ROW_SHAPES, RowShape


class Reader(NamedTuple):
    """How rows of pairs are read.

    Attributes:
        shape: Their fields as columns; None where every row is read by itself.
        row: Their fields by name.
        carry: Fields that go along, each with a type of `CARRIED`.
        margin: See `Recipe`.
        carried: The columns of these.
    """

    shape: Shape | None
    row: RowShape
    carry: tuple[tuple[str, str], ...] = ()
    margin: str | None = None
    carried: pa.Schema = NOTHING

    @property
    def messages(self) -> bool:
        """Whether conversations are messages, not transcripts."""
        return self.shape is None or self.shape.messages

    @property
    def fields(self) -> pa.Schema:
        """The fields that are read as columns."""
        return self.shape.fields if self.shape else pa.schema([])

    @property
    def required(self) -> tuple[str, ...]:
        """The fields that no row may lack, of those."""
        return self.shape.required if self.shape else ()

    def schema(self, kind: Kind) -> pa.Schema:
        """What is read of rows of this kind."""
        return source_schema(kind, self.messages, self.carried)


def read_by_shape(name: str) -> Reader:
    """A reader of rows of a shape of columns."""
    return Reader(SHAPES[name], ROW_SHAPES[name])


def reader_of(recipe: Recipe, path: str) -> Reader:
    """The reader that a recipe names for the rows of a file, by the path in the manifest."""
    carried = recipe.pair_columns.carried
    return make_reader(*recipe.read_as(path), recipe.carry, recipe.margin, carried)


def make_reader(
    name: str,
    reading: Mapping[str, Any],
    carry: tuple[tuple[str, str], ...] = (),
    margin: str | None = None,
    carried: pa.Schema = NOTHING,
) -> Reader:
    """A reader of rows.

    Args:
        name: Their shape.
        reading: How they are read, as of `Detected`; empty where the name of the shape tells all.
        carry: Fields that go along, with their types.
        margin: See `Recipe`.
        carried: The columns of these.
    """
    detected = Detected.from_dict(dict(reading)) if reading else None
    row = detected.shape() if detected else ROW_SHAPES[name]
    # transcripts have a place for nothing besides, which is why they are read by row
    columnar = detected is None or (is_plain(detected) and SHAPES[name].messages)
    return Reader(SHAPES[name] if columnar else None, row, carry, margin, carried)


def is_plain(detected: Detected) -> bool:
    """Whether rows of plain messages can be read as the columns of a shape."""
    base, shape = ROW_SHAPES.get(detected.name), SHAPES.get(detected.name)
    return (
        base is not None
        and shape is not None
        and detected.columns == base.columns
        and not (detected.kinds and shape.messages)  # transcripts are such by their shape
        and not detected.min_margin
        and not detected.drop_weak
        and detected.preference is None
    )


HH_READER = read_by_shape(HH.name)
