"""What a preference model says of token ids: a score at the last token, or at several at once.

A causal model reads from left to right, so what it computes at a token depends on those before it
alone. Two things follow, both exact but for rounding, and both many times cheaper than the plain
way, a pass for every text:

- a dialogue is read once, and the score after each assistant turn is that at the turn's last token;
- a pair is read as one sequence, and the prompt that its sides share only once:

      place      0 1 2 3   4 5   6 7 8
      token      prompt    chosen rejected     the score of chosen is read at 5,
      position   0 1 2 3   4 5   4 5 6         that of rejected at 8

  where no token of rejected may look at one of chosen (a 4-D mask), and positions begin anew
  behind the prompt. Not every model takes that: see `Reader.shares_prompts`, and prove it on rows.

Texts are padded on the right, and scores are read at places that are counted, never at "the last
token that is not padding": a text may end in the token that pads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.errors import ModelError
from pairsmith.models.batches import Rows, Work, fill, join, plan_batches, work_of
from pairsmith.tokens.ragged import Ragged, common_prefix

if TYPE_CHECKING:
    from torch import Tensor, nn

    from pairsmith.models.loading import Scorer

Scores = NDArray[np.float32]

SHARING = ("eager", "sdpa")
"""The kinds of attention in transformers that take a mask of which token sees which."""


class Points(NamedTuple):
    """Where scores are wanted.

    Attributes:
        rows: The number of a row, ascending; shape (points,).
        places: The place of a token in that row, from 0; shape (points,).
    """

    rows: Rows
    places: Rows


class Inputs(NamedTuple):
    """What a model is given of a batch, besides the ids.

    Attributes:
        mask: Which places hold a token, (rows, places); or which place sees which, (rows, 1,
            places, places).
        positions: The position of each place; None for those that the model counts itself.
    """

    mask: NDArray[np.bool_]
    positions: Rows | None = None


class Reader:
    """A preference model and how it is given rows.

    Args:
        scorer: The model.
        budget: Tokens and padding in a batch, at most; a longer row is a batch by itself.

    Attributes:
        work: What was read so far.
        tick: Called with the rows of every batch that was read, if anybody wants to know.
    """

    backend = "transformers"
    remark = ""

    def __init__(self, scorer: Scorer, budget: int) -> None:
        self.scorer, self.budget = scorer, budget
        self.work = Work()
        self.tick: Callable[[int], None] | None = None
        model: Any = scorer.model
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._head: nn.Module | None = getattr(inner, "score", None)
        self._body: nn.Module | None = getattr(inner, inner.base_model_prefix, None)

    @property
    def reads_once(self) -> bool:
        """Whether scores can be read at any token; the model may still not be causal."""
        return self._head is not None and self._body is not None

    def shares_prompts(self, tokens: int) -> bool:
        """Whether both sides of a pair may be given as one sequence; still to be proved on rows.

        Not where the model looks at a window of places: a prompt would be nearer to one side.

        Args:
            tokens: The most tokens of a side.
        """
        config: Any = self.scorer.model.config.get_text_config()
        windows = (
            getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size")
        )
        narrow = any(window is not None and window < 2 * tokens for window in windows)
        return (
            self.reads_once
            and not narrow
            and getattr(config, "_attn_implementation", None) in SHARING
        )

    def read_ends(self, rows: Ragged) -> Scores:
        """The score of each row by itself, at its last token; shape (rows,).

        Raises:
            ModelError: A row is longer than the model can take, or the device too small.
        """
        lengths = rows.lengths
        if not self.reads_once:
            return self._read_whole(rows)
        points = Points(np.arange(len(lengths)), lengths - 1)
        return self.read_points(rows, points)

    def read_points(self, rows: Ragged, points: Points) -> Scores:
        """The scores at some tokens of each row, from one pass a row; shape (points,)."""

        def give(numbers: Rows, places: int) -> Inputs:
            return Inputs(np.arange(places) < rows.lengths[numbers][:, None])

        return self._read(rows, points, give)

    def read_pairs(self, chosen: Ragged, rejected: Ragged) -> tuple[Scores, Scores]:
        """The scores of both sides of each row, from one pass a row, each of shape (rows,).

        What both begin with is read once, but for their last tokens.

        Args:
            chosen: Prompt and reply of each row; none is empty.
            rejected: The same of the other side.
        """
        ends, others = chosen.lengths, rejected.lengths
        shared = np.minimum(common_prefix(chosen, rejected), np.minimum(ends, others) - 1)
        rows = join(chosen, rejected.after(shared))
        number = np.arange(len(ends))
        points = Points(
            np.repeat(number, 2), np.stack([ends - 1, rows.lengths - 1], axis=1).reshape(-1)
        )

        def give(numbers: Rows, places: int) -> Inputs:
            return _branched(shared[numbers], ends[numbers], others[numbers], places)

        scores = self._read(rows, points, give).reshape(-1, 2)
        return scores[:, 0], scores[:, 1]

    def _read(self, rows: Ragged, points: Points, give: Callable[[Rows, int], Inputs]) -> Scores:
        lengths = rows.lengths
        batches = plan_batches(lengths, self.budget)
        self.work = self.work.plus(work_of(lengths, batches))
        scores = np.empty(len(points.rows), np.float32)
        for numbers in batches:
            ids = fill(rows, numbers, self._pad)
            first = np.searchsorted(points.rows, numbers, "left")
            counts = np.searchsorted(points.rows, numbers, "right") - first
            within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            which = np.repeat(first, counts) + within
            row = np.repeat(np.arange(len(numbers)), counts)
            scores[which] = self._scores_at(
                ids, give(numbers, ids.shape[1]), row, points.places[which]
            )
            self._tell(len(numbers))
        return scores

    def _tell(self, rows: int) -> None:
        if self.tick is not None:
            self.tick(rows)

    @property
    def _pad(self) -> int:
        return int(self.scorer.tokenizer.pad_token_id or 0)

    def _scores_at(
        self, ids: NDArray[np.int64], inputs: Inputs, rows: Rows, places: Rows
    ) -> Scores:
        import torch

        if self._body is None or self._head is None:
            raise ValueError("the model has no head of its own")
        with torch.inference_mode():
            given = self._tensors(ids, inputs)
            held = within_device(lambda: self._body(**given, use_cache=False).last_hidden_state)  # type: ignore[misc]
            some = held[
                torch.from_numpy(rows).to(held.device), torch.from_numpy(places).to(held.device)
            ]
            return _to_numpy(self._head(some))

    def _read_whole(self, rows: Ragged) -> Scores:
        """The score of each row as the model's own class reads it."""
        import torch

        model: Any = self.scorer.model
        batches = plan_batches(rows.lengths, self.budget)
        self.work = self.work.plus(work_of(rows.lengths, batches))
        scores = np.empty(len(rows.lengths), np.float32)
        with torch.inference_mode():
            for numbers in batches:
                ids = fill(rows, numbers, self._pad)
                mask = np.arange(ids.shape[1]) < rows.lengths[numbers][:, None]
                given = self._tensors(ids, Inputs(mask))
                scores[numbers] = _to_numpy(within_device(lambda: model(**given).logits))  # noqa: B023  (called at once)
                self._tell(len(numbers))
        return scores

    def _tensors(self, ids: NDArray[np.int64], inputs: Inputs) -> dict[str, Tensor]:
        import torch

        device, config = self.scorer.device, self.scorer.model.config
        mask = torch.from_numpy(inputs.mask).to(device)
        if mask.ndim == 2:
            mask = mask.long()
        elif config._attn_implementation == "eager":
            dtype = self.scorer.model.dtype
            mask = torch.where(mask, 0.0, torch.finfo(dtype).min).to(dtype)
        given = {"input_ids": torch.from_numpy(ids).to(device), "attention_mask": mask}
        if inputs.positions is not None:
            given["position_ids"] = torch.from_numpy(inputs.positions).to(device)
        return given


def _branched(shared: Rows, ends: Rows, others: Rows, places: int) -> Inputs:
    """The mask and the positions of a prompt with two replies behind it; see the module.

    Args:
        shared: The tokens that both sides of each row begin with.
        ends: The tokens of the first side of each row, the shared ones among them.
        others: Those of the second.
        places: The places of the batch.
    """
    place = np.arange(places)
    second = place >= ends[:, None]
    branch = second + (place >= shared[:, None]).astype(np.int8)  # 0 prompt, 1 chosen, 2 rejected
    sees = (branch[:, None, :] == 0) | (branch[:, None, :] == branch[:, :, None])
    sees &= place[None, :] <= place[:, None]
    again = np.minimum(place - (ends - shared)[:, None], others[:, None] - 1)
    return Inputs(sees[:, None], np.where(second, again, place))


def _to_numpy(scores: Tensor) -> Scores:
    found: Scores = scores.reshape(-1).float().cpu().numpy()
    return found


def within_device(read: Callable[[], Any]) -> Any:
    """What a model computes.

    Raises:
        ModelError: The device has too little memory.
    """
    with in_memory(
        "a batch", "Take fewer --batch-tokens. What is finished is kept: the same command goes on."
    ):
        return read()


@contextmanager
def in_memory(what: str, hint: str) -> Iterator[None]:
    """Tells that the device has too little memory in a sentence.

    Args:
        what: For what.
        hint: What is to be done then.

    Raises:
        ModelError: It has.
    """
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ModelError(f"The device has too little memory for {what}.", hint) from error
    except RuntimeError as error:  # torch has no class of its own for a CPU
        if "can't allocate memory" not in str(error):
            raise
        raise ModelError(f"There is too little memory for {what}.", hint) from error
