"""Preference models as rewards: they read of a new reply the ids that they would have learnt it by.

TRL would make the ids itself, of text others than a reward training does (see
`tokens.reward_ids`). Here it is given a callable, which reads the reply from the policy's ids,
writes the conversation as a row of the build is written, and has the model score that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pairsmith.errors import ModelError
from pairsmith.training.judges import Asked, Judge

if TYPE_CHECKING:
    from pairsmith.models.generation.replies import ReplyReader

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""What a NUL in a reply is read as: no row of a build can hold one, so none was trained on."""

MOST_NAMED = 16
"""At most this many rows are named where a reward is no number."""


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
        read = self.replies.read([one.ids for one in asked], completion_ids)
        texts = [text.replace("\0", UNREADABLE) for text in read]
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
