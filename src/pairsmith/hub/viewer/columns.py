"""Columns of a file: of what kind each is, and how SQL brings its values to a page.

Columns go by their place in SQL (`c0`, `c1`, …): a name comes from a file of others and is never
part of a query. Every value leaves DuckDB as text, or as messages, cut to a bounded length; a small
picture as its bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb.sqltypes import DuckDBPyType

Kind = Literal["text", "messages", "nested", "binary", "unshown", "plain"]
NESTED = frozenset({"list", "struct", "map", "array", "union"})
PICTURE = {"bytes": "blob", "path": "varchar"}  # the fields of an image of `datasets`
MAX_NAME_CHARS = 200  # characters of a name or a type that are shown
TOGETHER = 8_000_000  # characters of all values of a page that are read
ROLE = 40  # characters of a message's role
SORTED_CHARS = 200  # characters of a text by which rows are sorted
MAX_PICTURE_BYTES = 256 << 10  # a picture within a row that is shown
PICTURES_TOGETHER = 3 << 20  # bytes of all pictures of a page
PICTURES = {  # how a picture begins, in hexadecimal, as SQL's LIKE has it
    "image/png": "89504E470D0A1A0A%",
    "image/jpeg": "FFD8FF%",
    "image/gif": "47494638%",
    "image/webp": "52494646________57454250%",
}
BESIDE = {
    "reasoning_content": "thinks",
    "tool_calls": "calls",
    "tool_call_id": "answers",
    "name": "name",
}
"""What a message may hold besides role and content, and how that is called on a page; no other
field's name is part of a query."""


class Column(NamedTuple):
    """A column.

    Attributes:
        name: Its name in the file.
        type: Its type, as DuckDB writes it.
        kind: `messages` is a list of {role, content}; `unshown` is nested and holds binary data.
        beside: Of messages, which of `BESIDE` they have.
        json: Whether its values, or the contents of its messages, are of JSON: of any type.
        wrapped: Whether its binary data is the field `bytes` of a struct, as `datasets` has images.
    """

    name: str
    type: str
    kind: Kind
    beside: tuple[str, ...] = ()
    json: bool = False
    wrapped: bool = False


class Cut(NamedTuple):
    """How much of a value is shown.

    Attributes:
        text: Characters of a text.
        messages: Messages of a list of them.
        message: Characters of each.
        picture: Bytes of a picture, which is shown whole or not at all.
    """

    text: int
    messages: int
    message: int
    picture: int = MAX_PICTURE_BYTES

    def among(self, cells: int) -> Cut:
        """The same, or less where there are too many values to show that much of each."""
        share = TOGETHER // max(1, cells)
        message = min(self.message, share // self.messages)
        picture = min(self.picture, PICTURES_TOGETHER // max(1, cells))
        return Cut(min(self.text, share), self.messages, message, picture)


def column(name: str, type: DuckDBPyType) -> Column:
    """A column of a type."""
    kind = _kind(type)
    beside = _beside(type) if kind == "messages" else ()
    json = _is_json(dict(type.children[0][1].children)["content"] if kind == "messages" else type)
    wrapped = kind == "binary" and type.id != "blob"
    shown = str(type)[:MAX_NAME_CHARS]
    return Column(name[:MAX_NAME_CHARS], shown, kind, beside, json, wrapped)


def select_list(columns: Sequence[Column], cut: Cut) -> str:
    """The select list: for each column its value, cut, and its size.

    The size of a text is in characters, of a list in messages, of binary data in bytes.
    """
    return ", ".join(_selected(f"c{at}", column, cut) for at, column in enumerate(columns))


def are_searched(columns: Sequence[Column]) -> bool:
    """Whether there is anything to search: a column of text, of messages, or of lists of them."""
    return any(column.kind in ("text", "nested", "messages") for column in columns)


def search_condition(columns: Sequence[Column]) -> str:
    """The condition that the text `$q` stands in a row, whatever the case."""
    conditions = [_condition(f"c{at}", column) for at, column in enumerate(columns)]
    return " OR ".join(condition for condition in conditions if condition) or "false"


def sort_key(it: str, column: Column) -> str:
    """What rows are sorted by: a number, the first of a text, the size of a list or of data."""
    kind = column.kind
    if kind == "plain":
        return it
    if kind == "binary":
        return f"octet_length({_data(it, column)})"
    if kind == "messages":
        return f"len({it})"
    return "NULL" if kind == "unshown" else f"left({text_of(it, column)}, {SORTED_CHARS})"


def text_of(it: str, column: Column) -> str:
    """A value as text."""
    if column.json:
        return f"({it} ->> '$')"
    nested = column.kind == "nested"
    return f"CAST(to_json({it}) AS VARCHAR)" if nested else f"CAST({it} AS VARCHAR)"


def _data(it: str, column: Column) -> str:
    return f"{it}.bytes" if column.wrapped else it


def _selected(it: str, column: Column, cut: Cut) -> str:
    kind = column.kind
    if kind == "binary":
        data = _data(it, column)
        begins = " OR ".join(f"hex({data}[1:12]) LIKE '{begin}'" for begin in PICTURES.values())
        small = f"octet_length({data}) <= {cut.picture}"
        return f"CASE WHEN {small} AND ({begins}) THEN {data} END, octet_length({data})"
    if kind == "unshown":
        return f"CASE WHEN {it} IS NULL THEN NULL ELSE '' END, NULL"
    if kind == "messages":
        said = _said(column)
        message = (
            f"{{'role': left(m.role, {ROLE}), 'content': left({said}, {cut.message}),"
            f" 'size': length({said})}}"
        )
        return f"list_transform({it}[:{cut.messages}], lambda m: {message}), len({it})"
    text = text_of(it, column)
    return f"left({text}, {cut.text}), length({text})"


def _said(column: Column) -> str:
    """What a message `m` says: its content, behind what was thought, before what was called."""
    content = "(m.content ->> '$')" if column.json else "m.content"
    if not column.beside:
        return content
    told = {
        name: f"CASE WHEN m.{name} IS NOT NULL THEN '{BESIDE[name]}: ' ||"
        f" CAST({f'to_json(m.{name})' if name == 'tool_calls' else f'm.{name}'} AS VARCHAR) END"
        for name in column.beside
    }
    thought = told.pop("reasoning_content", "NULL")
    parts = ", ".join([thought, content, *told.values()])
    plain = " AND ".join(f"m.{name} IS NULL" for name in column.beside)
    return f"CASE WHEN {plain} THEN {content} ELSE concat_ws(chr(10), {parts}) END"


def _condition(it: str, column: Column) -> str:
    kind = column.kind
    if kind in ("text", "nested"):
        return f"contains(lower({text_of(it, column)}), lower($q))"
    if kind == "messages":
        return f"len(list_filter({it}, lambda m: contains(lower({_said(column)}), lower($q)))) > 0"
    return ""


def _kind(type: DuckDBPyType) -> Kind:
    if type.id == "varchar":
        return "text"
    if type.id == "blob":
        return "binary"
    if type.id not in NESTED:
        return "plain"
    if _are_messages(type):
        return "messages"
    if type.id == "struct" and {name: field.id for name, field in type.children} == PICTURE:
        return "binary"
    return "unshown" if _holds_binary(type) else "nested"


def _is_json(type: DuckDBPyType) -> bool:
    return str(type) == "JSON"


def _are_messages(type: DuckDBPyType) -> bool:
    if type.id != "list" or (inner := type.children[0][1]).id != "struct":
        return False
    fields = {name: field.id for name, field in inner.children}
    return fields.get("role") == "varchar" and fields.get("content") == "varchar"


def _beside(type: DuckDBPyType) -> tuple[str, ...]:
    """Which fields messages have of those that are shown with their content."""
    fields = dict(type.children[0][1].children)
    named = [name for name in BESIDE if name in fields]
    calls = fields.get("tool_calls")
    shown = calls is not None and calls.id in NESTED and not _holds_binary(calls)
    texts = {name for name in named if fields[name].id == "varchar"}
    return tuple(name for name in named if name in texts or (name == "tool_calls" and shown))


def _holds_binary(type: DuckDBPyType) -> bool:
    """Whether there is binary data anywhere in a type."""
    if type.id in NESTED:
        inner = [child for _, child in type.children if hasattr(child, "id")]
        return any(_holds_binary(child) for child in inner)
    return bool(type.id == "blob")
