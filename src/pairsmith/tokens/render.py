"""Rows as the texts that a trainer tokenizes: the prompt, and the prompt with either reply."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.chat_templates.prepare import as_uncompiled, prepare_located
from pairsmith.chat_templates.resolve import LocatedTemplate
from pairsmith.errors import RecipeError, TokenizerError
from pairsmith.kernel.render import UnfaithfulError, Writer, Written, write_conversations
from pairsmith.schema.messages import read_stored
from pairsmith.schema.templates import Conversation, Refusal, Template
from pairsmith.sources.columnar.messages import from_lists, join, to_list_array
from pairsmith.text.messages import read_messages
from pairsmith.text.turns import Turns

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


PLAIN_FIELDS = 2
"""A role and a text; messages of more fields are rendered row by row."""


class RowTexts(NamedTuple):
    """A batch of rows as text.

    Attributes:
        rows: The numbers in the batch of the rows that follow; those refused are left out.
        prompt: The prompt alone, a text a row, none null.
        chosen: The prompt and the chosen reply.
        rejected: The prompt and the rejected reply.
        refused: By the number of a row that the chat template refuses: what it said.
    """

    rows: list[int]
    prompt: pa.StringArray
    chosen: pa.StringArray
    rejected: pa.StringArray
    refused: dict[int, str]


def render_text(batch: pa.RecordBatch, eos: str) -> RowTexts:
    """Rows of a text build, with EOS behind the replies that do not end in it."""
    chosen, rejected = (
        pc.binary_join_element_wise(batch["prompt"], ended(batch[name], eos), "")
        for name in ("chosen", "rejected")
    )
    return RowTexts(list(range(len(batch))), batch["prompt"], chosen, rejected, {})


def ended(replies: pa.StringArray, eos: str) -> pa.StringArray:
    """Texts with EOS behind those that do not end in it."""
    ending = pc.if_else(pc.ends_with(replies, eos), "", eos)
    return pc.binary_join_element_wise(replies, ending, "")


@contextmanager
def open_chat(tokenizer: PreTrainedTokenizerBase, name: str) -> Iterator[Writer]:
    """What writes messages as text by the tokenizer's own chat template, in a sandbox.

    Args:
        tokenizer: The tokenizer.
        name: What to call it.

    Raises:
        TokenizerError: Its template cannot be read, refuses everything, or takes no text.
    """
    named = tokenizer.special_tokens_map.items()
    tokens = {key: text for key, text in named if isinstance(text, str)}
    source = str(tokenizer.get_chat_template())
    template = Template(Path(name).name, source, tuple(sorted(tokens.items())))
    try:
        with prepare_located(LocatedTemplate(template), date.today()) as ready:
            yield Writer(ready.compiled, ready.jinja)
    except RecipeError as error:
        raise TokenizerError(error.message, error.hint) from None


def render_messages(batch: pa.RecordBatch, writer: Writer, parted: bool = True) -> RowTexts:
    """Rows of a messages build through the tokenizer's chat template.

    The prompt is rendered with the generation prompt. The texts, tokenized without special
    tokens, give the ids of `apply_chat_template(tokenize=True)`.

    Args:
        batch: The rows, as shards have them.
        writer: What `open_chat` gave.
        parted: Whether a prompt that the template refuses costs the row; else that prompt is "".
    """
    if len(batch["prompt"].type.value_type) > PLAIN_FIELDS:
        return _render_full(batch, writer, parted)
    prompt, *replies = (from_lists(batch[name]) for name in ("prompt", "chosen", "rejected"))
    nothing = np.zeros(len(batch), bool)
    conversations = [prompt, *(join(prompt, reply) for reply in replies)]
    turns = [read_messages(to_list_array(conversation, nothing)) for conversation in conversations]
    try:
        written = _render(turns, writer)
    except UnfaithfulError:
        by_row = as_uncompiled(writer.compiled, "")
        written = _render(turns, Writer(by_row, writer.jinja))
    rendered = written if parted else written[1:]
    refused = {row: why for side in reversed(rendered) for row, why in side.refused.items()}
    rows = [row for row in range(len(batch)) if row not in refused]
    index = pa.array(rows, pa.int64())
    prompt, chosen, rejected = (side.columns[0].take(index) for side in written)
    return RowTexts(rows, prompt.fill_null(""), chosen, rejected, refused)


def _render_full(batch: pa.RecordBatch, writer: Writer, parted: bool) -> RowTexts:
    """Rows whose messages may hold more than a role and a text, each as Jinja renders it.

    Fields that are null are not given to the template, as in an export.
    """
    asked: list[Conversation] = []
    for row in batch.to_pylist():
        tools = json.loads(row["tools"]) if row.get("tools") else None
        prompt, chosen, rejected = (
            [read_stored(message) for message in row[name]]
            for name in ("prompt", "chosen", "rejected")
        )
        asked.append(Conversation(prompt, True, tools))
        asked += [Conversation(prompt + reply, tools=tools) for reply in (chosen, rejected)]
    texts = writer.jinja(asked)
    rows, refused = list[int](), dict[int, str]()
    sides = (list[str](), list[str](), list[str]())
    for number in range(len(batch)):
        three = texts[3 * number : 3 * number + 3]
        needed = three if parted else three[1:]
        why = next((text.message for text in needed if isinstance(text, Refusal)), None)
        if why is not None:
            refused[number] = why
            continue
        rows.append(number)
        for side, text in zip(sides, three, strict=True):
            side.append("" if isinstance(text, Refusal) else text)
    prompt, chosen, rejected = (pa.array(side, pa.string()) for side in sides)
    return RowTexts(rows, prompt, chosen, rejected, refused)


def _render(turns: Sequence[Turns], writer: Writer) -> list[Written]:
    """The prompts, ending where a reply begins, and the whole conversations."""
    return [
        write_conversations(side, side.counts >= 0, place == 0, writer)
        for place, side in enumerate(turns)
    ]
