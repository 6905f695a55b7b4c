"""Whether a rendered text holds what was read: contents, reasoning, tool calls, tools.

What a conversation says is taken as *pieces*, each a string or a value that has to stand in the
text, however white space is set around and in it. Contents stand in order, system turns anywhere,
and the pieces of a message behind those of the message before it. A short piece proves little: a
dropped "ok" is found in "token". So the conversation's *outline* is rendered as well, the same
messages with marks in place of all they say. Where a mark is missing, a short piece that seems to
be there is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from pairsmith.schema.messages import Message
from pairsmith.schema.reasoning import split_reasoning
from pairsmith.schema.templates import Conversation, Refusal, probe_text

SURE_CHARS = 24
"""A piece of at least so many characters, white space aside, does not stand in a text by chance."""

CONTENT, REASONING, CALLS, TOOLS = "text", "reasoning", "tool calls", "tools"
"""What a piece is part of."""


class Piece(NamedTuple):
    """What has to stand in a text.

    Attributes:
        turn: The message's place; -1 for a tool's definition.
        kind: What it is part of.
        part: Which of that message's pieces of the kind, the same in an outline.
        forms: How it may be written.
    """

    turn: int
    kind: str
    part: int
    forms: tuple[str, ...]

    @property
    def key(self) -> tuple[int, str, int]:
        """What it has in common with the piece of an outline."""
        return self.turn, self.kind, self.part


class Loss(NamedTuple):
    """What a text leaves out.

    Attributes:
        message: A sentence on what must not be missing, without any of its text; or empty.
        reasoning: Whether reasoning of turns before the reply is missing, which is no fault.
    """

    message: str = ""
    reasoning: bool = False


def find_loss(
    conversation: Conversation, text: str, replies: int, outline: str | Refusal | None
) -> Loss:
    """What a rendered text leaves out of its conversation.

    Args:
        conversation: What was rendered.
        text: What came of it.
        replies: The place of the first message of the reply.
        outline: What came of `outline_of` of it; a refusal tells nothing.
    """
    lost = _missing(conversation, text)
    if isinstance(outline, str):
        marks = outline_of(conversation, _core)
        sure = {piece.key for piece in _missing(marks, outline.lower())}
        known = {piece.key for piece in lost}
        lost += [
            piece
            for pieces in _pieces(conversation)
            for piece in pieces
            if piece.key in sure - known and (piece.kind == TOOLS or _is_short(piece))
        ]
    earlier = [piece for piece in lost if piece.kind == REASONING and piece.turn < replies]
    faults = [piece for piece in lost if piece not in earlier]
    return Loss(_describe(faults, conversation, text, replies), bool(earlier))


def differ(left: Conversation, right: Conversation) -> bool:
    """Whether two conversations say different things, white space around contents aside."""
    said = [[_stripped(message) for message in side.messages] for side in (left, right)]
    return said[0] != said[1]


def _stripped(message: Message) -> Message:
    return {k: v.strip() if isinstance(v, str) else v for k, v in message.items()}


def outline_of(
    conversation: Conversation, make_mark: Callable[[int], str] = probe_text
) -> Conversation:
    """The same messages with marks in place of all they say.

    It depends on roles, on which fields there are, and on what is blank: many conversations have
    the same.

    Args:
        conversation: Any one.
        make_mark: From a number to a mark.
    """
    outliner = _Outliner(make_mark)
    messages = [outliner.outline(message) for message in conversation.messages]
    tools = [_outline_tool(outliner.mark()) for _ in conversation.tools or ()]
    return Conversation(messages, conversation.generation, tools or None)


class _Outliner:
    """Makes the outlines of messages, each mark once, and the ids of calls anew."""

    def __init__(self, make_mark: Callable[[int], str]) -> None:
        self.make_mark = make_mark
        self.made = 0
        self.ids: dict[str, str] = {}
        self.names: dict[str, str] = {}

    def mark(self) -> str:
        """The next mark."""
        self.made += 1
        return self.make_mark(self.made)

    def outline(self, message: Message) -> Message:
        """The outline of one message."""
        made: Message = {"role": message["role"], "content": self._text(message["content"])}
        if message.get("reasoning_content"):
            made["reasoning_content"] = self.mark()
        if message.get("tool_calls"):
            made["tool_calls"] = [self._call(call) for call in message["tool_calls"]]
        if message.get("tool_call_id") is not None:
            made["tool_call_id"] = self._id(message["tool_call_id"])
        if message.get("name"):
            made["name"] = self.names.get(made.get("tool_call_id", ""), "name")
        return made

    def _text(self, content: str) -> str:
        return "".join(
            f"{part.opening}{self.mark() if part.text.strip() else part.text}{part.closing}"
            for part in split_reasoning(content)
        )

    def _call(self, call: dict[str, Any]) -> dict[str, Any]:
        name, arguments = self.mark(), dict[str, str]()
        if call["function"].get("arguments"):
            arguments[self.mark()] = self.mark()
        made = {"type": "function", "function": {"name": name, "arguments": arguments}}
        if call.get("id") is None:
            return made
        known = self._id(call["id"])
        self.names[known] = name
        return {"id": known, **made}

    def _id(self, known: Any) -> str:
        """An id of nine letters and figures, which the strictest templates ask for."""
        return self.ids.setdefault(json.dumps(known), f"call{len(self.ids):05}")


def _core(number: int) -> str:
    """What is left of a mark that a template cuts short or writes in another case."""
    return f"qw{number}z"


def _outline_tool(name: str) -> dict[str, Any]:
    text = {"type": "string", "description": "a text"}
    parameters = {"type": "object", "properties": {"text": text}, "required": ["text"]}
    function = {"name": name, "description": "a tool", "parameters": parameters}
    return {"type": "function", "function": function}


def _missing(conversation: Conversation, text: str) -> list[Piece]:
    """The pieces that do not stand in a text."""
    squeezed, behind = _squeeze(text), 0
    tools, *each = _pieces(conversation)
    lost = [piece for piece in tools if _find(squeezed, piece.forms, 0) is None]
    for message, pieces in zip(conversation.messages, each, strict=True):
        start = 0 if message["role"] == "system" else behind
        end, missing = _missing_in(message["content"], pieces, squeezed, start)
        behind = behind if message["role"] == "system" else end
        lost += missing
    return lost


def _missing_in(
    content: str, pieces: Sequence[Piece], text: str, start: int
) -> tuple[int, list[Piece]]:
    """Where a message's content ends in a text, and the pieces of it that do not stand there."""
    whole = (
        _find(text, _forms(content), start) if any(piece.part >= 0 for piece in pieces) else None
    )
    lost, end = list[Piece](), start if whole is None else whole
    for piece in pieces:
        inside = piece.kind == CONTENT or (piece.kind == REASONING and piece.part >= 0)
        if inside and whole is not None:
            continue  # reasoning, if there is any, stands in the content as it was
        place = _find(text, piece.forms, end if piece.kind == CONTENT else start)
        if place is None:
            lost.append(piece)
        elif piece.kind == CONTENT:
            end = place
    return end, lost


def _find(text: str, forms: Iterable[str], start: int) -> int | None:
    """Where the first of these strings that stands in a text ends; None where none does."""
    for form in forms:
        place = text.find(form, start)
        if place >= 0:
            return place + len(form)
    return None


def _pieces(conversation: Conversation) -> list[list[Piece]]:
    """The pieces of the tools, and those of each message."""
    tools = [
        Piece(-1, TOOLS, place, _forms(_tool_name(tool)))
        for place, tool in enumerate(conversation.tools or ())
    ]
    each = [
        [piece for piece in _pieces_of(turn, message) if piece.forms]
        for turn, message in enumerate(conversation.messages)
    ]
    return [[piece for piece in tools if piece.forms], *each]


def _pieces_of(turn: int, message: Message) -> Iterator[Piece]:
    if message.get("reasoning_content"):
        yield Piece(turn, REASONING, -1, _forms(message["reasoning_content"]))
    for place, part in enumerate(split_reasoning(message["content"])):
        yield Piece(turn, REASONING if part.closing else CONTENT, place, _forms(part.text))
    for place, call in enumerate(message.get("tool_calls") or ()):
        function = call["function"]
        yield Piece(turn, CALLS, 2 * place, _forms(function["name"]))
        for value in _leaves(function.get("arguments")):
            yield Piece(turn, CALLS, 2 * place + 1, _forms(value))


def _tool_name(tool: Any) -> Any:
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    return function.get("name") if isinstance(function, dict) else None


def _leaves(value: Any) -> Iterator[Any]:
    """The keys and values of nested lists and objects."""
    waiting = [value]
    while waiting:
        held = waiting.pop()
        if isinstance(held, dict):
            yield from held
            waiting += held.values()
        elif isinstance(held, list):
            waiting += held
        else:
            yield held


def _forms(value: Any) -> tuple[str, ...]:
    """How a value may be written, without white space: as it is, in JSON, as Python has it."""
    if isinstance(value, str):
        if not value.strip():
            return ()
        written = [value, *(json.dumps(value, ensure_ascii=a)[1:-1] for a in (False, True))]
        written.append(repr(value)[1:-1])
    elif value is None:
        written = ["null", "None"]
    else:
        written = [json.dumps(value), str(value)]
    return tuple(dict.fromkeys(map(_squeeze, written)))


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _is_short(piece: Piece) -> bool:
    return len(piece.forms[0]) < SURE_CHARS


def _describe(lost: Sequence[Piece], conversation: Conversation, text: str, replies: int) -> str:
    """A sentence on the first of these pieces; empty if there is none."""
    if not lost:
        return ""
    first = min(lost, key=lambda piece: (piece.turn < 0, piece.turn >= replies, piece.turn))
    if first.kind == TOOLS:
        return "the template leaves out the tools"
    what = "its text" if first.kind == CONTENT else f"its {first.kind}"
    if first.turn >= replies:
        return f"the template drops part of a reply: {what}"
    role = ascii(conversation.messages[first.turn]["role"])[1:-1][:40]
    turn = f"turn {first.turn + 1} ({role})"
    if first.kind != CONTENT:
        return f"the template drops part of {turn}: {what}"
    half = len(first.forms[0]) // 2
    halves = first.forms[0][:half], first.forms[0][-half:]
    partly = half >= SURE_CHARS and any(part in _squeeze(text) for part in halves)
    return f"the template drops part of {turn}" if partly else f"the template drops {turn}"
