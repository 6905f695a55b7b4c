"""Contents that a tokenizer reads as special tokens, where the template did not write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.tokens.encode import Encoded, encode_texts
from pairsmith.tokens.ragged import Ragged, positions
from pairsmith.tokens.tokenizer import added_around, control_tokens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class SpecialTokens(NamedTuple):
    """Special tokens that came from contents: the row and the id of each, both shape (hits,)."""

    rows: NDArray[np.int64]
    ids: NDArray[np.int32]


class MessageFinder:
    """Looks for special tokens in the contents of messages.

    A content is a candidate where it holds the text of a token, and counts where, tokenized by
    itself, it gives that token's id.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        control = control_tokens(tokenizer)
        self.ids = np.array(list(control), np.int32)
        self.pattern = _pattern(control.values())

    def find(self, batch: pa.RecordBatch) -> SpecialTokens:
        """The special tokens in the contents of a batch."""
        found = [self._in_column(batch[name]) for name in ("prompt", "chosen", "rejected")]
        return SpecialTokens(*map(np.concatenate, zip(*found, strict=True)))

    def _in_column(self, messages: pa.ListArray) -> SpecialTokens:
        contents = pc.struct_field(pc.list_flatten(messages), "content")
        # a tokenizer may lower the case of text before it looks for added tokens
        held = pc.match_substring_regex(contents, self.pattern, ignore_case=True)
        rows = pc.list_parent_indices(messages).filter(held).to_numpy().astype(np.int64)
        encoded = encode_texts(contents.filter(held).to_pylist(), self.tokenizer, False)
        hits = _among(encoded, self.ids)
        return SpecialTokens(rows[hits.rows], hits.ids)


class TextFinder:
    """Looks for special tokens in rendered text, where contents are not apart.

    Those count that neither the template of the build uses nor the tokenizer or the trainer
    adds around a text.

    Args:
        tokenizer: The tokenizer.
        known: The control strings of the build's template.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, known: Sequence[str]) -> None:
        control = control_tokens(tokenizer)
        foreign = [id for id, text in control.items() if text not in known]
        self.ids = np.array(foreign, np.int32)
        self.eos = tokenizer.eos_token_id
        self.front, self.behind = added_around(tokenizer)

    def find(self, encoded: Encoded) -> SpecialTokens:
        """The special tokens in the texts of a batch."""
        sides = (encoded.whole_chosen, encoded.whole_rejected)
        found = [_among(self._inner(side), self.ids) for side in sides]
        return SpecialTokens(*map(np.concatenate, zip(*found, strict=True)))

    def _inner(self, whole: Ragged) -> Ragged:
        """Texts without what is added around them, nor the EOS that ends them."""
        text = whole.after(np.full(len(whole.starts), self.front))
        text = text.first(np.maximum(text.lengths - self.behind, 0))
        last = np.append(text.ids, -1)[np.maximum(text.ends - 1, 0)]
        ended = (text.lengths > 0) & (last == self.eos)
        return text.first(text.lengths - ended)


def _among(rows: Ragged, ids: NDArray[np.int32]) -> SpecialTokens:
    row, place = positions(rows)
    found = np.isin(rows.ids[place], ids)
    return SpecialTokens(row[found], rows.ids[place[found]])


def _pattern(tokens: Iterable[str]) -> str:
    """A pattern that every token matches; numbers in them are alike, to keep it short."""
    shapes = {re.sub(r"\d+", r"[0-9]+", re.escape(token)) for token in tokens}
    return "|".join(sorted(shapes)) or "[^\\s\\S]"
