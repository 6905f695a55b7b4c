"""Rows as the texts that a trainer tokenizes: the prompt, and the prompt with either reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import TemplateError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

REFUSALS = (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What a template can raise over a row that it was not written for."""


class Texts(NamedTuple):
    """A batch of rows as text.

    Attributes:
        rows: The numbers in the batch of the rows that follow; those refused are left out.
        prompt: The prompt alone, a text a row.
        chosen: The prompt and the chosen reply.
        rejected: The prompt and the rejected reply.
        refused: By the number of a row that the chat template refuses: what it said.
    """

    rows: list[int]
    prompt: list[str]
    chosen: list[str]
    rejected: list[str]
    refused: dict[int, str]


def render_text(batch: pa.RecordBatch, eos: str) -> Texts:
    """Rows of a text build, with EOS behind the replies that do not end in it."""
    chosen, rejected = (
        pc.binary_join_element_wise(batch["prompt"], _ended(batch[name], eos), "").to_pylist()
        for name in ("chosen", "rejected")
    )
    return Texts(list(range(len(batch))), batch["prompt"].to_pylist(), chosen, rejected, {})


def _ended(replies: pa.StringArray, eos: str) -> pa.StringArray:
    ending = pc.if_else(pc.ends_with(replies, eos), "", eos)
    return pc.binary_join_element_wise(replies, ending, "")


def render_messages(batch: pa.RecordBatch, tokenizer: PreTrainedTokenizerBase) -> Texts:
    """Rows of a messages build through the tokenizer's chat template.

    The prompt is rendered with the generation prompt. The texts, tokenized without special
    tokens, give the ids of `apply_chat_template(tokenize=True)`.
    """
    prompts, *sides = (batch[name].to_pylist() for name in ("prompt", "chosen", "rejected"))
    wholes = [[p + reply for p, reply in zip(prompts, side, strict=True)] for side in sides]
    try:
        prompt = _render(tokenizer, prompts, True)
        chosen, rejected = (_render(tokenizer, whole) for whole in wholes)
        return Texts(list(range(len(batch))), prompt, chosen, rejected, {})
    except REFUSALS:
        return _one_by_one(tokenizer, list(zip(prompts, *wholes, strict=True)))


def _one_by_one(tokenizer: PreTrainedTokenizerBase, rows: Sequence[tuple[Any, Any, Any]]) -> Texts:
    """Finds the rows that the template refuses, once it has refused some of a batch."""
    kept: list[list[str]] = []
    refused: dict[int, str] = {}
    for number, (prompt, *wholes) in enumerate(rows):
        try:
            kept.append([*_render(tokenizer, [prompt], True), *_render(tokenizer, wholes)])
        except REFUSALS as error:
            refused[number] = str(error) or type(error).__name__
    rest = [number for number in range(len(rows)) if number not in refused]
    prompt, chosen, rejected = ([texts[i] for texts in kept] for i in range(3))
    return Texts(rest, prompt, chosen, rejected, refused)


def _render(
    tokenizer: PreTrainedTokenizerBase, conversations: list[Any], generation: bool = False
) -> list[str]:
    texts: list[str] = tokenizer.apply_chat_template(
        conversations, tokenize=False, add_generation_prompt=generation
    )
    return texts
