r"""Transcripts to turns, columnar: split on the markers, flatten, combine the offsets.

A transcript's text column is split on ``\n\nHuman:`` and each segment on ``\n\nAssistant:``.
A piece that opens its segment was spoken by the human, every other by the assistant, and the
first piece of a row stands before any marker. That is exact without a sentinel character: the
two markers cannot overlap, since neither's end is a beginning of the other.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel.turns import ASSISTANT, USER, Turns, blank

HUMAN_MARK = "\n\nHuman:"
ASSISTANT_MARK = "\n\nAssistant:"


def parse(text: pa.StringArray) -> Turns:
    """Splits transcripts into turns.

    Args:
        text: n transcripts; null counts as empty.

    Returns:
        The turns of every row, whatever it holds; a row without a marker has none.
    """
    segments = pc.split_pattern(pc.fill_null(text, ""), HUMAN_MARK)
    pieces = pc.split_pattern(segments.flatten(), ASSISTANT_MARK)
    content = pc.utf8_trim_whitespace(pieces.flatten())
    opens_segment = pieces.offsets.to_numpy()
    opens_row = opens_segment[segments.offsets.to_numpy()].astype(np.int64)

    role = np.full(len(content), ASSISTANT, np.int32)
    role[opens_segment[:-1]] = USER
    turn = np.ones(len(content), bool)
    turn[opens_row[:-1]] = False
    return Turns(
        offsets=opens_row - np.arange(len(opens_row)),
        role=role[turn],
        content=content.filter(pa.array(turn)),
        stray=~blank(content.take(pa.array(opens_row[:-1]))),
        bare=True,
    )
