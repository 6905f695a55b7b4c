"""Tokens: the lengths of rows in tokens, and the rows that a limit drops, cuts or makes identical.

Rows are tokenized as by `pairsmith preview`, which tokenizes as TRL's DPOTrainer does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairsmith.auditing.answer import Answer, Finding, Study, UnansweredError, as_table
from pairsmith.auditing.claims.tokens import claim_tokens
from pairsmith.auditing.report.plots import draw_groups
from pairsmith.dataset.rows import kept_batches
from pairsmith.reporting.svg import SERIES, Plot
from pairsmith.statistics.intervals import percent
from pairsmith.tokens.preview import (
    BATCH_ROWS,
    MAX_LENGTH,
    EncodedBatch,
    encode_rows,
    open_encoder,
    open_writer,
)
from pairsmith.tokens.tokenizer import load_tokenizer
from pairsmith.tokens.totals import Cuts, cut, measure, percentiles

TITLE = "Tokens"

LIMITS = (512, 1024, 2048)
"""The values of max_length that are compared, in tokens."""
MAX_FINDINGS = 500
"""The most rows that are named of each kind."""

SENTENCES = {
    "identical": "Both replies are the same tokens.",
    "dropped": "The prompt fills {limit:,} tokens, so that the trainer drops the row.",
    "identical_once_cut": "Within {limit:,} tokens both replies are the same.",
}
"""The sentences of findings, by kind; the last two are for TRL's default max_length."""


class TokenCounts:
    """Adds up token counts, batch by batch. Memory grows by four int32 per row.

    Attributes:
        refused: The rows that the chat template refuses.
        lengths: The lengths of the others in tokens, by part of the row, an array per batch.
        counts: By limit and effect, the rows that are affected.
    """

    def __init__(self) -> None:
        self.refused = 0
        self.lengths: dict[str, list[NDArray[np.int32]]] = {}
        self.counts = {limit: dict.fromkeys(Cuts._fields, 0) for limit in LIMITS}

    def add(self, batch: EncodedBatch, cuts: dict[int, Cuts]) -> None:
        """Counts a batch, given the effects of each limit on its rows."""
        self.refused += len(batch.texts.refused)
        for name, lengths in measure(batch.encoded).items():
            self.lengths.setdefault(name, []).append(lengths)
        for limit, masks in cuts.items():
            for name, mask in masks._asdict().items():
                self.counts[limit][name] += int(mask.sum())

    def to_dict(self) -> dict[str, Any]:
        """The counts, as values that JSON can hold."""
        whole = {name: np.concatenate(parts) for name, parts in self.lengths.items()}
        counts = {str(limit): dict(effects) for limit, effects in self.counts.items()}
        for effects in counts.values():
            del effects["identical"]  # does not depend on the limit
        return {
            "rows": len(whole["prompt"]),
            "refused": self.refused,
            "identical": self.counts[MAX_LENGTH]["identical"],
            "lengths": {n: asdict(percentiles(of)) for n, of in whole.items() if len(of)},
            "by_limit": counts,
        }


class SubsetBatch(NamedTuple):
    """A batch of tokenized rows of one subset."""

    subset: str
    batch: EncodedBatch


def ask(study: Study) -> Answer:
    """Measures the rows with the study's tokenizer, and counts the effects of limits on them.

    Raises:
        UnansweredError: No tokenizer is named, there are no kept rows, or the tokenizer's chat
            template refuses all of them.
        TokenizerError: The tokenizer cannot be loaded, or lacks what the rows need, such as a chat
            template.
    """
    if study.tokenizer is None:
        raise UnansweredError(
            "No tokenizer is named: --tokenizer takes its folder or hub id.",
            "pairsmith audit OUT --tokenizer T",
        )
    if not any(entry.kept for entry in study.data.entries):
        raise UnansweredError("No row was kept, so that there is nothing to tokenize.")
    whole = TokenCounts()
    subsets = {entry.subset: TokenCounts() for entry in study.data.entries if entry.kept}
    by_kind: dict[str, list[Finding]] = {kind: [] for kind in SENTENCES}
    for subset, batch in _read(study):
        cuts = {limit: cut(batch.encoded, limit) for limit in LIMITS}
        for counts in (whole, subsets[subset]):
            counts.add(batch, cuts)
        _add_findings(batch, cuts[MAX_LENGTH], by_kind)
    overall = whole.to_dict()
    numbers = {
        "trainer": "DPOTrainer of TRL 1.16, keep_start",
        "limits": list(LIMITS),
        "findings_at": MAX_LENGTH,
        "all": overall,
        "by_subset": {name: counts.to_dict() for name, counts in subsets.items()},
    }
    if not overall["rows"]:
        raise UnansweredError("The tokenizer's chat template refuses every row.")
    findings = as_table(finding for of_kind in by_kind.values() for finding in of_kind)
    sentence, cure, claims = _summarize(overall), _cure(overall), claim_tokens(overall, MAX_LENGTH)
    return Answer("tokens", TITLE, sentence, numbers, findings, cure, claims=claims)


def plot(answer: Answer) -> Plot | None:
    """Draws the rows that are dropped, cut or made identical, by limit."""
    by_limit = answer.numbers["all"]["by_limit"]
    limits = list(by_limit)[: len(SERIES)]
    return draw_groups(answer.question, {f"at {limit}": by_limit[limit] for limit in limits})


def _read(study: Study) -> Iterator[SubsetBatch]:
    """Tokenizes the kept rows, at most `BATCH_ROWS` at a time."""
    out, built, name = study.data.out, study.data.built, str(study.tokenizer)
    tokenizer = load_tokenizer(name, built.recipe.form)
    encoder = open_encoder(built, tokenizer)
    with open_writer(built, tokenizer, name) as chat:
        for entry in study.data.entries:
            for stored in kept_batches(out, built, entry, BATCH_ROWS):
                yield SubsetBatch(entry.subset, encode_rows(stored, encoder, chat))


def _add_findings(batch: EncodedBatch, cuts: Cuts, by_kind: dict[str, list[Finding]]) -> None:
    """Appends the findings of a batch, up to `MAX_FINDINGS` of each kind."""
    ids = batch.stored["id"].take(pa.array(batch.texts.rows, pa.int64()))
    for kind, sentence in SENTENCES.items():
        rows = np.flatnonzero(getattr(cuts, kind))[: MAX_FINDINGS - len(by_kind[kind])]
        text = sentence.format(limit=MAX_LENGTH)
        by_kind[kind] += [Finding(kind, [ids[row].as_py()], None, text) for row in rows.tolist()]


def _summarize(overall: dict[str, Any]) -> str:
    counts, rows = overall["by_limit"][str(MAX_LENGTH)], overall["rows"]
    whole = overall["lengths"]["whole"]
    return (
        f"Half of {rows:,} rows have at most {whole['p50']:,} tokens, 99 % at most "
        f"{whole['p99']:,}, the longest {whole['max']:,}. At a max_length of {MAX_LENGTH:,} the "
        f"trainer drops {counts['dropped']:,} ({percent(counts['dropped'] / rows)}) and cuts "
        f"chosen in {counts['chosen']:,} and rejected in {counts['rejected']:,}; "
        f"{counts['identical_once_cut']:,} pairs are the same once cut, "
        f"{overall['identical']:,} as they are."
    )


def _cure(overall: dict[str, Any]) -> str:
    counts, cures = overall["by_limit"][str(MAX_LENGTH)], []
    if counts["dropped"] or counts["identical_once_cut"] or counts["chosen"] or counts["rejected"]:
        longest = overall["lengths"]["whole"]["max"]
        cures.append(f"A max_length of {longest:,} keeps all rows whole.")
    if overall["identical"]:
        cures.append("Leave out pairs whose replies are the same: they teach nothing.")
    return " ".join(cures)
