"""Files of scores, as benchmarks of preference models have them: read, and checked row by row."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pairsmith.errors import SourceError

MOST_BYTES = 1 << 26
"""Of a line."""
MOST_SCORES, MOST_ROWS, MOST_NAME = 1_000, 10_000_000, 200
SIDES = (("chosen_score", "rejected_score"), ("scores_chosen", "scores_rejected"))
"""The fields of a row of two; the second names are those of the benchmark's own files."""
FIELDS = ("id", "subset", "scores", "num_correct", *(name for pair in SIDES for name in pair))


class Scored(NamedTuple):
    """A row: replies to a prompt, and their scores.

    Attributes:
        id: Its id; empty where it has none.
        subset: Of the benchmark.
        scores: Of the replies, the right ones first; at least two.
        correct: How many of these are right; at least one is not.
    """

    id: str
    subset: str
    scores: list[float]
    correct: int


def read_score_file(file: Path, version: int) -> list[Scored]:
    """Reads a file of scores.

    Args:
        file: JSON lines or Parquet.
        version: Of RewardBench: 1 for rows of two, 2 for rows of several.

    Raises:
        SourceError: It cannot be read, is empty, or a row is not as it should be.
    """
    rows: list[Scored] = []
    for number, row in enumerate(_rows(file), 1):
        try:
            rows.append(_scored(row, version))
        except ValueError as error:
            raise SourceError(f"{file}, row {number}: {error}.", _hint(version)) from None
        if number > MOST_ROWS:
            raise SourceError(f"{file} has more than {MOST_ROWS:,} rows.")
    if not rows:
        raise SourceError(f"{file} holds no rows.", _hint(version))
    return rows


def _hint(version: int) -> str:
    if version == 1:
        return "A row has subset, chosen_score and rejected_score."
    return "A row has subset, scores (the right replies first), num_correct, and in Ties an id."


def _rows(file: Path) -> Iterator[Any]:
    """The rows of a file, of which only some fields matter."""
    try:
        with file.open("rb") as held:
            is_parquet = held.read(4) == b"PAR1"
        yield from _of_parquet(file) if is_parquet else _of_lines(file)
    except OSError as error:
        raise SourceError(
            f"{file} cannot be read: {error.strerror or error}.", "Name a file."
        ) from None


def _of_lines(file: Path) -> Iterator[Any]:
    with file.open("rb") as held:
        number = 0
        while line := held.readline(MOST_BYTES + 1):
            number += 1
            if len(line) > MOST_BYTES:
                raise SourceError(f"{file}, line {number} is longer than {MOST_BYTES:,} bytes.")
            if not line.strip():
                continue
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                raise SourceError(
                    f"{file}, line {number} is no JSON.", "Give JSON lines or Parquet."
                ) from None


def _of_parquet(file: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as held:
            columns = [name for name in FIELDS if name in held.schema_arrow.names]
            for batch in held.iter_batches(columns=columns):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise SourceError(f"{file} is no Parquet file that can be read: {error}.") from None


def _scored(row: Any, version: int) -> Scored:
    """A row as it should be.

    Raises:
        ValueError: It is not; the message says how.
    """
    if not isinstance(row, Mapping):
        raise ValueError("it is no object")  # noqa: TRY004  (data, no argument)
    subset, id = row.get("subset"), row.get("id")
    if not isinstance(subset, str) or not 0 < len(subset) <= MOST_NAME:
        raise ValueError("its subset is no name")
    name = str(id)[:MOST_NAME] if isinstance(id, str | int) else ""
    if version == 1:
        pair = next((pair for pair in SIDES if all(side in row for side in pair)), SIDES[0])
        return Scored(name, subset, [_number(row.get(side), side) for side in pair], 1)
    scores, correct = row.get("scores"), row.get("num_correct")
    if not isinstance(scores, list) or not 2 <= len(scores) <= MOST_SCORES:
        raise ValueError("its scores are no list of two or more")
    if type(correct) is not int or not 0 < correct < len(scores):
        raise ValueError(
            "its num_correct is not the number of right replies, with a wrong one left"
        )
    if subset.casefold() == "ties" and name.partition(":")[0] not in ("tied", "ref"):
        raise ValueError("in Ties, its id does not begin with tied: or ref:")
    return Scored(name, subset, [_number(score, "scores") for score in scores], correct)


def _number(value: Any, name: str) -> float:
    """A score; the benchmark's files put some into a list of one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"its {name} is no number")  # noqa: TRY004  (data, no argument)
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise ValueError(f"its {name} is no finite number")
    return found
