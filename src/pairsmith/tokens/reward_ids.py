"""The ids of a prompt and a reply that stands in no build, as a preference model learnt them.

In reinforcement learning a reply is new, and TRL makes a reward model's ids of it by itself. Of
text it makes others than the model was trained on:

    trained on            <s> [INST] Which tea? [/INST] Mint. </s>
    TRL's GRPOTrainer         [INST] Which tea? [/INST] Mint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from pairsmith.errors import TokenizerError
from pairsmith.schema.messages import Message
from pairsmith.schema.templates import Conversation, Refusal
from pairsmith.tokens.encode import encode_texts
from pairsmith.tokens.ragged import Ragged
from pairsmith.tokens.render import ended

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pairsmith.kernel.render import Writer

Said: TypeAlias = str | list[Message]
"""A prompt or a reply: a text, or messages."""

Tools: TypeAlias = list[dict[str, Any]] | None
"""Definitions of tools; None where a conversation has none."""


def reward_ids(
    prompts: Sequence[Said],
    replies: Sequence[Said],
    tokenizer: PreTrainedTokenizerBase,
    chat: Writer | None,
    tools: Sequence[Tools] | None = None,
) -> Ragged:
    """The ids of conversations, as `encode_rows` makes them of a build's rows.

    Args:
        prompts: Texts that end where a reply begins, as a text build has them, or messages.
        replies: As many; texts without special tokens, with EOS or without, or messages.
        tokenizer: The preference model's.
        chat: What writes messages, from `preview.open_writer`; None for text.
        tools: As many definitions of tools, as messages may be written with; None for none at all.

    Returns:
        A list of ids for each prompt and its reply.

    Raises:
        TokenizerError: The chat template refuses a conversation.
    """
    pairs = list(zip(prompts, replies, strict=True))
    if chat is None:
        ends = ended(pa.array(replies, pa.string()), str(tokenizer.eos_token)).to_pylist()
        texts = [f"{prompt}{end}" for prompt, end in zip(prompts, ends, strict=True)]
    else:
        defined = tools or [None] * len(pairs)
        asked = [
            Conversation([*prompt, *reply], tools=one)
            for (prompt, reply), one in zip(pairs, defined, strict=True)
        ]
        texts = _written(asked, chat)
    return encode_texts(texts, tokenizer, special=chat is None)


def _written(conversations: list[Conversation], chat: Writer) -> list[str]:
    texts = list[str]()
    for number, text in enumerate(chat.jinja(conversations)):
        if isinstance(text, Refusal):
            raise TokenizerError(
                f"The chat template refuses conversation {number + 1}: {text.message}.",
                "A reply stands behind a turn of the user's, and the template tells what else.",
            )
        texts.append(text)
    return texts
