"""Texts and turns with their damage put right, kind by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.text.damage.kinds import DAMAGES, Damage
from pairsmith.text.spans import Index, Mask, to_numpy
from pairsmith.text.transcript import ASSISTANT_MARK, HUMAN_MARK
from pairsmith.text.turns import Turns


class Mended(NamedTuple):
    """Turns with their damage put right.

    Attributes:
        turns: The m turns of n rows.
        kinds: For each kind n flags: the rows in which some was put right.
        changed: m flags: the turns whose content is not as it was.
    """

    turns: Turns
    kinds: dict[str, Mask]
    changed: Mask


def mend_sides(sides: Sequence[Turns], kinds: Sequence[str]) -> list[Mended]:
    """Puts right what is certain in the contents of turns.

    A content is mended by itself, so that a prompt is the same on either side; but where a row is
    about HTML or about line ends, on whichever side, these are meant, and stay. What had no white
    space around it has none afterwards. A content that would come to hold the mark of a turn stays
    as it is: it would be read as several.

    Args:
        sides: The conversations of n rows: one of each, or two.
        kinds: Names of `DAMAGES`, in the order in which they are mended.
    """
    spared = {kind: _find_spared(sides, DAMAGES[kind]) for kind in kinds}
    return [_mend(turns, spared) for turns in sides]


def _find_spared(sides: Sequence[Turns], damage: Damage) -> Mask:
    """The rows of which this stays as it is, as n flags."""
    rows = np.zeros(len(sides[0].counts), bool)
    if not damage.about:
        return rows
    for pattern in (damage.prefilter, damage.about):
        looked, rows = rows, np.zeros(len(rows), bool)
        for turns in sides:
            some = looked[turns.rows] if pattern == damage.about else np.ones(len(turns.rows), bool)
            texts = turns.content.select(some).texts()
            found = to_numpy(pc.match_substring_regex(texts, pattern))
            rows[turns.rows[some][found]] = True
    return rows


def _mend(turns: Turns, spared: Mapping[str, Mask]) -> Mended:
    texts = before = turns.content.texts()
    flags = {}
    for kind, rows in spared.items():
        texts, flags[kind] = DAMAGES[kind].mend(texts, rows[turns.rows])
    changed = np.any([*flags.values()], axis=0) if flags else np.zeros(len(before), bool)
    if changed.any():
        bare = pa.array(changed & ~turns.padded)
        texts = pc.if_else(bare, pc.utf8_trim_whitespace(texts), texts)
        marked = _holds_mark(texts) & ~_holds_mark(before)
        texts = pc.if_else(pa.array(marked), before, texts)
        changed &= ~marked & to_numpy(pc.not_equal(texts, before))
    if changed.any():
        turns = turns.with_contents(texts)
    return Mended(
        turns, {kind: turns.any(found & changed) for kind, found in flags.items()}, changed
    )


def _holds_mark(texts: pa.StringArray) -> Mask:
    found: Mask = np.any(
        [to_numpy(pc.match_substring(texts, mark)) for mark in (HUMAN_MARK, ASSISTANT_MARK)], axis=0
    )
    return found


def mend_transcripts(transcripts: pa.StringArray, before: Turns, mended: Mended) -> pa.StringArray:
    """The transcripts that turns were parsed from, with the mended contents in them.

    Args:
        transcripts: n transcripts, or nulls.
        before: Their turns as they were.
        mended: The same, mended.
    """
    rows = np.flatnonzero(before.any(mended.changed))
    if not len(rows):
        return transcripts
    sizes = np.asarray(pc.fill_null(pc.binary_length(transcripts), 0), np.int64)
    firsts = np.cumsum(sizes) - sizes
    held = [
        _replace(transcripts[row].as_py().encode(), int(firsts[row]), before, mended, row)
        for row in rows.tolist()
    ]
    flags = np.zeros(len(transcripts), bool)
    flags[rows] = True
    return pc.replace_with_mask(transcripts, pa.array(flags), pa.array(held, transcripts.type))


def _replace(transcript: bytes, first: int, before: Turns, mended: Mended, row: int) -> str:
    pieces, at = [], 0
    places: Index = np.arange(before.offsets[row], before.offsets[row + 1])
    some = places[mended.changed[places]]
    contents = mended.turns.content.select(some).texts().to_pylist()
    for place, content in zip(some.tolist(), contents, strict=True):
        start, end = (int(edge[place]) - first for edge in before.content[1:])
        pieces += [transcript[at:start], content.encode()]
        at = end
    return b"".join([*pieces, transcript[at:]]).decode()
