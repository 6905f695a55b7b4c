"""Which shape a source's rows have: told by the fields of its first rows and what they hold.

Rows vote, so that a first row that is bad decides nothing. Rows that look like no shape at all
have no vote.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pyarrow as pa

from pairsmith.errors import DamagedInputError, RecipeError, SourceError
from pairsmith.schema.rows import Kind
from pairsmith.sources.comparisons import TRANSCRIPT_START
from pairsmith.sources.formats import format_of
from pairsmith.sources.layouts import SourceFile
from pairsmith.sources.shapes import HH, SHAPES, Shape

AUTO = "auto"
TEXTS, UNPAIRED = "two texts", "unpaired"
"""What rows may look like that are no shape."""

_OF_UNPAIRED = {"label", "completion", "messages"}
_PROMPTS = {"prompt", "question", "instruction", "messages", "conversations", "input"}
"""Fields that hold a prompt, in this shape or that."""

_MARKED = re.compile(TRANSCRIPT_START, re.ASCII)
_BY_FIELDS = (
    "openai",
    "nemo-rl",
    "sharegpt",
    "axolotl",
    "ms-swift",
    "trl",
    "ultrafeedback",
    "trl-implicit",
    "alpaca-output",
    "alpaca",
    "trl-text",
    "hh",
)
"""The order in which fields are compared: a shape whose fields are another's and more is first."""
_BESIDE = {
    "ms-swift": {"rejected_response", "rejected_messages"},
    "ultrafeedback": {"prompt"},
}
"""Fields that no row need have, of which a row that tells its shape has at least one."""


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
        said = ", ".join(f"{path} {shape}" for shape, path in found.items())
        raise SourceError(
            f"The files differ in shape: {said}.",
            "Build them one by one, or name one shape with --from.",
        )
    return SHAPES[next(iter(found), HH.name)]


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
    raise _no_pairs(file) if name == UNPAIRED else _no_prompt(file)


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


def looks_like(row: dict[str, Any]) -> str | None:
    """The name of a row's shape, `TEXTS`, `UNPAIRED`, or None."""
    given = {name: value for name, value in row.items() if value is not None}
    texts = all(isinstance(given.get(name), str) for name in HH.required)
    if texts and any(_MARKED.match(given[name]) for name in HH.required):
        return HH.name
    name = next((name for name in _BY_FIELDS if _fits(given, SHAPES[name])), None)
    if name == HH.name:  # a prompt in another form is no prompt that is missing
        return None if given.keys() & _PROMPTS else TEXTS
    if name == "trl-text" and _MARKED.match(given["prompt"]):
        return "hh-prompt"
    if name == "trl-implicit" and "prompt" in given:
        return None
    if name is None and "label" in given and ("completion" in given or "messages" in given):
        return UNPAIRED
    return name


def _fits(given: dict[str, Any], shape: Shape) -> bool:
    if shape.name in _BESIDE and not given.keys() & _BESIDE[shape.name]:
        return False
    fields = [field for field in shape.fields if field.name in given]
    return set(shape.required) <= given.keys() and all(
        _is_a(given[field.name], field.type) for field in fields
    )


def _is_a(value: Any, wanted: pa.DataType) -> bool:
    """Whether a value looks like a type; what a message's content is does not matter here."""
    if pa.types.is_list(wanted):
        return isinstance(value, list) and all(_is_a(v, wanted.value_type) for v in value[:1])
    if pa.types.is_struct(wanted):
        return isinstance(value, dict) and wanted.field(0).name in value
    return isinstance(value, str)


def _sample(file: SourceFile) -> list[dict[str, Any]]:
    """The first rows of a file; a fault further on is met when it is built."""
    known = {name for shape in SHAPES.values() for name in shape.fields.names} | _OF_UNPAIRED
    return format_of(file.path).sample(file.place, file.path, known)


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


def _no_prompt(file: SourceFile) -> SourceError:
    return SourceError(
        f"{file.path} has chosen and rejected texts without a prompt and without turn markers: "
        "where the prompt ends could only be guessed.",
        "Give the prompt in a field of its own; if they are transcripts all the same, "
        "add --from hh.",
    )
