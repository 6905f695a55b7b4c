"""Tokens: how long rows are for a tokenizer, and what a limit drops, cuts or makes identical.

Rows are tokenized as `pairsmith preview` does it, which is as TRL's DPOTrainer does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairsmith.auditing.answer import Answer, Finding, Study, UnansweredError, as_table
from pairsmith.auditing.report.plots import draw_groups
from pairsmith.auditing.report.svg import SERIES, Plot
from pairsmith.auditing.stats.intervals import percent
from pairsmith.dataset.rows import kept_batches
from pairsmith.tokens.preview import BATCH_ROWS, MAX_LENGTH, EncodedBatch, encode_rows, open_writer
from pairsmith.tokens.tokenizer import load_tokenizer
from pairsmith.tokens.totals import Cuts, cut, measure, percentiles

TITLE = "Tokens"

LIMITS = (512, 1024, 2048)
SHOWN = 500
"""At most so many rows are named of each kind."""

SENTENCES = {
    "identical": "Both replies are the same tokens.",
    "dropped": "The prompt fills {limit:,} tokens, so that the trainer drops the row.",
    "identical_once_cut": "Within {limit:,} tokens both replies are the same.",
}
"""Of what is found: the last two at TRL's own limit."""


class Tally:
    """Adds up what holds of some rows. Grows with their number by four lengths a row."""

    def __init__(self) -> None:
        self.refused = 0
        self.lengths: dict[str, list[NDArray[np.int32]]] = {}
        self.counts = {limit: dict.fromkeys(Cuts._fields, 0) for limit in LIMITS}

    def add(self, batch: EncodedBatch, cuts: dict[int, Cuts]) -> None:
        """Counts a batch."""
        self.refused += len(batch.texts.refused)
        for name, lengths in measure(batch.encoded).items():
            self.lengths.setdefault(name, []).append(lengths)
        for limit, masks in cuts.items():
            for name, mask in masks._asdict().items():
                self.counts[limit][name] += int(mask.sum())

    def to_dict(self) -> dict[str, Any]:
        """What there is to tell, as JSON holds it."""
        whole = {name: np.concatenate(parts) for name, parts in self.lengths.items()}
        counts = {str(limit): dict(found) for limit, found in self.counts.items()}
        for found in counts.values():
            del found["identical"]  # the limit does not matter to it
        return {
            "rows": len(whole["prompt"]),
            "refused": self.refused,
            "identical": self.counts[MAX_LENGTH]["identical"],
            "lengths": {n: asdict(percentiles(of)) for n, of in whole.items() if len(of)},
            "by_limit": counts,
        }


class Read(NamedTuple):
    """A batch of rows of one subset."""

    subset: str
    batch: EncodedBatch


def ask(study: Study) -> Answer:
    """How long rows are for the study's tokenizer, and what limits do to them.

    Raises:
        UnansweredError: No tokenizer is named, there are no kept rows, or none that the
            tokenizer's chat template takes.
        TokenizerError: The tokenizer cannot be loaded, or lacks what the rows want.
    """
    if study.tokenizer is None:
        raise UnansweredError("No tokenizer is named: --tokenizer takes its folder or hub id.")
    if not any(entry.kept for entry in study.data.entries):
        raise UnansweredError("No row was kept, so that there is nothing to tokenize.")
    whole, subsets = Tally(), {entry.subset: Tally() for entry in study.data.entries if entry.kept}
    found: dict[str, list[Finding]] = {kind: [] for kind in SENTENCES}
    for subset, batch in _read(study):
        cuts = {limit: cut(batch.encoded, limit) for limit in LIMITS}
        for tally in (whole, subsets[subset]):
            tally.add(batch, cuts)
        _find(batch, cuts[MAX_LENGTH], found)
    told = whole.to_dict()
    numbers = {
        "trainer": "DPOTrainer of TRL 1.16, keep_start",
        "limits": list(LIMITS),
        "findings_at": MAX_LENGTH,
        "all": told,
        "by_subset": {name: tally.to_dict() for name, tally in subsets.items()},
    }
    if not told["rows"]:
        raise UnansweredError("The tokenizer's chat template refuses every row.")
    findings = as_table(finding for kind in found.values() for finding in kind)
    return Answer("tokens", TITLE, _say(told), numbers, findings, _cure(told))


def plot(answer: Answer) -> Plot | None:
    """What limits do to rows."""
    held = answer.numbers["all"]["by_limit"]
    limits = list(held)[: len(SERIES)]
    return draw_groups(answer.question, {f"at {limit}": held[limit] for limit in limits})


def _read(study: Study) -> Iterator[Read]:
    """The kept rows as token ids."""
    out, built, name = study.data.out, study.data.built, str(study.tokenizer)
    tokenizer = load_tokenizer(name, built.recipe.form)
    with open_writer(built, tokenizer, name) as chat:
        for entry in study.data.entries:
            for stored in kept_batches(out, built, entry, BATCH_ROWS):
                yield Read(entry.subset, encode_rows(stored, tokenizer, chat))


def _find(batch: EncodedBatch, cuts: Cuts, found: dict[str, list[Finding]]) -> None:
    """Adds findings of a batch, as long as there are few."""
    ids = batch.stored["id"].take(pa.array(batch.texts.rows, pa.int64()))
    for kind, sentence in SENTENCES.items():
        rows = np.flatnonzero(getattr(cuts, kind))[: SHOWN - len(found[kind])]
        told = sentence.format(limit=MAX_LENGTH)
        found[kind] += [Finding(kind, [ids[row].as_py()], None, told) for row in rows.tolist()]


def _say(told: dict[str, Any]) -> str:
    counts, rows, whole = told["by_limit"][str(MAX_LENGTH)], told["rows"], told["lengths"]["whole"]
    return (
        f"Half of {rows:,} rows have at most {whole['p50']:,} tokens, 99 % at most "
        f"{whole['p99']:,}, the longest {whole['max']:,}. At a max_length of {MAX_LENGTH:,} the "
        f"trainer drops {counts['dropped']:,} ({percent(counts['dropped'] / rows)}) and cuts "
        f"chosen in {counts['chosen']:,} and rejected in {counts['rejected']:,}; "
        f"{counts['identical_once_cut']:,} pairs are the same once cut, "
        f"{told['identical']:,} as they are."
    )


def _cure(told: dict[str, Any]) -> str:
    counts, cures = told["by_limit"][str(MAX_LENGTH)], []
    if counts["dropped"] or counts["identical_once_cut"] or counts["chosen"] or counts["rejected"]:
        longest = told["lengths"]["whole"]["max"]
        cures.append(f"A max_length of {longest:,} keeps all rows whole.")
    if told["identical"]:
        cures.append("Leave out pairs whose replies are the same: they teach nothing.")
    return " ".join(cures)
