"""Words of replies: which ones tell chosen from rejected."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pairsmith.auditing.content.words import Counts, count_words
from pairsmith.exploring.answer import (
    FEW_MEMBERS,
    FEW_ROWS,
    Answer,
    Study,
    UnansweredError,
)
from pairsmith.exploring.pairs import Pairs
from pairsmith.exploring.telling import list_words
from pairsmith.statistics.telling import SURE, Telling, tell_sides

TITLE = "Words of replies"

WORDS = 4_000
"""The most words and phrases that are looked at: those of most replies."""
NAMED = ("chosen", "rejected")


def ask(study: Study) -> Answer:
    """Weighs the words and phrases of replies.

    Raises:
        UnansweredError: The build keeps no pairs, or no word is in enough of their replies.
    """
    return answer(study.pairs, study.options.no_text)


def answer(pairs: Pairs, no_text: bool) -> Answer:
    """The answer, given the pairs.

    Args:
        pairs: The pairs.
        no_text: Whether words are numbered in place of being named.

    Raises:
        UnansweredError: No word is in enough replies.
    """
    conversations = pairs.conversation[pairs.sample]
    counts = count_words(
        pa.concat_arrays(list(pairs.replies)),
        least=FEW_ROWS,
        most=WORDS,
        groups=np.tile(conversations, 2),
        least_groups=FEW_MEMBERS,
    )
    found = weigh(pairs, counts)
    if not len(found.names):
        raise UnansweredError(
            f"No word stands in one reply alone of {FEW_ROWS} pairs of {FEW_MEMBERS} conversations."
        )
    return Answer(
        "pair_words",
        TITLE,
        _say(pairs, found, no_text),
        _headline(found),
        {
            "pairs": len(pairs.sample),
            "sampled": pairs.sampled,
            "conversations": len(np.unique(conversations)),
            **found.to_dict(NAMED),
        },
        list_words(
            found,
            ("Words of chosen replies", "Words of rejected replies"),
            words=_explain(found),
            unit="points, chosen less rejected",
            no_text=no_text,
        ),
    )


def weigh(pairs: Pairs, counts: Counts) -> Telling:
    """Ranks words by their log-odds ratios, and weighs those that tell most within pairs."""
    return tell_sides(
        counts.names,
        counts.held,
        pairs.subset.codes[pairs.sample],
        pairs.conversation[pairs.sample],
        pairs.longer[pairs.sample],
    )


def _explain(found: Telling) -> str:
    return (
        f"Words and phrases of two words in at least {FEW_ROWS} replies of {FEW_MEMBERS} "
        "conversations. They are ordered by z, of the log-odds ratio with an informative prior, "
        "within subsets. Points are the share of chosen replies that have the word less the share "
        "of rejected ones, between replies of equal length; intervals allow for pairs of one "
        "conversation being alike, and rows are the pairs of which one reply alone has it. "
        f"{found.remark}"
    )


def _say(pairs: Pairs, found: Telling, no_text: bool) -> str:
    chosen, rejected = found.counts
    drawn = f", a sample of {len(pairs):,}" if pairs.sampled else ""
    said = (
        f"Of {found.looked_at:,} words and phrases in the replies of {len(pairs.sample):,} pairs"
        f"{drawn}, {chosen:,} go with being chosen and {rejected:,} with being rejected, between "
        f"replies of equal length (q at most {SURE}, among words)."
    )
    return f"{said} The words themselves are left out of this report." if no_text else said


def _headline(found: Telling) -> str:
    """How many are sure, and how large the surest is, without the word."""
    surest = found.tell_surest()
    if surest is None:
        return ""
    points, rows, groups = surest
    chosen, rejected = found.counts
    return (
        f"Of {found.looked_at:,} words and phrases of replies {chosen:,} go with being chosen and "
        f"{rejected:,} with being rejected; the surest with {points}, {rows:,} pairs of "
        f"{groups:,} conversations."
    )
