"""Tags: which kinds of attack succeed, among the rows that reviewers tagged.

A row without tags may be one that nobody reviewed, or one that reviewers gave none: the file does
not tell. So what is compared is one tag with the others, among rows that have any, and nothing is
said of all others.
"""

from __future__ import annotations

import unicodedata
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc

from pairsmith.exploring.adjusting import NEWS, POINTS, Feature, Rated, make_effect, rated
from pairsmith.exploring.answer import (
    FEW_MEMBERS,
    FEW_ROWS,
    Answer,
    Effect,
    Effects,
    Study,
    UnansweredError,
)
from pairsmith.exploring.attempts import Attempts
from pairsmith.statistics.odds import Odds, measure_odds
from pairsmith.text.spans import Index, Mask

TITLE = "Tags"
RATIO = "odds ratio"
MOST = 200
"""The most tags that are compared, those on most rows."""


class Tags(NamedTuple):
    """The tags of n attacks, spellings taken together.

    Attributes:
        names: The k tags, each in its most frequent spelling; those on most rows first.
        rows: The places of rows that have a tag; a row is there once for each of its tags.
        codes: The tag of each of these.
        spellings: How many spellings there are.
    """

    names: tuple[str, ...]
    rows: Index
    codes: Index
    spellings: int

    def has(self, count: int, tag: int) -> Mask:
        """N flags: which rows have a tag."""
        found = np.zeros(count, bool)
        found[self.rows[self.codes == tag]] = True
        return found


def ask(study: Study) -> Answer:
    """Compares tags by how often attacks that have them succeed.

    Raises:
        UnansweredError: No row, or too few rows, have a tag and a rating; or all of these have one
            outcome.
    """
    attempts = study.dialogues
    tags = find_tags(attempts)
    if not tags.names:
        raise UnansweredError("No attack has a tag.")
    tagged = np.zeros(len(attempts), bool)
    tagged[tags.rows] = True
    every = rated(study)
    reviewed = every.part(tagged[every.rows])
    if not len(reviewed):
        raise UnansweredError("No attack has both a tag and a rating.")
    _check(reviewed, int(tagged.sum()))
    flags = [tags.has(len(attempts), place)[reviewed.rows] for place in range(len(tags.names))]
    effects = _compare(reviewed, tags, flags)
    numbers = _numbers(attempts, tags, tagged, reviewed, every)
    return Answer(
        "tags",
        TITLE,
        _summarize(numbers, effects, reviewed.authors),
        _headline(numbers, effects, len(attempts)),
        numbers,
        (Effects("Tags, among tagged attacks alone", _words(numbers), effects, harmful=True),),
    )


def find_tags(attempts: Attempts) -> Tags:
    """Reads the tags of attacks: those that differ by case, or by white space, are one."""
    held = pc.list_flatten(attempts.tags).dictionary_encode()
    codes = np.asarray(held.indices, np.int64)
    spelt = [_plain(name) for name in held.dictionary.to_pylist()]
    keys = list(dict.fromkeys(name.casefold() for name in spelt if name))
    place_of = {key: place for place, key in enumerate(keys)}
    key_of = np.array([place_of.get(name.casefold(), -1) for name in spelt], np.int64)
    uses = np.bincount(codes, minlength=len(spelt)).tolist()
    named: dict[int, tuple[int, str]] = {}
    for name, key, count in zip(spelt, key_of.tolist(), uses, strict=True):
        named[key] = min(named.get(key, (0, name)), (-count, name))
    rows = np.asarray(pc.list_parent_indices(attempts.tags), np.int64)
    mine = key_of[codes] if len(codes) else codes
    width = max(len(keys), 1)
    cells = np.unique(rows[mine >= 0] * width + mine[mine >= 0])
    on = np.bincount(cells % width, minlength=len(keys)).tolist()
    best = sorted(place_of.items(), key=lambda item: (-on[item[1]], item[0]))[:MOST]
    rank = np.full(width, -1, np.int64)
    rank[[place for _, place in best]] = np.arange(len(best))
    ranked = rank[cells % width]
    names = tuple(named[place][1] for _, place in best)
    spellings = sum(map(bool, spelt))
    return Tags(names, (cells // width)[ranked >= 0], ranked[ranked >= 0], spellings)


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


def _check(reviewed: Rated, tagged: int) -> None:
    """Checks that there is something to compare.

    Raises:
        UnansweredError: There is not.
    """
    members = len(np.unique(reviewed.groups))
    if len(reviewed) < FEW_ROWS or members < FEW_MEMBERS:
        raise UnansweredError(
            f"Of the {tagged:,} attacks with a tag {len(reviewed):,} have a rating, of "
            f"{reviewed.authors}: too few, under {FEW_ROWS} attacks or {FEW_MEMBERS} members."
        )
    if reviewed.success.min() == reviewed.success.max():
        what = "succeeded" if reviewed.success[0] else "failed"
        raise UnansweredError(f"All rated attacks with a tag {what}: there is nothing to compare.")


def _compare(reviewed: Rated, tags: Tags, flags: list[Mask]) -> tuple[Effect, ...]:
    success = reviewed.success == 1
    shares = [reviewed.members.mean(reviewed.success, which) for which in flags]
    points = reviewed.effects([Feature("", which.astype(np.float64)) for which in flags])
    made = []
    for name, which, share, adjusted in zip(tags.names, flags, shares, points, strict=True):
        odds = measure_odds(which, success, reviewed.strata, reviewed.groups)
        numbers = {
            "success": share.to_dict(),
            f"{POINTS}, model and member taken out": {
                "estimate": adjusted.estimate, "low": adjusted.low, "high": adjusted.high,
            },
        }  # fmt: skip
        made.append(_effect(name, odds, numbers, len(which)))
    return tuple(sorted(made, key=lambda held: (held.p is None, -_size(held), held.of)))


def _size(effect: Effect) -> float:
    """How large an odds ratio is, whichever way."""
    return abs(float(np.log(effect.estimate))) if effect.estimate else 0.0


def _effect(name: str, odds: Odds, numbers: dict[str, Any], among: int) -> Effect:
    few = min(odds.rows, among - odds.rows) < FEW_ROWS or odds.groups < FEW_MEMBERS
    told = (None,) * 4 if few else odds[:4]
    more = numbers if few else {**numbers, "0.5 added": odds.is_added}
    return make_effect(name, RATIO, told, (odds.rows, odds.groups), more)


def _numbers(
    attempts: Attempts, tags: Tags, tagged: Mask, reviewed: Rated, every: Rated
) -> dict[str, Any]:
    types = attempts.model_type
    without = ~tagged[every.rows]
    return {
        "tagged_attacks": int(tagged.sum()),
        "all_attacks": len(attempts),
        "tagged_and_rated": len(reviewed),
        "members_of_these": int(reviewed.members.count),
        "model_types_with_tags": len(np.unique(types.codes[tagged & types.known])),
        "model_types": len(types.names),
        "tags": len(tags.names),
        "spellings": tags.spellings,
        "success_of_tagged": reviewed.members.mean(reviewed.success).to_dict(),
        "success_of_all_others": every.members.mean(every.success, without).to_dict(),
    }


def _words(numbers: dict[str, Any]) -> str:
    return (
        f"Only the {numbers['tagged_and_rated']:,} rated attacks that have any tag are compared: "
        "those with a tag against the tagged ones without it, of the same model (Mantel and "
        "Haenszel), with intervals by leaving out each member. An attack may have several tags. "
        "Spellings that differ by case or white space are one tag."
    )


def _summarize(numbers: dict[str, Any], effects: tuple[Effect, ...], authors: str) -> str:
    told = sum(effect.p is not None for effect in effects)
    types = numbers["model_types_with_tags"], numbers["model_types"]
    models = f", on {types[0]} of {types[1]} types of models" if types[1] else ""
    return (
        f"{numbers['tagged_attacks']:,} of {numbers['all_attacks']:,} attacks have a tag{models}. "
        f"Tags on rows and members enough to be compared: {told} of {numbers['tags']}, among the "
        f"{numbers['tagged_and_rated']:,} tagged and rated attacks of {authors} alone. Whether an "
        "attack without a tag was reviewed cannot be told, so that none of this holds for all "
        "attacks."
    )


def _headline(numbers: dict[str, Any], effects: tuple[Effect, ...], count: int) -> str:
    """How far tags are apart, if any is, even among as many chances as there are tags."""
    told = [effect for effect in effects if effect.p is not None]
    if not told or min(float(held.p or 0.0) for held in told) > NEWS / len(told):
        return ""
    first = min(told, key=lambda held: (float(held.p or 0.0), held.of))
    return (
        f"Kinds of attack differ: the odds of success with the most telling tag are "
        f"{first.estimate:.2g} times ({first.low:.2g} to {first.high:.2g}) those without it, among "
        f"the {numbers['tagged_and_rated']:,} tagged and rated of {count:,} attacks alone."
    )
