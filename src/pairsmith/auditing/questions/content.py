"""Text: marks and control strings, what tells of persons, scripts, openings and refusals.

Rows are named, texts are not quoted: but for openings, which are boilerplate or are not shown.
Languages are not told apart, only scripts: what short replies in one script are written in cannot
be said without a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.auditing.answer import Answer, Finding, Study, UnansweredError, as_table
from pairsmith.auditing.content.openings import Openings
from pairsmith.auditing.content.patterns import PERSONAL, control_strings
from pairsmith.auditing.content.refusals import ANY, Refusals
from pairsmith.auditing.content.writing_systems import Letters
from pairsmith.auditing.report.plots import draw_groups
from pairsmith.auditing.report.svg import Plot
from pairsmith.auditing.stats.intervals import percent
from pairsmith.dataset.reader import Batch
from pairsmith.kernel.checks import cut_off, find_role_marker, near_empty
from pairsmith.text.spans import Mask, Spans

TITLE = "Text"

PLACES = ("prompt", "chosen", "rejected")
SHOWN = 100
"""At most so many rows are named of each kind of finding."""

KINDS = {
    "role_marker": "A turn's name and a colon stand",
    "cut_off": "A turn marker without its colon ends",
    "near_empty": "Next to nothing is said",
    "control_string": "Control text of a chat template stands",
    "email": "An e-mail address stands",
    "phone": "What looks like a phone number stands",
    "ipv4": "What looks like an IPv4 address stands",
    "url": "A URL stands",
    "iban": "A valid IBAN stands",
    "card": "What looks like a payment card's number stands",
    "us_ssn": "What looks like a US social security number stands",
}
"""The kinds of findings, and how their sentences begin."""

REPLIES_ONLY = {"cut_off": cut_off, "near_empty": near_empty}
"""What is asked of replies alone, which ends and lengths of prompts say nothing about."""


class Said(NamedTuple):
    """What n rows say, one place after the other.

    Attributes:
        place: Which of `PLACES`.
        texts: m texts: turns of prompts, or replies.
        rows: The row of each.
    """

    place: str
    texts: Spans
    rows: np.ndarray[Any, np.dtype[np.int64]]


class Tally:
    """Counts, batch by batch, the rows of each kind in each place."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.places: Counter[tuple[str, str]] = Counter()
        self.findings: dict[str, list[Finding]] = {kind: [] for kind in KINDS}
        self.strings: Counter[str] = Counter()
        self.control = control_strings()
        self.letters = {place: Letters() for place in PLACES}

    def add(self, batch: Batch) -> None:
        """Counts a batch."""
        masks: dict[str, dict[str, Mask]] = {kind: {} for kind in KINDS}
        controls: set[tuple[str, int]] = set()
        for said in listen(batch):
            texts = said.texts.texts()
            self.letters[said.place].add(texts)
            found, named = self._look(said, texts)
            controls |= named
            for kind, mask in found.items():
                rows = np.zeros(len(batch.ids), bool)
                rows[said.rows[mask]] = True
                masks[kind][said.place] = rows
        self.strings.update(string for string, _ in controls)
        for kind, places in masks.items():
            self._count(kind, places, batch.ids)

    def _look(
        self, said: Said, texts: pa.StringArray
    ) -> tuple[dict[str, Mask], set[tuple[str, int]]]:
        """Which texts are of which kind, and the control strings with their rows."""
        found = {"role_marker": find_role_marker(said.texts)}
        found["control_string"] = held = said.texts.holds_any(list(self.control))
        for kind, pattern in PERSONAL.items():
            found[kind] = pattern.find(texts)
        if said.place != "prompt":
            found |= {kind: ask(said.texts) for kind, ask in REPLIES_ONLY.items()}
        owners = zip(said.rows[held].tolist(), texts.filter(pa.array(held)), strict=True)
        named = {
            (string, row)
            for row, text in owners
            for string in self.control
            if string in text.as_py()
        }
        return found, named

    def _count(self, kind: str, places: dict[str, Mask], ids: pa.StringArray) -> None:
        for place, mask in places.items():
            self.places[kind, place] += int(mask.sum())
        rows = np.flatnonzero(np.any(list(places.values()), axis=0))
        self.rows[kind] += len(rows)
        for row in rows[: SHOWN - len(self.findings[kind])].tolist():
            where = [place for place, mask in places.items() if mask[row]]
            sentence = f"{KINDS[kind]} in {_and(where)}."
            self.findings[kind].append(Finding(kind, [ids[row].as_py()], None, sentence))

    def to_dict(self) -> dict[str, Any]:
        """What there is to tell, as JSON holds it."""
        kinds = {}
        for kind in KINDS:
            asked = PLACES[1:] if kind in REPLIES_ONLY else PLACES
            places = {place: self.places[kind, place] for place in asked}
            kinds[kind] = {"rows": self.rows[kind], **places}
        return {
            "kinds": kinds,
            "control_strings": {
                "sought": self.control,
                "rows": dict(self.strings.most_common()),
            },
            "patterns": {kind: pattern.sought for kind, pattern in PERSONAL.items()},
            "scripts": {place: letters.shares() for place, letters in self.letters.items()},
            "languages": "not told apart",
        }


def ask(study: Study) -> Answer:
    """What stands in the texts of kept rows that a trainer of models may not want there.

    Raises:
        UnansweredError: There are no kept rows.
    """
    tally, refusals, rows = Tally(), Refusals(), 0
    with study.keys.cursor() as own:
        openings = Openings(own)
        for batch in study.data.batches():
            sides = [side.replies.texts() for side in (batch.chosen, batch.rejected)]
            tally.add(batch)
            openings.add(*sides)
            refusals.add(*sides)
            rows += len(batch.ids)
        if not rows:
            raise UnansweredError("No row was kept, so that there is no text to look at.")
        told = {"rows": rows, **tally.to_dict(), "openings": openings.to_dict()}
    numbers = {**told, "refusals": refusals.to_dict()}
    findings = [finding for found in tally.findings.values() for finding in found]
    sentence = _say(numbers, refusals)
    return Answer("text", TITLE, sentence, numbers, as_table(findings), _cure(tally))


def plot(answer: Answer) -> Plot | None:
    """The replies of each side in which something stands, by what."""
    held = answer.numbers["kinds"]
    series = {
        side: {kind: counts[side] for kind, counts in held.items()}
        for side in ("chosen", "rejected")
    }
    return draw_groups(answer.question, series)


def listen(batch: Batch) -> Iterator[Said]:
    """The texts of a batch by place: the turns of the prompts, then the replies."""
    before = batch.chosen.before_last
    yield Said("prompt", batch.chosen.stripped.select(before), batch.chosen.rows[before])
    every = np.arange(len(batch.ids))
    yield Said("chosen", batch.chosen.replies, every)
    yield Said("rejected", batch.rejected.replies, every)


def _say(numbers: dict[str, Any], refusals: Refusals) -> str:
    kinds, counts = numbers["kinds"], numbers["refusals"]["counts"][ANY]
    personal = {kind: kinds[kind]["rows"] for kind in PERSONAL if kinds[kind]["rows"]}
    named = ", ".join(f"{kind} {rows:,}" for kind, rows in personal.items()) or "none"
    rows = numbers["rows"]
    return (
        f"Of {rows:,} rows {kinds['role_marker']['rows']:,} hold a role marker and "
        f"{kinds['control_string']['rows']:,} control text of a chat template; what may tell of "
        f"persons, by rows: {named}. A phrase of refusal stands in "
        f"{percent(counts['chosen'] / rows)} of chosen replies and in "
        f"{percent(counts['rejected'] / rows)} of rejected ones, a difference of "
        f"{refusals.difference()}."
    )


def _cure(tally: Tally) -> str:
    cures = []
    if tally.rows["control_string"]:
        cures.append(
            "Build with the template that you train with: it refuses or escapes its own control "
            "text, and only its own."
        )
    if any(tally.rows[kind] for kind in PERSONAL if kind != "url"):
        cures.append("Look at the rows that may tell of persons before you share them.")
    if tally.rows["cut_off"] or tally.rows["near_empty"]:
        cures.append("Leave out replies that are cut off or next to empty, unless they are meant.")
    return " ".join(cures)


def _and(places: list[str]) -> str:
    named = ["the prompt" if place == "prompt" else f"the {place} reply" for place in places]
    return " and ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)
