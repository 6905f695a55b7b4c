"""The losses of a preference model, where the data ask for another than TRL's.

With Δ = r(chosen) − r(rejected), m a pair's margin and c the confidence in its label:

    TRL's own       −log σ(Δ − m)
    with confidence −[c · log σ(Δ − m) + (1 − c) · log σ(−Δ − m)]

The second is the first where c = 1. It is the cross-entropy of a Bradley–Terry model with the
label as a probability, as in the conservative loss of cDPO; at c = ½ it is least at Δ = 0, whatever
the margin: the margin is what the better reply is better by, whichever that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def confidence_loss(
    chosen: torch.Tensor,
    rejected: torch.Tensor,
    confidence: torch.Tensor,
    margin: torch.Tensor | None = None,
) -> torch.Tensor:
    """The mean loss of a batch whose labels are probabilities.

    Args:
        chosen: Scores of the chosen sides, shape (pairs,).
        rejected: Scores of the rejected sides, shape (pairs,).
        confidence: The probability that each label is right, 0 to 1, shape (pairs,).
        margin: What the better side is to be better by, shape (pairs,); None for 0.

    Returns:
        A scalar.
    """
    from torch.nn.functional import logsigmoid

    difference = (chosen - rejected).float()
    less = 0.0 if margin is None else margin.to(difference)
    c = confidence.to(difference)
    # −[c · log σ(Δ − m) + (1 − c) · log σ(−Δ − m)]
    kept = c * logsigmoid(difference - less)
    turned = (1 - c) * logsigmoid(-difference - less)
    return -(kept + turned).mean()
