"""How far reviewers of transcripts agree, on the rating and on each tag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np

from pairsmith.collecting.project import Project
from pairsmith.collecting.quality.read import Review
from pairsmith.collecting.quality.record import Reviewed, Tag
from pairsmith.statistics.agreement import krippendorff_alpha, pairwise_agreement, tabulate
from pairsmith.statistics.bootstrap import Floats


def measure_reviews(reviews: Sequence[Review], project: Project) -> Reviewed:
    """The figures of reviews, of which there are some.

    Args:
        reviews: All.
        project: Its tags, and how many reviewers it asks for: only that many, the first of each
            transcript, are compared.
    """
    seen: Counter[str] = Counter()
    first = []
    for one in reviews:
        seen[one.item] += 1
        if seen[one.item] <= project.opinions:
            first.append(one)
    ratings = _table(first, lambda one: float(one.rating))
    seconds = [one.seconds for one in reviews if one.seconds is not None]
    return Reviewed(
        reviews=len(reviews),
        transcripts=len(seen),
        people=len({one.who for one in reviews}),
        rating=krippendorff_alpha(ratings, "ordinal"),
        same=pairwise_agreement(ratings),
        tags=tuple(_tag(name, reviews, first) for name in project.tags),
        seconds=median(seconds) if seconds else None,
    )


def _tag(name: str, reviews: Sequence[Review], first: Sequence[Review]) -> Tag:
    given = _table(first, lambda one: float(name in one.tags))
    transcripts = len({one.item for one in reviews if name in one.tags})
    return Tag(name, transcripts, krippendorff_alpha(given, "nominal"))


def _table(reviews: Sequence[Review], value: Callable[[Review], float]) -> Floats:
    items = np.unique([one.item for one in reviews], return_inverse=True)[1]
    people = np.unique([one.who for one in reviews], return_inverse=True)[1]
    return tabulate(items, people, np.array([value(one) for one in reviews]))
