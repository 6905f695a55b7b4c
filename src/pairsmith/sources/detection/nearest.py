"""Rows of no shape that is known: which one is nearest, what it lacks, and what to type."""

from __future__ import annotations

import shlex
from decimal import Decimal
from typing import Any, NamedTuple

from pairsmith.errors import SourceError
from pairsmith.schema.rows import DIALOGUE_SCORES
from pairsmith.sources import redteam
from pairsmith.sources.detection.tell_columns import find_sides
from pairsmith.sources.detection.tell_two import find_two, swap_mark
from pairsmith.sources.detection.tell_values import Row, find_prompt, is_number, is_said
from pairsmith.sources.rows import known_fields as known
from pairsmith.sources.rows.mapping import Columns, list_names, unfold
from pairsmith.sources.rows.shapes import INNER
from pairsmith.sources.values.chat_messages import WHAT

_FIELD = "FIELD"
"""Stands for a field that is not known."""


DEPTH = 3
"""Objects are looked into so deep."""


SENTENCE = 4
"""Beside a list of replies a shorter text, as `en`, is taken for no prompt."""


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
    if "transcript" in names and not set(names).isdisjoint(DIALOGUE_SCORES.names):
        return SourceError(
            f"{at} has one transcript a row, as red-team dialogues have; their fields: "
            f"{list_names(names)}. Such rows are told by their subset.",
            f"Say that they are some: --subset {redteam.SUBSET}",
        )
    near = _find_nearest(max(rows, key=len))
    line = ",".join(f"{role}={path}" for role, path in near.columns.items())
    hint = "Write them so, or name other fields: --columns chosen=FIELD,rejected=FIELD"
    if line:
        hint = f"Say which field is what: --columns {shlex.quote(line)}"
    return SourceError(
        f"{at} has rows of no shape that is known; their fields: {list_names(names)}. "
        f"They look most like {near.looks}, but {near.lacks}.",
        f"{hint}\nOr name a shape with --from NAME, see `pairsmith build --help`.",
    )


def _find_nearest(row: Row, depth: int = 0) -> Near:
    given = {name: value for name, value in row.items() if value is not None}
    near = _find_unsaid(given) or _find_alike(given)
    if near is None and depth < DEPTH:
        near = _find_wrapped(given, depth + 1)
    if near is not None:
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
    if near := _find_list(given) or _find_one(given):
        return near
    texts = [name for name, value in given.items() if is_said(value)]
    prompt = find_prompt(given, ()) or {"prompt": texts[0] if len(texts) > 2 else _FIELD}
    better, worse = [*(n for n in texts if n not in prompt.values()), _FIELD, _FIELD][:2]
    columns = {**prompt, "chosen": better, "rejected": worse}
    return Near("a prompt and replies", "no two fields are known as replies", columns)


def _find_list(row: Row) -> Near | None:
    """A list of replies: of a known name, or else of objects with texts."""
    names = [name for name in known.LISTS if isinstance(row.get(name), list)]
    names += [name for name, value in row.items() if _text_of(value) and name not in names]
    if not names:
        return None
    prompt = find_prompt(row, names[:1]) or {"prompt": _left(row, (names[0],), SENTENCE) or _FIELD}
    text = _text_of(row[names[0]]) or _FIELD
    columns = {**prompt, "replies": names[0], "text": text, "score": _FIELD}
    return Near("a list of replies", "nothing that is known tells which of them is better", columns)


def _text_of(items: Any) -> str | None:
    """The field of a list's objects that holds a text, the longest of the first one's."""
    if not isinstance(items, list) or not items or not all(isinstance(v, dict) for v in items):
        return None
    texts = [name for name, value in items[0].items() if isinstance(value, str)]
    usual = next((name for name in known.INNER_TEXTS if name in texts), None)
    return usual or max(texts, key=lambda name: len(items[0][name]), default=None)


def _find_one(row: Row) -> Near | None:
    """One reply, of a known name."""
    one = next((name for name in known.REPLIES if is_said(row.get(name))), None)
    if one is None:
        return None
    prompt = find_prompt(row, [one]) or {"prompt": _left(row, (one,)) or _FIELD}
    lacks = (
        "there is no second one, and neither a label nor a score of a known name to compare it "
        "with other rows by: label=FIELD says good or bad, score=FIELD how good"
    )
    return Near("one reply", lacks, {**prompt, "reply": one, "label": _FIELD})


def _find_alike(row: Row) -> Near | None:
    """Two fields whose names differ by a mark alone, of texts or of objects with a text."""
    if find_sides(row) or find_two(row):
        return None
    for one, other in known.MARKS:
        for name in row:
            second = other if name == one else swap_mark(name, one, other)
            if second not in row:
                continue
            paths = (_reply_in(name, row[name]), _reply_in(second, row[second]))
            if paths[0] and paths[1]:
                prompt = find_prompt(row, (name, second)) or {
                    "prompt": _left(row, (name, second)) or _FIELD
                }
                winner = next((held for held in known.WINNERS if held in row), _FIELD)
                columns = {**prompt, "a": paths[0], "b": paths[1], "winner": winner}
                return Near("two replies", "they go by no names that are known", columns)
    return None


def _reply_in(name: str, value: Any) -> str | None:
    """The path of a reply: a text, or the text in an object."""
    if isinstance(value, dict):
        inner = next((key for key in known.INNER_TEXTS if isinstance(value.get(key), str)), None)
        return f"{name}.{inner}" if inner else None
    return name if isinstance(value, str) and not is_number(value) else None


def _find_wrapped(row: Row, depth: int) -> Near | None:
    """The shape of what stands in an object of a row that holds several fields."""
    if find_sides(row) or find_two(row):
        return None
    for name, value in row.items():
        near = _find_nearest(held, depth) if _is_object(held := unfold(value)) else None
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


_KINDS: dict[type, str] = {
    bool: "a truth value",
    bytes: "bytes",
    Decimal: "a number",
    float: "a number",
    int: "a number",
}
"""What values are called that are neither text nor lists nor objects; columns have more types."""


def _name_odd(value: Any) -> str | None:
    """What a value is, in words, where it is no text, no messages and no list of texts."""
    items = value if isinstance(value, list) else [value]
    odd = next((item for item in items if not isinstance(item, str | list)), None)
    if odd is None:
        return None
    if not isinstance(odd, dict):
        return _KINDS.get(type(odd), f"a {type(odd).__name__}")
    return None if odd.keys() & {*WHAT, "messages"} else f"objects of {list_names(list(odd))}"


def _left(row: Row, taken: tuple[str, ...], least: int = 1) -> str | None:
    """A field with a text that may be the prompt: the longest, if it has `least` characters."""
    left = {name: len(value) for name, value in row.items() if isinstance(value, str)}
    held = {name: size for name, size in left.items() if size >= least and name not in taken}
    return max(held, key=held.__getitem__, default=None)
