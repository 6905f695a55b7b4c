"""Which shape a source's rows have: told by the fields of its first rows and what they hold.

Rows vote, so that a first row that is bad decides nothing. Rows that look like no shape at all
have no vote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Any

from pairsmith.errors import DamagedInputError, RecipeError, SourceError
from pairsmith.schema.rows import Kind
from pairsmith.sources.columnar.shapes import HH, SHAPES, Shape
from pairsmith.sources.detection.describe import describe, differs, no_prompt
from pairsmith.sources.detection.unreadable import check_readable
from pairsmith.sources.detection.votes import OF_UNPAIRED, TEXTS, UNPAIRED, looks_like
from pairsmith.sources.formats import format_of
from pairsmith.sources.layouts import SourceFile
from pairsmith.sources.rows.detected import Asked, Detected
from pairsmith.sources.rows.shapes import ROW_SHAPES
from pairsmith.sources.samples import sample_rows

AUTO = "auto"
TOLD = Asked()
"""Nothing was asked: all is told by the rows."""


def choose(files: list[SourceFile], name: str = AUTO) -> Shape:
    """The shape of a source's pairs.

    Args:
        files: The files; those of dialogues have a shape of their own.
        name: A shape's name, or `auto` to look at the first rows of every file.

    Returns:
        The shape; HH's where there are no pairs, or no row of any file can be read.

    Raises:
        RecipeError: There is no shape of this name.
        SourceError: A file has no shape that is known, or two files differ in shape.
    """
    if name != AUTO:
        if name not in SHAPES:
            raise RecipeError(
                f"There is no shape {name!r}.", f"Shapes: {', '.join([AUTO, *SHAPES])}."
            )
        return SHAPES[name]
    pairs = [file for file in files if file.kind == Kind.PAIRS]
    found = _shapes(pairs, recognise) or _shapes(pairs, _by_schema)
    if len(found) > 1:
        raise _differ(found)
    return SHAPES[next(iter(found), HH.name)]


def detect(files: list[SourceFile], asked: Asked = TOLD) -> Detected:
    """How the rows of a source are read, of whatever shape they are.

    Args:
        files: The files; those of dialogues have a shape of their own.
        asked: What was asked.

    Returns:
        The shape that `choose` gives, or one that is read row by row; HH's where there are no
        pairs, or no row of any file can be read.

    Raises:
        RecipeError: What was asked does not go together.
        SourceError: A file has no shape that is known, or two files differ in shape, or a column
            that was named is in no row.
    """
    pairs = [file for file in files if file.kind == Kind.PAIRS]
    rows = [row for file in pairs for row in _objects(file)]
    found = {} if asked.columns else _tell_each(pairs, asked)
    paths = ", ".join(dict.fromkeys(file.path for file in files))
    if len(pairs) == 1 and found:  # what one file tells need not be told again of all
        return next(iter(found.values()))[1]
    told = describe(rows, asked, paths or "the source")
    if told is None:
        shape = _choose_unread(files, pairs, asked.shape if asked.shape in SHAPES else AUTO)
        told = describe([], asked._replace(shape=shape.name, columns={}), "the source")
    return told or Detected(HH.name, dict(ROW_SHAPES[HH.name].columns))


def tell_apart(files: list[SourceFile], asked: Asked = TOLD) -> list[list[SourceFile]]:
    """Puts files together that are read alike; each source is told by itself.

    Args:
        files: The files of one source or several.
        asked: What was asked; where it names a shape or columns, all are read in that way.

    Returns:
        Groups in the order in which the sources were named. A source of which no first row holds
        anything is in the first of them.

    Raises:
        SourceError: A file has no shape that is known, or two files of one source differ.
    """
    sources: dict[int, list[SourceFile]] = {}
    for file in sorted(files, key=lambda file: file.source):
        sources.setdefault(file.source, []).append(file)
    if len(sources) < 2 or asked.columns or asked.shape != AUTO:
        return [files]
    groups: list[tuple[Detected, set[int]]] = []
    untold: set[int] = set()
    for number, held in sources.items():
        found = _tell_each([file for file in held if file.kind == Kind.PAIRS], asked)
        for _, told in found.values():
            alike = (of for one, of in groups if one.name == told.name and not differs(one, told))
            of = next(alike, None)
            if of is None:
                groups.append((told, {number}))
            else:
                of.add(number)
        if not found:
            untold.add(number)
    if len(groups) < 2:
        return [files]
    groups[0][1].update(untold)
    return [[file for file in files if file.source in of] for _, of in groups]


def _tell_each(pairs: list[SourceFile], asked: Asked) -> dict[str, tuple[str, Detected]]:
    """How the rows of files are read, one shape at most, and the first file of it.

    Raises:
        SourceError: A file has no shape that is known, or two differ.
    """
    found: dict[str, tuple[str, Detected]] = {}
    for file in pairs:
        if told := describe(_objects(file), asked, file.path):
            path, first = found.setdefault(told.name, (file.path, told))
            if differs(first, told):
                raise SourceError(
                    f"The files {path} and {file.path} differ in their fields, though both are "
                    f"{told.name}.",
                    "Build them one by one, or give the fields of both the same names.",
                )
    if len(found) > 1:
        raise _differ({name: path for name, (path, _) in found.items()})
    return found


def _objects(file: SourceFile) -> list[dict[str, Any]]:
    """The first rows of a file that are objects."""
    return [row for row in _sample_all(file) if isinstance(row, dict)]


def _choose_unread(files: list[SourceFile], pairs: list[SourceFile], name: str) -> Shape:
    """The shape of files of which no first row holds anything; faults as of `choose`."""
    required: tuple[str, ...] | None = None
    try:
        shape = choose(files, name)
        required = shape.required
    finally:  # what was found is told before what is missing
        for file in pairs if name == AUTO else ():
            check_readable(file, required)
    return shape


def _sample_all(file: SourceFile) -> list[dict[str, Any]]:
    return sample_rows(file, EVERY)


class _Every(Collection[str]):
    """All names: a sample of every column of a file."""

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


EVERY = _Every()


def _shapes(files: list[SourceFile], tell: Callable[[SourceFile], Shape | None]) -> dict[str, str]:
    """The names of the files' shapes, and the first file of each."""
    found: dict[str, str] = {}
    for file in files:
        if shape := tell(file):
            found.setdefault(shape.name, file.path)
    return found


def recognise(file: SourceFile) -> Shape | None:
    """The shape of one file of pairs; None where no row of it can be read.

    Raises:
        SourceError: The rows have no shape that is known.
    """
    rows = _sample(file)
    votes = Counter(looks for row in rows if (looks := looks_like(row)))
    if not any(rows):
        return None
    if votes[HH.name]:
        votes.pop(TEXTS, None)  # transcripts, and some rows that are broken
    if not votes:
        raise _unknown(file, rows)
    name = votes.most_common(1)[0][0]
    if name in SHAPES:
        return SHAPES[name]
    raise _no_pairs(file) if name == UNPAIRED else no_prompt(file.path)


def passed_over(files: list[SourceFile], shape: Shape) -> list[str]:
    """The fields of the first rows of pairs that a shape does not take, as they come."""
    names: dict[str, None] = {}
    for file in files:
        if file.kind != Kind.PAIRS:
            continue
        with suppress(SourceError):  # the build meets it where it lies, and says so
            row_by_schema = format_of(file.path).row_by_schema
            rows = [row_by_schema(file.place, file.path)] if row_by_schema else _sample(file)
            names |= dict.fromkeys(name for row in rows for name in row)
    return [name for name in names if name not in shape.fields.names]


def _by_schema(file: SourceFile) -> Shape | None:
    """The shape that the types of a file without a row tell; None where they tell of none."""
    row_by_schema = format_of(file.path).row_by_schema
    if row_by_schema is None:
        return None
    try:
        name = looks_like(row_by_schema(file.place, file.path))
    except DamagedInputError:
        return None  # the build says so
    if name == UNPAIRED:
        raise _no_pairs(file)
    return SHAPES.get(name or "")  # two texts may be transcripts


def _sample(file: SourceFile) -> list[dict[str, Any]]:
    """The first rows of a file; a fault further on is met when it is built."""
    known = {name for shape in SHAPES.values() for name in shape.fields.names} | OF_UNPAIRED
    return sample_rows(file, known)


def _unknown(file: SourceFile, rows: list[dict[str, Any]]) -> SourceError:
    names = list(dict.fromkeys(name for row in rows for name in row))
    told = ", ".join(name[:40] for name in names[:12]) + (", …" if len(names) > 12 else "")
    known = "\n".join(f"  {shape.name}: {shape.about}" for shape in SHAPES.values())
    return SourceError(
        f"{file.path} has rows of no shape that is known; their fields: {told or 'none'}.",
        f"Name the shape with --from NAME. Shapes:\n{known}",
    )


def _no_pairs(file: SourceFile) -> SourceError:
    return SourceError(
        f"{file.path} has single replies with a label, not pairs.",
        "A pair needs a chosen and a rejected reply to the same prompt.",
    )


def _differ(found: dict[str, str]) -> SourceError:
    said = ", ".join(f"{path} {shape}" for shape, path in found.items())
    return SourceError(
        f"The files differ in shape: {said}.",
        "Name them as sources of their own, build them one by one, or name one shape with --from.",
    )
