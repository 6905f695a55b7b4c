"""Words: which words and phrases of two one side of pairs has more of, and by how much.

Ranked by log-odds ratios (Monroe, Colaresi and Quinn, 2008; see `statistics.log_odds`), each with
the share of chosen replies that have it less the share of rejected ones, between replies of equal
length. What stands in few replies is never listed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.auditing.answer import Answer, Study, UnansweredError
from pairsmith.auditing.content.words import LONGEST, count_words
from pairsmith.auditing.verdict import OUT, Claim, Level
from pairsmith.reporting.svg import INK, SERIES, Plot, figure, to_svg
from pairsmith.statistics.bootstrap import Floats
from pairsmith.statistics.intervals import wilson
from pairsmith.statistics.paired import FEW
from pairsmith.statistics.telling import SURE, Telling, tell_sides
from pairsmith.text.spans import Index

TITLE = "Words"

SAMPLE, SEED = 20_000, 0
"""The most rows whose words are counted; of more, as many drawn by chance."""
WORDS = 4_000
"""The most words and phrases that are looked at: those of most replies."""
LISTED = 20
"""The most words that are listed of each side."""
TELLING = 10.0
"""Points by which a word must at least tell the sides apart to be looked at: of the surest words of
real data, whose two sides differ in style, intervals begin at five."""

ROWS = "SELECT row, subset, opening, chosen_chars, rejected_chars FROM rows WHERE kept ORDER BY row"


class Replies(NamedTuple):
    """The replies of n rows.

    Attributes:
        texts: 2 n texts, chosen before rejected.
        subsets: The subset of each row, by number.
        groups: The conversation of each row: rows that open alike are of one.
        longer: The logarithm of how many times as long chosen is as rejected.
        rows: The kept rows of the build, of which these are some or all.
    """

    texts: pa.StringArray
    subsets: Index
    groups: Index
    longer: Floats
    rows: int


def ask(study: Study) -> Answer:
    """Weighs the words and phrases of replies.

    Raises:
        UnansweredError: There are no kept rows, or no word is in enough of their replies.
    """
    replies = _read(study)
    counts = count_words(
        replies.texts,
        least=FEW[0],
        most=WORDS,
        groups=np.tile(replies.groups, 2),
        least_groups=FEW[1],
    )
    found = tell_sides(counts.names, counts.held, replies.subsets, replies.groups, replies.longer)
    if not found.looked_at:
        raise UnansweredError(
            f"No word stands in one reply alone of {FEW[0]} rows of {FEW[1]} conversations."
        )
    many = len(replies.groups)
    numbers = {
        "rows": many,
        "of_rows": replies.rows,
        "conversations": len(np.unique(replies.groups)),
        "words_and_phrases": found.looked_at,
        "points": "share of chosen replies that have it less share of rejected ones, at equal "
        "length; intervals at 95 %, by conversation",
        "shares": "of all replies of a side, Wilson, 95 %",
        "sure": f"q at most {SURE} among words (Benjamini and Hochberg)",
    }
    sums = [counts.held[at : at + many].sum(axis=0) for at in (0, many)]
    hits = {
        name: (int(sums[0][place]), int(sums[1][place])) for place, name in enumerate(counts.names)
    }
    for side, is_chosen in (("chosen", True), ("rejected", False)):
        some = np.flatnonzero(found.sure & (found.side == is_chosen))[:LISTED]
        numbers[f"words_of_{side}"] = [
            _tell(found, place, hits[found.names[place]], many) for place in some.tolist()
        ]
    return Answer(
        "words", TITLE, _summarize(replies, found), numbers, claims=(_claim(replies, found),)
    )


def plot(answer: Answer) -> Plot | None:
    """Draws the words of either side with their intervals; None where none is sure."""
    words = [*answer.numbers["words_of_chosen"][:10], *answer.numbers["words_of_rejected"][:10]]
    if not words:
        return None
    made, axes = figure(0.9 + 0.22 * len(words))
    for place, word in enumerate(words):
        points = word["points"]
        colour = SERIES[0 if points["estimate"] > 0 else 1]
        axes.plot([points["low"], points["high"]], [place, place], color=colour, linewidth=2)
        axes.plot([points["estimate"]], [place], "o", color=colour, markersize=5)
    axes.axvline(0, color=INK, linestyle=":", linewidth=1)
    plain = [word["word"].encode("ascii", "backslashreplace").decode()[:26] for word in words]
    axes.set_yticks(range(len(words)), [name.replace("$", r"\$") for name in plain])
    axes.set_ylim(len(words) - 0.4, -0.6)
    axes.set_xlabel("points, chosen less rejected")
    told = "; ".join(f"{word['word']} {_say_points(word['points'])}" for word in words)
    return Plot(to_svg(made, answer.question), f"Words in points, with intervals: {told}.")


def _read(study: Study) -> Replies:
    """The replies of the rows that are looked at, cut to what is counted of each."""
    held = study.index.sql(ROWS).fetchnumpy()
    count = len(held["row"])
    if not count:
        raise UnansweredError("No row was kept, so that there are no words to weigh.")
    chosen = np.arange(count)
    if count > SAMPLE:
        chosen = np.sort(np.random.default_rng(SEED).choice(count, SAMPLE, replace=False))
    texts: tuple[list[pa.StringArray], list[pa.StringArray]] = ([], [])
    for batch in study.data.batches():
        mine = chosen[(chosen >= batch.first) & (chosen < batch.first + len(batch.ids))]
        for into, side in zip(texts, (batch.chosen, batch.rejected), strict=True):
            some = side.replies.select(mine - batch.first).texts()
            into.append(pc.utf8_slice_codeunits(some, 0, LONGEST))
    lengths = [
        np.log1p(np.asarray(held[f"{side}_chars"], float)) for side in ("chosen", "rejected")
    ]
    return Replies(
        pa.concat_arrays([*texts[0], *texts[1]]),
        np.unique(held["subset"].astype(str), return_inverse=True)[1][chosen],
        np.unique(held["opening"], return_inverse=True)[1][chosen],
        (lengths[0] - lengths[1])[chosen],
        count,
    )


def _tell(found: Telling, place: int, hits: tuple[int, int], many: int) -> dict[str, Any]:
    estimate, low, high = (round(float(value), 3) for value in found.points[:, place])
    return {
        "word": found.names[place],
        "points": {"estimate": estimate, "low": low, "high": high},
        "of_chosen": wilson(hits[0], many).to_dict(),
        "of_rejected": wilson(hits[1], many).to_dict(),
        "rows_that_differ": int(found.rows[place]),
        "conversations": int(found.groups[place]),
    }


def _say_points(points: dict[str, float]) -> str:
    ends = (f"{points[name]:+.1f}".replace("-", "\u2212") for name in ("estimate", "low", "high"))
    return "{} ({} to {})".format(*ends)


def _of(replies: Replies) -> str:
    many = len(replies.groups)
    drawn = f", drawn by chance from {replies.rows:,}" if replies.rows > many else ""
    return f"{many:,} rows{drawn}"


def _summarize(replies: Replies, found: Telling) -> str:
    chosen, rejected = found.counts
    said = (
        f"Of {found.looked_at:,} words and phrases in the replies of {_of(replies)}, {chosen:,} go "
        f"with being chosen and {rejected:,} with being rejected, between replies of equal length "
        f"(q at most {SURE})."
    )
    surest = found.tell_surest()
    if surest is None:
        return said
    points, rows, groups = surest
    return (
        f"{said} The surest: {points}, {rows:,} rows of {groups:,} conversations in which one "
        "reply alone has it."
    )


def _claim(replies: Replies, found: Telling) -> Claim:
    """What tells most surely, by the end of its interval that is nearer to 0."""
    least = np.where(found.points[0] > 0, found.points[1], -found.points[2]) * found.sure
    place = int(np.argmax(least)) if len(least) else -1
    if place < 0 or least[place] < TELLING:
        said = (
            f"No word tells chosen from rejected by {TELLING:g} points or more, of "
            f"{found.looked_at:,} in {_of(replies)}."
        )
        return Claim(Level.FINE, said, 0.0)
    estimate, low, high = found.points[:, place].tolist()
    side, other = ("chosen", "rejected") if estimate > 0 else ("rejected", "chosen")
    many = int((least >= TELLING).sum())
    ends = sorted((abs(low), abs(high)))
    others = f"; {many - 1:,} more tell by {TELLING:g} or more" if many > 1 else ""
    said = (
        f"One word or phrase alone tells the sides apart: of replies of equal length "
        f"{abs(estimate):.1f} points ({ends[0]:.1f} to {ends[1]:.1f}) more of the {side} than of "
        f"the {other} have it, in {_of(replies)}{others}. A model may learn it in place of "
        "quality. The report names it, under Words."
    )
    command = f"pairsmith explore {OUT} --only pair_words"
    return Claim(Level.LOOK, said, float(least[place]) / 100, command)
