"""Preference models as rewards: they read of a new reply the ids that they would have learnt it by.

TRL would make the ids itself, of text others than a reward training does (see
`tokens.reward_ids`). Here it is given a callable, which reads the reply from the policy's ids,
writes the conversation as a row of the build is written, and has the model score that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pairsmith.errors import ModelError
from pairsmith.models.forward import Reader, Scores
from pairsmith.models.loading import Scorer
from pairsmith.scoring.options import BATCH_TOKENS
from pairsmith.tokens.ragged import Ragged
from pairsmith.tokens.reward_ids import Said, Tools, reward_ids

if TYPE_CHECKING:
    from pairsmith.kernel.render import Writer
    from pairsmith.models.generation.replies import ReplyReader

MOST_NAMED = 16
"""At most this many rows are named where a reward is no number."""


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


class Reward:
    """What TRL calls for the rewards of a batch: the scores of one preference model.

    Args:
        name: What TRL's metrics call it.
        judge: The model.
        replies: What reads the policy's replies.
        asked: From the number of a row to its prompt.
    """

    def __init__(
        self, name: str, judge: Judge, replies: ReplyReader, asked: Callable[[int], Asked]
    ) -> None:
        self.__name__ = name
        self.judge, self.replies, self.asked = judge, replies, asked

    def __call__(
        self, completion_ids: Sequence[Sequence[int]], row: Sequence[int], **held: Any
    ) -> list[float]:
        """The scores of replies.

        Args:
            completion_ids: The ids of n replies.
            row: The numbers of the n rows that they answer.
            held: What TRL tells besides: `trainer_state`, which has the step, is read.

        Raises:
            ModelError: A score is no number; the step and the rows are named.
        """
        asked = [self.asked(number) for number in row]
        texts = self.replies.read([one.ids for one in asked], completion_ids)
        scores = self.judge.score(asked, texts)
        bad = dict.fromkeys(
            one.id for one, score in zip(asked, scores, strict=True) if not np.isfinite(score)
        )
        if bad:
            more = f" and {len(bad) - MOST_NAMED} more" if len(bad) > MOST_NAMED else ""
            raise ModelError(
                f"The {self.__name__} by {self.judge.scorer.name} is no finite number in step "
                f"{held['trainer_state'].global_step + 1}, of replies to the prompts of "
                f"{', '.join([*bad][:MOST_NAMED])}{more}.",
                "Training stopped; the last whole checkpoint is as it was. The weights of that "
                "model may be damaged: pairsmith score tells.",
            )
        return [float(score) for score in scores]


class MissingEnd:
    """A penalty for replies without an end, as TRL calls for it.

    Args:
        replies: What reads the policy's replies.
        penalty: Taken off the reward of each.
    """

    __name__ = "missing_eos"

    def __init__(self, replies: ReplyReader, penalty: float) -> None:
        self.replies, self.penalty = replies, penalty

    def __call__(self, completion_ids: Sequence[Sequence[int]], **_held: Any) -> list[float]:
        """What is taken off the rewards of replies, as numbers below 0."""
        return [-self.penalty if self.replies.is_cut(ids) else 0.0 for ids in completion_ids]
