"""Text by Jinja, row by row: for what a compiled template does not describe, and to check it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from pairsmith.kernel.held import Absent, Outlines, differ, find_loss
from pairsmith.schema.messages import Message, decode_extras, encode_json
from pairsmith.schema.templates import (
    PROBE_REPLY,
    Conversation,
    Refusal,
    Template,
    prompt_end,
    whole_marks,
)
from pairsmith.text.spans import Index, Mask
from pairsmith.text.turns import Turns

Jinja: TypeAlias = Callable[[Sequence[Conversation]], list[str | Refusal]]
Messages: TypeAlias = list[Message]
Tools: TypeAlias = list[dict[str, Any]] | None


class RenderedPair(NamedTuple):
    """One row's texts.

    Attributes:
        prompt, chosen, rejected: The texts.
        reasoning_left_out: Whether the template leaves out reasoning of turns before the reply.
    """

    prompt: str
    chosen: str
    rejected: str
    reasoning_left_out: bool = False


class _Pair(NamedTuple):
    """What is rendered of one row.

    Attributes:
        prompt: The prompt, up to where the reply begins.
        sides: Both whole conversations.
        marked: The prompt with another reply; None where it is not needed.
    """

    prompt: Conversation
    sides: tuple[Conversation, Conversation]
    marked: Conversation | None

    @property
    def all(self) -> list[Conversation]:
        """What is to be rendered, the sides last."""
        return [self.prompt, *([self.marked] if self.marked else []), *self.sides]


def messages_of(turns: Turns, row: int) -> Messages:
    """One row's turns as messages."""
    part = slice(int(turns.offsets[row]), int(turns.offsets[row + 1]))
    roles = [turns.roles[code] for code in turns.role[part].tolist()]
    contents = turns.content.select(part).texts().to_pylist()
    messages: Messages = [{"role": r, "content": c} for r, c in zip(roles, contents, strict=True)]
    if turns.extras is not None:
        for message, extras in zip(messages, turns.extras[part].to_pylist(), strict=True):
            message |= decode_extras(extras)
    return messages


def pairs_by_row(
    chosen: Sequence[Messages],
    rejected: Sequence[Messages],
    template: Template,
    jinja: Jinja,
    marked: bool = True,
    prompts: Sequence[int] | None = None,
    tools: Sequence[Tools] | None = None,
    check: bool = True,
) -> list[RenderedPair | Refusal]:
    """Renders pairs of whole conversations that begin with the same prompt.

    The prompt ends where the rendered prompt, both whole conversations, and one with another
    reply cease to agree; so it never holds the beginning of a reply, nor part of a control token.

    Args:
        chosen: n conversations, whose messages may hold what `schema.messages.EXTRAS` names.
        rejected: n conversations.
        template: Says what a dataset's texts leave out; see `DatasetSegments`.
        jinja: Renders them.
        marked: Whether to render the one with another reply; not needed where every reply begins
            as a rendered prompt ends.
        prompts: n numbers: the messages of each prompt, the same on both sides. All but the last
            one if None.
        tools: For each of n rows the tools that may be called; None where there are none.
        check: Whether to refuse rows of which the template leaves something out; not needed where
            what is rendered is compared with a text that is known to hold all.

    Returns:
        The texts of each pair; or the refusal of one of its conversations, or one that says what
        the template leaves out.
    """
    given, ends = tools or [None] * len(chosen), prompts or [len(side) - 1 for side in chosen]
    rows = [
        _pair(better, worse, end, held, marked)
        for better, worse, end, held in zip(chosen, rejected, ends, given, strict=True)
    ]
    outlines = Outlines([side for row in rows for side in row.sides] if check else [])
    asked = [conversation for row in rows for conversation in row.all]
    texts = _render(jinja, [*asked, *outlines.conversations])
    outlines.take(texts[len(asked) :])
    made: list[RenderedPair | Refusal] = []
    place = 0
    for number, (row, end) in enumerate(zip(rows, ends, strict=True)):
        pair = _cut(texts[place : place + len(row.all)], template)
        place += len(row.all)
        if check and not isinstance(pair, Refusal):
            absent = [outlines.absent_in(2 * number + side) for side in (0, 1)]
            pair = _checked(row, end, pair, texts[place - 2 : place], absent)
        made.append(pair)
    return made


def _render(jinja: Jinja, conversations: Sequence[Conversation]) -> list[str | Refusal]:
    """Renders conversations; where one is refused, with the arguments of its calls as JSON text.

    Most templates write arguments as JSON, some (DeepSeek V3) join them to a text as they come.
    """
    texts = jinja(conversations)
    written = {
        place: _write_arguments(conversations[place])
        for place, text in enumerate(texts)
        if isinstance(text, Refusal)
    }
    again = {place: held for place, held in written.items() if held is not None}
    for place, text in zip(again, jinja([*again.values()]) if again else [], strict=True):
        if not isinstance(text, Refusal):
            texts[place] = text
    return texts


def _write_arguments(conversation: Conversation) -> Conversation | None:
    """The conversation with all arguments as text; None where there are none."""
    if not any(message.get("tool_calls") for message in conversation.messages):
        return None
    messages: Messages = []
    for message in conversation.messages:
        calls = [
            {**call, "function": {**call["function"], "arguments": encode_json(arguments)}}
            for call in message.get("tool_calls") or []
            for arguments in [call["function"].get("arguments", {})]
        ]
        messages.append({**message, "tool_calls": calls} if calls else message)
    return conversation._replace(messages=messages)


def _pair(better: Messages, worse: Messages, end: int, tools: Tools, marked: bool) -> _Pair:
    prompt = better[:end]
    generation = better[end:][:1] == [] or better[end]["role"] == "assistant"
    reply = {"role": "assistant", "content": PROBE_REPLY}
    return _Pair(
        Conversation(prompt, generation, tools),
        (Conversation(better, tools=tools), Conversation(worse, tools=tools)),
        Conversation([*prompt, reply], tools=tools) if marked and generation else None,
    )


def _cut(texts: list[str | Refusal], template: Template) -> RenderedPair | Refusal:
    """One row's texts, of its prompt rendered, perhaps one with another reply, and both sides."""
    prompt, *marked, better, worse = texts
    compared = [text for text in marked if isinstance(text, str)]  # it may refuse this reply
    for text in (prompt, better, worse):
        if isinstance(text, Refusal):
            return text
        compared.append(text)
    boundary = prompt_end(compared, whole_marks(template))
    better, worse = compared[-2:]
    return RenderedPair(
        template.opened(better[:boundary]),
        template.closed(better[boundary:]),
        template.closed(worse[boundary:]),
    )


def _checked(
    row: _Pair,
    end: int,
    pair: RenderedPair,
    texts: Sequence[str | Refusal],
    absent: Sequence[Absent],
) -> RenderedPair | Refusal:
    """The same, where both texts hold what was read; or a refusal that says what is left out."""
    left_out = False
    for side, text, known in zip(row.sides, texts, absent, strict=True):
        loss = find_loss(side, str(text), end, known)
        if loss.message:
            return Refusal(loss.message)
        left_out |= loss.reasoning
    if pair.chosen == pair.rejected and differ(*row.sides):
        return Refusal("the template leaves out what the two replies differ in")
    return pair._replace(reasoning_left_out=left_out)


def dialogues_by_row(
    dialogues: Sequence[Messages],
    template: Template,
    jinja: Jinja,
    tools: Sequence[Tools] | None = None,
    check: bool = True,
) -> list[str | Refusal]:
    """Renders whole conversations; arguments and result as `pairs_by_row`."""
    given = tools or [None] * len(dialogues)
    asked = [Conversation(m, tools=held) for m, held in zip(dialogues, given, strict=True)]
    outlines = Outlines(asked if check else [])
    texts = _render(jinja, [*asked, *outlines.conversations])
    outlines.take(texts[len(asked) :])
    made: list[str | Refusal] = []
    for number, (conversation, text) in enumerate(zip(asked, texts, strict=False)):
        if isinstance(text, str) and check:
            replied = conversation.messages[-1]["role"] == "assistant"
            end = len(conversation.messages) - replied
            loss = find_loss(conversation, text, end, outlines.absent_in(number))
            text = Refusal(loss.message) if loss.message else text
        opened = text if isinstance(text, Refusal) else template.closed(template.opened(text))
        made.append(opened)
    return made


def sampled_rows(sides: Sequence[Turns], rows: Mask) -> list[int]:
    """Selects the rows of a batch on which to check a compiled template.

    Of the rows that open alike, the longest on each side, the shortest, the one of most turns, and
    the last. They depend on the batch alone.

    Args:
        sides: The turns of n rows; the first has the whole conversations.
        rows: n flags: the rows to choose from.

    Returns:
        The numbers of the rows, in order.
    """
    system = sides[0].opens_with_system
    selected: set[int] = set()
    for opening in (False, True):
        candidates = np.flatnonzero(rows & (system == opening))
        if len(candidates):
            sizes = [_sizes(turns)[candidates] for turns in sides]
            most = [int(np.argmax(of_rows)) for of_rows in (sides[0].counts[candidates], *sizes)]
            selected |= set(candidates[[int(np.argmin(sizes[0])), *most, -1]].tolist())
    return sorted(selected)


def _sizes(turns: Turns) -> Index:
    """The bytes of each row's contents."""
    ends = np.concatenate([[0], np.cumsum(turns.content.sizes)])
    sizes: Index = ends[turns.offsets[1:]] - ends[turns.offsets[:-1]]
    return sizes
