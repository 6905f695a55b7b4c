"""Reasoning inside a content: the marks that families of models put around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"),
    ("<longcat_think>", "</longcat_think>"),
    ("<|channel>thought", "<channel|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|think_start|>", "<|think_end|>"),
    ("<unused94>thought", "<unused95>"),
    ("◁think▷", "◁/think▷"),
)
"""What opens reasoning and what closes it, of Qwen, DeepSeek and most others, EXAONE, Mistral,
Seed, LongCat, Gemma 4, Command A, OpenThinker, MedGemma and Kimi."""


class Part(NamedTuple):
    """A part of a content: reasoning, if it has a closing mark, or else what is said.

    Attributes:
        opening: The mark before it; empty where a generation prompt has opened the reasoning.
        text: The part.
        closing: The mark behind it.
    """

    opening: str
    text: str
    closing: str


def split_reasoning(content: str) -> list[Part]:
    """A content as reasoning and what is said, in order.

    >>> [part.text for part in split_reasoning("<think>Green?</think>Green.")]
    ['Green?', 'Green.']
    >>> [part.closing for part in split_reasoning("Black.")]
    ['']
    """
    parts: list[Part] = []
    behind, held = 0, [marks for marks in MARKS if marks[1] in content]
    while found := [(content.find(closing, behind), o, closing) for o, closing in held]:
        end, opening, closing = min(found, key=lambda one: (one[0] < 0, one[0]))
        start = content.find(opening, behind, max(end, behind))
        if end < 0 or (start < 0 and parts):
            break
        if start > behind:
            parts.append(Part("", content[behind:start], ""))
        inner = behind if start < 0 else start + len(opening)
        parts.append(Part("" if start < 0 else opening, content[inner:end], closing))
        behind = end + len(closing)
    if behind < len(content) or not parts:
        parts.append(Part("", content[behind:], ""))
    return parts


def marks_read(sought: Iterable[str]) -> frozenset[str]:
    """The control tokens of those marks that a template looks for in contents.

    Args:
        sought: The strings that it looks for.
    """
    looked_for = tuple(sought)
    read = [
        tokens
        for tokens in map(_tokens, MARKS)
        if any(token in text for token in tokens for text in looked_for)
    ]
    return frozenset(token for tokens in read for token in tokens)


def _tokens(marks: tuple[str, str]) -> tuple[str, ...]:
    """The same without a word that follows a token."""
    return tuple(mark.removesuffix("thought") for mark in marks)
