r"""Transcripts to turns, columnar: find the markers in the column's bytes, cut between them.

A turn begins behind ``\n\nHuman:`` or ``\n\nAssistant:`` and goes on to the next marker of its
transcript, or to its end; what stands before the first marker belongs to no turn. The two markers
cannot overlap, since neither's end is a beginning of the other, so each is where it is found.

A worked example: two transcripts, of 29 and 12 bytes. Markers begin at bytes 0, 12 and 29; a
content lies between the end of one marker and the beginning of the next, less white space:

>>> turns = parse(pa.array(["\n\nHuman: Hi.\n\nAssistant: Yes?", "\n\nHuman: Tea"]))
>>> turns.offsets.tolist(), turns.role.tolist()  # turns 0 and 1, then 2; 0 is the user
([0, 2, 3], [0, 1, 0])
>>> turns.content.starts.tolist(), turns.content.ends.tolist()
([9, 25, 38], [12, 29, 41])
>>> turns.content.texts().to_pylist()
['Hi.', 'Yes?', 'Tea']
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.text.spans import Index, Run, Spans, spans_of
from pairsmith.text.turns import ASSISTANT, USER, Codes, Turns

HUMAN_MARK = "\n\nHuman:"
ASSISTANT_MARK = "\n\nAssistant:"


class _Marks(NamedTuple):
    """The turn markers in a run of bytes, in order: where each begins and ends, and whose it is."""

    starts: Index
    ends: Index
    role: Codes


def parse(text: pa.StringArray) -> Turns:
    """Cuts transcripts into turns.

    Args:
        text: n transcripts; null counts as empty.

    Returns:
        The turns of every row, whatever it holds; a row without a marker has none.
    """
    rows = spans_of(text)
    edges = np.append(rows.starts, rows.ends[-1:])
    marks = _within_rows(_find_marks(rows.run), edges)
    offsets = np.searchsorted(marks.starts, edges) if len(text) else np.zeros(1, np.int64)
    some = np.diff(offsets) > 0
    ends = np.append(marks.starts[1:], 0)[: len(marks.starts)]
    ends[offsets[1:][some] - 1] = rows.ends[some]
    before = rows.ends.copy()
    before[some] = marks.starts[offsets[:-1][some]]
    content = Spans(rows.run, marks.ends, ends).strip()
    preamble = Spans(rows.run, rows.starts, before).strip()
    return Turns(offsets, marks.role, content, content, stray=preamble.sizes > 0)


def _find_marks(run: Run) -> _Marks:
    human, assistant = HUMAN_MARK.encode(), ASSISTANT_MARK.encode()
    of_human, of_assistant = run.find(human, human[-1]), run.find(assistant, assistant[-1])
    starts = np.concatenate([of_human, of_assistant])
    order = np.argsort(starts, kind="stable")
    sizes = np.repeat([len(human), len(assistant)], [len(of_human), len(of_assistant)])
    role = np.repeat(np.array([USER, ASSISTANT], np.int32), [len(of_human), len(of_assistant)])
    return _Marks(starts[order], (starts + sizes)[order], role[order])


def _within_rows(marks: _Marks, edges: Index) -> _Marks:
    """The markers that do not begin in one transcript and end in the next."""
    across = np.searchsorted(marks.starts, edges) != np.searchsorted(marks.ends, edges, "right")
    if not across.any():
        return marks
    kept = np.ones(len(marks.starts), bool)
    kept[np.searchsorted(marks.ends, edges[across], "right")] = False
    return _Marks(marks.starts[kept], marks.ends[kept], marks.role[kept])
