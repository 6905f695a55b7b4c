"""The distribution that a token is drawn from, and a draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from pairsmith.models.generation.sample import Sampling


def draw(logits: Tensor, generators: Sequence[Any], sampling: Sampling) -> tuple[Tensor, Tensor]:
    """Draws a token a row.

    Args:
        logits: Shape (rows, tokens).
        generators: One a row, on the device of the logits.
        sampling: How.

    Returns:
        The ids, and the logarithms of their probabilities in the distribution that they were drawn
        from; both of shape (rows,).
    """
    import torch

    if sampling.temperature == 0:
        chosen = logits.argmax(-1)
        return chosen, torch.where(logits.isnan().any(-1), torch.nan, 0.0)
    log_probs = distribution(logits, sampling)
    noise = torch.stack(
        [torch.empty_like(log_probs[0]).exponential_(generator=one) for one in generators]
    ).clamp_min_(torch.finfo(torch.float32).tiny)
    chosen = (log_probs - noise.log_()).argmax(-1)
    return chosen, log_probs.gather(-1, chosen[:, None])[:, 0]


def distribution(logits: Tensor, sampling: Sampling) -> Tensor:
    """The logarithms of the probabilities that tokens are drawn with, of the shape of the logits.

    Args:
        logits: Of tokens along the last axis.
        sampling: How; its temperature is above 0.
    """
    import torch

    log_probs = torch.log_softmax(logits.float() / sampling.temperature, -1)
    if sampling.top_p == 1:
        return log_probs
    ranked, order = torch.sort(log_probs, stable=True, dim=-1, descending=True)
    before = ranked.exp().cumsum(-1) - ranked.exp()
    cut = torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= sampling.top_p)
    return torch.log_softmax(log_probs.masked_fill(cut, -torch.inf), -1)
