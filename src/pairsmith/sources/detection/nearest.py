"""Rows of no shape that is known: which one is nearest, what it lacks, and what to type."""

from __future__ import annotations

from typing import Any, NamedTuple

from pairsmith.errors import SourceError
from pairsmith.sources.detection.tell_columns import find_sides
from pairsmith.sources.detection.tell_two import find_two
from pairsmith.sources.detection.tell_values import Row, find_prompt, is_said
from pairsmith.sources.rows import known_fields as known
from pairsmith.sources.rows.mapping import Columns, list_names, unfold
from pairsmith.sources.rows.shapes import INNER
from pairsmith.sources.values.chat_messages import WHAT

_FIELD = "FIELD"
"""Stands for a field that is not known."""


class Near(NamedTuple):
    """A shape that rows nearly have.

    Attributes:
        looks: What they look like.
        lacks: What is missing of it.
        columns: Its roles: fields where they are known, else `FIELD`; none where no field would do.
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
    hint = "Write them so, or name other fields: --columns chosen=FIELD,rejected=FIELD"
    if line:
        hint = f"Say which field is what: --columns {line}"
    return SourceError(
        f"{at} has rows of no shape that is known; their fields: {list_names(names)}. "
        f"They look most like {near.looks}, but {near.lacks}.",
        f"{hint}\nOr name a shape with --from NAME, see `pairsmith build --help`.",
    )


def _find_nearest(row: Row) -> Near:
    given = {name: value for name, value in row.items() if value is not None}
    if near := _find_unsaid(given) or _find_wrapped(given):
        return near
    if sides := find_sides(given):
        chosen, rejected = sides
        prompt = find_prompt(given, sides) or {"prompt": _left(given, sides) or _FIELD}
        lacks = "what they answer is in no field of a name that is known"
        columns = {**prompt, "chosen": chosen, "rejected": rejected}
        return Near("a better and a worse reply", lacks, columns)
    if two := find_two(given):
        a, b, _ = two
        prompt = find_prompt(given, (a, b)) or {"prompt": _left(given, (a, b)) or _FIELD}
        lacks = "no field of a name that is known says which is better"
        return Near("two replies", lacks, {**prompt, "a": a, "b": b, "winner": _FIELD})
    for name in known.LISTS:
        if isinstance(given.get(name), list):
            prompt = find_prompt(given, [name]) or {"prompt": _FIELD}
            lacks = "nothing that is known tells which of them is better"
            columns = {**prompt, "replies": name, "text": _FIELD, "score": _FIELD}
            return Near("a list of replies", lacks, columns)
    one = next((name for name in known.REPLIES if is_said(given.get(name))), None)
    if one:
        prompt = find_prompt(given, [one]) or {"prompt": _FIELD}
        lacks = "there is no second one, and neither a label nor a score to compare it by"
        return Near("one reply", lacks, {**prompt, "reply": one, "score": _FIELD})
    texts = [name for name, value in given.items() if is_said(value)]
    prompt = find_prompt(given, ()) or {"prompt": texts[0] if len(texts) > 2 else _FIELD}
    better, worse = [*(n for n in texts if n not in prompt.values()), _FIELD, _FIELD][:2]
    columns = {**prompt, "chosen": better, "rejected": worse}
    return Near("a prompt and replies", "no two fields are known as replies", columns)


def _find_wrapped(row: Row) -> Near | None:
    """The shape of what stands in an object of a row that holds several fields."""
    if find_sides(row) or find_two(row):
        return None
    for name, value in row.items():
        near = _find_nearest(held) if _is_object(held := unfold(value)) else None
        sides = (near.columns.get(role, _FIELD) for role in ("chosen", "a")) if near else ()
        if near is None or all(path == _FIELD for path in sides):
            continue
        columns = {
            role: path if path == _FIELD or role in INNER else f"{name}.{path}"
            for role, path in near.columns.items()
        }
        if columns.get("prompt") == _FIELD:
            columns |= find_prompt(row, [name]) or {}
        return Near(f"{near.looks} inside of {name[:40]}", "fields there must be named", columns)
    return None


def _is_object(value: Any) -> bool:
    """Whether a value is an object that may hold a prompt and replies."""
    return isinstance(value, dict) and len(value) > 1 and all(isinstance(n, str) for n in value)


def _find_unsaid(row: Row) -> Near | None:
    """A better and a worse reply by their names, which hold neither texts nor messages."""
    sides = find_sides(dict.fromkeys(row, ""))
    said = [f"{name[:40]} holds {odd}" for name in sides or () if (odd := _name_odd(row[name]))]
    if not said:
        return None
    return Near("a better and a worse reply", f"{' and '.join(said)}, not text or messages", {})


def _name_odd(value: Any) -> str | None:
    """What a value is, in words, where it is no text, no messages and no list of texts."""
    items = value if isinstance(value, list) else [value]
    odd = next((item for item in items if not isinstance(item, str | list)), None)
    if odd is None:
        return None
    if not isinstance(odd, dict):
        return "a truth value" if isinstance(odd, bool) else "a number"
    return None if odd.keys() & {*WHAT, "messages"} else f"objects of {list_names(list(odd))}"


def _left(row: Row, taken: tuple[str, ...]) -> str | None:
    """A field with a text that may be the prompt."""
    left = (name for name, value in row.items() if isinstance(value, str) and name not in taken)
    return next(left, None)
