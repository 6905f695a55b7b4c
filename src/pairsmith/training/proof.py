"""Proof on a sample, before the first step, that the trainer sees what everybody else sees.

The ids that rows have here are compared with those that TRL's own preparation makes of the same
rows, given as text or as messages, and with those that a preview shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pairsmith.errors import TokenizerError
from pairsmith.schema.messages import read_stored
from pairsmith.schema.rows import Form
from pairsmith.training.rows import SampleRow

SIDES = ("chosen", "rejected")
PARTS = ("prompt", *SIDES)


def compare_ids(
    row: SampleRow, names: Sequence[str], theirs: Sequence[Sequence[int]], whose: str
) -> None:
    """Compares the ids of a row with those that somebody else makes.

    Args:
        row: The row.
        names: What its columns of ids are.
        theirs: As many.
        whose: Who makes them, as a sentence names it.

    Raises:
        TokenizerError: They differ.
    """
    for name, mine, other in zip(names, row.ids, theirs, strict=True):
        if mine != list(other):
            pairs = zip(mine, other, strict=False)
            length = min(len(mine), len(other))
            first = next((n for n, (a, b) in enumerate(pairs) if a != b), length)
            raise TokenizerError(
                f"{row.id} would be trained on with other tokens than {whose} makes: {name} has "
                f"{len(mine)} and {len(other)}, and they differ from token {first + 1} on.",
                "Nothing was trained. Please report the tokenizer, for this is to be mended.",
            )


def given_to_trl(sample: Sequence[SampleRow], form: Form) -> Any:
    """The rows as TRL's documentation has them, as an iterable dataset."""
    from datasets import IterableDataset

    # a stream hands rows over as they are; a table would give messages the fields of one another
    return IterableDataset.from_generator(_given, gen_kwargs={"sample": list(sample), "form": form})


def _given(sample: Sequence[SampleRow], form: Form) -> Iterator[dict[str, Any]]:
    for row in sample:
        held = {name: row.stored[name] for name in PARTS}
        if form == Form.MESSAGES:
            held = {name: [read_stored(one) for one in turns] for name, turns in held.items()}
        if row.stored.get("tools"):
            held["tools"] = json.loads(row.stored["tools"])
        yield held
