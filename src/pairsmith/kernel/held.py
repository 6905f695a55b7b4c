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
from typing import Any, NamedTuple, TypeAlias

from pairsmith.schema.messages import Message
from pairsmith.schema.reasoning import split_reasoning
from pairsmith.schema.templates import Conversation, Refusal, probe_text

SURE_CHARS = 24
"""A piece of this many characters or more, without white space, stands in no text by chance."""

CONTENT, REASONING, CALLS, TOOLS = "text", "reasoning", "tool calls", "tools"
"""What a piece is part of."""


class Piece(NamedTuple):
    """What has to stand in a text.

    Attributes:
        turn: The message's place; -1 for a tool's definition.
        kind: What it is part of.
        part: Which of that message's pieces of the kind, the same in an outline.
        value: What it is; see `_forms` for how it may be written.
    """

    turn: int
    kind: str
    part: int
    value: Any

    @property
    def key(self) -> tuple[int, str, int]:
        """What it has in common with the piece of an outline."""
        return self.turn, self.kind, self.part


Absent: TypeAlias = frozenset[tuple[int, str, int]]
"""The keys of pieces of an outline that a template leaves out."""


class Loss(NamedTuple):
    """What a text leaves out.

    Attributes:
        message: A sentence on what must not be missing, without any of its text; or empty.
        reasoning: Whether reasoning of turns before the reply is missing, which is no fault.
    """

    message: str = ""
    reasoning: bool = False


def find_loss(conversation: Conversation, text: str, replies: int, absent: Absent) -> Loss:
    """What a rendered text leaves out of its conversation.

    Args:
        conversation: What was rendered.
        text: What came of it.
        replies: The place of the first message of the reply.
        absent: What the template leaves out of its outline; see `Outlines`.
    """
    lost = _missing(conversation, text)
    if absent:
        known = {piece.key for piece in lost}
        lost += [
            piece
            for pieces in _pieces(conversation)
            for piece in pieces
            if piece.key in absent - known and (piece.kind == TOOLS or _is_short(piece))
        ]
    earlier = [piece for piece in lost if piece.kind == REASONING and piece.turn < replies]
    faults = [piece for piece in lost if piece not in earlier]
    return Loss(_describe(faults, conversation, text, replies), bool(earlier))


class Outlines:
    """The outlines of conversations, each to be rendered once.

    Attributes:
        conversations: What is to be rendered.
    """

    def __init__(self, conversations: Iterable[Conversation]) -> None:
        self.conversations: list[Conversation] = []
        self._places: dict[str, int] = {}
        self._of: list[int] = []
        self._short: list[Conversation] = []
        self._absent: list[Absent] = []
        for conversation in conversations:
            short = outline_of(conversation, _core)
            place = self._places.setdefault(repr(short), len(self._places))
            self._of.append(place)
            if place == len(self.conversations):
                self.conversations.append(outline_of(conversation))
                self._short.append(short)

    def take(self, texts: Sequence[str | Refusal]) -> None:
        """Takes what came of them; a refusal tells nothing."""
        self._absent = [
            frozenset(piece.key for piece in _missing(short, text.lower()))
            if isinstance(text, str)
            else frozenset()
            for short, text in zip(self._short, texts, strict=True)
        ]

    def absent_in(self, place: int) -> Absent:
        """What the template leaves out of the outline of the conversation at this place."""
        return self._absent[self._of[place]]


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
    lost = [piece for piece in tools if _find(squeezed, piece.value, 0) is None]
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
    whole = _find(text, content, start)
    lost, end = list[Piece](), start if whole is None else whole
    for piece in pieces:
        inside = piece.kind == CONTENT or (piece.kind == REASONING and piece.part >= 0)
        if inside and whole is not None:
            continue  # reasoning, if there is any, stands in the content as it was
        place = _find(text, piece.value, end if piece.kind == CONTENT else start)
        if place is None:
            lost.append(piece)
        elif piece.kind == CONTENT:
            end = place
    return end, lost


def _find(text: str, value: Any, start: int) -> int | None:
    """Where a value ends that stands in a text without white space; None where it does not."""
    for form in _forms(value):
        place = text.find(form, start)
        if place >= 0:
            return place + len(form)
    return None


def _pieces(conversation: Conversation) -> list[list[Piece]]:
    """The pieces of the tools, and those of each message."""
    tools = [
        Piece(-1, TOOLS, place, _tool_name(tool))
        for place, tool in enumerate(conversation.tools or ())
    ]
    each = (_pieces_of(turn, message) for turn, message in enumerate(conversation.messages))
    return [[piece for piece in held if _says(piece.value)] for held in (tools, *each)]


def _says(value: Any) -> bool:
    """Whether a value is more than white space."""
    return not isinstance(value, str) or (not value.isspace() and bool(value))


def _pieces_of(turn: int, message: Message) -> Iterator[Piece]:
    if message.get("reasoning_content"):
        yield Piece(turn, REASONING, -1, message["reasoning_content"])
    for place, part in enumerate(split_reasoning(message["content"])):
        yield Piece(turn, REASONING if part.closing else CONTENT, place, part.text)
    for place, call in enumerate(message.get("tool_calls") or ()):
        function = call["function"]
        yield Piece(turn, CALLS, 2 * place, function["name"])
        for value in _leaves(function.get("arguments")):
            yield Piece(turn, CALLS, 2 * place + 1, value)


def _tool_name(tool: Any) -> Any:
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    return (function.get("name") or "") if isinstance(function, dict) else ""


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


def _forms(value: Any) -> Iterator[str]:
    """How a value may be written, less white space: as it is, in JSON, as Python has it."""
    if isinstance(value, str):
        yield _squeeze(value)
        for ascii_only in (False, True):
            yield _squeeze(json.dumps(value, ensure_ascii=ascii_only)[1:-1])
        yield _squeeze(repr(value)[1:-1])
    elif value is None:
        yield from ("null", "None")
    else:
        yield from (_squeeze(json.dumps(value)), _squeeze(str(value)))


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _is_short(piece: Piece) -> bool:
    return len(next(_forms(piece.value))) < SURE_CHARS


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
    said = next(_forms(first.value))
    half = len(said) // 2
    halves = said[:half], said[-half:]
    partly = half >= SURE_CHARS and any(part in _squeeze(text) for part in halves)
    return f"the template drops part of {turn}" if partly else f"the template drops {turn}"
