"""Red-team dialogues in columns: who attacked what, with which outcome, and what was said first.

Whole transcripts are not held: there may be a million. Whoever needs them reads them again in
batches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.dataset.rows import kept_batches
from pairsmith.errors import OutputError
from pairsmith.schema.reasons import Note
from pairsmith.schema.rows import Form, Kind
from pairsmith.sources.layouts import kind_of
from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.messages import read_messages
from pairsmith.text.spans import Index, Mask, to_numpy
from pairsmith.text.transcript import parse
from pairsmith.text.turns import ASSISTANT, Turns

BATCH = 10_000

MODEL_TYPES = {
    "plain lm": "plain",
    "context distillation": "prompted",
    "rejection sampling": "rejection sampling",
    "rlhf": "RLHF",
}
"""The released file's names of types of models, in the paper's order, with the paper's names."""

MOST = 1e30
"""Ratings and scores beyond this, either way, are none: the squares of the others are numbers."""

TAG = 80
"""Characters of a tag: longer ones, which may be whole texts, are cut."""
SCORE = "min_harmlessness_score_transcript"
NOT_TOLD = "not told"
"""The type of a model that tells none, or its size."""
_PLAIN = re.compile(r"(?!(?:type|size) [0-9]|not told$)[\w .,+/()-]{1,40}")
_SIZE = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*([KMBT]?)\s*", re.IGNORECASE)
_FACTORS = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


class Coded(NamedTuple):
    """A column of n names.

    Attributes:
        names: The k different ones, in the order in which they are shown.
        codes: n places in `names`; -1 where there is none.
    """

    names: tuple[str, ...]
    codes: Index

    @property
    def known(self) -> Mask:
        """Flags, one a row: true where there is a name."""
        mask: Mask = self.codes >= 0
        return mask

    def counts(self) -> Index:
        """How often each name occurs, k numbers."""
        return np.bincount(self.codes[self.known], minlength=len(self.names)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Attempts:
    """n attacks, in the order of the build's shards.

    Attributes:
        ids: Their n ids, without nulls.
        rating: How well each author thought that it went, as told, 0 to 4 as a rule; not a number
            where nothing is told.
        success: 1 where the rating is at least the threshold, 0 where it is lower; not a number
            where there is no rating.
        score: The lowest score of a reply, higher is more harmless; not a number where there is
            none.
        is_filled: n flags: whether that score is one that a build filled in, no author's.
        task_score: That of the task's description; not a number where there is none.
        model_type: Such as `rlhf`; those of `MODEL_TYPES` first, in its order.
        size: Such as `52B`, by number.
        member: Who attacked.
        is_upworker: 1, 0, or not a number where nothing is told.
        tags: n lists of tags without repeats, empty where there are none.
        replies: n numbers: the turns of the assistant.
        characters: n numbers: of all that the author wrote, in characters.
        task: n descriptions of what was to be done; null where there is none.
        opening: n texts: the first turn of the user; null where there is none.
    """

    ids: pa.StringArray
    rating: Floats
    success: Floats
    score: Floats
    is_filled: Mask
    task_score: Floats
    model_type: Coded
    size: Coded
    member: Coded
    is_upworker: Floats
    tags: pa.ListArray
    replies: Index
    characters: Index
    task: pa.StringArray
    opening: pa.StringArray

    def __len__(self) -> int:
        """The number of attacks."""
        return len(self.ids)

    @property
    def rated(self) -> Mask:
        """Flags, one a row: true where it is known whether it was a success."""
        mask: Mask = np.isfinite(self.success)
        return mask

    @property
    def scored(self) -> Mask:
        """Flags, one a row: true where there is a score."""
        mask: Mask = np.isfinite(self.score)
        return mask

    @property
    def groups(self) -> Index:
        """N numbers: rows of one member have the same; who is not known stands alone."""
        own = -1 - np.arange(len(self))
        return np.where(self.member.known, self.member.codes, own).astype(np.int64)


class Transcripts(NamedTuple):
    """A batch of m attacks with all that was said.

    Attributes:
        first: The place of the first among all attacks; the others follow.
        turns: Their turns.
    """

    first: int
    turns: Turns


def dialogue_entries(built: Manifest) -> list[LedgerEntry]:
    """The splits of a build that hold dialogues."""
    return [entry for entry in built.ledger if kind_of(entry.subset) == Kind.DIALOGUES]


def read_transcripts(out: Path, built: Manifest) -> Iterator[Transcripts]:
    """Reads all attacks again, in batches, in the order of `Attempts`.

    Raises:
        OutputError: A shard cannot be read, or has no transcripts.
    """
    first = 0
    for entry in dialogue_entries(built):
        for batch in kept_batches(out, built, entry, BATCH):
            yield Transcripts(first, _turns_of(out, built, batch))
            first += len(batch)


def read_attempts(out: Path, built: Manifest, success_from: float) -> Attempts | None:
    """Reads the attacks of a build.

    Args:
        out: The folder of the build.
        built: Its manifest.
        success_from: The lowest rating of a success.

    Returns:
        None where the build keeps none.

    Raises:
        OutputError: A shard cannot be read, or has no transcripts.
    """
    parts = [
        _read(batch, _turns_of(out, built, batch))
        for entry in dialogue_entries(built)
        for batch in kept_batches(out, built, entry, BATCH)
    ]
    if not sum(map(len, parts)):
        return None
    held = pa.Table.from_batches(parts).combine_chunks()
    column = {name: held[name].combine_chunks() for name in held.column_names}
    rating = _numbers(column["rating"])
    success = np.where(np.isfinite(rating), (rating >= success_from).astype(np.float64), np.nan)
    return Attempts(
        ids=column["id"],
        rating=rating,
        success=success,
        score=_numbers(column[SCORE]),
        is_filled=to_numpy(column["filled"]),
        task_score=_numbers(column["task_description_harmlessness_score"]),
        model_type=code(column["model_type"], _by_type),
        size=code(column["num_params"], _by_size),
        member=code(column["red_team_member_id"].cast(pa.string()), _by_number),
        is_upworker=_numbers(column["is_upworker"].cast(pa.int8())),
        tags=column["tags"],
        replies=np.asarray(column["replies"], np.int64),
        characters=np.asarray(column["characters"], np.int64),
        task=column["task_description"],
        opening=column["opening"],
    )


def code(values: pa.StringArray, order: object = None) -> Coded:
    """Names as codes.

    Args:
        values: n names; white space around them is not part of them, and nothing else is no name.
        order: The key by which names are sorted; None for their own order.
    """
    trimmed = pc.utf8_trim_whitespace(values)
    named = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    held = named.dictionary_encode()
    names = held.dictionary.to_pylist()
    places = sorted(range(len(names)), key=lambda place: (order or str)(names[place]))  # type: ignore[operator]
    rank = np.empty(len(names) + 1, np.int64)
    rank[places], rank[-1] = np.arange(len(names)), -1
    codes = np.asarray(held.indices.fill_null(len(names)), np.int64)
    return Coded(tuple(names[place] for place in places), rank[codes])


def size_of(name: str) -> float | None:
    """The number of parameters that a name such as `2.7B` tells; None where it tells none.

    >>> size_of("2.7B")
    2700000000.0
    """
    found = _SIZE.fullmatch(name)
    return float(found[1]) * _FACTORS[found[2].upper()] if found else None


def name_types(types: Coded) -> tuple[str, ...]:
    """What to call types of models: by the paper's names, or else as they are told.

    Names come from the rows, and stand in the first sentences of a report. One that is no plain
    short name is called by its number, and so is one that another is called by already.
    """
    return _tell_apart("type", [MODEL_TYPES.get(name, name) for name in types.names])


def name_sizes(sizes: Coded) -> tuple[str, ...]:
    """What to call sizes of models: as they are told, or by number as in `name_types`."""
    return _tell_apart("size", sizes.names)


def _tell_apart(what: str, names: Sequence[str]) -> tuple[str, ...]:
    first = {name: place for place, name in reversed(list(enumerate(names)))}
    return tuple(
        name if first[name] == place and _PLAIN.fullmatch(name) else f"{what} {place + 1}"
        for place, name in enumerate(names)
    )


def _by_type(name: str) -> tuple[int, str]:
    known = list(MODEL_TYPES)
    return (known.index(name) if name in known else len(known)), name


def _by_size(name: str) -> tuple[float, str]:
    size = size_of(name)
    return (float("inf") if size is None else size), name


def _by_number(name: str) -> tuple[int, str]:
    return len(name), name


def _numbers(column: pa.Array) -> Floats:
    """Numbers; not a number where there is none, or one beyond all bounds."""
    held: NDArray[np.float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.where(np.abs(held) <= MOST, held, np.nan)


def _read(batch: pa.RecordBatch, turns: Turns) -> pa.RecordBatch:
    """What is held of a batch of rows."""
    user = np.flatnonzero(turns.user)
    first = np.full(len(batch), -1, np.int64)
    first[turns.rows[user][::-1]] = user[::-1]
    texts = turns.stripped.texts()
    opening = texts.take(pa.array(np.where(first < 0, 0, first), mask=first < 0))
    said = np.where(turns.user, np.asarray(pc.utf8_length(texts)), 0)
    count = len(batch)
    filled = [Note.SCORE_FILLED in notes for notes in batch["notes"].to_pylist()]
    tags = [
        list(dict.fromkeys(_cut(tag) for tag in row or () if tag))
        for row in batch["tags"].to_pylist()
    ]
    kept = (
        "id", "rating", SCORE, "task_description_harmlessness_score", "model_type", "num_params",
        "red_team_member_id", "is_upworker", "task_description",
    )  # fmt: skip
    return pa.RecordBatch.from_pydict(
        {
            **{name: batch[name] for name in kept},
            "filled": pa.array(filled, pa.bool_()),
            "tags": pa.array(tags, pa.list_(pa.string())),
            "replies": np.bincount(turns.rows[turns.role == ASSISTANT], minlength=count).astype(
                np.int64
            ),
            "characters": np.bincount(turns.rows, said, count).astype(np.int64),
            "opening": opening,
        }
    )


def _cut(tag: str) -> str:
    return tag if len(tag) <= TAG else f"{tag[: TAG - 1]}…"


def _turns_of(out: Path, built: Manifest, batch: pa.RecordBatch) -> Turns:
    if "transcript" in batch.schema.names:
        return parse(batch["transcript"])
    if built.recipe.form == Form.MESSAGES:
        return read_messages(batch["messages"])
    raise OutputError(
        f"The dialogues of {out} are of a version before 0.2.0, which kept no transcripts.",
        "Build it again.",
    )
