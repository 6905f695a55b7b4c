"""How probable a model finds given replies: what estimates of a KL divergence are made of."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pairsmith.models.batches import plan_batches
from pairsmith.models.forward import within_device
from pairsmith.models.generation.distribution import distribution
from pairsmith.models.generation.local import fill_left, positions_of
from pairsmith.models.generation.sample import Sampling

if TYPE_CHECKING:
    from torch import Tensor

    from pairsmith.models.policies import Policy


def log_probs(
    policy: Policy,
    prompts: Sequence[Sequence[int]],
    replies: Sequence[Sequence[int]],
    *,
    sampling: Sampling | None = None,
    batch_tokens: int = 2_048,
) -> list[NDArray[np.float32]]:
    """The logarithms of the probabilities of given replies, token by token.

    Args:
        policy: The model that is asked, not necessarily the one that wrote them.
        prompts: The ids of each prompt.
        replies: The ids of each reply.
        sampling: The temperature and top_p of the distribution; None for the model's own.
        batch_tokens: Tokens and padding in a batch, at most.

    Returns:
        For each reply as many numbers as it has tokens.

    Raises:
        ModelError: The device is too small.
    """
    import torch

    pairs = [[*one, *other] for one, other in zip(prompts, replies, strict=True)]
    found: dict[int, NDArray[np.float32]] = {}
    how = sampling or Sampling()
    with torch.inference_mode():
        for numbers in plan_batches(np.array([len(ids) for ids in pairs], np.int64), batch_tokens):
            counts = [len(replies[number]) for number in numbers]
            read = _reply_logits(policy, [pairs[number] for number in numbers], max(counts))
            for place, (number, count) in enumerate(zip(numbers.tolist(), counts, strict=True)):
                logits = distribution(read[place, read.shape[1] - 1 - count : -1], how)
                ids = torch.tensor([*replies[number]], dtype=torch.long, device=policy.device)
                held = logits.gather(-1, ids[:, None])[:, 0]
                found[number] = held.float().cpu().numpy()
    return [found[number] for number in range(len(pairs))]


def _reply_logits(policy: Policy, rows: list[list[int]], most: int) -> Tensor:
    """The logits at the last places of rows, one more than `most`; shape (rows, n, tokens)."""
    model: Any = policy.model
    ids, mask = fill_left(rows, policy)
    takes = inspect.signature(model.forward).parameters
    given: dict[str, Any] = {"input_ids": ids, "attention_mask": mask, "use_cache": False}
    if "position_ids" in takes:
        given["position_ids"] = positions_of(mask)
    if "logits_to_keep" in takes:
        given["logits_to_keep"] = most + 1
    logits: Tensor = within_device(lambda: model(**given).logits)
    return logits
