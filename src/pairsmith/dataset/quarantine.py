"""The quarantine: every refused row with its reason, where it stood, and its own bytes."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.io.remote import StoragePath
from pairsmith.schema.reasons import Reason

FOLDER = "quarantine"


class Refused(NamedTuple):
    """A row of a quarantine file.

    Attributes:
        id: As in a shard: subset, split and number.
        reason: Why, the name of a `Reason`.
        detail: The same in a sentence about this row.
        path: The source's file.
        line: The line of it, from 1.
        raw: The row's bytes as text; None where they are not UTF-8.
        raw_base64: The row's bytes in base64 where they are not UTF-8, else None.
    """

    id: str
    reason: str
    detail: str
    path: str
    line: int
    raw: str | None
    raw_base64: str | None

    @property
    def data(self) -> bytes:
        """The bytes of the row in the source."""
        if self.raw_base64 is not None:
            return base64.b64decode(self.raw_base64, validate=True)
        return str(self.raw).encode()

    @property
    def sides(self) -> tuple[str, str] | None:
        """The stripped transcripts of a row of pairs; None where it cannot be read."""
        try:
            held = json.loads(self.raw or "")
            chosen, rejected = held["chosen"], held["rejected"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        both = isinstance(chosen, str) and isinstance(rejected, str)
        return (chosen.strip(), rejected.strip()) if both else None


class QuarantineWriter:
    """Writes the refused rows of one split; the file is created with the first of them.

    Args:
        partial: Where to write.
        source: The source's file, as the manifest calls it.
    """

    def __init__(self, partial: Path, source: str) -> None:
        self.partial, self.source = partial, source
        self.counts: Counter[str] = Counter()
        self.file: TextIO | None = None

    def write(
        self, batch: pa.RecordBatch, raw: Callable[[int], bytes], lines: Sequence[int]
    ) -> None:
        """Writes the refused rows of a kernel's output.

        Args:
            batch: n rows of `kernel_schema`.
            raw: From a row's place in the batch to its bytes in the source.
            lines: The line of each row in the source.
        """
        for row in pc.indices_nonzero(batch["reason"].is_valid()).to_pylist():
            id, reason, detail = (batch[name][row].as_py() for name in ("id", "reason", "detail"))
            text, code = _readable(raw(row))
            refused = Refused(id, reason, detail, self.source, int(lines[row]), text, code)
            self._open().write(json.dumps(refused._asdict(), ensure_ascii=False) + "\n")
            self.counts[reason] += 1

    def _open(self) -> TextIO:
        if self.file is None:
            self.partial.parent.mkdir(exist_ok=True)
            self.file = self.partial.open("w", encoding="utf-8", newline="\n")
        return self.file

    def close(self) -> None:
        """Closes the file, if there is one."""
        if self.file is not None:
            self.file.close()


def _readable(raw: bytes) -> tuple[str | None, str | None]:
    try:
        return raw.decode(), None
    except UnicodeDecodeError:
        return None, base64.b64encode(raw).decode()


def quarantine_path(subset: str, split: str) -> str:
    """Where the refused rows of a split are kept, below the output folder."""
    return f"{FOLDER}/{subset}-{split}.jsonl"


def read_quarantine(path: StoragePath) -> Iterator[Refused]:
    """The rows of a quarantine file.

    Raises:
        ValueError: A line is not a refused row.
    """
    with path.open(encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, 1):
            try:
                yield _refused(json.loads(line))
            except (ValueError, TypeError, RecursionError) as error:
                raise ValueError(f"line {number} is not a refused row: {error}") from None


def _refused(fields: dict[str, Any]) -> Refused:
    row = Refused(**fields)
    texts = (row.id, row.reason, row.detail, row.path)
    if not all(isinstance(text, str) for text in texts) or type(row.line) is not int:
        raise TypeError("a field is of another type")
    if row.reason not in list(Reason):
        raise ValueError(f"there is no reason {row.reason!r}")
    if (row.raw is None) == (row.raw_base64 is None):
        raise ValueError("it has not exactly one of raw and raw_base64")
    if not isinstance(row.raw or row.raw_base64 or "", str) or not isinstance(row.data, bytes):
        raise TypeError("raw is not text")
    return row
