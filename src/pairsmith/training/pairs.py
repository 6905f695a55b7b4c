"""The pairs of a build made ready for a trainer: as token ids in a file, each accounted for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pairsmith.dataset import folder
from pairsmith.dataset.manifest import Manifest
from pairsmith.errors import OutputError
from pairsmith.tokens.preview import open_writer
from pairsmith.training.confidence import check_margin
from pairsmith.training.job import Job
from pairsmith.training.ledger import Fate, add_up, sentence
from pairsmith.training.progress import TrainingProgress, TrainingWatch
from pairsmith.training.rows import Encoding, RowWriter, Wanted, check_pairs, fate_of

ROWS = "rows.arrow"
"""Where a run grows: the rows as the trainer reads them."""


def check_build(built: Manifest, settings: Mapping[str, Any]) -> None:
    """Checks that there are pairs to train on, and margins if these are asked for.

    Raises:
        OutputError: There is nothing to train on.
        RecipeError: There are no margins.
    """
    check_pairs(built, settings["subset"])
    if settings["margin"]:
        check_margin(built)


def encode_pairs(
    job: Job, watch: TrainingWatch | None, wanted: Wanted, writer: type[RowWriter] = RowWriter
) -> Encoding:
    """The pairs as token ids, in a file; every process has the account, one a machine writes.

    Args:
        job: The run.
        watch: Whom to tell how far it has come; None for nobody.
        wanted: Which pairs, and what of them.
        writer: What writes them as the method's trainer takes them.

    Raises:
        OutputError: No row is left to train on.
        ModelError: A row has a token that the model has no embedding for.
    """
    meant = [entry for entry in job.built.ledger if fate_of(entry, wanted.subsets) is None]
    total = sum(entry.kept for entry in meant)

    def tell(what: str, done: int) -> None:
        if watch is not None and job.is_main:
            watch(TrainingProgress("rows", what, done, total))

    path = job.place.growing / ROWS if job.is_local_main else Path(os.devnull)
    job.place.growing.mkdir(parents=True, exist_ok=True)
    tokenizer = job.loaded.tokenizer
    if job.is_local_main:
        for path_of_before in job.place.growing.glob("cache-*.arrow"):  # the trainer's, of its rows
            path_of_before.unlink()
    with (
        folder.writing(job.place.path),
        open_writer(job.built, tokenizer, job.loaded.name) as chat,
    ):
        made = writer(path, tokenizer, chat, wanted).write(job.out, job.built, tell)
    if not made.trained:
        raise _nothing_left(made, job.settings["max_length"])
    return made


def wanted_pairs(job: Job, *, cut: bool = False) -> Wanted:
    """Which pairs a run wants, and what of them.

    Args:
        job: The run.
        cut: Whether sides that are too long are cut at the beginning of the prompt.
    """
    return Wanted(
        subsets=frozenset(job.settings["subset"]),
        max_length=job.settings["max_length"],
        cut=cut,
        margin=job.settings["margin"],
        confidence=job.told.by_id,
        vocabulary=int(job.loaded.model.get_input_embeddings().weight.shape[0]),
    )


def read_rows(job: Job) -> Any:
    """The rows as the trainer takes them, a `datasets.Dataset` mapped into memory."""
    from datasets import Dataset

    return Dataset.from_file(str(job.place.growing / ROWS))


def _nothing_left(made: Encoding, max_length: int) -> OutputError:
    """The fault of a build of which no row can be trained on."""
    total = add_up(made.accounts)
    if total.others.get(Fate.TOO_LONG) or total.others.get(Fate.PROMPT_FILLS):
        hint = f"The longest has {made.longest:,} tokens a side; max_length is {max_length:,}."
    elif made.refusal is not None:
        id, why = made.refusal
        hint = f"Of {id} the chat template says: {why}"
    else:
        hint = "pairsmith audit tells what such a build holds."
    return OutputError(f"No row is left to train on: {sentence(total)}.", hint)
