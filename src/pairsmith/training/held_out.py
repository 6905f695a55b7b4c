"""Rows that another build holds out, which a training is not to see.

The test set of several rounds is fixed once: the hash of the question that a conversation opens
with decides, as it does where `pairsmith split` divides a source. A build of a later round that has
such a row in train is refused.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from pairsmith.dataset import folder, manifest
from pairsmith.dataset.annotations import local_build
from pairsmith.dataset.questions import first_questions, held_out_questions
from pairsmith.errors import RecipeError
from pairsmith.io.durable import sha256_of
from pairsmith.models.folders import record_name
from pairsmith.schema.splits import is_held_out


class HeldOutElsewhere(NamedTuple):
    """A build whose rows that are held out do not stand in train.

    Attributes:
        parent: Its name and the hash of its manifest, for the run's.
        untold: Rows of train whose first question cannot be told, which were not compared.
    """

    parent: dict[str, str]
    untold: int


def check_held_out(
    out: str | os.PathLike[str], other: str, subsets: frozenset[str]
) -> HeldOutElsewhere:
    """Checks that no row of train opens with a question that another build holds out.

    Args:
        out: The folder of the build that is trained on.
        other: That of the other build.
        subsets: Of these subsets alone; empty for all.

    Raises:
        RecipeError: A row does, or the other build holds out no row with a question.
        OutputError: One of them cannot be read.
    """
    place = folder.output(other)
    held = held_out_questions(local_build(other))
    if not held:
        raise RecipeError(
            f"{other}, named by --held-out, holds out no row with a question.",
            "Name the build whose test rows are to stay unseen; pairsmith split divides a source.",
        )
    found, untold = list[tuple[str, str]](), 0
    for asked in first_questions(local_build(out)):
        if is_held_out(asked.split) or (subsets and asked.subset not in subsets):
            continue
        untold += sum(key is None for key in asked.keys)
        rows = zip(asked.ids, asked.keys, strict=True)
        found += [(id, held[key]) for id, key in rows if key is not None and key in held]
    if found:
        id, kept = found[0]
        more = f", and {len(found) - 1:,} more rows" if len(found) > 1 else ""
        raise RecipeError(
            f"{id} of train opens with the question of {kept}, which {other} holds out{more}.",
            "Nothing was trained. Build again without such rows: pairsmith split puts rows of one "
            "question on one side.",
        )
    sha256 = sha256_of(place / manifest.NAME)
    return HeldOutElsewhere({"name": record_name(other), "sha256": sha256}, untold)
