"""What is said of rows in which damage was mended: notes, and the details of refused ones."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.schema.reasons import MENDS, Note, Reason
from pairsmith.text.damage.mending import Mended
from pairsmith.text.spans import Mask


def note_mended(sides: Iterable[Mended]) -> dict[str, Mask]:
    """For each note of what was mended n flags: the rows of which it is true; none if nothing is.

    Args:
        sides: The conversations of n rows, mended by the same kinds.
    """
    held = [side.kinds for side in sides]
    kinds: dict[str, Mask] = {
        MENDS[kind]: np.any([of[kind] for of in held], axis=0) for kind in held[0]
    }
    if not kinds:
        return {}
    return {Note.MENDED: np.any([*kinds.values()], axis=0), **kinds}


OF_CONTENTS = (Reason.EMPTY_TURN, Reason.EMPTY_REPLY, Reason.IDENTICAL, Reason.CONTROL_TOKEN)
"""Reasons that a row may have for what it is once it is mended."""


def tell_mended(
    explained: tuple[pa.StringArray, pa.StringArray], sides: Iterable[Mended]
) -> tuple[pa.StringArray, pa.StringArray]:
    """Reasons and details, which say of mended rows that they are what they are by that.

    Args:
        explained: Of n rows; null for the kept ones.
        sides: Their conversations, mended.
    """
    reasons, details = explained
    mended = np.any([side.turns.any(side.changed) for side in sides], axis=0)
    if not mended.any():
        return explained
    names = pa.array([reason.value for reason in OF_CONTENTS])
    told = pc.and_(pa.array(mended), pc.is_in(reasons, names))
    longer = pc.binary_join_element_wise(details, "once mended", ", ")
    return reasons, pc.if_else(told, longer, details)
