"""Claims about rows that are in the data more than once: duplicates, near duplicates, leaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairsmith.auditing.claims.levels import level_of, of_rows
from pairsmith.auditing.verdict import Claim, Level
from pairsmith.statistics.intervals import wilson

MANY_REPEATED = 0.01
"""Of rows that repeat another: from one in a hundred on. Below, what is learnt hardly changes;
above, it costs nothing to take them out, and models are the better for it (Lee and others, 2022,
arXiv:2107.06499)."""

MANY_CONTRADICTING = 0.001
"""Of rows with the opposite label of another: from one in a thousand on. One of two such labels is
wrong for certain, which is worse than a repeated row; a few do not show beside the labels on which
people differ, which are one in four or more."""

MANY_NEARLY_REPEATED = 0.1
"""Of rows that are nearly another: from one in ten on. Data are often made from one pattern on
purpose, so that below a person has to judge."""

MANY_NEARLY_LEAKED = 0.01
"""Of rows of train whose prompt is nearly one of test: from one in a hundred on. Prompts that are
alike by chance are fewer."""


def claim_duplicates(kept: Mapping[str, int], rows: int) -> tuple[Claim, ...]:
    """Repeated pairs, flipped pairs, circles.

    Pairs that are in train and in test are acted on however few they are: they are leaks.

    Args:
        kept: The counts of kept rows, as the answer to `duplicates` holds them.
        rows: The kept rows.
    """
    repeated, flipped = (wilson(kept[name], rows) for name in ("extra_rows", "flipped_rows"))
    across = kept["groups_across_splits"]
    claims = []
    if repeated.hits:
        level = Level.ACT if across else level_of(repeated, MANY_REPEATED)
        splits = f", {across:,} of these pairs in more than one split" if across else ""
        sentence = f"{of_rows(repeated)} repeat another pair word for word{splits}."
        command = "pairsmith build SOURCE NEW --drop duplicates"
        claims.append(Claim(level, sentence, repeated.share, command, ("duplicate",)))
    if flipped.hits:
        sentence = (
            f"{of_rows(flipped)} have the label of another row the other way round: same prompt, "
            "same replies, so one of the two is wrong."
        )
        command = "pairsmith build SOURCE NEW --drop flipped"
        level = level_of(flipped, MANY_CONTRADICTING)
        claims.append(Claim(level, sentence, flipped.share, command, ("flipped",)))
    if kept["cycles"]:
        inside = wilson(kept["rows_in_cycles"], rows)
        sentence = f"{of_rows(inside)} go in a circle: a is preferred to b, b to c, and c to a."
        command = "pairsmith show OUT --finding duplicates:cycle"
        claims.append(Claim(Level.LOOK, sentence, inside.share, command, ("cycle",)))
    none = f"No pair is repeated or contradicted: {of_rows(repeated)}."
    return tuple(claims) or (Claim(Level.FINE, none, 0.0),)


def claim_leaks(numbers: Mapping[str, Any], strong: tuple[str, ...]) -> tuple[Claim, ...]:
    """Test conversations that are in train: acted on however few, as it takes few rows to mend.

    Args:
        numbers: Those of the answer to `leaks`.
        strong: The kinds of findings that are leaks by themselves.
    """
    leaked = wilson(numbers["test_conversations_in_train"], numbers["test_conversations"])
    told = of_rows(leaked, "test conversations")
    counts = numbers["train_rows"]
    kinds = tuple(kind for kind in strong if counts[kind])
    rows = sum(counts[kind] for kind in kinds)
    if not rows:
        return (Claim(Level.FINE, f"No test conversation is in train: {told}.", 0.0),)
    sentence = (
        f"{told} are in train as well, in {rows:,} of its rows: a model that is measured on test "
        "has seen it."
    )
    command = "pairsmith build SOURCE NEW --drop leaks"
    return (Claim(Level.ACT, sentence, leaked.share, command, kinds),)


def claim_near(numbers: Mapping[str, Any]) -> tuple[Claim, ...]:
    """Pairs that are nearly another, with their replies exchanged, and prompts nearly of test.

    Args:
        numbers: Those of the answer to `near`.
    """
    pairs, rows = numbers["different_pairs"], numbers["rows"]
    near, flipped = (wilson(numbers[name], pairs) for name in ("near_duplicate", "near_flipped"))
    claims = []
    if near.hits:
        sentence = f"{of_rows(near, 'different pairs')} are nearly another one."
        command = "pairsmith build SOURCE NEW --drop near"
        level = level_of(near, MANY_NEARLY_REPEATED)
        claims.append(Claim(level, sentence, near.share, command, ("near_duplicate",)))
    if flipped.hits:
        sentence = (
            f"{of_rows(flipped, 'different pairs')} are nearly another one with its replies "
            "exchanged: one of the two labels is wrong."
        )
        command = "pairsmith show OUT --finding near:near_flipped"
        claims.append(Claim(Level.LOOK, sentence, flipped.share, command, ("near_flipped",)))
    if numbers["near_leak"]:
        leaked = wilson(numbers["near_leak"], rows)
        sentence = f"{of_rows(leaked)} are of train and have nearly the prompt of a test row."
        command = "pairsmith build SOURCE NEW --apply OUT/annotations/audit:near_leak"
        level = level_of(leaked, MANY_NEARLY_LEAKED)
        claims.append(Claim(level, sentence, leaked.share, command, ("near_leak",)))
    none = f"No pair is nearly another: {of_rows(near, 'different pairs')}."
    return tuple(claims) or (Claim(Level.FINE, none, 0.0),)
