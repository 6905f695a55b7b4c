"""Keys of all rows in DuckDB: what questions about the whole data are put to.

A turn's key is the lower half of the MD5 of its stripped content, with its role; a conversation's
is that of its turns, chained. So the key of every beginning of a conversation is at hand, and a
conversation that goes on from another has the other's key among those of its beginnings. Of a
billion turns, two that differ have the same key with a chance of three in a hundred.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.dataset.reader import Batch, Dataset
from pairsmith.text.spans import Index, Mask
from pairsmith.text.turns import ASSISTANT, Turns, select

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Keys = NDArray[np.uint64]

MEMORY = "600MB"
"""What DuckDB may hold; the rest goes to disk."""

FIRST, SPREAD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
"""Odd constants of splitmix64 (Steele, Lea and Flood, 2014): one turn's key into the next."""

TABLES = """
    CREATE TABLE rows (
        row BIGINT, id VARCHAR, subset VARCHAR, split VARCHAR, kept BOOLEAN,
        turns INTEGER,            -- of the prompt
        opening UBIGINT,          -- its first turn of the user
        context UBIGINT,          -- the prompt less its last turn; null where that is all
        prompt UBIGINT,           -- the turns before chosen's last; null where there are none
        replied BOOLEAN,          -- whether a reply is among those
        chosen UBIGINT, rejected UBIGINT,              -- the replies
        whole_chosen UBIGINT, whole_rejected UBIGINT,  -- prompt and reply
        prompt_chars INTEGER, chosen_chars INTEGER, rejected_chars INTEGER
    );
    CREATE TABLE beginnings (row BIGINT, depth INTEGER, key UBIGINT, replied BOOLEAN);
"""
"""All rows, and every beginning of a prompt that is shorter than it; depth counts turns.

Rows without a prompt are refused ones.
"""


@contextmanager
def open_keys(data: Dataset) -> Iterator[DuckDBPyConnection]:
    """A DuckDB with the keys of a dataset's rows, kept and refused; see `TABLES`.

    Args:
        data: The dataset.
    """
    import duckdb

    with (
        TemporaryDirectory(prefix="pairsmith-") as folder,
        duckdb.connect(f"{folder}/keys.duckdb") as keys,
    ):
        keys.execute(f"SET memory_limit = '{MEMORY}'; SET preserve_insertion_order = false")
        keys.execute(TABLES)
        for batch in data.batches(refused=True):
            add(keys, batch)
        yield keys


class _Ends(NamedTuple):
    """What a side adds to the prompt: keys of the replies and of the whole, and characters."""

    reply: Keys
    whole: Keys
    characters: Index


def add(keys: DuckDBPyConnection, batch: Batch) -> None:
    """Puts a batch's keys into the tables."""
    turns, last = batch.chosen, batch.chosen.last
    said = hash_turns(keys, turns)
    chained = chain(turns, said)
    before = np.maximum(last - 1, 0)
    long = turns.counts > 2  # more than a question and its reply
    characters = count_characters(turns)
    rows = batch.first + np.arange(len(turns.counts))
    replied = _replied(turns)
    opened = np.clip(turns.offsets[:-1] + turns.opens_with_system, 0, last)
    worse = _shared(keys, batch, chained[before]) if batch.kept else _apart(keys, batch.rejected)
    columns = {
        "row": rows,
        "id": batch.ids,
        "subset": pa.repeat(batch.subset, len(rows)),
        "split": pa.repeat(batch.split, len(rows)),
        "kept": pa.repeat(batch.kept, len(rows)),
        "turns": turns.counts - 1,
        "opening": said[opened],
        "context": pa.array(chained[np.maximum(before - 1, 0)], mask=~long),
        "prompt": pa.array(chained[before], mask=turns.counts < 2),
        "replied": replied[before] & (turns.counts > 1),
        "chosen": said[last],
        "rejected": worse.reply,
        "whole_chosen": chained[last],
        "whole_rejected": worse.whole,
        "prompt_chars": np.add.reduceat(characters, turns.offsets[:-1]) - characters[last],
        "chosen_chars": characters[last],
        "rejected_chars": worse.characters,
    }
    held = pa.table({name: pa.array(column) for name, column in columns.items()})  # noqa: F841
    keys.execute("INSERT INTO rows BY NAME SELECT * FROM held")
    depth = turns.positions + 1
    short = depth < turns.counts[turns.rows] - 1
    of_short = {"key": chained, "depth": depth, "row": rows[turns.rows], "replied": replied}
    short_ones = pa.table({name: column[short] for name, column in of_short.items()})  # noqa: F841
    keys.execute("INSERT INTO beginnings BY NAME SELECT * FROM short_ones")


def _shared(keys: DuckDBPyConnection, batch: Batch, prompts: Keys) -> _Ends:
    """Of rejected, where its prompts are those of chosen, whose keys are at hand."""
    turns = batch.rejected
    replies = select(turns, ~turns.before_last)
    said = hash_turns(keys, replies)
    return _Ends(said, _mix(prompts, said), count_characters(replies))


def _apart(keys: DuckDBPyConnection, turns: Turns) -> _Ends:
    """Of rejected, where its prompts may be others."""
    said, last = hash_turns(keys, turns), turns.last
    return _Ends(said[last], chain(turns, said)[last], count_characters(turns)[last])


def _replied(turns: Turns) -> Mask:
    """For each turn whether the assistant has spoken up to it."""
    spoken = np.append(0, np.cumsum(turns.role == ASSISTANT))
    mask: Mask = spoken[1:] > np.repeat(spoken[turns.offsets[:-1]], turns.counts)
    return mask


def hash_turns(keys: DuckDBPyConnection, turns: Turns) -> Keys:
    """A key for each turn: of its role and its stripped content."""
    held = pa.table({"said": turns.stripped.texts(), "role": turns.role_names})  # noqa: F841
    found = keys.sql("SELECT md5_number_lower(role || chr(0) || said) AS key FROM held")
    return np.asarray(found.fetchnumpy()["key"], np.uint64)


def chain(turns: Turns, keys: Keys) -> Keys:
    """For each turn the key of its conversation up to it.

    Args:
        turns: The m turns of n rows.
        keys: m keys.
    """
    chained = _mix(np.full(len(keys), FIRST), keys)
    positions = turns.positions
    for place in range(1, int(turns.counts.max(initial=0))):
        here = np.flatnonzero(positions == place)
        chained[here] = _mix(chained[here - 1], keys[here])
    return chained


def _mix(before: Keys, key: Keys) -> Keys:
    """The key of a conversation, given that of what came before and of the turn."""
    mixed = (before ^ key) * SPREAD
    mixed = (mixed ^ (mixed >> np.uint64(31))) + FIRST
    return mixed ^ (mixed >> np.uint64(27))


def count_characters(turns: Turns) -> Index:
    """The characters of each stripped content."""
    return np.asarray(pc.utf8_length(turns.stripped.texts()).to_numpy(), np.int64)
