"""Languages: which ones prompts and replies are in, and rows whose parts are in different ones.

Texts are told apart by a small model (see `content.language`), in a sample of the rows where there
are many; what it is not sure of is counted as that, and in no row a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.auditing.answer import Answer, Finding, Study, UnansweredError, as_table
from pairsmith.auditing.claims.levels import of_rows
from pairsmith.auditing.content.language import (
    LIBRARY,
    SURE,
    UNSURE,
    is_there,
    tell_languages,
)
from pairsmith.auditing.report.plots import draw_groups
from pairsmith.auditing.verdict import Claim, Level, show_command
from pairsmith.extras import hint
from pairsmith.reporting.svg import Plot
from pairsmith.statistics.intervals import Share, percent, wilson
from pairsmith.text.turns import USER

TITLE = "Languages"

SAMPLE, SEED = 2_000, 0
"""The most rows that are looked at; of more, as many drawn by chance: it takes about a
millisecond a text."""
MAX_FINDINGS = 100
"""The most rows that are named of each kind."""
LISTED = 15
"""The most languages that are listed; the others are summed up."""
OTHERS = "others"
PLACES = ("asked", "chosen", "rejected")
"""What is looked at of a row: the last turn of the user, and either reply."""
APART = 0.01
"""The share of rows, by the lower end of its interval, from which parts in different languages are
to be looked at: fewer may be about a language."""

KINDS = {
    "sides_differ": "The chosen reply is in {chosen}, the rejected one in {rejected}.",
    "chosen_not_as_asked": "The question is in {asked}, the chosen reply in {chosen}.",
}


class Row(NamedTuple):
    """What is told of a row: its id, and the language of each of `PLACES`."""

    id: str
    languages: dict[str, str]

    @property
    def kind(self) -> str | None:
        """How its parts differ, of `KINDS`; None where they do not, or that is not sure."""
        asked, chosen, rejected = (self.languages[place] for place in PLACES)
        if UNSURE not in (chosen, rejected) and chosen != rejected:
            return "sides_differ"
        if UNSURE not in (asked, chosen) and asked != chosen:
            return "chosen_not_as_asked"
        return None


def ask(study: Study) -> Answer:
    """Tells the languages of prompts and replies.

    Raises:
        UnansweredError: The library is not there, or there are no kept rows.
    """
    if not is_there():
        raise UnansweredError(
            f"Languages are told apart by {LIBRARY}, which is not installed. {hint('audit')}",
            f"pip install {LIBRARY}",
        )
    [(count,)] = study.index.sql("SELECT count(*) FROM rows WHERE kept").fetchall()
    if not count:
        raise UnansweredError("No row was kept, so that there is no text to look at.")
    rows = [*_tell_rows(study, count)]
    held = {place: Counter(row.languages[place] for row in rows) for place in PLACES}
    kinds = {kind: [row for row in rows if row.kind == kind] for kind in KINDS}
    compared = sum(
        UNSURE not in (row.languages["chosen"], row.languages["rejected"]) for row in rows
    )
    numbers = {
        "rows": len(rows),
        "of_rows": count,
        "told_by": f"{LIBRARY}, from a probability of {SURE:g}; the others are {UNSURE}",
        "interval": "Wilson, 95 %",
        "compared": compared,
        "kinds": {kind: wilson(len(of), len(rows)).to_dict() for kind, of in kinds.items()},
        "languages": _shares(held, len(rows)),
    }
    findings = [
        Finding(kind, [row.id], None, KINDS[kind].format(**row.languages))
        for kind, of in kinds.items()
        for row in of[:MAX_FINDINGS]
    ]
    return Answer(
        "languages",
        TITLE,
        _summarize(held, kinds, len(rows), count),
        numbers,
        as_table(findings),
        _cure(kinds),
        claims=(_claim(kinds, len(rows), count),),
    )


def plot(answer: Answer) -> Plot | None:
    """Draws how many texts of each place are in each language."""
    languages = answer.numbers["languages"]
    series = {
        place: {language: of[place]["hits"] for language, of in languages.items()}
        for place in PLACES
    }
    return draw_groups(answer.question, series)


def _tell_rows(study: Study, count: int) -> Iterator[Row]:
    """The rows that are looked at, with their languages."""
    chosen = np.arange(count)
    if count > SAMPLE:
        chosen = np.sort(np.random.default_rng(SEED).choice(count, SAMPLE, replace=False))
    for batch in study.data.batches():
        mine = chosen[(chosen >= batch.first) & (chosen < batch.first + len(batch.ids))]
        mine = mine - batch.first
        turns = batch.chosen
        asked = np.full(len(batch.ids), -1)
        some = (turns.role == USER) & turns.before_last
        asked[turns.rows[some]] = np.flatnonzero(some)  # the last one stays
        texts = {
            side: replies.select(mine).texts().to_pylist()
            for side, replies in (
                ("chosen", batch.chosen.replies),
                ("rejected", batch.rejected.replies),
            )
        }
        contents = turns.stripped.texts()
        texts["asked"] = contents.take(pa.array(asked[mine], mask=asked[mine] < 0)).to_pylist()
        told = {
            place: [one.language for one in tell_languages(text or "" for text in of)]
            for place, of in texts.items()
        }
        for place, row in enumerate(mine.tolist()):
            yield Row(batch.ids[row].as_py(), {name: of[place] for name, of in told.items()})


def _shares(held: Mapping[str, Counter[str]], many: int) -> dict[str, Any]:
    """The share of each language in each place, the commonest first; of the rest together."""
    total = sum(held.values(), Counter[str]())
    ordered = sorted(total, key=lambda name: (name == UNSURE, -total[name], name))
    names = [name for name in ordered if name != UNSURE]
    listed = [*names[:LISTED], *([UNSURE] if UNSURE in total else [])]
    groups = {name: [name] for name in listed}
    if names[LISTED:]:
        groups[OTHERS] = names[LISTED:]
    return {
        name: {
            place: wilson(sum(held[place][one] for one in of), many).to_dict() for place in PLACES
        }
        for name, of in groups.items()
    }


def _of(many: int, count: int) -> str:
    return f"{many:,} rows" + (f", drawn by chance from {count:,}" if count > many else "")


def _summarize(
    held: Mapping[str, Counter[str]], kinds: Mapping[str, list[Row]], many: int, count: int
) -> str:
    replies = held["chosen"] + held["rejected"]
    sure = [(name, hits) for name, hits in replies.items() if name != UNSURE]
    sure.sort(key=lambda item: (-item[1], item[0]))
    told = [f"{name} in {wilson(hits, 2 * many)}" for name, hits in sure[:3]]
    rest = len(sure) - 3
    named = ", ".join(told) or "none that is told"
    more = f" and {rest:,} more languages" if rest > 0 else ""
    differ = " and ".join(
        f"{words} in {wilson(len(kinds[kind]), many)}"
        for kind, words in (
            ("sides_differ", "the replies of a pair are in two languages"),
            ("chosen_not_as_asked", "the chosen reply is in another language than the question"),
        )
    )
    return (
        f"Languages of the replies of {_of(many, count)}, by their codes: {named}{more}; unsure of "
        f"{percent(replies[UNSURE] / (2 * many))}. Of the rows, {differ}."
    )


def _cure(kinds: Mapping[str, list[Row]]) -> str:
    if not any(kinds.values()):
        return ""
    return (
        "Read the rows whose parts are in different languages: where that was not asked for, the "
        "language may have decided the preference, or a field was misread."
    )


def _claim(kinds: Mapping[str, list[Row]], many: int, count: int) -> Claim:
    """Whether parts of rows are in different languages."""
    differ = {kind: wilson(len(rows), many) for kind, rows in kinds.items()}
    worse: dict[str, Share] = {kind: of for kind, of in differ.items() if of.low >= APART}
    if not worse:
        both = of_rows(wilson(sum(map(len, kinds.values())), many))
        drawn = f", drawn by chance from {count:,}" if count > many else ""
        said = f"Question and replies are in one language, but for {both}{drawn}."
        return Claim(Level.FINE, said, 0.0)
    words = {
        "sides_differ": "the two replies are in different languages",
        "chosen_not_as_asked": "the chosen reply is in another language than the question",
    }
    told = " and ".join(f"in {of_rows(of)} {words[kind]}" for kind, of in worse.items())
    drawn = f"; these are drawn by chance from {count:,}" if count > many else ""
    said = f"Languages do not go together: {told}{drawn}."
    return Claim(
        Level.LOOK,
        said,
        sum(of.low for of in worse.values()),
        show_command("languages", tuple(worse)),
        tuple(worse),
    )
