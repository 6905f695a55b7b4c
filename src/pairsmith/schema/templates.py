"""A chat template, and its compiled form, as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

PROBE_REPLY = "qW0Zq" + "q" * 95
"""A reply of ordinary length that no template looks for: a prompt ends before what a rendering
with this reply has in common with one with a real reply."""


def probe_text(place: int) -> str:
    """A text of that length that stands for the content at a place, and occurs nowhere else."""
    return f"qW{place}Zq".ljust(len(PROBE_REPLY), "q")


MARKUP = re.compile(
    r"<\|[^|<>\s]{1,60}\|>|<｜[^｜<>\s]{1,60}｜>|<<[^<>\s]{1,60}>>|<[^<>\s]{1,60}>"
    r"|\[/?[A-Za-z_]{2,40}\]"
)
"""What looks like a control token, whether or not a tokenizer tells of it."""

MAX_MARKS = 1000
"""At most this many control tokens of a template are kept whole; a chat template has dozens."""


class Trim(StrEnum):
    """What a template does to white space around a content."""

    NONE = "none"
    BOTH = "both"
    LEFT = "left"
    RIGHT = "right"


class Conversation(NamedTuple):
    """What a chat template renders.

    Attributes:
        messages: Each `{"role": …, "content": …}`, and what `schema.messages.EXTRAS` names.
        generation: Whether the text is to end where the assistant's reply begins.
        tools: Definitions of the tools that may be called; None where there are none.
    """

    messages: list[dict[str, Any]]
    generation: bool = False
    tools: list[dict[str, Any]] | None = None


class Refusal(NamedTuple):
    """What a chat template said in refusing a conversation, in place of a text."""

    message: str


@dataclass(frozen=True)
class Template:
    """A model's chat template.

    Attributes:
        name: What the command line calls it.
        source: The Jinja source.
        tokens: The special tokens that it is given, by name, such as `bos_token`; sorted.
        control: Strings that a content must not hold, since a tokenizer or a model reads them
            as control text.
        adds_bos: Whether the tokenizer puts the beginning-of-sequence token in front of a text.
        date: The date, as `2026-01-31`, for a template that asks for it; else None.
    """

    name: str
    source: str
    tokens: tuple[tuple[str, str], ...] = ()
    control: tuple[str, ...] = ()
    adds_bos: bool = True
    date: str | None = None

    @property
    def bos(self) -> str:
        """The beginning-of-sequence token; empty where it has none."""
        return dict(self.tokens).get("bos_token", "")

    @property
    def eos(self) -> str:
        """The end-of-sequence token; empty where it has none."""
        return dict(self.tokens).get("eos_token", "")

    def opened(self, text: str) -> str:
        """A text without the beginning-of-sequence token that the tokenizer puts before it."""
        return text.removeprefix(self.bos) if self.adds_bos else text

    def closed(self, text: str) -> str:
        """A text without white space behind the end-of-sequence token that it ends with.

        A trainer that does not find the token at the very end adds another.
        """
        bare = text.rstrip()
        return bare if self.eos and bare.endswith(self.eos) else text


@lru_cache(maxsize=64)
def whole_marks(template: Template) -> tuple[str, ...]:
    """The control tokens of a template, which no prompt may end within.

    Its control text, its special tokens, and whatever looks like markup in its source, marks of
    reasoning among them, which contents may hold.
    """
    held = [*template.control, *dict(template.tokens).values(), *MARKUP.findall(template.source)]
    return tuple(mark for mark in dict.fromkeys(held) if len(mark) > 1)[:MAX_MARKS]


def prompt_end(texts: Sequence[str], marks: Sequence[str]) -> int:
    """Where a prompt ends: where texts part, or before the control token that they part within.

    >>> prompt_end(["A:<think>", "A:</think>Yes.", "A:</think>No."], ["<think>", "</think>"])
    2

    Args:
        texts: The prompt rendered for generation, and whole conversations.
        marks: The control tokens; see `whole_marks`.

    Returns:
        The number of characters in front.
    """
    end, cut = len(common_start(texts)), len(common_start(texts)) + 1
    while end < cut:
        cut = end
        end = min((_before(mark, text, cut) for text in texts for mark in marks), default=cut)
    return end


def _before(mark: str, text: str, place: int) -> int:
    """Where a mark begins that has this place inside it; else the place."""
    start = text.find(mark, max(place - len(mark) + 1, 0), place + len(mark) - 1)
    return start if 0 <= start < place else place


def common_start(texts: Sequence[str]) -> str:
    """What all of these texts begin with, by characters."""
    low, high = min(texts), max(texts)
    pairs = enumerate(zip(low, high, strict=False))
    return low[: next((place for place, (a, b) in pairs if a != b), len(low))]


class Segments(NamedTuple):
    """The literal segments of a layout: the constant text around the contents.

    A conversation of m contents has segments 0 to m: one before the first content, one behind
    each. Those of short conversations are held one by one. In a longer one the first segments are
    those of `head`, the last those of `tail`, and the ones between are those of `middle` by turns.
    Where the segments of long conversations follow no such pattern, all are held one by one.

    Attributes:
        short: From a number m of contents to its m + 1 segments.
        head, middle, tail: Of every longer conversation; empty where there is none.
    """

    short: dict[int, tuple[str, ...]]
    head: tuple[str, ...]
    middle: tuple[str, str]
    tail: tuple[str, ...]

    def of(self, contents: int) -> tuple[str, ...]:
        """The `contents + 1` segments of a conversation of this many contents."""
        if contents in self.short:
            return self.short[contents]
        between = range(contents + 1 - len(self.head) - len(self.tail))
        return (*self.head, *(self.middle[place % 2] for place in between), *self.tail)


class Layout(NamedTuple):
    """How a template lays out conversations that begin alike: with or without a system turn.

    Attributes:
        full: Around the contents of one that ends in a reply.
        ends_with_user: Around those of one that ends with the user.
        generation: The same with the generation prompt: it ends where the assistant's reply
            begins.
        system_back: None where the system text comes first; else the number of contents that
            follow it where the user speaks last.
        trims: For `user`, `assistant` and `system`, how white space around a content is
            trimmed; None where no `Trim` describes it.
        blanks: The roles that may have an empty content.
        sizes: For a role whose contents are bounded in length: the least and the most characters
            of one; None for no upper bound.
        most: The greatest number of contents of a conversation.
    """

    full: Segments
    ends_with_user: Segments
    generation: Segments
    system_back: int | None
    trims: dict[str, Trim | None]
    blanks: frozenset[str]
    sizes: dict[str, tuple[int, int | None]]
    most: int


class DatasetSegments(NamedTuple):
    """The segments of a dataset's texts: those of a layout, `opened` and `closed`.

    Attributes:
        prompt: Around the contents of a prompt, up to where its reply begins.
        reply: Of whole conversations; the last two segments are those around the reply.
        full, ends_with_user: Around the contents of dialogues, which end with a reply or with
            the user.
    """

    prompt: Segments
    reply: Segments
    full: Segments
    ends_with_user: Segments


@dataclass(frozen=True)
class Compiled:
    """A chat template as constant strings.

    Attributes:
        template: What was compiled.
        layouts: For conversations with a system turn (True) and without (False); the one is
            missing that the template refuses, or that constant strings do not describe.
        triggers: Fallback triggers, ignoring case: a content that holds one is rendered by Jinja,
            since the template looks for it. The BOS and EOS tokens are among them.
        faults: For a layout that is missing, why.
        dataset_segments: The segments of a dataset's texts, by layout.
        generation_suffix: What a prompt rendered for generation ends in and no finished reply
            begins with, such as `<think>`; mostly empty.
    """

    template: Template
    layouts: dict[bool, Layout]
    triggers: tuple[str, ...]
    faults: dict[bool, str]
    dataset_segments: dict[bool, DatasetSegments]
    generation_suffix: str
