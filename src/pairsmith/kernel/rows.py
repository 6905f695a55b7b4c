"""Text by Jinja, row by row: for what a compiled template does not describe, and to prove it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel.turns import Index, Mask, Turns, padded, to_numpy
from pairsmith.schema import Conversation, Refusal, Template, common_start

Jinja: TypeAlias = Callable[[Sequence[Conversation]], list[str | Refusal]]
Messages: TypeAlias = list[dict[str, str]]

REPLY = "qW0Zq"
"""A reply that tells where any reply begins."""

LOOKED_AT = 250
"""Rows of a batch among which those with unusual contents are sought."""

UNUSUAL = (r"\n\s*\n", r"[^\x00-\x7f]", r"[<\[{][|/%{A-Z]", r"[ \t]\n|\n[ \t]")
"""Blank lines, other scripts, what looks like control text, white space at the ends of lines."""


class Pair(NamedTuple):
    """One row's texts."""

    prompt: str
    chosen: str
    rejected: str


def messages_of(turns: Turns, row: int) -> Messages:
    """One row's turns as messages."""
    part = slice(int(turns.offsets[row]), int(turns.offsets[row + 1]))
    roles = [turns.roles[code] for code in turns.role[part].tolist()]
    contents = turns.content[part].to_pylist()
    return [{"role": r, "content": c} for r, c in zip(roles, contents, strict=True)]


def pairs_by_row(
    chosen: Sequence[Messages], rejected: Sequence[Messages], template: Template, jinja: Jinja
) -> list[Pair | Refusal]:
    """Renders pairs of whole conversations that differ in the last message.

    The prompt ends where the rendered prompt, both whole conversations, and one with another
    reply cease to agree; so it never holds the beginning of a reply.

    Args:
        chosen: n conversations.
        rejected: n conversations.
        template: Tells what a dataset's texts leave out; see `Texts`.
        jinja: Renders them.

    Returns:
        The texts of each, or what the template said against one of its conversations.
    """
    asked: list[Conversation] = []
    for better, worse in zip(chosen, rejected, strict=True):
        prompt = better[:-1]
        marked = [*prompt, {"role": "assistant", "content": REPLY}]
        asked += [
            Conversation(prompt, generation=True),
            *map(Conversation, (marked, better, worse)),
        ]
    texts = jinja(asked)
    return [_pair(texts[i : i + 4], template) for i in range(0, len(texts), 4)]


def _pair(texts: list[str | Refusal], template: Template) -> Pair | Refusal:
    _, marked, better, worse = texts
    if isinstance(marked, Refusal):  # a template may want something of every reply
        texts = [text for text in texts if text is not marked]
    told = [text for text in texts if isinstance(text, str)]
    if isinstance(better, Refusal) or isinstance(worse, Refusal) or len(told) < len(texts):
        return next(text for text in texts if isinstance(text, Refusal))
    boundary = len(common_start(told))
    return Pair(
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


def extremes(sides: Sequence[Turns], rows: Mask) -> list[int]:
    """Rows to prove a compiled template on.

    Of the rows that open alike: the longest on each side, the shortest, the one of most turns,
    the first and the last, and the first with each kind of unusual content.

    Args:
        sides: The turns of n rows; the first has the whole conversations.
        rows: n flags: the rows to choose from.
    """
    system = sides[0].opens_with_system
    found: set[int] = set()
    for opening in (False, True):
        candidates = np.flatnonzero(rows & (system == opening))
        if len(candidates):
            found |= _extremes(sides[0], candidates)
            found |= {int(candidates[np.argmax(_sizes(t)[candidates])]) for t in sides}
    return sorted(found)


def _sizes(turns: Turns) -> Index:
    """The bytes of each row's contents."""
    ends = np.concatenate([[0], np.cumsum(pc.binary_length(turns.content).to_numpy())])
    sizes: Index = ends[turns.offsets[1:]] - ends[turns.offsets[:-1]]
    return sizes


def _extremes(turns: Turns, candidates: Index) -> set[int]:
    chosen = [candidates[0], candidates[-1]]
    for measure in (-_sizes(turns), turns.counts):
        chosen.append(candidates[np.argmax(measure[candidates])])
    few = candidates[:LOOKED_AT]
    mask = np.isin(turns.rows, few)
    content, owners = turns.content.filter(pa.array(mask)), turns.rows[mask]
    flags = [to_numpy(pc.match_substring_regex(content, pattern)) for pattern in UNUSUAL]
    flags.append(padded(content))
    chosen += [owners[np.argmax(flag)] for flag in flags if flag.any()]
    return {int(row) for row in chosen}
