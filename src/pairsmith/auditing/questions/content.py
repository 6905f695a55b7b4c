"""Text: role markers, control strings, personal data, damage, scripts, openings and refusals.

Findings name rows and quote no texts, except for openings that are frequent enough to be
boilerplate. Scripts are identified; languages are a question of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.auditing.answer import Answer, Finding, Study, UnansweredError, as_table
from pairsmith.auditing.claims.texts import claim_texts
from pairsmith.auditing.content.cut_lengths import Cut, CutLengths, is_cut, keep_different
from pairsmith.auditing.content.openings import Openings
from pairsmith.auditing.content.patterns import PERSONAL, control_strings
from pairsmith.auditing.content.refusals import ANY, Refusals
from pairsmith.auditing.content.writing_systems import Letters
from pairsmith.auditing.report.plots import draw_groups
from pairsmith.dataset.reader import Batch
from pairsmith.kernel.checks import cut_off, find_role_marker, near_empty
from pairsmith.reporting.svg import Plot
from pairsmith.reporting.wording import words
from pairsmith.schema.reasons import MENDS
from pairsmith.statistics.intervals import wilson
from pairsmith.text.damage.edits import Damaged
from pairsmith.text.damage.kinds import DAMAGES, describe_damage
from pairsmith.text.damage.mending import mend_sides
from pairsmith.text.spans import Mask, Spans
from pairsmith.text.turns import select

TITLE = "Text"

PLACES = ("prompt", "chosen", "rejected")
"""The parts of a row that are searched."""
MAX_FINDINGS = 100
"""The most rows that are named of each kind of finding."""

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
    "encoding": "Text that was read in the wrong encoding stands",
    "html_entity": "HTML stands",
    "html_tag": "HTML stands",
    "escaped_line_end": "Line ends stand as two characters",
    "replacement": "A character is lost",
    "zero_width": "What cannot be seen stands",
    "bidirectional": "What turns the direction of text stands",
    "cut_length": "What was cut at a length that many replies have stands",
}
"""The kinds of findings, and how their sentences begin."""

CUT = "cut_length"
MAX_SHOWN = 20
"""The most damaged characters that are listed of each kind."""

REPLIES_ONLY = {"cut_off": cut_off, "near_empty": near_empty}
"""Checks of replies only: ends and lengths of prompts mean nothing."""


class PlacedTexts(NamedTuple):
    """The texts of one place of n rows.

    Attributes:
        place: Which of `PLACES`.
        texts: m texts: all turns of the prompts, or n replies.
        rows: The row of each text within the batch, m numbers from 0.
    """

    place: str
    texts: Spans
    rows: np.ndarray[Any, np.dtype[np.int64]]


class TextCounts:
    """Counts, batch by batch, the rows with findings of each kind.

    Attributes:
        rows: The rows of each kind.
        places: The rows of each kind and place.
        findings: The first findings of each kind, at most `MAX_FINDINGS`.
        strings: The rows that contain each control string.
        control: The control strings that are searched for, with the families that use them.
        damaged: The rows of each kind of damage by what is damaged.
        mendable: The rows of each kind of damage of which some can be mended.
        cuts: The lengths at which replies are cut.
        letters: The letters of each place.
    """

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.places: Counter[tuple[str, str]] = Counter()
        self.findings: dict[str, list[Finding]] = {kind: [] for kind in KINDS}
        self.strings: Counter[str] = Counter()
        self.control = control_strings()
        self.damaged: dict[str, Counter[Damaged]] = {kind: Counter() for kind in DAMAGES}
        self.mendable: Counter[str] = Counter()
        self.cuts: list[Cut] = []
        self.letters = {place: Letters() for place in PLACES}

    def add(self, batch: Batch) -> None:
        """Counts a batch."""
        masks: dict[str, dict[str, Mask]] = {kind: {} for kind in KINDS}
        controls: set[tuple[str, int]] = set()
        damaged: dict[str, dict[int, Counter[Damaged]]] = {kind: {} for kind in DAMAGES}
        for placed in split_by_place(batch):
            texts = placed.texts.texts()
            self.letters[placed.place].add(texts)
            matches, strings = self._search(placed, texts, batch.exact)
            controls |= strings
            for kind, mask in matches.items():
                rows = np.zeros(len(batch.ids), bool)
                rows[placed.rows[mask]] = True
                masks[kind][placed.place] = rows
            for kind, of_rows in damaged.items():
                masks[kind][placed.place] = _find_damage(kind, placed, texts, of_rows, batch)
        self.strings.update(string for string, _ in controls)
        self.mendable.update(_count_mendable(batch, damaged))
        for kind, of_rows in damaged.items():
            self.damaged[kind].update(what for counts in of_rows.values() for what in counts)
        for kind, places in masks.items():
            if places:
                self._count(kind, places, batch.ids, damaged.get(kind, {}))

    def add_cuts(self, batch: Batch) -> None:
        """Counts the replies of a batch that are cut at one of `cuts`."""
        masks = {place: np.zeros(len(batch.ids), bool) for place in PLACES[1:]}
        for placed in split_by_place(batch):
            for cut in self.cuts:
                if cut.side == placed.place:
                    masks[cut.side] |= is_cut(placed.texts.texts(), cut)
        self._count(CUT, masks, batch.ids, {})

    def _search(
        self, placed: PlacedTexts, texts: pa.StringArray, exact: Mask
    ) -> tuple[dict[str, Mask], set[tuple[str, int]]]:
        """Flags the m texts of each kind, and lists the control strings with their rows."""
        matches = {"role_marker": find_role_marker(placed.texts)}
        # where a text is not taken apart, the template's own marks stand in it
        control = placed.texts.holds_any(list(self.control)) & exact[placed.rows]
        matches["control_string"] = control
        for kind, pattern in PERSONAL.items():
            matches[kind] = pattern.find(texts)
        if placed.place != "prompt":
            matches |= {kind: check(placed.texts) for kind, check in REPLIES_ONLY.items()}
        owners = zip(placed.rows[control].tolist(), texts.filter(pa.array(control)), strict=True)
        strings = {
            (string, row)
            for row, text in owners
            for string in self.control
            if string in text.as_py()
        }
        return matches, strings

    def _count(
        self,
        kind: str,
        places: dict[str, Mask],
        ids: pa.StringArray,
        damaged: dict[int, Counter[Damaged]],
    ) -> None:
        for place, mask in places.items():
            self.places[kind, place] += int(mask.sum())
        rows = np.flatnonzero(np.any(list(places.values()), axis=0))
        self.rows[kind] += len(rows)
        for row in rows[: MAX_FINDINGS - len(self.findings[kind])].tolist():
            own = [place for place, mask in places.items() if mask[row]]
            sentence = f"{KINDS[kind]} in {_join_places(own)}{_tell_damage(damaged.get(row))}."
            self.findings[kind].append(Finding(kind, [ids[row].as_py()], None, sentence))

    def to_dict(self) -> dict[str, Any]:
        """The counts, as values that JSON can hold."""
        kinds = {}
        for kind in KINDS:
            searched = PLACES[1:] if kind in REPLIES_ONLY or kind == CUT else PLACES
            places = {place: self.places[kind, place] for place in searched}
            kinds[kind] = {"rows": self.rows[kind], **places}
        # not by most_common: among equals its order is that of a set, which differs by process
        strings = sorted(self.strings.items(), key=lambda item: (-item[1], item[0]))
        return {
            "kinds": kinds,
            "control_strings": {"sought": self.control, "rows": dict(strings)},
            "patterns": {kind: pattern.sought for kind, pattern in PERSONAL.items()}
            | {kind: damage.sought for kind, damage in DAMAGES.items()},
            "damaged": {kind: _list_damage(rows) for kind, rows in self.damaged.items() if rows},
            "mendable": {kind: self.mendable[kind] for kind in MENDS if self.mendable[kind]},
            "cut_lengths": [cut._asdict() for cut in self.cuts],
            "scripts": {place: letters.shares() for place, letters in self.letters.items()},
        }


def ask(study: Study) -> Answer:
    """Searches the texts of kept rows for content that may be unwanted in training data.

    Raises:
        UnansweredError: There are no kept rows.
    """
    texts, refusals, lengths, rows = TextCounts(), Refusals(), CutLengths(), 0
    with study.index.cursor() as connection:
        openings = Openings(connection)
        for batch in study.data.batches():
            replies = [side.replies.texts() for side in (batch.chosen, batch.rejected)]
            texts.add(batch)
            openings.add(*replies)
            refusals.add(*replies)
            for side, said in zip(PLACES[1:], replies, strict=True):
                lengths.add(side, said)
            rows += len(batch.ids)
        if not rows:
            raise UnansweredError("No row was kept, so that there is no text to look at.")
        _find_cuts(study, lengths, texts)
        counts = {"rows": rows, **texts.to_dict(), "openings": openings.to_dict()}
    numbers = {**counts, "refusals": refusals.to_dict()}
    findings = [finding for of_kind in texts.findings.values() for finding in of_kind]
    sentence = _summarize(numbers, refusals)
    claims = claim_texts(numbers, rows, refusals.difference())
    table, cure = as_table(findings), _cure(texts)
    return Answer("text", TITLE, sentence, numbers, table, cure, claims=claims)


def plot(answer: Answer) -> Plot | None:
    """Draws the replies of each side with findings, by kind."""
    kinds = {kind: counts for kind, counts in answer.numbers["kinds"].items() if counts["rows"]}
    series = {
        side: {kind: counts[side] for kind, counts in kinds.items()}
        for side in ("chosen", "rejected")
    }
    return draw_groups(answer.question, series)


def _find_damage(
    kind: str,
    placed: PlacedTexts,
    texts: pa.StringArray,
    of_rows: dict[int, Counter[Damaged]],
    batch: Batch,
) -> Mask:
    """Flags the rows that are damaged in one place, and adds to what is damaged in each of them."""
    flags, found = DAMAGES[kind].find(texts)
    rows = np.zeros(len(batch.ids), bool)
    rows[placed.rows[flags]] = True
    for row, counts in zip(placed.rows[flags].tolist(), found, strict=True):
        of_rows.setdefault(row, Counter()).update(counts)
    return rows


def _count_mendable(
    batch: Batch, damaged: dict[str, dict[int, Counter[Damaged]]]
) -> dict[str, int]:
    """The rows of which each kind of damage would be mended if all kinds were."""
    rows = np.zeros(len(batch.ids), bool)
    rows[sorted({row for kind in MENDS for row in damaged[kind]})] = True
    if not rows.any():
        return {}
    sides = [select(side, rows[side.rows]) for side in (batch.chosen, batch.rejected)]
    mended = mend_sides(sides, tuple(MENDS))
    return {kind: int(np.any([of.kinds[kind] for of in mended], axis=0).sum()) for kind in MENDS}


def _find_cuts(study: Study, lengths: CutLengths, texts: TextCounts) -> None:
    """Goes through the replies again where their lengths have a peak."""
    cuts = lengths.find()
    if cuts:
        replies = (
            (placed.place, placed.texts.texts())
            for batch in study.data.batches()
            for placed in split_by_place(batch)
            if placed.place != "prompt"
        )
        texts.cuts = keep_different(cuts, replies)
    if texts.cuts:
        for batch in study.data.batches():
            texts.add_cuts(batch)


def _order_damage(rows: Counter[Damaged]) -> list[tuple[Damaged, int]]:
    """What is damaged, the commonest first, in an order that is that of no set."""
    return sorted(rows.items(), key=lambda item: (-item[1], item[0].stands, item[0].why))


def _list_damage(rows: Counter[Damaged]) -> list[dict[str, Any]]:
    return [
        {"damaged": describe_damage(what), "rows": count}
        for what, count in _order_damage(rows)[:MAX_SHOWN]
    ]


def _tell_damage(counts: Counter[Damaged] | None) -> str:
    """What is damaged most often in a row, and how many other characters are; empty if nothing."""
    if not counts:
        return ""
    first = _order_damage(counts)[0][0]
    others = f", and {len(counts) - 1:,} more" if len(counts) > 1 else ""
    return f": {describe_damage(first)}{others}"


def split_by_place(batch: Batch) -> Iterator[PlacedTexts]:
    """The texts of a batch in the order of `PLACES`: the turns of the prompts, then the replies."""
    in_prompt = batch.chosen.before_last
    yield PlacedTexts(
        "prompt", batch.chosen.stripped.select(in_prompt), batch.chosen.rows[in_prompt]
    )
    rows = np.arange(len(batch.ids))
    yield PlacedTexts("chosen", batch.chosen.replies, rows)
    yield PlacedTexts("rejected", batch.rejected.replies, rows)


def _summarize(numbers: dict[str, Any], refusals: Refusals) -> str:
    kinds, counts = numbers["kinds"], numbers["refusals"]["counts"][ANY]
    personal = {kind: kinds[kind]["rows"] for kind in PERSONAL if kinds[kind]["rows"]}
    named = ", ".join(f"{kind} {rows:,}" for kind, rows in personal.items()) or "none"
    rows = numbers["rows"]
    return (
        f"Of {rows:,} rows {kinds['role_marker']['rows']:,} hold a role marker and "
        f"{kinds['control_string']['rows']:,} control text of a chat template; what may tell of "
        f"persons, by rows: {named}. A phrase of refusal stands in "
        f"{wilson(counts['chosen'], rows)} of chosen replies and in "
        f"{wilson(counts['rejected'], rows)} of rejected ones, a difference of "
        f"{refusals.difference()}.{_say_damage(kinds)}"
    )


def _say_damage(kinds: dict[str, dict[str, int]]) -> str:
    damaged = {kind: kinds[kind]["rows"] for kind in (*DAMAGES, CUT) if kinds[kind]["rows"]}
    named = ", ".join(f"{words(kind)} {rows:,}" for kind, rows in damaged.items())
    return f" Damaged text, by rows: {named}." if named else ""


def _cure(counts: TextCounts) -> str:
    cures = []
    if counts.rows["control_string"]:
        cures.append(
            "Build with the template that you train with: it refuses or escapes its own control "
            "text, and only its own."
        )
    if any(counts.rows[kind] for kind in PERSONAL if kind != "url"):
        cures.append("Look at the rows that may tell of persons before you share them.")
    if counts.rows["cut_off"] or counts.rows["near_empty"]:
        cures.append("Leave out replies that are cut off or next to empty, unless they are meant.")
    if kinds := [kind for kind in MENDS if counts.mendable[kind]]:
        cures.append(f"Build with --mend {','.join(kinds)}, which mends what is certain.")
    cures += [damage.cure for kind, damage in DAMAGES.items() if counts.rows[kind]]
    if counts.cuts:
        at = sorted({f"{cut.length:,} {cut.unit}" for cut in counts.cuts})
        cures.append(f"Replies were cut at {', '.join(at)}: make them again with more room.")
    return " ".join(cures)


def _join_places(places: list[str]) -> str:
    """Lists one to three places, such as `the prompt and the chosen reply`."""
    named = ["the prompt" if place == "prompt" else f"the {place} reply" for place in places]
    return " and ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)
