"""The figures of a collection, from all that people said."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from pairsmith.collecting.collection import Collection, open_collection
from pairsmith.collecting.draws import chance
from pairsmith.collecting.project import Project
from pairsmith.collecting.quality.models import rate_models
from pairsmith.collecting.quality.read import Choice, Evidence, read_choices
from pairsmith.collecting.quality.record import (
    Agreed,
    CollectionQuality,
    Concentration,
    Figures,
    Person,
    Round,
)
from pairsmith.collecting.quality.reviews import measure_reviews
from pairsmith.collecting.verdicts import Word
from pairsmith.statistics.agreement import krippendorff_alpha, pairwise_agreement, tabulate
from pairsmith.statistics.consistency import (
    measure_pace,
    measure_repeats,
    measure_sides,
    reading_seconds,
)
from pairsmith.statistics.intervals import Share, wilson

Opinions = Mapping[str, Sequence[Choice]]
"""The opinions on each comparison that are compared, by its id."""


def collection_quality(folder: str | os.PathLike[str]) -> CollectionQuality:
    """How good what a collection holds is: how far people agree, what they do, models' Elo.

    Args:
        folder: The collection's.

    Raises:
        CollectionError: There is no such collection.
    """
    with open_collection(folder) as collection:
        return measure(collection)


def measure(collection: Collection) -> CollectionQuality:
    """The figures of a collection as it is now.

    Args:
        collection: The collection.
    """
    found = read_choices(collection)
    project, secret = found.project, collection.secret
    opinions = first_opinions(found.choices, project)
    whole = _by_person(found.choices)
    people = [
        Person(who, collection.pseudonym(who), figures_of(made, opinions, who))
        for who, made in whole.items()
    ]
    people.sort(key=lambda one: (-one.figures.choices, one.number))
    return CollectionQuality(
        title=project.title,
        mode=project.mode.value,
        events=found.reached,
        opinions=project.opinions,
        whole=figures_of(found.choices, opinions),
        agreed=agreement_of(opinions, secret),
        concentration=concentration_of(found.choices),
        rounds=_rounds(found, opinions, secret),
        people=tuple(people),
        ratings=rate_models(found.choices, project.mode),
        reviews=measure_reviews(found.reviews, project) if found.reviews else None,
    )


def figures_of(
    choices: Sequence[Choice], opinions: Opinions | None = None, who: str | None = None
) -> Figures:
    """What is known of some choices.

    Args:
        choices: Those of all, of a round, or of a person.
        opinions: What is compared; None for nothing.
        who: The person, if they are one's.
    """
    counting = [one for one in choices if one.counts]
    said = Counter(one.verdict for one in counting if isinstance(one.verdict, Word))
    timed = [
        (one.seconds, one.characters)
        for one in counting
        if one.verdict != Word.SKIP and one.seconds is not None
    ]
    again = [one for one in choices if one.before is not None]
    known = [one.opinion for one in choices if one.known and one.opinion]
    agreeing, pairs = _with_others(opinions or {}, who)
    return Figures(
        people=len({one.who for one in choices}),
        choices=len(counting),
        skipped=_share(said[Word.SKIP], len(counting)),
        both_bad=_share(said[Word.BOTH_BAD], len(counting)),
        no_difference=_share(sum(one.opinion == 0 for one in counting), len(counting)),
        pace=measure_pace(
            [seconds for seconds, _ in timed], reading_seconds([length for _, length in timed])
        ),
        again=measure_repeats(
            [_side(one.before) for one in again], [_side(one.verdict) for one in again]
        ),
        sides=measure_sides([one.side for one in choices if one.side]),
        known=_share(sum(opinion > 0 for opinion in known), len(known)),
        with_others=_share(agreeing, pairs),
    )


def first_opinions(choices: Iterable[Choice], project: Project) -> dict[str, list[Choice]]:
    """The opinions on each comparison that are compared, whose comparison it is first.

    Of others as many as the project asks for in any case: where more are asked until they agree,
    all of them together agree too often.
    """
    found: dict[str, list[Choice]] = defaultdict(list)
    others: Counter[str] = Counter()
    for one in choices:
        if one.counts and one.opinion is not None:
            others[one.unit] += not one.own
            if one.own or others[one.unit] <= project.opinions:
                found[one.unit].append(one)
    return {unit: said for unit, said in found.items() if len(said) > 1}


def agreement_of(opinions: Opinions, secret: bytes) -> Agreed:
    """How far people agree.

    Which of the two replies has the numbers above 0 is drawn for each comparison: by its label it
    would be mostly the same one, and agreement by chance too high.

    Args:
        opinions: What is compared.
        secret: Of the collection.
    """
    flat = [
        (place, one.who, one.opinion if chance(secret, "frame", unit) < 0.5 else -one.opinion)
        for place, (unit, said) in enumerate(sorted(opinions.items()))
        for one in said
        if one.opinion is not None
    ]
    units, people, values = zip(*flat, strict=True) if flat else ((), (), ())
    numbers = {who: n for n, who in enumerate(sorted(set(people)))}
    table = tabulate(
        np.array(units, int),
        np.array([numbers[who] for who in people], int),
        np.array(values, float),
    )
    of = {said[0].conversation: n for n, said in enumerate(opinions.values())}
    groups = np.array([of[opinions[unit][0].conversation] for unit in sorted(opinions)], int)
    return Agreed(
        pairwise_agreement(np.sign(table), groups),
        krippendorff_alpha(np.sign(table), "nominal", groups),
        krippendorff_alpha(table, "ordinal", groups),
    )


def concentration_of(choices: Iterable[Choice]) -> Concentration | None:
    """How few people made most of the choices; None where there is none."""
    counts = -np.sort([-n for n in Counter(one.who for one in choices if one.counts).values()])
    if not len(counts):
        return None
    reached = np.cumsum(counts) / counts.sum()
    half, most = (int(np.searchsorted(reached, share - 1e-9)) + 1 for share in (0.5, 0.8))
    return Concentration(len(counts), float(reached[0]), half, most)


def _by_person(choices: Iterable[Choice]) -> dict[str, list[Choice]]:
    found: dict[str, list[Choice]] = defaultdict(list)
    for one in choices:
        found[one.who].append(one)
    return found


def _rounds(found: Evidence, opinions: Opinions, secret: bytes) -> tuple[Round, ...]:
    """By round, in the order of their first choices; nothing where there is one alone."""
    of: dict[str, list[Choice]] = defaultdict(list)
    for one in found.choices:
        of[one.round].append(one)
    if len(of) < 2:
        return ()
    within = {
        name: {unit: said for unit, said in opinions.items() if said[0].round == name}
        for name in of
    }
    return tuple(
        Round(name, figures_of(made, within[name]), agreement_of(within[name], secret))
        for name, made in of.items()
    )


def _with_others(opinions: Opinions, who: str | None) -> tuple[int, int]:
    """Of pairs of two people's picks of one comparison, how many agree, and how many there are."""
    agreeing = pairs = 0
    for said in opinions.values():
        for one, other in combinations(said, 2):
            if one.opinion and other.opinion and who in (None, one.who, other.who):
                agreeing += (one.opinion > 0) == (other.opinion > 0)
                pairs += 1
    return agreeing, pairs


def _side(verdict: object) -> int:
    return verdict if isinstance(verdict, int) else 0


def _share(hits: int, rows: int) -> Share | None:
    return wilson(hits, rows) if rows else None
