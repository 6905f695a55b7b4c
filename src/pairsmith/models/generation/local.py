"""Replies drawn from a policy at hand, each with random numbers of its own.

A token is the one whose logarithmic probability plus Gumbel noise is the largest: that is a draw
from the distribution, and rounding changes it only where two such sums are equal but for rounding.
The noise of a reply comes from a generator that its seed begins, so it does not depend on what else
is drawn. What a model computes does, in its last bits, by the rows that share a batch: batches are
planned from the lengths of the prompts and the settings alone, so the same call gives the same
bytes on the same machine.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.errors import ModelError
from pairsmith.models.batches import plan_batches
from pairsmith.models.forward import within_device
from pairsmith.models.generation.distribution import draw
from pairsmith.models.generation.replies import ReplyReader, reply_reader, stop_ids
from pairsmith.models.generation.sample import LENGTH, STOP, Sample, Sampling

if TYPE_CHECKING:
    from torch import Tensor

    from pairsmith.models.policies import Policy

BATCH_TOKENS = 16_384
"""Tokens and padding of prompts and replies in a batch, at most."""

CROWDED = 0.75
"""Rows that have ended leave a batch once no more than this share of it goes on."""


def sample(
    policy: Policy,
    prompts: Sequence[Sequence[int]],
    seeds: Sequence[int],
    sampling: Sampling,
    *,
    reader: ReplyReader | None = None,
    batch_tokens: int = BATCH_TOKENS,
    tick: Callable[[int], None] | None = None,
) -> list[Sample]:
    """Draws a reply to each prompt.

    Args:
        policy: The model.
        prompts: The ids of each; a prompt that stands there again and again is read once a batch.
        seeds: As many.
        sampling: How.
        reader: What makes texts of the ids, from `replies.reply_reader`; None for what stands
            behind a prompt of text. For messages it takes off what the template writes around.
        batch_tokens: At most this many tokens in a batch; part of what decides the last bits.
        tick: Called with the number of replies of every batch.

    Returns:
        A sample for each prompt.

    Raises:
        ModelError: A prompt is empty or leaves too little room for a reply, the model computes no
            probabilities, or the device is too small.
    """
    import torch

    lengths = np.array([len(ids) for ids in prompts], np.int64)
    _check_lengths(lengths, context_of(policy), sampling.max_tokens)
    reader = reader or reply_reader(policy)
    made: dict[int, Sample] = {}
    with torch.inference_mode():
        for numbers in plan_batches(lengths + sampling.max_tokens, batch_tokens):
            began = time.monotonic()
            some = [[*prompts[number]] for number in numbers]
            drawn = _Drawing(policy, some, [seeds[number] for number in numbers], sampling).run()
            seconds = time.monotonic() - began
            texts = reader.read(some, [one.ids for one in drawn])
            for number, one, text in zip(numbers.tolist(), drawn, texts, strict=True):
                made[number] = one.to_sample(text, seeds[number], seconds)
            if tick is not None:
                tick(len(numbers))
    return [made[number] for number in range(len(prompts))]


def context_of(policy: Policy) -> int | None:
    """The most tokens of prompt and reply together; None where the model tells none."""
    config: Any = policy.model.config.get_text_config()
    most = getattr(config, "max_position_embeddings", None)
    return most if isinstance(most, int) else None


def _check_lengths(lengths: NDArray[np.int64], context: int | None, room: int) -> None:
    if len(lengths) and int(lengths.min()) < 1:
        raise ModelError("A prompt has no tokens.", "Its tokenizer makes none of it.")
    longest = int(lengths.max(initial=0))
    if context is not None and longest + room > context:
        raise ModelError(
            f"A prompt has {longest:,} tokens, and a reply may have {room:,}: more than the "
            f"{context:,} that the model takes.",
            "Take fewer --max-tokens, or leave the prompt out.",
        )


class _Drawn(NamedTuple):
    """The tokens of a reply, and the sum of their logarithmic probabilities."""

    ids: list[int]
    log_prob: float
    ended: bool

    def to_sample(self, text: str, seed: int, seconds: float) -> Sample:
        """With the text that the tokens say, the seed, and the seconds that it took."""
        reason = STOP if self.ended else LENGTH
        return Sample(text, seed, reason, len(self.ids), tuple(self.ids), self.log_prob, seconds)


class _Drawing:
    """A batch of replies as they grow."""

    def __init__(
        self, policy: Policy, prompts: list[list[int]], seeds: list[int], sampling: Sampling
    ) -> None:
        import torch

        self.policy, self.sampling = policy, sampling
        self.prompts = prompts
        self.stops = torch.tensor(sorted(stop_ids(policy)), device=policy.device)
        self.generators = [torch.Generator(policy.device).manual_seed(seed) for seed in seeds]
        self.ids: list[list[int]] = [[] for _ in prompts]
        self.sums = [0.0] * len(prompts)
        self.ended = [False] * len(prompts)
        self.rows = [*range(len(prompts))]
        """Which replies the rows of the batch are."""

    def run(self) -> list[_Drawn]:
        import torch

        reader, logits = _Reader.begun(self.policy, self.prompts)
        for step in range(self.sampling.max_tokens):
            chosen, log_probs = draw(
                logits, [self.generators[row] for row in self.rows], self.sampling
            )
            self._take(chosen, log_probs)
            left = [place for place, row in enumerate(self.rows) if not self.ended[row]]
            if not left or step + 1 == self.sampling.max_tokens:
                break
            if len(left) <= CROWDED * len(self.rows):
                index = torch.tensor(left, device=self.policy.device)
                reader.keep(index)
                self.rows, chosen = [self.rows[place] for place in left], chosen[index]
            logits = reader.next(chosen)
        return [_Drawn(*held) for held in zip(self.ids, self.sums, self.ended, strict=True)]

    def _take(self, chosen: Tensor, log_probs: Tensor) -> None:
        import torch

        stops = torch.isin(chosen, self.stops).tolist()
        told = zip(self.rows, chosen.tolist(), log_probs.tolist(), stops, strict=True)
        for row, id, log_prob, stop in told:
            if not self.ended[row]:
                if log_prob != log_prob:
                    raise ModelError(
                        "The model's probability of a token is not a number.",
                        "Its weights are damaged, or the numbers too small: try --dtype float32.",
                    )
                self.ids[row].append(id)
                self.sums[row] += log_prob
                self.ended[row] = stop


class _Reader:
    """What a model has read so far of each row of a batch, padded on the left."""

    def __init__(self, policy: Policy, mask: Tensor) -> None:
        self.model: Any = policy.model
        self.mask, self.cache = mask, None
        self._takes = inspect.signature(self.model.forward).parameters
        self._name = "cache" if "cache" in self._takes else "past_key_values"  # until 5.24

    @classmethod
    def begun(cls, policy: Policy, prompts: list[list[int]]) -> tuple[_Reader, Tensor]:
        """Reads prompts, each that stands there several times once.

        Returns:
            The reader, and the logits behind each prompt, shape (prompts, tokens).
        """
        import torch

        each = [*dict.fromkeys(tuple(ids) for ids in prompts)]
        place = {ids: number for number, ids in enumerate(each)}
        ids, mask = fill_left([[*one] for one in each], policy)
        reader = cls(policy, mask)
        logits = reader._read(ids)
        owners = torch.tensor([place[tuple(one)] for one in prompts], device=policy.device)
        if len(each) < len(prompts):
            reader.keep(owners)
            logits = logits[owners]
        return reader, logits

    def next(self, chosen: Tensor) -> Tensor:
        """Reads a token more of each row; returns the logits behind it."""
        import torch

        self.mask = torch.cat([self.mask, torch.ones_like(self.mask[:, :1])], dim=1)
        return self._read(chosen[:, None])

    def keep(self, rows: Tensor) -> None:
        """Goes on with these rows alone, some perhaps several times."""
        self.mask = self.mask[rows]
        cache: Any = self.cache
        cache.batch_select_indices(rows)

    def _read(self, ids: Tensor) -> Tensor:
        given: dict[str, Any] = {"input_ids": ids, "attention_mask": self.mask, "use_cache": True}
        if self.cache is not None:
            given[self._name] = self.cache
        if "position_ids" in self._takes:
            given["position_ids"] = positions_of(self.mask)[:, -ids.shape[1] :]
        if "logits_to_keep" in self._takes:
            given["logits_to_keep"] = 1
        out = within_device(lambda: self.model(**given))
        self.cache = out.get(self._name)
        if not hasattr(self.cache, "batch_select_indices"):
            raise ModelError(f"{type(self.model).__name__} keeps nothing of what it has read.")
        logits: Tensor = out.logits[:, -1]
        return logits


def fill_left(rows: list[list[int]], policy: Policy) -> tuple[Tensor, Tensor]:
    """Rows as a rectangle padded on the left, and where it holds a token; both (rows, places)."""
    import torch

    longest = max(map(len, rows))
    pad = policy.tokenizer.pad_token_id or 0
    ids = [[pad] * (longest - len(row)) + row for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return (
        torch.tensor(ids, dtype=torch.long, device=policy.device),
        torch.tensor(mask, dtype=torch.long, device=policy.device),
    )


def positions_of(mask: Tensor) -> Tensor:
    """The position of each place of a rectangle padded on the left."""
    return (mask.cumsum(-1) - 1).clamp_min(0)
