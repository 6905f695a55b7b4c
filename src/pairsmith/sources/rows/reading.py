"""One row, given as a dictionary, to the comparisons that it holds.

`read_row` raises nothing: what cannot be read is refused with a reason, and a sentence that quotes
none of the row's text.
"""

from __future__ import annotations

from typing import Any

from pairsmith.schema.messages import Message
from pairsmith.schema.reasons import Reason
from pairsmith.sources.outcomes import Outcome, Refused, RowReading, UnreadableError
from pairsmith.sources.rows.front import Front, Look, is_texts, join, read_front
from pairsmith.sources.rows.mapping import items_of, ledger_path, place_of, split_path, value_at
from pairsmith.sources.rows.parts import (
    Replies,
    close_row,
    make_outcomes,
    open_row,
    read_single,
    settle_tools,
)
from pairsmith.sources.rows.rules import MOST_REPLIES, judge_flags, judge_scores
from pairsmith.sources.rows.shapes import RowShape
from pairsmith.sources.rows.strengths import drop_weak
from pairsmith.sources.rows.trees import read_tree
from pairsmith.sources.rows.verdicts import judge_list, judge_sides, judge_versus
from pairsmith.sources.values.chat_messages import REASONING, read_message
from pairsmith.sources.values.dialogues import find_media

MESSAGE_FIELDS = (*REASONING, "tool_calls", "function_call", "refusal")
"""Fields beside the text of a reply in a list that belong to what was said."""


def read_row(row: dict[str, Any], shape: RowShape) -> RowReading:
    """Reads one row, or what `sources.rows.grouping` makes of several.

    Args:
        row: The row, as of JSON: `{"rows": [...]}` of a shape that needs several.
        shape: What its fields are.

    Returns:
        One outcome or more, and the paths of the fields that were read: of a single row, also
        where several were given.
    """
    used: set[str] = set()
    try:
        outcomes = _read(row, shape, used)
    except UnreadableError as fault:
        outcomes = [Refused(fault.reason, fault.detail)]
    except RecursionError:
        outcomes = [Refused(Reason.MALFORMED, "the row is nested too deeply")]
    first = row["rows"][0] if shape.is_grouped else row
    return RowReading(outcomes, frozenset(place_of(first, path) for path in used))


def _read(row: dict[str, Any], shape: RowShape, used: set[str]) -> list[Outcome]:
    if shape.rule == "tree":
        return list(read_tree(row, shape, used))
    if shape.rule == "rows":
        return _read_rows(row, shape, used)
    look = open_row(row, shape, used)
    front = read_front(look)
    replies = _READERS[shape.rule](look, front)
    close_row(look, front, replies.conversations)
    outcomes = make_outcomes(replies, settle_tools(look.tools), shape)
    return drop_weak(row, outcomes, shape.columns, shape.drop_weak, used)


def _read_rows(row: dict[str, Any], shape: RowShape, used: set[str]) -> list[Outcome]:
    """Several rows, each with one reply to the same prompt."""
    singles = [read_single(one, shape, used) for one in row["rows"]]
    values = [single.worth for single in singles]
    judged = judge_scores(values)
    if "label" in shape.columns:
        judged = judge_flags([None if value is None else value > 0 for value in values])
    replies = Replies([single.conversation for single in singles], judged)
    return list(make_outcomes(replies, singles[0].tools, shape))


def _read_sides(look: Look, front: Front) -> Replies:
    """A better side and a worse one; each may hold several replies."""
    if "rejected_whole" in look.shape.columns:
        return _read_replaced(look, front)
    better, worse = (_read_side(look, role, front) for role in ("chosen", "rejected"))
    both = [*better, *worse]
    if len(both) > 2:
        flags = [True] * len(better) + [False] * len(worse)
        return Replies(both, judge_flags(flags))
    return Replies(both, judge_sides(look))


def _read_side(look: Look, role: str, front: Front) -> list[list[Message]]:
    at, value = look.one(look.shape.columns[role])
    turns = is_texts(value) and len(value) == len(front.prompt) > 1
    if turns or not _is_several(value):
        return [join(front, look.read(value, at, role), at)]
    if len(value) > MOST_REPLIES:
        said = f"{at} holds {len(value)} replies, more than {MOST_REPLIES}"
        raise UnreadableError(Reason.MALFORMED, said)
    return [join(front, look.read(reply, f"{at}[]", role), at) for reply in value]


def _is_several(value: Any) -> bool:
    """Whether one side is a list of replies: texts, or lists of messages."""
    if is_texts(value):
        return True
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(v, list) and v and isinstance(v[0], dict) for v in value)
    )


def _read_replaced(look: Look, front: Front) -> Replies:
    """A whole conversation, and what stands in place of its last reply."""
    columns = look.shape.columns
    at, value = look.one(columns["chosen"])
    chosen = look.read(value, at, "chosen")
    response, whole = (look.values(columns[role]) for role in ("rejected", "rejected_whole"))
    if bool(response) == bool(whole):
        said = f"{columns['rejected']} and {columns['rejected_whole']} a row has exactly one"
        raise UnreadableError(Reason.MALFORMED, f"of the fields {said}")
    ((path, other),) = (response or whole)[:1]
    rejected = look.read(other, path, "rejected")
    if response:
        rejected = [*_without_reply(chosen, isinstance(other, str)), *rejected]
    both = [join(front, chosen, at), join(front, rejected, path)]
    return Replies(both, judge_sides(look))


def _without_reply(chosen: list[Message], one: bool) -> list[Message]:
    """A conversation up to its last message, or up to all that the assistant last said and did."""
    if one:
        return chosen[:-1]
    kept = len(chosen)
    while kept and chosen[kept - 1]["role"] in ("assistant", "tool"):
        kept -= 1
    return chosen[:kept]


def _read_two(look: Look, front: Front) -> Replies:
    """Two sides, and which one is better."""
    judged = judge_versus(look)
    both = []
    for role in ("a", "b"):
        at, value = look.one(look.shape.columns[role])
        both.append(join(front, look.read(value, at, role), at))
    return Replies(both, judged)


def _read_list(look: Look, front: Front) -> Replies:
    """A list of replies, and what each is worth."""
    path = look.shape.columns["replies"]
    items, at = items_of(look.row, path), f"{ledger_path(path)}[]"
    if not items:
        raise UnreadableError(Reason.MALFORMED, f"{path} is no list of replies, or an empty one")
    if len(items) > MOST_REPLIES:
        said = f"{path} holds {len(items)} replies, more than {MOST_REPLIES}"
        raise UnreadableError(Reason.MALFORMED, said)
    judged = judge_list(look, items)
    parts = split_path(path)
    conversations: list[list[Message]] = []
    for number, item in enumerate(items, 1):
        where = at if len(parts) < 2 else ledger_path(parts[number - 1])
        if item is None and len(parts) > 1:
            conversations.append([])
            continue
        reply = _read_item(look, item, where, f"reply {number} of {path}")
        conversations.append(join(front, reply, f"reply {number} of {path}"))
    worth = [w if turns else None for w, turns in zip(judged.worth, conversations, strict=True)]
    return Replies(conversations, judged._replace(worth=worth))


def _read_item(look: Look, item: Any, at: str, what: str) -> list[Message]:
    """One reply of a list: it, or the field of it that holds it with its reasoning and calls."""
    inner = look.shape.columns.get("text")
    if not inner or not isinstance(item, dict):
        if item is None:
            raise UnreadableError(Reason.MALFORMED, f"{what} is null")
        return look.read(item, at, "text")
    if (media := find_media(item)) is not None:
        said = f"{what} has the field {media}, which is not read"
        raise UnreadableError(Reason.UNREAD_CONTENT, said)
    value, where = value_at(item, inner), f"{at}.{ledger_path(inner)}"
    if value is None:
        raise UnreadableError(Reason.MALFORMED, f"{what} has no text")
    beside = {name: item[name] for name in MESSAGE_FIELDS if item.get(name) and name != inner}
    if not beside or not isinstance(value, str):
        return look.read(value, where, "text")
    used: set[str] = set()
    messages = read_message({"content": value, **beside}, what, at, used, "assistant")
    look.used.update(where if path == f"{at}.content" else path for path in used)
    return messages


_READERS = {
    "sides": _read_sides,
    "two": _read_two,
    "replies": _read_list,
}
