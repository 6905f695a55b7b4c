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

from pairsmith.dataset.reader import Batch, Dataset, Side
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
        prompt UBIGINT,           -- the turns before chosen's reply; null where there are none
        replied BOOLEAN,          -- whether a reply is among those
        chosen UBIGINT, rejected UBIGINT,              -- the replies, of one turn or several
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
    turns, asked = batch.sides[0]
    fronts = turns.offsets[:-1]
    said = hash_turns(keys, turns)
    chained = chain(turns, said)
    before = fronts + np.maximum(asked - 1, 0)
    characters = _summed(count_characters(turns))
    rows = batch.first + np.arange(len(turns.counts))
    replied = _replied(turns)
    opened = np.clip(fronts + turns.opens_with_system, 0, turns.last)
    ends = characters[fronts + asked]
    better = _replies_of(turns, asked, said)
    worse = _shared(keys, batch, chained[before]) if batch.kept else _apart(keys, batch.sides[1])
    columns = {
        "row": rows,
        "id": batch.ids,
        "subset": pa.repeat(batch.subset, len(rows)),
        "split": pa.repeat(batch.split, len(rows)),
        "kept": pa.repeat(batch.kept, len(rows)),
        "turns": asked,
        "opening": said[opened],
        "context": pa.array(chained[np.maximum(before - 1, 0)], mask=asked < 2),
        "prompt": pa.array(chained[before], mask=asked < 1),
        "replied": replied[before] & (asked > 0),
        "chosen": better,
        "rejected": worse.reply,
        "whole_chosen": chained[turns.last],
        "whole_rejected": worse.whole,
        "prompt_chars": ends - characters[fronts],
        "chosen_chars": characters[turns.offsets[1:]] - ends,
        "rejected_chars": worse.characters,
    }
    held = pa.table({name: pa.array(column) for name, column in columns.items()})  # noqa: F841
    keys.execute("INSERT INTO rows BY NAME SELECT * FROM held")
    depth = turns.positions + 1
    short = depth < asked[turns.rows]
    of_short = {"key": chained, "depth": depth, "row": rows[turns.rows], "replied": replied}
    short_ones = pa.table({name: column[short] for name, column in of_short.items()})  # noqa: F841
    keys.execute("INSERT INTO beginnings BY NAME SELECT * FROM short_ones")


def _shared(keys: DuckDBPyConnection, batch: Batch, prompts: Keys) -> _Ends:
    """Of rejected, where its prompts are those of chosen, whose keys are at hand."""
    turns, asked = batch.sides[1]
    replies = select(turns, turns.positions >= asked[turns.rows])
    said, characters = hash_turns(keys, replies), _summed(count_characters(replies))
    whole = prompts.copy()
    _go_on(whole, replies.offsets[:-1], replies.counts, said)
    sizes = np.diff(characters[replies.offsets])
    return _Ends(_replies_of(replies, np.zeros_like(asked), said), whole, sizes)


def _apart(keys: DuckDBPyConnection, side: Side) -> _Ends:
    """Of rejected, where its prompts may be others."""
    turns, asked = side
    said, characters = hash_turns(keys, turns), _summed(count_characters(turns))
    sizes = characters[turns.offsets[1:]] - characters[turns.offsets[:-1] + asked]
    return _Ends(_replies_of(turns, asked, said), chain(turns, said)[turns.last], sizes)


def _replies_of(turns: Turns, asked: Index, said: Keys) -> Keys:
    """The keys of replies: that of the message, of several those chained from the first on."""
    first = turns.offsets[:-1] + asked
    reply: Keys = said[first]
    _go_on(reply, first + 1, turns.counts - asked - 1, said)
    return reply


def _go_on(keys: Keys, places: Index, counts: Index, said: Keys) -> None:
    """Chains to the keys of n rows those of some turns of each, in place.

    Args:
        keys: n keys.
        places: n places in `said`: where these turns begin.
        counts: n numbers of turns.
        said: The keys of turns.
    """
    for step in range(int(counts.max(initial=0))):
        rows = np.flatnonzero(counts > step)
        keys[rows] = _mix(keys[rows], said[places[rows] + step])


def _summed(numbers: Index) -> Index:
    """The sums of the first 0, 1, 2, … of m numbers."""
    return np.append(0, np.cumsum(numbers))


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
