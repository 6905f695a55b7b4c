"""One row for reading: every token with the text that it stands for, and where it is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PARTS = ("prompt", "chosen", "rejected")


class Token(NamedTuple):
    """One token of a row.

    Attributes:
        id: Its id.
        text: The part of the text that it stands for, or a special token's name. Where several
            tokens make one character, the first has it and the others are empty.
        special: Whether it is a special or another added token.
    """

    id: int
    text: str
    special: bool


class TokenizedRow(NamedTuple):
    """A row as the trainer tokenizes it.

    Attributes:
        id: The row's id.
        prompt: Its tokens up to the boundary.
        chosen, rejected: The tokens of the replies.
        max_length: At most this many tokens of prompt and reply are trained on.
        cuts: Whether the trainer cuts what is longer; else it drops the row.
    """

    id: str
    prompt: list[Token]
    chosen: list[Token]
    rejected: list[Token]
    max_length: int
    cuts: bool = True

    @property
    def dropped(self) -> bool:
        """Whether the trainer drops the row: its prompt leaves no room, or a side is too long."""
        if self.cuts:
            return len(self.prompt) >= self.max_length
        return len(self.prompt) + max(len(self.chosen), len(self.rejected)) > self.max_length

    def cut(self, part: str) -> int | None:
        """The number of a part's first token that is cut off, or None where all of it stays."""
        if not self.cuts:
            return None
        room = self.max_length - (0 if part == "prompt" else len(self.prompt))
        return max(room, 0) if room < len(getattr(self, part)) else None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        ids = {f"{part}_ids": [token.id for token in getattr(self, part)] for part in PARTS}
        return {
            "id": self.id,
            **ids,
            "tokens": {part: [token.text for token in getattr(self, part)] for part in PARTS},
            "cut": {part: self.cut(part) for part in PARTS},
            "dropped": self.dropped,
        }


def read_tokens(text: str, tokenizer: PreTrainedTokenizerBase, special: bool) -> list[Token]:
    """The tokens of a text, each with what it stands for.

    Args:
        text: What is tokenized.
        tokenizer: A fast tokenizer.
        special: Whether it adds its own special tokens.
    """
    encoded = tokenizer(
        text, add_special_tokens=special, return_offsets_mapping=True, verbose=False
    )
    added = {id: str(token) for id, token in tokenizer.added_tokens_decoder.items()}
    tokens = []
    done = 0
    for id, (start, end) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
        # what lies between two tokens is mostly white space, and goes to the second
        shown = text[done : max(done, end)]
        marked = id in added and bool(added[id].strip())
        tokens.append(Token(id, added[id] if marked and start == end else shown, marked))
        done = max(done, end)
    return tokens
