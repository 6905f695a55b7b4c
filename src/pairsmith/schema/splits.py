"""Splits by their names: which are to train on, and which are held out."""

from __future__ import annotations

TRAIN, VALIDATION, TEST = "train", "validation", "test"


def is_held_out(split: str) -> bool:
    """Whether the rows of a split are kept from training: all but those of train, train_…."""
    return not split.startswith(TRAIN)


def order_of(split: str) -> tuple[int, str]:
    """What sorts splits: those to train on first, then those to validate with, then the others."""
    order = 0 if not is_held_out(split) else 1 if split.startswith(VALIDATION) else 2
    return order, split
