"""The order in which prompts are asked: all of them in every epoch, each in a group of replies."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler


class PromptSampler(Sampler[int]):
    """TRL's order of prompts, but that none is left out and that it is decided by the epoch.

    TRL leaves out the prompts behind the last full batch, and draws the order of an epoch from a
    generator that a run which is gone on with begins from its start again. Here the last batch is
    filled up with prompts from the beginning of the epoch, and seed and epoch decide the order.

    Args:
        rows: How many prompts there are.
        group: Replies to each.
        batch: Prompts that are asked at once.
        repeats: How often the trainer takes such a batch from the sampler.
        seed: For the order; None for that of the file.

    >>> list(PromptSampler(3, group=2, batch=2, repeats=1, seed=None))
    [0, 0, 1, 1, 2, 2, 0, 0]
    """

    def __init__(self, rows: int, group: int, batch: int, repeats: int, seed: int | None) -> None:
        self.rows, self.group, self.batch = rows, group, batch
        self.repeats, self.seed, self.epoch = repeats, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Tells the number of the epoch, from 0; transformers do."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self.rows // self.batch) * self.batch * self.repeats * self.group

    def __iter__(self) -> Iterator[int]:
        order = list(range(self.rows))
        if self.seed is not None:
            generator = torch.Generator().manual_seed(self.seed + self.epoch)
            order = torch.randperm(self.rows, generator=generator).tolist()
        for start in range(0, self.rows, self.batch):
            places = range(start, start + self.batch)
            for _ in range(self.repeats):
                for place in places:
                    yield from [order[place % self.rows]] * self.group
