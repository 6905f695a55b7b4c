"""The dots of the map: where each row lies, and what it can be coloured and filtered by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.exploring.answer import Study, UnansweredError
from pairsmith.exploring.attempts import Attempts, Coded, name_sizes, name_types
from pairsmith.exploring.topics.topics import Topics
from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index, Mask

MOST = 60_000
"""The most dots; of more rows a sample is drawn."""

FULL = 65_535
"""The last place of the map in either direction."""

NAMED = 2_000
"""The most names of a category; those of rarer ones become one name."""

OTHERS = "others"
MARGIN, EDGE = 0.07, 0.02
"""The part of the map below, for rows that lie nowhere; the part at each edge without dots."""

Places = NDArray[np.uint16]


class Category(NamedTuple):
    """What rows can be coloured and filtered by.

    Attributes:
        name: What it is, such as `model type`.
        names: The k names, in the order in which they are shown.
        codes: A place in `names` for each of m rows, -1 for none; of a category of which a row may
            have several, for all rows one behind the other.
        counts: How many each row has; None where each has one at most.
        harmful: Whether names are words of the dataset, which are hidden until asked for.
    """

    name: str
    names: tuple[str, ...]
    codes: Index
    counts: Index | None = None
    harmful: bool = False


class Points(NamedTuple):
    """m dots.

    Attributes:
        what: What a row is: `attack` or `pair`.
        rows: Their places among all dialogues, or among the pairs whose texts are held, rising.
        total: How many rows there are; more than m where they are a sample.
        places: Where they lie, shape (m, 2).
        categories: What they can be coloured and filtered by.
        numbers: Likewise, by name; not a number where there is none.
        success: 1, 0, or -1 where it is not known.
        member: The place of each in `members`, -1 where it is not known.
        members: Who wrote them; empty where rows have no authors.
        ids: Their ids.
        laid_by: How the map was laid, a sentence.
    """

    what: str
    rows: Index
    total: int
    places: Places
    categories: tuple[Category, ...]
    numbers: dict[str, Floats]
    success: Index
    member: Index
    members: tuple[str, ...]
    ids: tuple[str, ...]
    laid_by: str


def choose_rows(total: int, seed: int, most: int = MOST) -> Index:
    """All rows, or a sample of them, in their order."""
    if total <= most:
        return np.arange(total, dtype=np.int64)
    drawn = np.random.default_rng(seed).choice(total, most, replace=False)
    return np.sort(drawn).astype(np.int64)


def lay_attacks(study: Study) -> Points:
    """The dots of a build's dialogues.

    Raises:
        UnansweredError: It keeps none.
    """
    attempts = study.dialogues
    rows = choose_rows(len(attempts), study.options.seed)
    places, laid_by, topic = _lay(study, attempts, rows)
    take = pa.array(rows)
    success = attempts.success[rows]
    member = _shorten(_of(attempts.member, rows))
    return Points(
        what="attack",
        rows=rows,
        total=len(attempts),
        places=places,
        categories=tuple(_used([*_categories(attempts, rows), *topic])),
        numbers={
            name: values
            for name, values in (
                ("rating", attempts.rating[rows]),
                ("lowest score", attempts.score[rows]),
                ("replies", attempts.replies[rows].astype(np.float64)),
            )
            if np.isfinite(values).any()
        },
        success=np.where(np.isfinite(success), success, -1).astype(np.int64),
        member=member.codes,
        members=member.names,
        ids=tuple(attempts.ids.take(take).to_pylist()),
        laid_by=laid_by,
    )


def lay_pairs(study: Study) -> Points:
    """The dots of a build's pairs, of those whose texts are held.

    Raises:
        UnansweredError: It keeps none.
    """
    pairs = study.pairs
    within = choose_rows(len(pairs.sample), study.options.seed)
    rows = pairs.sample[within]
    longer = pairs.longer[rows]
    try:
        topics: Topics | None = study.pair_topics
    except UnansweredError:
        topics = None
    if topics is not None and np.isfinite(topics.places[within]).all(axis=1).any():
        places, laid_by, topic = _lay_by_topics(topics, within, no_text=study.options.no_text)
    else:
        asked = np.asarray(pc.utf8_length(pairs.prompts.take(pa.array(within))), np.float64)
        places, topic = spread(np.stack([rank(asked), rank(longer)], 1)), []
        laid_by = (
            "From left to right prompts get longer, from below to above the chosen reply gets "
            "longer beside the rejected one. No topics were found."
        )
    sides = ("rejected", "equally long", "chosen")
    categories = [
        Category("longer reply", sides, (np.sign(longer) + 1).astype(np.int64)),
        _category("subset", _of(pairs.subset, rows)),
        *topic,
    ]
    return Points(
        what="pair",
        rows=within,
        total=len(pairs),
        places=places,
        categories=tuple(_used(categories)),
        numbers={
            f"characters, {side}": pairs.characters[rows, place].astype(np.float64)
            for place, side in enumerate(("chosen", "rejected"))
        },
        success=np.full(len(rows), -1),
        member=np.full(len(rows), -1),
        members=(),
        ids=tuple(pairs.ids.take(pa.array(rows)).to_pylist()),
        laid_by=laid_by,
    )


def _categories(attempts: Attempts, rows: Index) -> list[Category]:
    success = np.nan_to_num(attempts.success[rows], nan=-1).astype(np.int64)
    upworker = attempts.is_upworker[rows]
    platform = np.where(np.isfinite(upworker), upworker == 1, -1).astype(np.int64)
    kinds = attempts.model_type._replace(names=name_types(attempts.model_type))
    sizes = attempts.size._replace(names=name_sizes(attempts.size))
    return [
        Category("outcome", ("failed", "succeeded"), success),
        _category("model type", _of(kinds, rows)),
        _category("model size", _of(sizes, rows)),
        Category("platform", ("other than Upwork", "Upwork"), platform),
        _tags(attempts.tags.take(pa.array(rows))),
    ]


def _used(categories: list[Category]) -> list[Category]:
    """Those that tell something of a row."""
    return [category for category in categories if (category.codes >= 0).any()]


def _of(column: Coded, rows: Index) -> Coded:
    """A column at some rows, with the names alone that occur there."""
    codes = column.codes[rows]
    used = np.unique(codes[codes >= 0])
    ranks = np.full(len(column.names) + 1, -1, np.int64)
    ranks[used] = np.arange(len(used))
    return Coded(tuple(column.names[place] for place in used.tolist()), ranks[codes])


def _shorten(column: Coded, most: int = FULL - 1) -> Coded:
    """The most frequent names; the others are one name, the last."""
    if len(column.names) <= most:
        return column
    order = np.argsort(-column.counts(), kind="stable")
    kept = np.sort(order[: most - 1])
    ranks = np.full(len(column.names) + 1, most - 1, np.int64)
    ranks[kept], ranks[-1] = np.arange(len(kept)), -1
    names = (*(column.names[place] for place in kept.tolist()), OTHERS)
    return Coded(names, ranks[column.codes])


def _category(name: str, column: Coded, *, harmful: bool = False) -> Category:
    return Category(name, *_shorten(column, NAMED), harmful=harmful)


def _tags(tags: pa.ListArray) -> Category:
    """What rows are tagged with: lists, which may be empty."""
    counts = np.asarray(pc.fill_null(pc.list_value_length(tags), 0), np.int64)
    held = tags.flatten().dictionary_encode()
    names = held.dictionary.to_pylist()
    codes = np.asarray(held.indices, np.int64)
    order = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
    ranks = np.empty(len(names), np.int64)
    ranks[order] = np.arange(len(names))
    column = Coded(tuple(names[place] for place in order.tolist()), ranks[codes])
    return _category("tag", column)._replace(counts=counts)


def _lay(study: Study, attempts: Attempts, rows: Index) -> tuple[Places, str, list[Category]]:
    """Where rows lie: by their topics, or where there are none by length and score."""
    try:
        topics = study.topics
    except UnansweredError:
        return *_lay_by_numbers(attempts, rows), []
    if not np.isfinite(topics.places[rows]).all(axis=1).any():
        return *_lay_by_numbers(attempts, rows), []
    return _lay_by_topics(topics, rows, no_text=study.options.no_text)


def _lay_by_topics(
    topics: Topics, rows: Index, *, no_text: bool
) -> tuple[Places, str, list[Category]]:
    named = tuple(
        f"topic {number}" if no_text else f"{number}: {name}"
        for number, name in enumerate(topics.names, 1)
    )
    codes = _of(Coded(named, np.asarray(topics.of, np.int64)), rows)
    topic = _category("topic", codes, harmful=not no_text)
    said = f"Dots that lie close are about similar things; laid by {topics.laid_by}."
    return spread(topics.places[rows]), said, [topic]


def _lay_by_numbers(attempts: Attempts, rows: Index) -> tuple[Places, str]:
    length = attempts.characters[rows].astype(np.float64)
    score = attempts.score[rows]
    across = "From left to right what the author wrote gets longer"
    if np.isfinite(score).any():
        return spread(np.stack([rank(length), rank(score)], 1)), (
            f"{across}, from below to above the lowest score of a reply gets higher. "
            "No topics were found."
        )
    replies = attempts.replies[rows].astype(np.float64)
    return spread(np.stack([rank(length), rank(replies)], 1)), (
        f"{across}, from below to above there are more replies. No topics were found."
    )


def rank(values: Floats) -> Floats:
    """The rank of each number from 0 to 1, equal ones in their order; no number stays none."""
    known = np.flatnonzero(np.isfinite(values))
    ranks = np.full(len(values), np.nan)
    order = known[np.argsort(values[known], kind="stable")]
    ranks[order] = (np.arange(len(order)) + 0.5) / max(len(order), 1)
    return ranks


def spread(places: Floats) -> Places:
    """Places from 0 to 1 on the map, y upwards; those that are none in a strip below."""
    known: Mask = np.all(np.isfinite(places), axis=1)
    low = 0.0 if known.all() else MARGIN
    held = np.clip(np.where(known[:, None], places, 0.0), 0.0, 1.0)
    held[:, 1] = low + held[:, 1] * (1 - low)
    count = int(np.count_nonzero(~known))
    if count:
        deep = min(6, count)
        wide = -(-count // deep)
        at = np.arange(count)
        held[~known, 0] = (at // deep + 0.5) / wide
        held[~known, 1] = (at % deep + 0.5) / deep * MARGIN * 0.6
    held[:, 1] = 1 - held[:, 1]
    return np.round((EDGE + held * (1 - 2 * EDGE)) * FULL).astype(np.uint16)
