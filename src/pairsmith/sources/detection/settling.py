"""What a build is to know of its rows before it reads them, told by the first rows of all files.

Which shape they have is for `detect` to say; here it is settled whether they are read as columns,
whether messages hold more than role and text, and which types carried fields have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pairsmith.errors import RecipeError
from pairsmith.schema.messages import encode_extras
from pairsmith.schema.rows import Kind
from pairsmith.sources.by_row import matters
from pairsmith.sources.columnar.shapes import SHAPES
from pairsmith.sources.detection.describe import tell
from pairsmith.sources.detection.detect import AUTO, EVERY, detect, tell_apart
from pairsmith.sources.field_uses import paths_of_schema
from pairsmith.sources.fields import paths_of
from pairsmith.sources.formats.format import SAMPLE_ROWS
from pairsmith.sources.layouts import SourceFile
from pairsmith.sources.outcomes import Comparison
from pairsmith.sources.reader import Reader, is_plain, make_reader
from pairsmith.sources.rows.carried import settle_margin, tell_kinds
from pairsmith.sources.rows.detected import Asked, Detected
from pairsmith.sources.rows.known_fields import STRENGTHS_BESIDE
from pairsmith.sources.rows.mapping import value_at
from pairsmith.sources.rows.reading import read_row
from pairsmith.sources.rows.shapes import tell_rule
from pairsmith.sources.rows.strengths import strength_path
from pairsmith.sources.rows.unread import BESIDE, find_definitions
from pairsmith.sources.samples import sample_rows
from pairsmith.sources.values.media import find_media


class Settled(NamedTuple):
    """How rows are read.

    Attributes:
        detected: Their shape.
        reading: The same as a recipe holds it: empty where the name of the shape tells all.
        full: Whether some message has more than role and text, or some row tools.
        carry: The types of carried fields.
        margin: What the margin is made of, as `Recipe` has it.
        remarks: Sentences on what was asked in vain, and on rows of another shape.
        others: By the path of a file that is of a source of another shape: `detected` and
            `reading` of its rows.
    """

    detected: Detected
    reading: dict[str, Any]
    full: bool
    carry: dict[str, str]
    margin: str | None
    remarks: tuple[str, ...] = ()
    others: Mapping[str, tuple[Detected, dict[str, Any]]] = {}


class _Alike(NamedTuple):
    """Files that are read alike, and how; see `Settled`."""

    files: list[SourceFile]
    rows: list[dict[str, Any]]
    detected: Detected
    reading: dict[str, Any]
    full: bool
    remarks: tuple[str, ...]


def settle(
    files: Sequence[SourceFile],
    asked: Asked,
    carry: Iterable[str] = (),
    margin: str | None = None,
) -> Settled:
    """Settles how the rows of sources are read, each source by itself.

    Args:
        files: Their files.
        asked: What was asked of their shape.
        carry: The fields that are to go along.
        margin: What the margin is to be made of; None for none.

    Raises:
        RecipeError: What was asked does not go together.
        SourceError: The rows are of no shape that is known, or have no field of a name.
    """
    files = list({file.path: file for file in files}.values())  # of one there may be parts
    each = [_settle_alike(group, asked) for group in tell_apart(files, asked)]
    _check_strengths(each, asked)
    rows = [row for one in each for row in one.rows]
    first, *more = each
    return Settled(
        first.detected,
        first.reading,
        any(one.full for one in each),
        tell_kinds(carry, rows),
        settle_margin(margin, rows),
        tuple(remark for one in each for remark in one.remarks),
        {file.path: (one.detected, one.reading) for one in more for file in one.files},
    )


def _settle_alike(files: list[SourceFile], asked: Asked) -> _Alike:
    """Settles how rows that are read alike are read; faults as of `settle`."""
    detected = detect(files, asked)
    pairs = [file for file in files if file.kind == Kind.PAIRS]
    rows = [row for file in pairs for row in sample_rows(file, EVERY)]
    in_vain = _compared_in_vain(detected, asked, rows)
    plain = (
        is_plain(detected)
        # of transcripts, columns have no place for a third reply; messages come to it row by row
        and (asked.pairs is None or (bool(in_vain) and not SHAPES[detected.name].messages))
        and not _has_more_beside(detected, rows)
    )
    reading = {} if plain else detected.to_dict()
    reader = make_reader(detected.name, reading)
    known = paths_of_schema(reader.fields)
    return _Alike(
        files,
        rows,
        detected,
        reading,
        any(not _is_bare(row, reader, known) and _holds_more(row, detected) for row in rows),
        (*in_vain, *_other_shapes(detected, asked, rows)),
    )


def read_as(files: Sequence[SourceFile], name: str) -> Reader:
    """The reader of all rows, of one shape by its name, or `auto`; faults as of `settle`."""
    settled = settle([file._replace(source=0) for file in files], Asked(name))
    return make_reader(settled.detected.name, settled.reading)


def _has_more_beside(detected: Detected, rows: Sequence[dict[str, Any]]) -> bool:
    """Whether something that matters stands beside transcripts, which have no place for it."""
    shape = SHAPES[detected.name]
    beside = ({n: v for n, v in row.items() if n not in shape.fields.names and v} for row in rows)
    return not shape.messages and any(
        find_media(row) or row.keys() & BESIDE or any(map(find_definitions, paths_of(row)))
        for row in beside
    )


def _check_strengths(each: Sequence[_Alike], asked: Asked) -> None:
    """Checks that some first row of some file tells a strength, where weak ones are to go."""
    told = (
        strength_path(row, one.detected.columns)
        for one in each
        for row in one.rows
        if isinstance(row, dict)
    )
    if asked.drop_weak and not any(told):
        raise RecipeError(
            "--drop-weak looks at a strength, and no row of the source tells one.",
            f"Expected a field {' or '.join(STRENGTHS_BESIDE)}.",
        )


def _compared_in_vain(
    detected: Detected, asked: Asked, rows: Sequence[dict[str, Any]]
) -> list[str]:
    """A sentence where it was said which replies are compared, and there are only two."""
    columns = detected.columns
    if asked.pairs is None or tell_rule(columns) not in ("sides", "two"):
        return []
    sides = [columns[role] for role in ("chosen", "rejected") if role in columns]
    held = (value_at(row, path) for row in rows for path in sides)
    if any(isinstance(value, list) and _are_several(value) for value in held):
        return []
    return [f"--pairs {asked.pairs} changes nothing: rows have only two replies, read as they are."]


def _are_several(value: list[Any]) -> bool:
    """Whether a side is several replies, not the messages of one."""
    return len(value) > 1 and not any(isinstance(item, dict) and "role" in item for item in value)


def _other_shapes(detected: Detected, asked: Asked, rows: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence on first rows that look like another shape than the one that all are read as."""
    if asked.columns or asked.shape != AUTO:
        return []
    first = [row for row in rows[:SAMPLE_ROWS] if isinstance(row, dict) and any(row.values())]
    votes = (tell(row, asked.preference) for row in first)
    counts = Counter(vote[0] for vote in votes if isinstance(vote, tuple))
    others = {name: count for name, count in counts.most_common() if name != detected.name}
    if not others or not counts[detected.name]:
        return []
    said = ", ".join(f"{count:,} like {name}" for name, count in others.items())
    return [
        f"Rows are of several shapes: of the first {len(first):,}, {counts[detected.name]:,} look "
        f"like {detected.name}, as which all are read, {said}. What does not fit is refused: put "
        "rows of another shape into a file of their own, and build that by itself."
    ]


def _is_bare(row: dict[str, Any], reader: Reader, known: frozenset[str]) -> bool:
    """Whether a row has nothing but a shape's own fields, and such as are of no account.

    These hold role and text alone; nearly all rows of a shape are so, and need not be read for it.
    """
    if reader.shape is None:
        return False
    names = reader.fields.names
    others = (path for path in paths_of(row) if path not in known)
    return not any(path in names or matters(path, reader) for path in others)


def _holds_more(row: dict[str, Any], detected: Detected) -> bool:
    """Whether a row has what plain messages have no place for."""
    shape = detected.shape()
    for outcome in read_row({"rows": [row]} if shape.is_grouped else row, shape).outcomes:
        if isinstance(outcome, Comparison):
            messages = [*outcome.chosen, *outcome.rejected]
            if outcome.tools or any(encode_extras(message) for message in messages):
                return True
    return False
