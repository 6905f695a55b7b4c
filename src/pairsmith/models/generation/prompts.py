"""Prompts as token ids, the very ones that training has in front of a reply.

text        <s> [INST] Which tea? [/INST]               BOS, and the prompt as it stands
messages    <|im_start|>user … <|im_start|>assistant    the chat template, up to the reply
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pairsmith.chat_templates.prepare import as_uncompiled
from pairsmith.errors import TokenizerError
from pairsmith.kernel.render import Pairs, UnfaithfulError, Writer, write_pairs
from pairsmith.kernel.row_render import messages_of
from pairsmith.schema.messages import Message, read_stored
from pairsmith.schema.rows import MESSAGES, TRANSCRIPT, Form
from pairsmith.schema.templates import Conversation, Refusal
from pairsmith.text.messages import read_messages
from pairsmith.text.transcript import parse
from pairsmith.tokens.encode import encode_texts
from pairsmith.tokens.reward_ids import Said
from pairsmith.tokens.tokenizer import added_around

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

REPLIES = ("qWone", "qWother")
"""Replies that stand behind a prompt while it is written: it ends where they part."""


def read_prompt(row: Mapping[str, Any]) -> Said:
    """The prompt of a row of a build, as a text or as messages."""
    prompt = row["prompt"]
    return prompt if isinstance(prompt, str) else [read_stored(message) for message in prompt]


def read_tools(row: Mapping[str, Any]) -> list[Any] | None:
    """The definitions of the tools of a row of a build; None where there are none."""
    tools: list[Any] | None = json.loads(row["tools"]) if row.get("tools") else None
    return tools


def read_openings(stored: pa.RecordBatch, form: Form) -> list[list[Message]]:
    """The first turn of each dialogue of a build, alone; none where turns cannot be told.

    Args:
        stored: The rows, as shards have them.
        form: Of the build.
    """
    if form == Form.MESSAGES:
        held = stored[Form.MESSAGES.value].to_pylist()
        return [[read_stored(one) for one in (turns or [])[:1]] for turns in held]
    if TRANSCRIPT[0] not in stored.schema.names:
        return [[] for _ in range(len(stored))]
    turns = parse(stored[TRANSCRIPT[0]])
    return [messages_of(turns, row)[:1] for row in range(len(stored))]


def write_text_prompts(prompts: Sequence[Sequence[Message]], writer: Writer) -> list[str | Refusal]:
    """Messages as a build of text has them as prompts: up to where two replies to them part.

    Args:
        prompts: Messages that end with the user's.
        writer: Of the build's template.
    """
    sides = [
        read_messages(
            pa.array([[*p, {"role": "assistant", "content": reply}] for p in prompts], MESSAGES)
        )
        for reply in REPLIES
    ]
    pairs, kept = Pairs.of(*sides), np.ones(len(prompts), bool)
    try:
        written = write_pairs(pairs, kept, writer)
    except UnfaithfulError:
        by_row = Writer(as_uncompiled(writer.compiled, ""), writer.jinja)
        written = write_pairs(pairs, kept, by_row)
    texts = written.columns[0].to_pylist()
    return [
        Refusal(written.refused.get(number, "it cannot be written")) if text is None else text
        for number, text in enumerate(texts)
    ]


def write_prompts(
    prompts: Sequence[Said], chat: Writer | None, tools: Sequence[list[Any] | None] = ()
) -> list[str | Refusal]:
    """Prompts as texts that end where a reply begins; a refusal where the template refuses one.

    Args:
        prompts: Texts, or messages that end with the user's.
        chat: What writes messages, from `preview.open_writer`; None for texts.
        tools: For each prompt the definitions of tools; empty for none at all.
    """
    if chat is None:
        return [str(prompt) for prompt in prompts]
    each = tools or [None] * len(prompts)
    asked = [
        Conversation([*prompt], True, held) for prompt, held in zip(prompts, each, strict=True)
    ]
    return chat.jinja(asked)


def encode_prompts(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, special: bool
) -> list[list[int]]:
    """The ids of prompts.

    Args:
        texts: From `write_prompts`.
        tokenizer: The policy's.
        special: Whether they are texts of a build, which the tokenizer begins; what it puts behind
            a text is left out, for the reply stands there.
    """
    rows = encode_texts([*texts], tokenizer, special)
    behind = added_around(tokenizer)[1] if special else 0
    held = [rows.row(number) for number in range(len(texts))]
    return [ids[: len(ids) - behind] for ids in held] if behind else held


def prompt_ids(
    prompts: Sequence[Said], tokenizer: PreTrainedTokenizerBase, chat: Writer | None
) -> list[list[int]]:
    """The ids of prompts; see `write_prompts`, of which none may be refused.

    Raises:
        TokenizerError: The chat template refuses one.
    """
    texts = write_prompts(prompts, chat)
    held = [text for text in texts if isinstance(text, str)]
    if len(held) < len(texts):
        number, why = next((n, t) for n, t in enumerate(texts, 1) if isinstance(t, Refusal))
        raise TokenizerError(f"The chat template refuses prompt {number}: {why.message}.")
    return encode_prompts(held, tokenizer, special=chat is None)
