"""The rows of a build as the trainer takes them: token ids in a file, and an account of every row.

The ids are those of `tokens.preview.encode_rows`, as previews and scores have them. The trainer
maps the file into memory, so that there may be more rows than memory holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.dataset.rows import entries_of, kept_batches
from pairsmith.errors import ModelError, OutputError
from pairsmith.io.remote import StoragePath
from pairsmith.schema.rows import CONFIDENCE, MARGIN, Kind
from pairsmith.schema.splits import is_held_out
from pairsmith.scoring.reading import Limit
from pairsmith.sources.layouts import kind_of
from pairsmith.tokens.encode import Encoded
from pairsmith.tokens.preview import BATCH_ROWS, EncodedBatch, encode_rows
from pairsmith.tokens.ragged import Ragged, common_prefix, positions, same_tokens
from pairsmith.tokens.texts import TextEncoder
from pairsmith.training.confidence import ById
from pairsmith.training.ledger import Account, Fate, account

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pairsmith.kernel.render import Writer

Mask = NDArray[np.bool_]

SAMPLE = 64
"""At most this many rows are compared with what the trainer itself would make of them."""


class SampleRow(NamedTuple):
    """A row for comparison.

    Attributes:
        id: Its id.
        stored: As the build has it.
        texts: Either side, with its prompt.
        ids: The columns that the trainer is given, before anything is cut.
    """

    id: str
    stored: dict[str, Any]
    texts: tuple[str, str]
    ids: tuple[list[int], ...]


@dataclass(frozen=True)
class Wanted:
    """Which rows are wanted, and what of them.

    Attributes:
        subsets: Of these subsets alone; empty for all.
        max_length: The most tokens of a side.
        cut: Whether longer ones are cut at the beginning of the prompt, where both replies fit.
        margin: Whether the margins are wanted.
        confidence: The confidence in labels, 1 for a row of which nothing is told; None where the
            loss asks for none.
        vocabulary: How many ids the model has embeddings for.
    """

    subsets: frozenset[str]
    max_length: int
    cut: bool = False
    margin: bool = False
    confidence: ById = None
    vocabulary: int | None = None


@dataclass
class Encoding:
    """What came of the rows.

    Attributes:
        accounts: The ledger, an account for each split of each subset.
        sample: Rows for comparison.
        longest: The most tokens that any pair's side has, trained on or not.
        refusal: The first row that the chat template refuses, and what it said.
        weighed: Trained rows of which the confidence is told.
    """

    accounts: list[Account] = field(default_factory=list)
    sample: list[SampleRow] = field(default_factory=list)
    longest: int = 0
    refusal: tuple[str, str] | None = None
    weighed: int = 0

    @property
    def trained(self) -> int:
        """How many rows the trainer has."""
        return sum(entry.learnt for entry in self.accounts)


class Chosen(NamedTuple):
    """Which rows of a batch are trained on.

    Attributes:
        columns: Token ids, a column each of the writer's `names`.
        taken: Flags of the rows that are trained on.
        cut: Flags of those that are not whole there, others among them perhaps.
    """

    columns: tuple[Ragged, ...]
    taken: Mask
    cut: Mask


class RowWriter:
    """Writes the trainer's file, split by split: an id, a number, columns of token ids.

    With `margin` and `confidence` where the loss asks for them. Here the columns are whole sides,
    as a preference model reads them.

    Args:
        path: The file.
        tokenizer: The tokenizer.
        chat: What `open_writer` gave.
        wanted: Which rows, and what of them.
    """

    names: tuple[str, ...] = ("chosen_ids", "rejected_ids")
    """The columns of token ids."""

    parted = False
    """Whether the trainer parts the prompt from the replies."""

    def __init__(
        self, path: Path, tokenizer: PreTrainedTokenizerBase, chat: Writer | None, wanted: Wanted
    ) -> None:
        self.path, self.chat, self.wanted = path, chat, wanted
        self.encoder = TextEncoder(tokenizer, special=chat is None)
        ids = [(name, pa.list_(pa.int32())) for name in self.names]
        numbers = [(name, pa.float64()) for name in self._numbers()]
        self.schema = pa.schema([("id", pa.string()), ("row", pa.int64()), *ids, *numbers])
        self.made = Encoding()
        self.rows = 0

    def _numbers(self) -> Iterator[str]:
        if self.wanted.margin:
            yield "margin"
        if self.wanted.confidence is not None:
            yield "confidence"

    def write(
        self, out: StoragePath, built: Manifest, watch: Callable[[str, int], None] | None = None
    ) -> Encoding:
        """Reads and writes all rows.

        Args:
            out: The folder of the build.
            built: Its manifest.
            watch: Called with a split's name and the rows read so far.

        Raises:
            OutputError: A shard cannot be read, or the file not be written.
            ModelError: A row has a token that the model has no embedding for.
        """
        done = 0
        with pa.OSFile(str(self.path), "wb") as sink, pa.ipc.new_stream(sink, self.schema) as file:
            for entry in entries_of(built):
                fate = fate_of(entry, self.wanted.subsets)
                if fate is not None:
                    whole = Counter({fate: entry.kept})
                    self.made.accounts.append(account(entry.subset, entry.split, entry.kept, whole))
                    continue
                fates: Counter[Fate] = Counter()
                trained = cut = 0
                for stored in kept_batches(out, built, entry, BATCH_ROWS):
                    batch = self._batch(stored, fates)
                    file.write_batch(batch.rows)
                    trained, cut = trained + len(batch.rows) - batch.cut, cut + batch.cut
                    done += len(stored)
                    if watch is not None:
                        watch(f"{entry.subset}/{entry.split}", done)
                self.made.accounts.append(
                    account(entry.subset, entry.split, entry.kept, fates, trained, cut)
                )
        return self.made

    def _batch(self, stored: pa.RecordBatch, fates: Counter[Fate]) -> _Batch:
        """The rows of a batch that are trained on; the others are counted."""
        encoded = encode_rows(stored, self.encoder, self.chat, self.parted)
        self._note(encoded, fates)
        self._check_vocabulary(encoded)
        columns, taken, cut = self._choose(encoded.encoded, fates)
        numbers = np.array(encoded.texts.rows, np.int64)[taken]
        lists = [as_lists(column.take(taken)) for column in columns]
        return _Batch(self._columns(stored, numbers, lists), int((cut & taken).sum()))

    def _parts(self, encoded: Encoded) -> tuple[Ragged, ...]:
        """The columns of token ids, before anything is cut."""
        return encoded.whole_chosen, encoded.whole_rejected

    def _choose(self, encoded: Encoded, fates: Counter[Fate]) -> Chosen:
        """Which rows are trained on, and their ids as the trainer has them; others are counted."""
        whole = Sides(encoded.whole_chosen, encoded.whole_rejected)
        sides, cut = (
            cut_prompts(whole, self.wanted.max_length)
            if self.wanted.cut
            else (whole, np.zeros(len(whole.lengths), np.bool_))
        )
        fits = sides.lengths <= self.wanted.max_length
        differ = ~same_tokens(*sides)
        fates[Fate.TOO_LONG] += int((~fits).sum())
        fates[Fate.IDENTICAL] += int((fits & ~differ).sum())
        return Chosen(sides, fits & differ, cut)

    def _note(self, batch: EncodedBatch, fates: Counter[Fate]) -> None:
        """Counts refused rows, and takes the first and the longest row into the sample."""
        fates[Fate.REFUSED] += len(batch.texts.refused)
        for number, why in batch.texts.refused.items():
            if self.made.refusal is None:
                self.made.refusal = batch.stored["id"][number].as_py(), why
        if not batch.texts.rows:
            return
        sides = Sides(batch.encoded.whole_chosen, batch.encoded.whole_rejected)
        parts = self._parts(batch.encoded)
        longest = int(np.argmax(sides.lengths))
        self.made.longest = max(self.made.longest, int(sides.lengths[longest]))
        for place in dict.fromkeys((0, longest, len(batch.texts.rows) - 1)):
            if len(self.made.sample) < SAMPLE:
                stored = batch.stored.slice(batch.texts.rows[place], 1).to_pylist()[0]
                texts = (
                    batch.texts.chosen[place].as_py(),
                    batch.texts.rejected[place].as_py(),
                )
                ids = tuple(part.row(place) for part in parts)
                self.made.sample.append(SampleRow(stored["id"], stored, texts, ids))

    def _check_vocabulary(self, batch: EncodedBatch) -> None:
        """Makes sure that the model has an embedding for every token.

        Raises:
            ModelError: It has not.
        """
        most = self.wanted.vocabulary
        for side in (batch.encoded.whole_chosen, batch.encoded.whole_rejected):
            if most is None or not len(side.ids) or int(side.ids.max()) < most:
                continue
            row, place = positions(side)
            over = side.ids[place] >= most
            if over.any():
                number = batch.texts.rows[int(row[over][0])]
                raise ModelError(
                    f"The tokenizer does not fit the model: {batch.stored['id'][number].as_py()} "
                    f"has the token {int(side.ids[place][over][0])}, and the model has embeddings "
                    f"for {most:,}.",
                    "Name a model with its own tokenizer.",
                )

    def _columns(
        self, stored: pa.RecordBatch, numbers: NDArray[np.int64], lists: list[pa.ListArray]
    ) -> pa.RecordBatch:
        """The trainer's columns of the rows that are taken."""
        index = pa.array(numbers)
        ids = stored["id"].take(index)
        order = pa.array(np.arange(self.rows, self.rows + len(numbers)))
        self.rows += len(numbers)
        columns = [ids, order, *lists]
        if self.wanted.margin:
            columns.append(stored[MARGIN].take(index).cast(pa.float64()).fill_null(0.0))
        if self.wanted.confidence is not None:
            held = self._confidence(stored, ids, index)
            self.made.weighed += len(held) - held.null_count
            columns.append(held.fill_null(1.0))
        return pa.record_batch(columns, schema=self.schema)

    def _confidence(
        self, stored: pa.RecordBatch, ids: pa.StringArray, index: pa.Int64Array
    ) -> pa.DoubleArray:
        told = self.wanted.confidence
        if isinstance(told, str):
            return stored[CONFIDENCE].take(index)
        if isinstance(told, float):
            return pa.array(np.full(len(ids), told))
        known = told or {}
        return pa.array([known.get(id) for id in ids.to_pylist()], pa.float64())


class _Batch(NamedTuple):
    """The rows of a batch that are trained on, and how many of them were cut."""

    rows: pa.RecordBatch
    cut: int


class Sides(NamedTuple):
    """Both sides of some rows as ids."""

    chosen: Ragged
    rejected: Ragged

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The tokens of the longer side, shape (rows,)."""
        return np.maximum(self.chosen.lengths, self.rejected.lengths)


def fate_of(entry: LedgerEntry, subsets: frozenset[str]) -> Fate | None:
    """Why no row of a split is trained on; None where its rows are looked at."""
    if kind_of(entry.subset) != Kind.PAIRS:
        return Fate.DIALOGUES
    if is_held_out(entry.split):
        return Fate.HELD_OUT
    if subsets and entry.subset not in subsets:
        return Fate.LEFT_OUT
    return None


def cut_prompts(sides: Sides, max_length: int) -> tuple[Sides, Mask]:
    """Leaves the last tokens of each side, as `pairsmith score --cut` reads them.

    Where a reply would be cut too, the row is as it was. At least one token of the prompt stays.

    Args:
        sides: The sides, whole.
        max_length: The most tokens of a side.

    Returns:
        The sides, and which rows were cut, shape (rows,).
    """
    limit = Limit(max_length, cut=True)
    over = sides.lengths > max_length
    cut = over & (sides.lengths - max_length < common_prefix(*sides))
    ends = [limit.ends_of(side) for side in sides]
    made = [
        side._replace(starts=np.where(cut, end.starts, side.starts))
        for side, end in zip(sides, ends, strict=True)
    ]
    return Sides(*made), cut


def as_lists(rows: Ragged) -> pa.ListArray:
    """Rows as an Arrow column of lists."""
    _, place = positions(rows)
    offsets = np.concatenate([[0], np.cumsum(rows.lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(rows.ids[place], pa.int32()))


def check_pairs(built: Manifest, subsets: list[str]) -> None:
    """Checks that there is something to train on, by the manifest alone.

    Raises:
        OutputError: There is no such subset, there are dialogues alone, or no row of train.
    """
    known = list(dict.fromkeys(entry.subset for entry in built.ledger))
    for name in subsets:
        if name not in known:
            raise OutputError(f"The build has no subset {name!r}.", f"It has {', '.join(known)}.")
    meant = frozenset(subsets)
    entries = [entry for entry in built.ledger if not meant or entry.subset in meant]
    pairs = [entry for entry in entries if kind_of(entry.subset) == Kind.PAIRS]
    if not pairs:
        raise OutputError(
            "The rows are dialogues, without a chosen and a rejected reply.",
            "Models are trained on pairs here: name a subset of them.",
        )
    if not any(entry.kept for entry in pairs if not is_held_out(entry.split)):
        splits = ", ".join(dict.fromkeys(entry.split for entry in pairs))
        raise OutputError(
            f"No pair is of the split train; there is {splits}.",
            "pairsmith split divides a build: its help tells how.",
        )
