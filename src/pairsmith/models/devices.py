"""Where a model computes, and in which numbers."""

from __future__ import annotations

from pairsmith.errors import ModelError

DTYPES = ("float32", "bfloat16", "float16")
"""The types of weights, by the names that torch gives them."""


def choose_device(wanted: str = "auto") -> str:
    """The device to compute on, as torch names it.

    Args:
        wanted: Such a name, or `auto`: a GPU where there is one.

    Raises:
        ModelError: It is not there.
    """
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=wanted).item()  # some take no numbers, as meta
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built with CUDA
        why = (str(error).splitlines() or ["?"])[0].rstrip(".")
        raise ModelError(f"There is no device {wanted!r} here: {why}.", "Try auto.") from error
    return wanted


def choose_dtype(wanted: str = "auto") -> str:
    """The type of the weights: float32 unless another is named.

    Raises:
        ModelError: It is none of `DTYPES`.
    """
    if wanted == "auto":
        return "float32"
    if wanted not in DTYPES:
        raise ModelError(f"{wanted!r} is no type of weights.", f"Use {', '.join(DTYPES)}.")
    return wanted
