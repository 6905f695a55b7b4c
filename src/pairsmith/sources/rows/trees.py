"""Trees of messages, each message a row that names the one it answers (OpenAssistant).

The replies of the assistant to one message are ranked among each other, 0 for the best: they are
what is compared, below all that was said before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pairsmith.schema.messages import Message
from pairsmith.schema.reasons import Reason
from pairsmith.sources.outcomes import Outcome, Refused, UnreadableError
from pairsmith.sources.rows.mapping import Columns, said_at, value_at
from pairsmith.sources.rows.parts import Replies, make_outcomes, refuse_media, refuse_unread
from pairsmith.sources.rows.rules import judge_ranks, read_number
from pairsmith.sources.rows.shapes import RowShape
from pairsmith.sources.values.dialogues import read_conversation

MOST_ROWS, DEEPEST = 20_000, 500
"""Bounds of a tree: its messages, and those in one conversation."""


class Node(NamedTuple):
    """One message of a tree."""

    message: Message
    parent: str | None
    rank: float | None


def read_tree(row: dict[str, Any], shape: RowShape, used: set[str]) -> Iterator[Outcome]:
    """Reads all comparisons of one tree.

    Args:
        row: `{"rows": [...]}`, the messages of the tree in any order.
        shape: What their fields are.
        used: Takes the paths that were read.

    Raises:
        UnreadableError: A message cannot be read.
    """
    rows = row["rows"]
    if len(rows) > MOST_ROWS:
        said = f"the tree has {len(rows):,} messages, more than {MOST_ROWS:,}"
        raise UnreadableError(Reason.MALFORMED, said)
    columns = shape.columns
    nodes = {name: _read_node(one, shape) for one in rows if (name := id_of(one, columns))}
    used.update(path for role, path in columns.items() if role != "left_out")
    if any(one.get("deleted") is not None for one in rows):
        used.add("deleted")
    deleted = {id_of(one, columns) for one in rows if str(one.get("deleted")).lower() == "true"}
    replies: dict[str, list[Node]] = {}
    for name, node in nodes.items():
        if node.parent and node.message["role"] == "assistant" and name not in deleted:
            replies.setdefault(node.parent, []).append(node)
    compared = 0
    for parent, siblings in replies.items():
        ranked = [node for node in siblings if node.rank is not None]
        if len(ranked) > 1:
            compared += 1
            front = _path_to(parent, nodes)
            whole = [[*front, node.message] for node in ranked]
            judged = judge_ranks([node.rank for node in ranked])
            yield from make_outcomes(Replies(whole, judged), None, shape)
    if not compared:
        yield Refused(Reason.UNPAIRED, "no message of the tree has two replies that are ranked")


def id_of(row: dict[str, Any], columns: Columns) -> str | None:
    """The id of a message; None where it has none."""
    value = value_at(row, columns["id"])
    return str(value) if isinstance(value, str | int) else None


def parent_of(row: dict[str, Any], columns: Columns) -> str | None:
    """The id of the message that it answers; None for the first one."""
    value = value_at(row, columns["parent"])
    return str(value) if isinstance(value, str | int) and value != "" else None


def _read_node(row: dict[str, Any], shape: RowShape) -> Node:
    columns = shape.columns
    refuse_media(row)
    said = {
        "role": value_at(row, columns["role"]),
        "content": value_at(row, columns["reply"]),
    }
    messages = read_conversation(said, "a message", set())
    if len(messages) != 1:
        raise UnreadableError(Reason.MALFORMED, "a row of the tree is no message")
    refuse_unread(row, shape, [messages], set(columns.values()))
    rank = said_at(row, columns["rank"]) if "rank" in columns else None
    read = None if rank is None else read_number(rank, columns["rank"])
    return Node(messages[0], parent_of(row, columns), read)


def _path_to(name: str, nodes: dict[str, Node]) -> list[Message]:
    """The messages from the first one down to this one."""
    path: list[Message] = []
    at: str | None = name
    while at is not None:
        if at not in nodes:
            raise UnreadableError(Reason.MALFORMED, "a message answers one that is not there")
        if len(path) == DEEPEST:
            said = f"a conversation of the tree has over {DEEPEST} messages, or goes in a circle"
            raise UnreadableError(Reason.MALFORMED, said)
        path.append(nodes[at].message)
        at = nodes[at].parent
    return path[::-1]
