"""A dataset's rows as a trainer tokenizes them, and totals over all rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset import folder
from pairsmith.dataset.manifest import LedgerEntry, Manifest, read_manifest
from pairsmith.dataset.rows import entries_of, kept_batches
from pairsmith.errors import OutputError, RecipeError
from pairsmith.io.remote import StoragePath
from pairsmith.kernel.render import Writer
from pairsmith.progress import Progress, Watch
from pairsmith.schema.reasons import Reason
from pairsmith.schema.rows import Form, Kind
from pairsmith.sources.layouts import kind_of
from pairsmith.tokens import special
from pairsmith.tokens.encode import Encoded, encode
from pairsmith.tokens.render import RowTexts, open_chat, render_messages, render_text
from pairsmith.tokens.row import TokenizedRow, read_tokens
from pairsmith.tokens.texts import TextEncoder
from pairsmith.tokens.tokenizer import load_tokenizer
from pairsmith.tokens.totals import Totals, TotalsCounter

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TRAINERS = ("trl", "trl-reward")
"""DPOTrainer, which cuts long rows, and RewardTrainer, which drops them."""
CUTTING = ("trl",)
MAX_LENGTH = 1024
"""The default of TRL's DPOConfig and of its RewardConfig."""
MAX_MODEL_TOKENS = 1_000_000_000
"""An upper bound on what any model takes."""
BATCH_ROWS = 512


class Preview(NamedTuple):
    """The first rows as token ids, and the totals over all rows."""

    rows: list[TokenizedRow]
    totals: Totals


class EncodedBatch(NamedTuple):
    """A batch of rows: as stored, as texts, and as token ids."""

    stored: pa.RecordBatch
    texts: RowTexts
    encoded: Encoded


def preview(
    out: str | os.PathLike[str],
    tokenizer: str | os.PathLike[str],
    *,
    trainer: str = "trl",
    max_length: int = MAX_LENGTH,
    rows: int = 3,
    subset: str | None = None,
    progress: Watch | None = None,
) -> Preview:
    """Tokenizes a built dataset as a trainer does, and counts what the trainer does not report.

    Args:
        out: The folder of the build.
        tokenizer: A tokenizer's folder, or its id on the hub. Its code is not run.
        trainer: `trl`, for the DPOTrainer of TRL 1.16, or `trl-reward`, for its RewardTrainer.
        max_length: The trainer's limit: the tokens of prompt and reply that are trained on; for
            RewardTrainer, those that neither side may exceed.
        rows: At most this many rows are returned token by token.
        subset: Only rows of this subset; None for all.
        progress: Called after every batch, with rows in place of bytes.

    Returns:
        The first rows that the chat template takes, and the totals over all.

    Raises:
        RecipeError: An argument is out of range.
        OutputError: There is no finished build, no such subset, or no pair in it.
        TokenizerError: The tokenizer cannot be loaded, or lacks what the rows want.
    """
    _check_arguments(trainer, max_length, rows)
    source = folder.output(os.fspath(out))
    built = read_manifest(source)
    total, dialogues = _count(built, subset)
    reader = load_tokenizer(str(tokenizer), built.recipe.form)
    cuts = trainer in CUTTING
    tally = TotalsCounter(reader, max_length, cuts)
    find = _special_finder(built, reader)
    first_rows: list[TokenizedRow] = []
    done = noted = 0
    with open_writer(built, reader, str(tokenizer)) as chat:
        encoder = open_encoder(built, reader)
        encode_some = partial(encode_rows, encoder=encoder, chat=chat, parted=cuts)
        for path, batch in _batches(source, built, subset, encode_some, tally):
            tally.add(batch.encoded, find(batch))
            shown = _rows(batch, reader, built.recipe.form, rows - len(first_rows))
            first_rows += [row._replace(max_length=max_length, cuts=cuts) for row in shown]
            noted += _noted(batch.stored)
            done += len(batch.stored)
            if progress is not None:
                progress(Progress(path, done, done, total))
    return Preview(first_rows, tally.totals(done, dialogues, noted))


def _check_arguments(trainer: str, max_length: int, rows: int) -> None:
    if trainer not in TRAINERS:
        raise RecipeError(
            f"Rows cannot be tokenized as for {trainer!r}.", f"Trainers: {', '.join(TRAINERS)}."
        )
    if not 1 <= max_length <= MAX_MODEL_TOKENS:
        raise RecipeError(
            f"A max_length of {max_length} is out of range.", f"Use 1 to {MAX_MODEL_TOKENS:,}."
        )
    if rows < 0:
        raise RecipeError(f"{rows} rows cannot be shown.", "Use 0 or more.")


def _count(built: Manifest, subset: str | None) -> tuple[int, int]:
    """The number of pairs to read, and of dialogues that are left out.

    Raises:
        OutputError: There are dialogues alone.
    """
    entries = entries_of(built, subset)
    pairs = sum(entry.kept for entry in entries if _has_pairs(entry))
    dialogues = sum(entry.kept for entry in entries if not _has_pairs(entry))
    if dialogues and not pairs:
        where = f"The subset {subset}" if subset else "The build"
        raise OutputError(
            f"{where} holds dialogues, without a chosen and a rejected reply.",
            "Name another subset: the trainer wants pairs.",
        )
    return pairs, dialogues


def _has_pairs(entry: LedgerEntry) -> bool:
    return kind_of(entry.subset) == Kind.PAIRS


@contextmanager
def open_writer(
    built: Manifest, tokenizer: PreTrainedTokenizerBase, name: str
) -> Iterator[Writer | None]:
    """The writer of the rows of a messages build as text; None for a text build.

    Args:
        built: The manifest.
        tokenizer: The tokenizer.
        name: What to call it.

    Raises:
        TokenizerError: Its chat template cannot be used.
    """
    if built.recipe.form == Form.TEXT:
        yield None
    else:
        with open_chat(tokenizer, name) as chat:
            yield chat


def open_encoder(built: Manifest, tokenizer: PreTrainedTokenizerBase) -> TextEncoder:
    """What makes ids of the texts of a build's rows."""
    return TextEncoder(tokenizer, special=built.recipe.form == Form.TEXT)


def encode_rows(
    stored: pa.RecordBatch,
    encoder: TextEncoder,
    chat: Writer | None,
    parted: bool = True,
) -> EncodedBatch:
    """Rows as texts and token ids.

    Args:
        stored: The rows, as shards have them.
        encoder: What `open_encoder` gave.
        chat: What `open_writer` gave.
        parted: Whether the trainer renders the prompt alone too, to part it from the reply: then
            rows are refused whose prompt the chat template refuses.
    """
    if chat is None:
        texts = render_text(stored, str(encoder.tokenizer.eos_token))
    else:
        texts = render_messages(stored, chat, parted)
    return EncodedBatch(stored, texts, encode(texts, encoder))


def _batches(
    out: StoragePath,
    built: Manifest,
    subset: str | None,
    encode_some: Callable[[pa.RecordBatch], EncodedBatch],
    tally: TotalsCounter,
) -> Iterator[tuple[str, EncodedBatch]]:
    """The rows tokenized, batch by batch, each with its split; refused ones go to the tally."""
    for entry in filter(_has_pairs, entries_of(built, subset)):
        for stored in kept_batches(out, built, entry, BATCH_ROWS):
            batch = encode_some(stored)
            for number, why in batch.texts.refused.items():
                tally.refuse(stored["id"][number].as_py(), why)
            yield f"{entry.subset}/{entry.split}", batch


def _special_finder(
    built: Manifest, tokenizer: PreTrainedTokenizerBase
) -> Callable[[EncodedBatch], special.SpecialTokens]:
    """The search for contents that are read as special tokens, for rows of this build."""
    if built.recipe.form == Form.TEXT:
        control = built.recipe.template.control if built.recipe.template else ()
        in_texts = special.TextFinder(tokenizer, control)
        return lambda batch: in_texts.find(batch.encoded)
    in_contents = special.MessageFinder(tokenizer)
    return lambda batch: in_contents.find(batch.stored.take(pa.array(batch.texts.rows, pa.int64())))


def _rows(
    batch: EncodedBatch,
    tokenizer: PreTrainedTokenizerBase,
    form: Form,
    count: int,
) -> list[TokenizedRow]:
    """The first rows of a batch, at most as many as wanted, token by token, without a limit."""
    texts, as_text = batch.texts, form == Form.TEXT
    rows = []
    for place, number in enumerate(texts.rows[: max(count, 0)]):
        end = int(batch.encoded.prompt.lengths[place])
        chosen, rejected = (
            read_tokens(side[place].as_py(), tokenizer, special=as_text)
            for side in (texts.chosen, texts.rejected)
        )
        id = batch.stored["id"][number].as_py()
        rows.append(TokenizedRow(id, chosen[:end], chosen[end:], rejected[end:], 0))
    return rows


def _noted(stored: pa.RecordBatch) -> int:
    """The rows with the note `control_token`."""
    notes = pc.equal(pc.list_flatten(stored["notes"]), Reason.CONTROL_TOKEN.value)
    return int(pc.sum(notes).as_py() or 0)
