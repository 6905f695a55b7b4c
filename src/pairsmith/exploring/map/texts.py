"""What was said in the rows of the map, in compressed blocks that a browser opens when asked to.

Two kinds of blocks: of words that are searched at once (the task and the opening of each row), and
of whole transcripts, in which the opening is not written again.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.exploring.answer import Study
from pairsmith.exploring.attempts import read_transcripts
from pairsmith.text.spans import Index
from pairsmith.text.turns import Turns

BLOCK = 1 << 19
"""Characters of a block, about: what a browser reads in a few thousandths of a second."""

MOST_BYTES = 17_000_000
"""The most bytes of all blocks, compressed; a third more as text of the page."""

LONGEST = 50_000
"""The most characters of one turn; what is cut is told."""


class Blocks(NamedTuple):
    """Texts of m rows, in b blocks.

    Attributes:
        starts: The first row of each block, and behind them the first row that is in none.
        data: b times zlib's bytes of JSON, a list with a value for each row, in base64.
    """

    starts: tuple[int, ...]
    data: tuple[str, ...]


class Texts(NamedTuple):
    """What was said in m rows.

    Attributes:
        words: `[task, opening]` of each row; null where there is none.
        transcripts: `[roles, text, …]` of each row, with `u`, `a`, `s`, `t` for who spoke, `c` and
            `r` for the chosen and the rejected reply, or `?` for another; the text of the opening
            is null. They may end before the last row, where there is more text than a page should
            hold.
    """

    words: Blocks
    transcripts: Blocks


def read_texts(study: Study, rows: Index) -> Texts:
    """Reads what was said in some of the dialogues of a build, or of its pairs if it has none.

    Args:
        study: The build.
        rows: Their places, rising.

    Raises:
        OutputError: A shard cannot be read.
    """
    take = pa.array(rows)
    if study.attempts is None:
        return _texts_of_pairs(study, take)
    attempts = study.attempts
    tasks = attempts.task.take(take).to_pylist()
    openings = attempts.opening.take(take).to_pylist()
    words = pack(([_cut(task), _cut(said)] for task, said in zip(tasks, openings, strict=True)))
    used = sum(map(len, words.data)) * 3 // 4
    return Texts(words, pack(_transcripts(study, rows), max(MOST_BYTES - used, 0)))


def _texts_of_pairs(study: Study, take: pa.Array) -> Texts:
    prompts = study.pairs.prompts.take(take).to_pylist()
    sides = (side.take(take).to_pylist() for side in study.pairs.replies)
    words = pack([None, _cut(prompt)] for prompt in prompts)
    used = sum(map(len, words.data)) * 3 // 4
    replies = (["ucr", None, _cut(one), _cut(other)] for one, other in zip(*sides, strict=True))
    return Texts(words, pack(replies, max(MOST_BYTES - used, 0)))


def pack(values: Iterable[Any], most: int = MOST_BYTES) -> Blocks:
    """Puts values into blocks, in their order, for as long as there is room.

    Args:
        values: What JSON can hold, one for each row.
        most: The most bytes of all blocks.
    """
    starts, data = [0], []
    held: list[str] = []
    size = row = used = 0

    def close() -> bool:
        nonlocal used
        packed = zlib.compress(f"[{','.join(held)}]".encode(), 9)
        used += len(packed)
        if used > most:
            return False
        data.append(base64.b64encode(packed).decode())
        starts.append(row)
        return True

    for value in values:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        held.append(text)
        size += len(text)
        row += 1
        if size >= BLOCK:
            if not close():
                return Blocks(tuple(starts), tuple(data))
            held, size = [], 0
    if held:
        close()
    return Blocks(tuple(starts), tuple(data))


def _transcripts(study: Study, rows: Index) -> Iterator[list[str | None]]:
    for batch in read_transcripts(study.out, study.built):
        last = batch.first + len(batch.turns.counts)
        low, high = np.searchsorted(rows, [batch.first, last])
        if low < high:
            yield from _of_batch(batch.turns, rows[low:high] - batch.first)


def _of_batch(turns: Turns, rows: Index) -> Iterator[list[str | None]]:
    names = np.array([*"uast", *"?" * (len(turns.roles) - 4)])[turns.role]
    texts = turns.content.texts()
    for row in rows.tolist():
        start, end = int(turns.offsets[row]), int(turns.offsets[row + 1])
        roles = "".join(names[start:end])
        said = [_cut(text) for text in texts.slice(start, end - start).to_pylist()]
        if "u" in roles:
            said[roles.index("u")] = None
        yield [roles, *said]


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]} … ({len(text) - LONGEST:,} more characters)"
