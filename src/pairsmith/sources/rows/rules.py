"""Which replies are compared, and which of two is better: from what a row says of its replies.

Whatever a source says (a winner, ranks, ratings, a strength, labels) becomes one number a reply,
higher for a better one; the policy of `--pairs` then picks which replies are compared. Two that
have the same number are a tie, whoever picks them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise, product
from typing import Any, Literal, NamedTuple, TypeAlias

from pairsmith.schema.reasons import Reason
from pairsmith.sources.outcomes import Refused, UnreadableError

PAIRS = ("best-worst", "best-rest", "adjacent", "all")
"""What `--pairs` takes. Of n replies in order, they compare the first with the last; the first with
each other one; each with the next one; each with each."""

ORDERED, GROUPED = "best-worst", "all"
"""What is compared where nobody says: of replies that are ranked or rated the best and the worst,
since that is the surest of the comparisons and every prompt then weighs the same, as in the data
that DPO was first trained on; of replies that are only good or bad, each good one with each bad
one, since none of them is the worst."""

MOST_REPLIES = 100
"""A row with more replies is refused: comparing all of them makes 4,950 pairs."""


class Judged(NamedTuple):
    """What a row says of its replies.

    Attributes:
        worth: One number a reply, higher for a better one; None for a reply that is not compared.
        scores: The source's own scores, where it tells them; their difference is a margin.
        grouped: Whether there are only good and bad ones, which are not compared among
            themselves.
    """

    worth: Sequence[float | None]
    scores: Sequence[float | None] | None = None
    grouped: bool = False


class Picked(NamedTuple):
    """Two replies, by their places, and which is better.

    Attributes:
        better, worse: Places among the row's replies, from 0.
        scores: Of both, in this order; None where the source tells none.
        contradicts: Whether the scores say the opposite.
    """

    better: int
    worse: int
    scores: tuple[float, float] | None = None
    contradicts: bool = False


Choice: TypeAlias = Picked | Refused
Winner: TypeAlias = Literal[0, 1] | None
"""Which of two is better; None for a tie."""


def pick(judged: Judged, pairs: str | None = None, min_margin: float = 0) -> list[Choice]:
    """The comparisons of a row, in the order of its better replies.

    Args:
        judged: What the row says.
        pairs: One of `PAIRS`; None for the usual.
        min_margin: Comparisons whose scores differ by less are refused.

    Returns:
        One or more. What is compared depends on the number of replies alone, or for good and bad
        ones on how many there are of each; ties are refused one by one.
    """
    known = [place for place, worth in enumerate(judged.worth) if worth is not None]
    if len(judged.worth) > MOST_REPLIES:
        said = f"the row has {len(judged.worth)} replies, more than {MOST_REPLIES}"
        return [Refused(Reason.MALFORMED, said)]
    if len(known) < 2:
        rest = "" if len(known) == len(judged.worth) else " that the row says something of"
        count = f"{len(known)} repl{'y' if len(known) == 1 else 'ies'}{rest}"
        return [Refused(Reason.UNPAIRED, f"there is nothing to compare: {count}")]
    worth = {place: judged.worth[place] or 0.0 for place in known}
    order = sorted(known, key=lambda place: -worth[place])  # equal ones stay as they come
    if judged.grouped:
        good = [place for place in order if worth[place] > 0]
        compared = _across(good, order[len(good) :], pairs or GROUPED)
        if not compared:
            kind = "good" if good else "bad"
            return [Refused(Reason.UNPAIRED, f"all replies to this prompt are {kind}")]
    else:
        compared = _along(order, pairs or ORDERED)
    return [_judge(one, other, judged, worth, min_margin) for one, other in compared]


def _along(order: list[int], pairs: str) -> list[tuple[int, int]]:
    match pairs:
        case "best-worst":
            return [(order[0], order[-1])]
        case "best-rest":
            return [(order[0], other) for other in order[1:]]
        case "adjacent":
            return list(pairwise(order))
        case _:
            return list(combinations(order, 2))


def _across(good: list[int], bad: list[int], pairs: str) -> list[tuple[int, int]]:
    match pairs:
        case "best-worst":
            return list(zip(good[:1], bad[-1:], strict=False))
        case "best-rest":
            return list(product(good[:1], bad))
        case "adjacent":
            return list(zip(good, bad, strict=False))
        case _:
            return list(product(good, bad))


def _judge(
    one: int, other: int, judged: Judged, worth: dict[int, float], min_margin: float
) -> Choice:
    if worth[one] == worth[other]:
        return Refused(Reason.TIE, f"replies {one + 1} and {other + 1} are said to be equally good")
    scores = _scores(one, other, judged)
    if scores is None:
        if min_margin > 0:
            return Refused(Reason.SMALL_MARGIN, "the row has no scores, so its margin is unknown")
        return Picked(one, other)
    margin = scores[0] - scores[1]
    if margin == 0:
        return Refused(Reason.TIE, "both replies have the same score")
    if min_margin > 0 and margin < min_margin:
        said = f"the scores differ by {margin:g}, less than {min_margin:g}"
        return Refused(Reason.SMALL_MARGIN, said)
    return Picked(one, other, scores, contradicts=margin < 0)


def _scores(one: int, other: int, judged: Judged) -> tuple[float, float] | None:
    if judged.scores is None:
        return None
    better, worse = judged.scores[one], judged.scores[other]
    return None if better is None or worse is None else (better, worse)


def judge_two(winner: Winner, scores: Sequence[float | None] | None = None) -> Judged:
    """Two replies, of which one is said to be better, or none."""
    worth = [0.0, 0.0] if winner is None else [float(winner == 0), float(winner == 1)]
    return Judged(worth, None if scores is None or None in scores else scores)


def judge_strength(value: Any, name: str) -> Judged:
    """Two replies from how much better the second is: below 0 where the first one is.

    The strength is all that is known of their scores, so the better one has it and the other 0.
    """
    strength = read_number(value, name)
    return Judged([-strength, 0.0], (max(-strength, 0.0), max(strength, 0.0)))


def judge_ranks(ranks: Sequence[float | None]) -> Judged:
    """Replies in the order of their ranks, the lowest number first; gaps mean nothing."""
    return Judged([None if rank is None else -rank for rank in ranks])


def judge_scores(scores: Sequence[float | None]) -> Judged:
    """Replies by their ratings, scores or votes."""
    return Judged(scores, scores)


def judge_flags(flags: Sequence[bool | None]) -> Judged:
    """Replies that are good or bad, and nothing else."""
    return Judged([None if flag is None else float(flag) for flag in flags], grouped=True)


def read_number(value: Any, name: str) -> float:
    """A number that a row holds, or a text of one, as in CSV.

    Raises:
        UnreadableError: It is none, or not a finite one.
    """
    number = value
    if isinstance(value, str) and len(value) < 40:
        try:
            number = float(value)
        except ValueError:
            number = value
    if isinstance(number, bool) or not isinstance(number, int | float):
        kind = "a text" if isinstance(value, str) else _KINDS.get(type(value), "no number")
        raise UnreadableError(Reason.MALFORMED, f"{name} is {kind}, not a number")
    try:
        read = float(number)
    except OverflowError:
        read = math.inf
    if not math.isfinite(read):
        said = "not a number (NaN)" if math.isnan(read) else "too large to be compared"
        raise UnreadableError(Reason.MALFORMED, f"{name} is {said}")
    return read


_KINDS: dict[type, str] = {bool: "true or false", list: "a list", dict: "an object"}
_YES = {"true", "yes", "1", "1.0", "good", "desirable", "chosen", "thumbs up", "👍", "like", "+1"}
_NO = {
    "false", "no", "0", "0.0", "-1", "bad", "undesirable", "rejected", "thumbs down", "👎",
    "dislike",
}  # fmt: skip


def read_flag(value: Any, name: str) -> bool:
    """Whether a label says yes: true and false, 1 and 0 (or -1), or a word for either.

    Raises:
        UnreadableError: It says neither.
    """
    if isinstance(value, bool):
        return value
    said = f"{value:g}" if isinstance(value, float) else str(value).strip().lower()[:20]
    if isinstance(value, int | float | str) and said in _YES | _NO:
        return said in _YES
    raise UnreadableError(Reason.MALFORMED, f"{name} is neither a yes nor a no")


_TIES = re.compile(
    r"(both|tie|draw|equal(?:ly)?|same|neither|none|no[ _-]?preference|a\s*={1,2}\s*b)"
    r"([ _(-].*|bad|good)?|about the same",
    re.DOTALL,
)
_FIRST = {"a", "left", "first", "chosen_a"}
_SECOND = {"b", "right", "second", "chosen_b"}
_NAMED = re.compile(
    r"(?:(?:model|response|answer|completion|output|reply|assistant|option|conversation|summary|text"
    r"|candidate|chat|side|choice|human[ _]ref|generation)[\s_.-]*)?"
    r"(a|b|\d{1,3}|left|right|first|second)(?: (?:wins|won))?"
    r"(?:(?: is)?(?: \w+){0,2} better(?: than .*)?)?"
)
_ABOVE = re.compile(r"(a|b)\s*(?:>{1,3}|≻)\s*(a|b)")


def read_winner(value: Any, name: str, sides: tuple[str, str], first: int | None = None) -> Winner:
    """Which of two replies a value says is better.

    Args:
        value: `model_a`, `A`, `left`, `response_1`, `A>B`, a field's name, a number, `tie`, …;
            null for a tie.
        name: What the value is called in a fault.
        sides: The names of the fields of both replies.
        first: The number that means the first one; None where the names of the fields tell.

    Raises:
        UnreadableError: It says none of that.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, int | float):
        return _numbered(read_number(value, name), name, _base(sides, first))
    if not isinstance(value, str):
        raise UnreadableError(Reason.MALFORMED, f"{name} is {_KINDS.get(type(value), 'odd')}")
    said = value.strip().strip("[]().:*\"'").strip().lower()[:60]
    ends = [side.rsplit(".", 1)[-1].lower() for side in sides]
    if ends[0] != ends[1] and said in ends:
        return 0 if said == ends[0] else 1
    if not said or _TIES.fullmatch(said):
        return None
    if (above := _ABOVE.fullmatch(said)) and above[1] != above[2]:
        return 0 if above[1] == "a" else 1
    named = _NAMED.fullmatch(said)
    mark = named[1] if named else said
    if mark in _FIRST | _SECOND:
        return 0 if mark in _FIRST else 1
    if mark.isdecimal():
        return _numbered(float(mark), name, _base(sides, first))
    raise UnreadableError(Reason.MALFORMED, f"{name} names neither of the two replies, nor a tie")


def _base(sides: tuple[str, str], first: int | None) -> int:
    """The number of the first reply: as told, or as the fields are numbered; else 0."""
    if first is not None:
        return first
    digits = re.search(r"(\d)\D*\Z", sides[0])
    return int(digits[1]) if digits else 0


def _numbered(number: float, name: str, base: int) -> Winner:
    if number == base:
        return 0
    if number == base + 1:
        return 1
    said = f"{name} is {number:g}, where {base} and {base + 1} are the two replies"
    raise UnreadableError(Reason.MALFORMED, said)


def settle(winners: Sequence[Winner]) -> Winner:
    """What several annotators say: what more of them say than anything else; else a tie."""
    counted = Counter(winners).most_common(2)
    if not counted or (len(counted) > 1 and counted[0][1] == counted[1][1]):
        return None
    return counted[0][0]
