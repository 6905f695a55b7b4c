"""Preference models that score the replies of a policy, by the ids that they would have learnt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pairsmith.dataset.manifest import Manifest
from pairsmith.errors import ModelError, TokenizerError
from pairsmith.models.forward import Reader, Scores
from pairsmith.models.loading import Scorer, load_scorer
from pairsmith.schema.rows import Form
from pairsmith.scoring.options import BATCH_TOKENS
from pairsmith.tokens.preview import open_writer
from pairsmith.tokens.ragged import Ragged, from_lists
from pairsmith.tokens.reward_ids import Said, Tools, reward_ids
from pairsmith.training.fit import name_model

if TYPE_CHECKING:
    from pairsmith.kernel.render import Writer


class Asked(NamedTuple):
    """A prompt.

    Attributes:
        id: Of the row that it was taken from.
        said: The text, or the messages.
        tools: Definitions of tools.
        ids: Its token ids, as a policy gets them.
    """

    id: str
    said: Said
    tools: Tools
    ids: Sequence[int]


@dataclass
class Judge:
    """A preference model that scores replies.

    Attributes:
        scorer: The model.
        chat: What writes messages by its template; None for text.
        room: The most tokens that it can read; None where nothing tells.
        seen: The ids that it last read, for whoever compares them.
    """

    scorer: Scorer
    chat: Writer | None
    room: int | None
    seen: Ragged | None = field(default=None, repr=False)

    def ids(self, asked: Sequence[Asked], replies: Sequence[str]) -> Ragged:
        """The ids of prompts with replies, as the model learnt such rows.

        Raises:
            TokenizerError: The chat template refuses a conversation.
        """
        said: list[Said] = [
            reply if self.chat is None else [{"role": "assistant", "content": reply}]
            for reply in replies
        ]
        prompts, tools = [one.said for one in asked], [one.tools for one in asked]
        return reward_ids(prompts, said, self.scorer.tokenizer, self.chat, tools)

    def score_known(self, asked: Sequence[Asked], replies: Sequence[str]) -> Scores:
        """The same, NaN where the template refuses a conversation or it is longer than is read."""
        places, known = list[int](), list[list[int]]()
        for place, (one, reply) in enumerate(zip(asked, replies, strict=True)):
            try:
                ids = self.ids([one], [reply]).row(0)
            except TokenizerError:  # what a policy writes may be anything, a NUL even
                continue
            if self.room is None or len(ids) <= self.room:
                places.append(place)
                known.append(ids)
        scores = np.full(len(asked), np.nan)
        if known:
            scores[places] = Reader(self.scorer, BATCH_TOKENS).read_ends(from_lists(known))
        return scores

    def score(self, asked: Sequence[Asked], replies: Sequence[str]) -> Scores:
        """The scores of replies to prompts, as many.

        Raises:
            ModelError: A conversation is longer than the model can read.
        """
        ids = self.ids(asked, replies)
        self.seen = ids
        if self.room is not None and len(ids.lengths) and int(ids.lengths.max()) > self.room:
            longest = int(np.argmax(ids.lengths))
            raise ModelError(
                f"The prompt of {asked[longest].id} and a reply have {ids.lengths[longest]:,} "
                f"tokens, and {self.scorer.name} can read {self.room:,}.",
                "Lower max_length or max_completion_length.",
            )
        return Reader(self.scorer, BATCH_TOKENS).read_ends(ids)


def load_judge(name: str, form: Form, device: str) -> Judge:
    """A preference model with its weights.

    Args:
        name: A run's folder, another model's, or an id on the hub.
        form: Of the rows that it reads.
        device: Where it computes.

    Raises:
        ModelError: It cannot be loaded.
    """
    return Judge(load_scorer(name, form, device=device), None, name_model(name, form).room)


@contextmanager
def opened(built: Manifest, judges: Sequence[Judge]) -> Iterator[None]:
    """Has preference models write messages by their templates, for as long as this is open."""
    with ExitStack() as stack:
        for judge in judges:
            writer = open_writer(built, judge.scorer.tokenizer, judge.scorer.name)
            judge.chat = stack.enter_context(writer)
        yield
