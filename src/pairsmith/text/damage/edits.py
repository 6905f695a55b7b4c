"""Damage as edits: places of a text, each with what it would be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Damaged(NamedTuple):
    """Damaged characters.

    Attributes:
        stands: What stands there.
        would_be: What it would be; empty if nothing, None if that is lost.
        why: What was done to it, as a few words.
    """

    stands: str
    would_be: str | None
    why: str


class Edit(NamedTuple):
    """Damaged characters at a place of a text.

    Attributes:
        start, end: Where they stand.
        damaged: What they are, and would be; of a tag its name without what else stands in it.
        certain: Whether they can be put right without a doubt.
    """

    start: int
    end: int
    damaged: Damaged
    certain: bool


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with what is certain put right.

    >>> tea = Edit(3, 8, Damaged("&amp;", "&", "an HTML entity"), certain=True)
    >>> apply_edits("tea&amp;milk", [tea])
    'tea&milk'

    Args:
        text: The text.
        edits: Its damage, in order, no two of which overlap.
    """
    pieces, at = [], 0
    for edit in edits:
        if edit.certain and edit.damaged.would_be is not None:
            pieces += [text[at : edit.start], edit.damaged.would_be]
            at = edit.end
    return "".join([*pieces, text[at:]])
