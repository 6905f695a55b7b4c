"""What is measured of a collection, as a record."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, NamedTuple

from pairsmith.collecting.store import Reached
from pairsmith.statistics.agreement import Agreement
from pairsmith.statistics.consistency import Pace, Repeats, Sides
from pairsmith.statistics.elo import Gap
from pairsmith.statistics.intervals import Share


class Figures(NamedTuple):
    """What is known of some choices: of all, of a round, or of a person.

    Attributes:
        people: Who made them.
        choices: How many there are, without repeats and without those of a known answer.
        skipped, both_bad, no_difference: The shares of choices that pick no reply; None without
            choices.
        pace: Seconds a choice, skipped ones aside, and the share that was too fast to have read.
        again: Comparisons shown a second time with sides exchanged.
        sides: How often the reply on side A was picked.
        known: The share of right answers where the answer is known; None where there is none.
        with_others: Of pairs of two people's picks of one comparison, the share that agree; of a
            person, those pairs of which one is theirs. None where there is none. Pairs of one
            comparison are not independent: `Agreed` has an interval.
    """

    people: int
    choices: int
    skipped: Share | None
    both_bad: Share | None
    no_difference: Share | None
    pace: Pace
    again: Repeats
    sides: Sides
    known: Share | None
    with_others: Share | None


class Agreed(NamedTuple):
    """How far people agree on comparisons that several judged.

    Attributes:
        pairwise: The chance that two people pick the same reply.
        side: Krippendorff's α of which reply is picked, nominal.
        strength: The same of the strength with its side, ordinal.
    """

    pairwise: Agreement
    side: Agreement
    strength: Agreement


class Concentration(NamedTuple):
    """How few people made most of the choices.

    Attributes:
        people: All of them.
        busiest: The share of the one who made the most.
        half, four_fifths: The fewest people who made that share.
    """

    people: int
    busiest: float
    half: int
    four_fifths: int


class Rated(NamedTuple):
    """A model and its rating by choices.

    Attributes:
        name: The project's.
        comparisons: With other models.
        rating: Elo, the mean of all rated models being 0; None where there is none.
        below: How far it is below the model that is rated highest, with an interval.
        reason: Why it has no rating; empty where it has one.
    """

    name: str
    comparisons: int
    rating: float | None
    below: Gap
    reason: str


class Ratings(NamedTuple):
    """Models rated by the choices between their replies.

    Attributes:
        models: From the highest on; those without a rating last.
        by: What intervals are by, one left out at a time: `person` or `conversation`.
        groups: How many of them there are.
    """

    models: tuple[Rated, ...]
    by: str
    groups: int


class Tag(NamedTuple):
    """A tag of reviews.

    Attributes:
        name: The project's.
        transcripts: To how many it was given by anybody.
        given: Krippendorff's α of whether it was given.
    """

    name: str
    transcripts: int
    given: Agreement


class Reviewed(NamedTuple):
    """What is known of reviews.

    Attributes:
        reviews, transcripts, people: How many there are.
        rating: Krippendorff's α of the rating, ordinal.
        same: The chance that two reviewers give the same rating.
        tags: All of the project's.
        seconds: The median; None without reviews.
    """

    reviews: int
    transcripts: int
    people: int
    rating: Agreement
    same: Agreement
    tags: tuple[Tag, ...]
    seconds: float | None


class Round(NamedTuple):
    """The figures of a round."""

    name: str
    figures: Figures
    agreed: Agreed


class Person(NamedTuple):
    """The figures of a person.

    Attributes:
        who: As events name them: for their owner alone.
        number: As everything that is exported names them.
        figures: Theirs.
    """

    who: str
    number: int
    figures: Figures


@dataclass(frozen=True)
class CollectionQuality:
    """How good what a collection holds is.

    Attributes:
        title: The project's.
        mode: The project's.
        events: What it was worked out from.
        opinions: How many of the first opinions of each comparison are compared.
        whole: Of all choices.
        agreed: On those comparisons that several judged.
        concentration: How few people made most; None without choices.
        rounds: The same by round, where there is more than one.
        people: By person, from the most choices on.
        ratings: Of models; None where no two were compared.
        reviews: Of transcripts; None where there are none.
    """

    title: str
    mode: str
    events: Reached
    opinions: int
    whole: Figures
    agreed: Agreed
    concentration: Concentration | None
    rounds: tuple[Round, ...]
    people: tuple[Person, ...]
    ratings: Ratings | None
    reviews: Reviewed | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it: people by their numbers; numbers with seven significant digits."""
        held: dict[str, Any] = {one.name: _plain(getattr(self, one.name)) for one in fields(self)}
        for person in held["people"]:
            del person["who"]
        return held

    def to_json(self) -> str:
        """The same as text, with a line end."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"


Name = Callable[[Person], str]
"""What a person is called in tables."""


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, Mapping):
        return {name: _plain(held) for name, held in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return [_plain(held) for held in value] if isinstance(value, list | tuple) else value
