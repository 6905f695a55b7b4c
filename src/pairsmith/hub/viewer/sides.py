"""Rows as people read them: chosen beside rejected, and the other columns as facts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from markupsafe import Markup

from pairsmith.hub.viewer.columns import PICTURES, Column
from pairsmith.hub.viewer.query import Row, Value
from pairsmith.hub.viewer.statements import Statements
from pairsmith.hub.viewer.word_diff import mark_differences

PROMPT, CHOSEN, REJECTED = "prompt", "chosen", "rejected"
READABLE = ("text", "messages")


class Turn(NamedTuple):
    """What one speaker says.

    Attributes:
        role: Who; '' where a text is not of messages.
        text: The words, differences marked where there is another side; None where there are none.
        left_out: How many characters more there are.
    """

    role: str
    text: str | Markup | None
    left_out: int = 0


class Side(NamedTuple):
    """One side of a pair, or its prompt: turns, and how many more there are."""

    turns: list[Turn]
    left_out: int = 0


class PairView(NamedTuple):
    """A row as a pair. `prompt` is None where the row has none."""

    prompt: Side | None
    chosen: Side
    rejected: Side


class Fact(NamedTuple):
    """A column of a row, for a table or a list.

    Attributes:
        name: The column's name.
        kind: What `columns.Kind` it is of.
        side: Its value as turns, of which a text is one.
        size: Bytes of binary data, or None.
        picture: A small picture as an address that holds it (`data:`); '' for anything else.
    """

    name: str
    kind: str
    side: Side
    size: int | None = None
    picture: str = ""


class RenderedRow(NamedTuple):
    """A row as a pair where it is one, its other columns, and what an annotation says of it."""

    number: int
    pair: PairView | None
    facts: list[Fact]
    statements: Statements | None = None


def are_pairs(columns: Sequence[Column]) -> bool:
    """Whether rows of these columns are a chosen reply beside a rejected one."""
    kinds = {column.name: column.kind for column in columns}
    return kinds.get(CHOSEN) in READABLE and kinds.get(CHOSEN) == kinds.get(REJECTED)


def render_row(columns: Sequence[Column], row: Row) -> RenderedRow:
    """A row as it is shown."""
    cells = list(zip(columns, row.values, strict=True))
    if not are_pairs(columns):
        return RenderedRow(row.number, None, [_fact(*cell) for cell in cells], row.statements)
    sides = {
        column.name: side(value)
        for column, value in cells
        if column.name in (CHOSEN, REJECTED) or (column.name == PROMPT and column.kind in READABLE)
    }
    pair = _pair(sides.get(PROMPT), sides[CHOSEN], sides[REJECTED])
    facts = [_fact(*cell) for cell in cells if cell[0].name not in sides]
    return RenderedRow(row.number, pair, facts, row.statements)


def side(value: Value) -> Side:
    """A text as one turn, or messages as theirs."""
    content, size, _ = value
    if not isinstance(content, list):
        return Side([Turn("", content, _left_out(content, size))])
    turns = [_turn(message) for message in content]
    return Side(turns, (size or 0) - len(turns))


def pair_of(prompt: Value | None, chosen: Value, rejected: Value) -> PairView:
    """A chosen reply beside a rejected one, by their values."""
    return _pair(None if prompt is None else side(prompt), side(chosen), side(rejected))


def _pair(prompt: Side | None, chosen: Side, rejected: Side) -> PairView:
    if prompt is None and (shared := _shared(chosen, rejected)):
        prompt = Side(chosen.turns[:shared])
        chosen = chosen._replace(turns=chosen.turns[shared:])
        rejected = rejected._replace(turns=rejected.turns[shared:])
    silent = Turn("", "")
    compared = [
        (one, other, *mark_differences(one.text or "", other.text or ""))
        for one, other in zip_longest(chosen.turns, rejected.turns, fillvalue=silent)
    ]
    ours = [one if one.text is None else one._replace(text=text) for one, _, text, _ in compared]
    theirs = [one if one.text is None else one._replace(text=text) for _, one, _, text in compared]
    return PairView(
        prompt,
        chosen._replace(turns=ours[: len(chosen.turns)]),
        rejected._replace(turns=theirs[: len(rejected.turns)]),
    )


def _shared(chosen: Side, rejected: Side) -> int:
    """How many messages both sides begin with: the prompt, where it has no column of its own."""
    count = 0
    for one, other in zip(chosen.turns, rejected.turns, strict=False):
        if one != other or not one.role or one.left_out:
            break
        count += 1
    # of two sides that are the same, the last message is the reply
    return max(0, min(count, len(chosen.turns) - 1, len(rejected.turns) - 1))


def _fact(column: Column, value: Value) -> Fact:
    if value.picture is not None:
        return Fact(column.name, column.kind, Side([]), value.size, _picture(value.picture))
    if column.kind in ("binary", "unshown"):
        return Fact(column.name, column.kind, Side([Turn("", value.content)]), value.size)  # type: ignore[arg-type]
    return Fact(column.name, column.kind, side(value))


def _picture(data: bytes) -> str:
    """A picture as an address; its type is the one that its first bytes tell."""
    for type, begin in PICTURES.items():
        if data.startswith(bytes.fromhex(begin.partition("_")[0].rstrip("%"))):
            return f"data:{type};base64,{b64encode(data).decode()}"
    return ""


def _turn(message: dict[str, object] | None) -> Turn:
    if message is None:
        return Turn("", None)
    role, content, size = message["role"], message["content"], message["size"]
    text = content if isinstance(content, str) else None
    return Turn(str(role or ""), text, _left_out(text, size if isinstance(size, int) else None))


def _left_out(text: str | None, size: int | None) -> int:
    return 0 if text is None or size is None else size - len(text)
