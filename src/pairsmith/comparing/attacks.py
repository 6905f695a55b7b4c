"""How many attacks of each round succeeded, as their authors rated them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pairsmith.comparing.tags import BATCH, Tags, order_of
from pairsmith.dataset.rows import kept_batches
from pairsmith.schema.rows import Kind
from pairsmith.sources.layouts import kind_of
from pairsmith.statistics.intervals import wilson

SUCCESS = 3
"""A rating of the attack's author, 0 to 4, from which on it succeeded (arXiv 2209.07858)."""


def measure_attacks(tags: Tags) -> list[dict[str, Any]]:
    """By round, in order, the share of rated attacks that succeeded; empty without any.

    Args:
        tags: Those of a build; its dialogues have the round of the source that they are from.

    Raises:
        OutputError: A shard cannot be read.
    """
    rated, won, unrated = Counter[str](), Counter[str](), Counter[str]()
    for entry in tags.built.ledger:
        if kind_of(entry.subset) != Kind.DIALOGUES:
            continue
        for batch in kept_batches(tags.out, tags.built, entry, BATCH):
            ratings = batch["rating"].to_pylist()
            for id, rating in zip(batch["id"].to_pylist(), ratings, strict=True):
                tag = tags.of_file(id)
                if rating is None:
                    unrated[tag] += 1
                else:
                    rated[tag] += 1
                    won[tag] += rating >= SUCCESS
    return [
        {
            "round": tag,
            "success": wilson(won[tag], rated[tag]).to_dict() if rated[tag] else None,
            "unrated": unrated[tag],
        }
        for tag in sorted({*rated, *unrated}, key=order_of)
    ]
