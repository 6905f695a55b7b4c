"""Rows of no shape that is known: which one is nearest, what it lacks, and what to type."""

from __future__ import annotations

from typing import NamedTuple

from pairsmith.errors import SourceError
from pairsmith.sources.detection.tell_columns import find_sides
from pairsmith.sources.detection.tell_two import find_two
from pairsmith.sources.detection.tell_values import Row, find_prompt, is_said
from pairsmith.sources.rows import known_fields as known
from pairsmith.sources.rows.mapping import Columns, list_names


class Near(NamedTuple):
    """A shape that rows nearly have.

    Attributes:
        looks: What they look like.
        lacks: What is missing of it.
        columns: Its roles: fields where they are known, else words in capitals.
    """

    looks: str
    lacks: str
    columns: Columns


def name_nearest(rows: list[Row], at: str) -> SourceError:
    """The fault of rows that have no shape: what they have, and the option that would do.

    Args:
        rows: The first rows, one or more.
        at: What to call their file.
    """
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    near = _find_nearest(max(rows, key=len))
    line = ",".join(f"{role}={path}" for role, path in near.columns.items())
    return SourceError(
        f"{at} has rows of no shape that is known; their fields: {list_names(names)}. "
        f"They look most like {near.looks}, but {near.lacks}.",
        f"Say which field is what: --columns {line}\nOr name a shape with --from NAME, see "
        "`pairsmith build --help`.",
    )


def _find_nearest(row: Row) -> Near:
    given = {name: value for name, value in row.items() if value is not None}
    if sides := find_sides(given):
        chosen, rejected = sides
        prompt = find_prompt(given, sides) or {"prompt": _left(given, sides) or "FIELD"}
        lacks = "what they answer is in no field of a name that is known"
        columns = {**prompt, "chosen": chosen, "rejected": rejected}
        return Near("a better and a worse reply", lacks, columns)
    if two := find_two(given):
        a, b, _ = two
        prompt = find_prompt(given, (a, b)) or {"prompt": _left(given, (a, b)) or "FIELD"}
        lacks = "no field of a name that is known says which is better"
        return Near("two replies", lacks, {**prompt, "a": a, "b": b, "winner": "FIELD"})
    for name in known.LISTS:
        if isinstance(given.get(name), list):
            prompt = find_prompt(given, [name]) or {"prompt": "FIELD"}
            lacks = "nothing that is known tells which of them is better"
            columns = {**prompt, "replies": name, "text": "FIELD", "score": "FIELD"}
            return Near("a list of replies", lacks, columns)
    one = next((name for name in known.REPLIES if is_said(given.get(name))), None)
    if one:
        prompt = find_prompt(given, [one]) or {"prompt": "FIELD"}
        lacks = "there is no second one, and neither a label nor a score to compare it by"
        return Near("one reply", lacks, {**prompt, "reply": one, "score": "FIELD"})
    prompt = find_prompt(given, ()) or {"prompt": "FIELD"}
    texts = [n for n, v in given.items() if is_said(v) and n not in prompt.values()]
    better, worse = [*texts, "FIELD", "FIELD"][:2]
    columns = {**prompt, "chosen": better, "rejected": worse}
    return Near("a prompt and replies", "no two fields are known as replies", columns)


def _left(row: Row, taken: tuple[str, ...]) -> str | None:
    """A field with a text that may be the prompt."""
    left = (name for name, value in row.items() if isinstance(value, str) and name not in taken)
    return next(left, None)
