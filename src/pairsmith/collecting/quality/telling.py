"""The figures of a collection in words: tables for a page and for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pairsmith.collecting.quality.record import (
    Agreed,
    CollectionQuality,
    Concentration,
    Figures,
    Name,
    Person,
    Ratings,
    Reviewed,
    Round,
)
from pairsmith.statistics.agreement import Agreement
from pairsmith.statistics.consistency import Pace
from pairsmith.statistics.intervals import Share

NONE = "–"

KNOWN = (
    "Answers to comparisons whose answer is known tell little of how good a person's other choices"
    " are (Bai and others, 2022)."
)
FAST = (
    "Too fast: surely more than a tenth of a person's choices took less than a quarter of the time"
    " in which both replies can be read."
)
SIDES = (
    "Sides are drawn: more or less than half of A is a habit, where the interval leaves 50 % out."
)


class Table(NamedTuple):
    """A table of texts.

    Attributes:
        title: What it shows.
        head: The names of the columns; empty for a list of names and values.
        rows: The texts, as many in each.
        remarks: What is to be known of it, a sentence each.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()


def tables(quality: CollectionQuality, name: Name | None = None) -> list[Table]:
    """The tables that there is something for.

    Args:
        quality: The figures.
        name: What a person is called; by their number without it.
    """
    if quality.mode == "review":
        return [] if quality.reviews is None else [*_reviews(quality.reviews)]
    if not quality.whole.people:
        return []
    called = name or (lambda person: str(person.number))
    found = [
        _choices(quality.whole, quality.concentration),
        _agreement(quality.agreed, quality.opinions),
    ]
    if quality.ratings is not None:
        found.append(_ratings(quality.ratings))
    if quality.rounds:
        found.append(_rounds(quality.rounds))
    return [*found, *_people(quality.people, [called(person) for person in quality.people])]


def own_table(figures: Figures) -> Table:
    """What a person is shown of their own choices: nothing that tells of a label or a model."""
    rows = [
        ("Choices", f"{figures.choices:,}"),
        ("Seconds for one, usually", _seconds(figures.pace)),
        ("Skipped", _percent(figures.skipped)),
        ("Both bad", _percent(figures.both_bad)),
        ("The same reply, when shown again", _percent(figures.again.same)),
        ("Reply A picked", _percent(figures.sides.left)),
    ]
    return Table("", (), tuple(row for row in rows if row[1] != NONE))


def _choices(figures: Figures, few: Concentration | None) -> Table:
    again = figures.again
    twice = f"; A twice {again.left_twice}, B twice {again.right_twice}"
    rows = [
        ("People", f"{figures.people:,}"),
        ("Choices", f"{figures.choices:,}"),
        ("Skipped", _share(figures.skipped)),
        ("Both bad", _share(figures.both_bad)),
        ("No difference", _share(figures.no_difference)),
        ("Seconds a choice, median", _seconds(figures.pace)),
        ("Too fast to have read", _share(figures.pace.fast)),
        ("The same reply, sides exchanged", _share(again.same) + (twice if again.same else "")),
        ("Reply A picked", _share(figures.sides.left)),
        ("Right where the answer is known", _share(figures.known)),
    ]
    if few is not None and few.people > 1:
        busiest = f"{100 * few.busiest:.0f} % of choices are one person's; "
        fewest = f"half {few.half}, four fifths {few.four_fifths} of {few.people}"
        rows.append(("Made by few", busiest + fewest))
    remarks = [SIDES] if figures.sides.biased else []
    remarks += [KNOWN] if figures.known else []
    return Table("Choices", (), tuple(row for row in rows if row[1] != NONE), tuple(remarks))


def _agreement(agreed: Agreed, opinions: int) -> Table:
    measures = {
        "The same reply picked by two": agreed.pairwise,
        "Krippendorff's α, which reply": agreed.side,
        "Krippendorff's α, by how much": agreed.strength,
    }
    compared = agreed.pairwise
    counted = f"{compared.units:,} comparisons, {compared.ratings:,} opinions, "
    remarks = [f"{counted}{compared.raters:,} people; of others the first {opinions} of each."]
    if compared.estimate is not None:
        remarks.append("Two people who guess pick the same reply half of the time, with an α of 0.")
    reasons = dict.fromkeys(one.reason for one in measures.values() if one.reason)
    remarks += [f"{reason[0].upper()}{reason[1:]}." for reason in reasons]
    rows = [(name, _measure(one, share=one is agreed.pairwise)) for name, one in measures.items()]
    return Table("Agreement between people", (), tuple(rows), tuple(remarks))


def _ratings(ratings: Ratings) -> Table:
    rows, remarks = [], []
    best = ratings.models[0]
    for one in ratings.models:
        gap = one.below
        below = NONE
        if one is not best and gap.estimate is not None:
            below = f"{gap.estimate:.0f}"
            below += f" ({gap.low:.0f} to {gap.high:.0f})" if gap.low is not None else ""
        rating = NONE if one.rating is None else f"{one.rating:+.0f}"
        rows.append((one.name, f"{one.comparisons:,}", rating, below))
        if one.reason:
            remarks.append(f"{one.name}: {one.reason}.")
        elif gap.reason:
            remarks.append(f"{gap.reason[0].upper()}{gap.reason[1:]}.")
    by = "people" if ratings.by == "person" else "conversations"
    remarks.append(f"The mean is 0. Intervals by {ratings.groups:,} {by}.")
    head = ("Model", "Comparisons", "Elo", "Below the first")
    return Table("Models", head, tuple(rows), tuple(dict.fromkeys(remarks)))


def _rounds(rounds: Sequence[Round]) -> Table:
    head = ("Round", "People", "Choices", "Skipped", "Both bad", "Seconds", "Agree", "α")
    rows = [
        (
            one.name or NONE,
            f"{one.figures.people:,}",
            f"{one.figures.choices:,}",
            _percent(one.figures.skipped),
            _percent(one.figures.both_bad),
            _seconds(one.figures.pace),
            _measure(one.agreed.pairwise, share=True),
            _measure(one.agreed.side),
        )
        for one in rounds
    ]
    return Table("Rounds", head, tuple(rows))


def _people(people: Sequence[Person], names: Sequence[str]) -> Iterator[Table]:
    rows = [
        (
            name,
            f"{one.figures.choices:,}",
            _percent(one.figures.skipped),
            _percent(one.figures.both_bad),
            _seconds(one.figures.pace),
            _percent(one.figures.sides.left),
            ", ".join(flags(one.figures)),
        )
        for one, name in zip(people, names, strict=True)
    ]
    told = {flag for row in rows for flag in row[-1].split(", ")}
    remarks = [*([FAST] if "too fast" in told else []), *([SIDES] if "one side" in told else [])]
    head = ("Person", "Choices", "Skipped", "Both bad", "Seconds", "A picked", "Look at")
    yield Table("People", head, tuple(rows), tuple(remarks))
    measured = [
        (name, *map(_of, (figures.again.same, figures.with_others, figures.known)))
        for name, figures in zip(names, (one.figures for one in people), strict=True)
    ]
    known = tuple(row for row in measured if set(row[1:]) != {NONE})
    if known:
        yield Table("People, measured", ("Person", "Same again", "As others", "Known"), known)


def flags(figures: Figures) -> list[str]:
    """What is to be looked at in a person's choices."""
    found = []
    if figures.pace.too_fast:
        found.append("too fast")
    if figures.sides.biased:
        found.append("one side")
    if figures.with_others and figures.with_others.high < 0.5:
        found.append("against others")
    return found


def _reviews(found: Reviewed) -> Iterator[Table]:
    rows = (
        ("People", f"{found.people:,}"),
        ("Transcripts", f"{found.transcripts:,}"),
        ("Reviews", f"{found.reviews:,}"),
        ("Seconds a review, median", NONE if found.seconds is None else f"{found.seconds:.1f}"),
        ("The same rating by two", _measure(found.same, share=True)),
        ("Krippendorff's α of the rating", _measure(found.rating)),
    )
    reason = found.rating.reason or found.same.reason
    remarks = (f"{reason[0].upper()}{reason[1:]}.",) if reason else ()
    yield Table("Reviews", (), rows, remarks)
    if found.tags:
        tags = tuple((t.name, f"{t.transcripts:,}", _measure(t.given)) for t in found.tags)
        yield Table("Tags", ("Tag", "Transcripts", "Krippendorff's α"), tags)


def _measure(found: Agreement, share: bool = False) -> str:
    if found.estimate is None:
        return NONE
    numbers = [found.estimate, *(end for end in (found.low, found.high) if end is not None)]
    middle, *ends = (f"{100 * n:.0f} %" if share else f"{n:.2f}" for n in numbers)
    return f"{middle} ({' to '.join(ends)})" if ends else middle


def _share(found: Share | None) -> str:
    return NONE if found is None else f"{found}, {found.hits:,} of {found.rows:,}"


def _percent(found: Share | None) -> str:
    return NONE if found is None else f"{100 * found.share:.0f} %"


def _of(found: Share | None) -> str:
    return NONE if found is None else f"{100 * found.share:.0f} % of {found.rows:,}"


def _seconds(pace: Pace) -> str:
    return NONE if pace.median is None else f"{pace.median:.1f}"
