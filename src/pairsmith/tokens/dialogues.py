"""Dialogues as token ids: each one as far as each of the assistant's turns.

What a model that learnt from pairs has seen is a conversation that ends with a reply. Of a
dialogue these are its prefixes up to each of the assistant's turns, each rendered and tokenized
by itself, as a row of pairs would be. Where the ids of each one begin with those of the one before,
the dialogue is *stable*: the longest holds the others, and one pass reads them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.chat_templates.prepare import as_uncompiled, prepare_located
from pairsmith.chat_templates.resolve import LocatedTemplate
from pairsmith.kernel.render import (
    UnfaithfulError,
    Writer,
    Written,
    render_messages,
    write_conversations,
    write_dialogues,
)
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import MESSAGES, TRANSCRIPT, Form
from pairsmith.text.messages import read_messages
from pairsmith.text.transcript import parse
from pairsmith.text.turns import merge
from pairsmith.tokens.ragged import Ragged, common_prefix
from pairsmith.tokens.render import ended, open_chat
from pairsmith.tokens.texts import TextEncoder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ASSISTANT = "assistant"
NO_REPLY = "no_reply"
"""Why there is nothing of a dialogue in which the assistant says nothing."""
UNKNOWN_TURNS = "unknown_turns"
"""Why there is nothing of a text whose turns cannot be told: rendered anew, it is another."""
REFUSED = "refused"
"""Why there is nothing of a dialogue that the chat template refuses."""


class DialogueIds(NamedTuple):
    """A batch of dialogues as token ids.

    Attributes:
        rows: The numbers in the batch of the d dialogues that follow, ascending.
        prefixes: The ids of each dialogue up to each of the assistant's turns, in order.
        owners: For each prefix, which of the d dialogues it is of, ascending.
        stable: For each dialogue whether each of its prefixes begins with the one before.
        left_out: By the number of any other row, why.
    """

    rows: list[int]
    prefixes: Ragged
    owners: NDArray[np.int64]
    stable: NDArray[np.bool_]
    left_out: dict[int, str]


@contextmanager
def open_dialogues(
    recipe: Recipe, tokenizer: PreTrainedTokenizerBase, name: str
) -> Iterator[DialogueEncoder]:
    """What makes ids of the dialogues of a build.

    Messages are rendered by the tokenizer's chat template, text by the build's.

    Args:
        recipe: The build's.
        tokenizer: The tokenizer.
        name: What to call it.

    Raises:
        TokenizerError: Its chat template cannot be used.
    """
    if recipe.form == Form.MESSAGES:
        with open_chat(tokenizer, name) as chat:
            yield DialogueEncoder(tokenizer, chat, as_text=False)
        return
    if recipe.template is None:
        raise ValueError("text without a template")
    with prepare_located(LocatedTemplate(recipe.template), _day(recipe)) as ready:
        yield DialogueEncoder(tokenizer, Writer(ready.compiled, ready.jinja), as_text=True)


def _day(recipe: Recipe) -> date:
    told = recipe.template.date if recipe.template else None
    return date.fromisoformat(told or "2000-01-01")


class DialogueEncoder:
    """Makes ids of dialogues.

    Args:
        tokenizer: The tokenizer.
        writer: What renders conversations; None where there are texts only.
        as_text: Whether they are rendered as text of a build: begun by the tokenizer, and ended
            by EOS, as pairs of text are for training.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, writer: Writer | None, as_text: bool
    ) -> None:
        self.tokenizer, self.writer, self.as_text = tokenizer, writer, as_text
        self.texts = TextEncoder(tokenizer, special=as_text)

    def encode(self, stored: pa.RecordBatch) -> DialogueIds:
        """Makes ids of rows.

        Args:
            stored: The rows, as shards have them.
        """
        left_out = dict[int, str]()
        messages = self._messages(stored, left_out)
        owners, ends = _replies(messages)
        silent = np.setdiff1d(np.arange(len(stored)), owners).tolist()
        left_out = {**dict.fromkeys(silent, NO_REPLY), **left_out}
        texts, refused = self.write(_prefixes(messages, owners, ends))
        left_out |= dict.fromkeys(owners[[*refused]].tolist(), REFUSED)
        rows = [row for row in range(len(stored)) if row not in left_out]
        kept = np.isin(owners, rows)
        prefixes = self.encode_texts(texts.filter(pa.array(kept)))
        numbered = np.searchsorted(rows, owners[kept])
        return DialogueIds(
            rows, prefixes, numbered, _stable(prefixes, numbered, len(rows)), left_out
        )

    def write(self, messages: pa.ListArray) -> tuple[pa.StringArray, dict[int, str]]:
        """Whole conversations as text, null where refused, and by their number why."""
        if self.writer is None:
            raise ValueError("nothing renders conversations")
        own, turns = self.writer, read_messages(messages)
        kept = turns.counts > 0

        def write(writer: Writer) -> Written:
            if self.as_text:
                return write_dialogues(turns, kept, writer)
            return write_conversations(turns, kept, False, writer)

        try:
            written = write(own)
        except UnfaithfulError:
            written = write(Writer(as_uncompiled(own.compiled, ""), own.jinja))
        return written.columns[0], written.refused

    def encode_texts(self, texts: pa.StringArray) -> Ragged:
        """The ids of texts of conversations that end with a reply."""
        if self.as_text:
            texts = ended(texts, str(self.tokenizer.eos_token))
        return self.texts.encode(texts)

    def _messages(self, stored: pa.RecordBatch, left_out: dict[int, str]) -> pa.ListArray:
        """The conversations as messages; empty where their turns cannot be told."""
        if not self.as_text:
            return stored[Form.MESSAGES.value]
        if TRANSCRIPT[0] not in stored.schema.names:
            left_out.update(dict.fromkeys(range(len(stored)), UNKNOWN_TURNS))
            return pa.array([[]] * len(stored), MESSAGES)
        turns = parse(stored[TRANSCRIPT[0]])
        nothing = np.zeros(len(stored), bool)
        found = pa.nulls(len(stored), MESSAGES)
        for some in (turns, merge(turns, ~nothing)):  # a policy may have joined turns of one role
            messages = render_messages(some, nothing)
            same = pc.equal(self.write(messages)[0], stored[Form.TEXT.value])
            found = pc.if_else(pc.fill_null(same, False), messages, found)
        unknown = np.flatnonzero(found.is_null().to_numpy(zero_copy_only=False)).tolist()
        left_out.update(dict.fromkeys(unknown, UNKNOWN_TURNS))
        return found


def _replies(messages: pa.ListArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The assistant's turns: the row of each, and its number in that row."""
    counts = pc.fill_null(pc.list_value_length(messages), 0).to_numpy().astype(np.int64)
    roles = messages.flatten().field("role")
    row = np.repeat(np.arange(len(counts)), counts)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    own = pc.equal(roles, ASSISTANT).to_numpy(zero_copy_only=False).astype(bool)
    return row[own], turn[own]


def _prefixes(
    messages: pa.ListArray, owners: NDArray[np.int64], ends: NDArray[np.int64]
) -> pa.ListArray:
    """For each reply its conversation up to it."""
    counts = pc.fill_null(pc.list_value_length(messages), 0).to_numpy().astype(np.int64)
    starts = np.cumsum(counts) - counts
    lengths = ends + 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    taken = np.arange(offsets[-1]) + np.repeat(starts[owners] - offsets[:-1], lengths)
    values = messages.flatten().take(pa.array(taken, pa.int64()))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def _stable(prefixes: Ragged, owners: NDArray[np.int64], dialogues: int) -> NDArray[np.bool_]:
    """For each dialogue whether each of its prefixes begins with the ids of the one before."""
    stable = np.ones(dialogues, bool)
    if len(owners) < 2:
        return stable
    before = Ragged(prefixes.ids, prefixes.starts[:-1], prefixes.ends[:-1])
    after = Ragged(prefixes.ids, prefixes.starts[1:], prefixes.ends[1:])
    parted = (owners[1:] == owners[:-1]) & (common_prefix(before, after) < before.lengths)
    stable[owners[1:][parted]] = False
    return stable
