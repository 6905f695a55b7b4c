"""Calls of tools and definitions of tools, of any make, as `schema.messages` has them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeAlias

from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.values.literals import check_value, parse_json, parse_python, unread

Call: TypeAlias = dict[str, Any]

MOST_CALLS = 1000
_ARGUMENTS = ("arguments", "parameters", "input", "args")
_SCHEMA = ("parameters", "input_schema", "inputSchema")
_KEEP_NULL = {"default", "const", "example", "enum", "examples"}
"""What a schema may say of null; null elsewhere is a column's filling."""


def read_calls(value: Any, what: str) -> list[Call]:
    """Calls: one object, a list of them, or JSON text of either; none where blank.

    A call is OpenAI's `{"function": {"name", "arguments"}}`, or flat, `{"name", "arguments"}`.
    Arguments are an object or JSON text of one; without any they are empty.

    Raises:
        UnreadableError: `unread_content`: it is no call.
    """
    if isinstance(value, str):
        if not value.strip():
            return []
        value = _parse(value, f"the tool calls of {what} are not JSON")
    calls = value if isinstance(value, list) else [value]
    if len(calls) > MOST_CALLS:
        raise unread(f"{what} has more than {MOST_CALLS} tool calls")
    return [_read_call(call, what) for call in calls if call is not None]


def _read_call(call: Any, what: str) -> Call:
    if isinstance(call, str):
        call = _parse(call, f"a tool call of {what} is not JSON")
    refusal = f"{what} has a tool call that cannot be read"
    if not isinstance(call, dict) or call.get("type") not in (None, "function", "tool_call"):
        raise unread(refusal)
    function = call.get("function")
    if function is None or isinstance(function, str):
        function = {**call, "name": call.get("name") or function}
    if not isinstance(function, dict):
        raise unread(refusal)
    given = [function[name] for name in _ARGUMENTS if function.get(name) is not None]
    if len(given) > 1:
        raise unread(refusal)
    return make_call(function.get("name"), given[0] if given else None, call.get("id"), what)


def make_call(name: Any, arguments: Any, id: Any, what: str) -> Call:
    """A call from its parts.

    Raises:
        UnreadableError: `unread_content`: no name, or arguments that are no object.
    """
    if not isinstance(name, str) or not name.strip():
        raise unread(f"{what} has a tool call without a name")
    if id is not None and not isinstance(id, str):
        raise unread(f"{what} has a tool call whose id is not text")
    refusal = f"the arguments of a tool call of {what} are not an object"
    if isinstance(arguments, str):
        arguments = _parse(arguments, refusal) if arguments.strip() else {}
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        raise unread(refusal)
    function = {"name": name, "arguments": arguments}
    check_value([function, id], f"a tool call of {what}")
    return {"type": "function", **({"id": id} if id else {}), "function": function}


def read_definitions(value: Any, what: str) -> list[dict[str, Any]] | None:
    """Definitions of tools as OpenAI has them; None where blank.

    Args:
        value: A list of definitions, each an object or JSON text of one; JSON text of such a list;
            one definition; `{"tools": …}` or `{"functions": …}`. OpenAI's stay as they are, flat
            ones (the former `functions`, Anthropic's `input_schema`) are wrapped as those.
        what: What to call it in a sentence.

    Raises:
        UnreadableError: `unread_content`: an item is no definition.
    """
    if isinstance(value, str):
        value = _parse(value, f"{what} is not JSON") if value.strip() else None
    if isinstance(value, dict):
        inner = next((value[name] for name in ("tools", "functions") if value.get(name)), None)
        value = inner if inner is not None else [value] if value else None
        if isinstance(value, str):
            value = _parse(value, f"{what} is not JSON")
    if value is None or value == []:
        return None
    if not isinstance(value, list) or len(value) > MOST_CALLS:
        raise unread(f"{what} is no list of tools")
    check_value(value, what)
    return [_read_definition(item, what) for item in value]


def _read_definition(item: Any, what: str) -> dict[str, Any]:
    refusal = f"{what} holds a tool without a name, or of another type than function"
    if isinstance(item, str):
        item = _parse(item, f"{what} holds a text that is not JSON")
    if not isinstance(item, dict) or item.get("type") not in (None, "function", "custom"):
        raise unread(refusal)
    function = item.get("function")
    if function is None:
        schemas = [name for name in _SCHEMA if item.get(name) is not None]
        function = {name: item[name] for name in ("name", "description") if name in item}
        if schemas:
            function["parameters"] = item[schemas[0]]
        item = {"type": "function", "function": function}
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise unread(refusal)
    if not function["name"].strip():
        raise unread(refusal)
    made: dict[str, Any] = _without_nulls({**item, "type": item.get("type") or "function"})
    return made


def _without_nulls(schema: Any) -> Any:
    """A definition without the nulls that a column of many definitions fills it up with."""
    if isinstance(schema, dict):
        return {
            name: _without_nulls(inner) if name not in _KEEP_NULL else inner
            for name, inner in schema.items()
            if inner is not None or name in _KEEP_NULL
        }
    if isinstance(schema, list):
        return [_without_nulls(inner) for inner in schema]
    return schema


def _parse(text: str, refusal: str) -> Any:
    for parse in (parse_json, parse_python):
        with suppress(UnreadableError):
            return parse(text, "it")
    raise unread(refusal)
