"""Text by Jinja, row by row: for what a compiled template does not describe, and to check it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from pairsmith.schema.templates import (
    PROBE_REPLY,
    Conversation,
    Refusal,
    Template,
    common_start,
)
from pairsmith.text.spans import Index, Mask
from pairsmith.text.turns import Turns

Jinja: TypeAlias = Callable[[Sequence[Conversation]], list[str | Refusal]]
Messages: TypeAlias = list[dict[str, str]]


class RenderedPair(NamedTuple):
    """One row's texts."""

    prompt: str
    chosen: str
    rejected: str


def messages_of(turns: Turns, row: int) -> Messages:
    """One row's turns as messages."""
    part = slice(int(turns.offsets[row]), int(turns.offsets[row + 1]))
    roles = [turns.roles[code] for code in turns.role[part].tolist()]
    contents = turns.content.select(part).texts().to_pylist()
    return [{"role": r, "content": c} for r, c in zip(roles, contents, strict=True)]


def pairs_by_row(
    chosen: Sequence[Messages],
    rejected: Sequence[Messages],
    template: Template,
    jinja: Jinja,
    marked: bool = True,
) -> list[RenderedPair | Refusal]:
    """Renders pairs of whole conversations that differ in the last message.

    The prompt ends where the rendered prompt, both whole conversations, and one with another
    reply cease to agree; so it never holds the beginning of a reply.

    Args:
        chosen: n conversations.
        rejected: n conversations.
        template: Says what a dataset's texts leave out; see `DatasetSegments`.
        jinja: Renders them.
        marked: Whether to render the one with another reply; not needed where every reply begins
            as a rendered prompt ends.

    Returns:
        The texts of each pair, or the refusal of one of its conversations.
    """
    conversations: list[Conversation] = []
    for better, worse in zip(chosen, rejected, strict=True):
        prompt = better[:-1]
        conversations += [
            Conversation(prompt, generation=True),
            Conversation(better),
            Conversation(worse),
        ]
        if marked:
            reply = {"role": "assistant", "content": PROBE_REPLY}
            conversations.append(Conversation([*prompt, reply]))
    texts, each = jinja(conversations), 3 + marked
    return [_pair(texts[i : i + each], template) for i in range(0, len(texts), each)]


def _pair(texts: list[str | Refusal], template: Template) -> RenderedPair | Refusal:
    prompt, better, worse, *marked = texts
    compared = [text for text in marked if isinstance(text, str)]  # it may refuse this reply
    for text in (prompt, better, worse):
        if isinstance(text, Refusal):
            return text
        compared.append(text)
    boundary = len(common_start(compared))
    better, worse = compared[-2:]
    return RenderedPair(
        template.opened(better[:boundary]),
        template.closed(better[boundary:]),
        template.closed(worse[boundary:]),
    )


def dialogues_by_row(
    dialogues: Sequence[Messages], template: Template, jinja: Jinja
) -> list[str | Refusal]:
    """Renders whole conversations; arguments and result as `pairs_by_row`."""
    texts = jinja([Conversation(messages) for messages in dialogues])
    return [
        text if isinstance(text, Refusal) else template.closed(template.opened(text))
        for text in texts
    ]


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
