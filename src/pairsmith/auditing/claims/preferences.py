"""Claims about what was preferred: direction, length, labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pairsmith.auditing.claims.levels import of_rows
from pairsmith.auditing.verdict import Claim, Level
from pairsmith.statistics.intervals import Share, percent, wilson

if TYPE_CHECKING:
    from pairsmith.auditing.questions.direction import RejectedShare
    from pairsmith.auditing.questions.length import LengthBaseline

AS_GOOD_AS_A_MODEL = 0.65
"""Of labels that length alone gets right: people agree with each other on 63 to 77 % of such labels
(Bai and others, 2022; Ouyang and others, 2022), and preference models reach about as much. A rule
that sees two lengths and surely gets 65 % right leaves a model little else to learn."""

BETTER_THAN_CHANCE = 0.55
"""Of labels that length alone gets right: from here on the advantage is one
that a model will take (Singhal and others, 2023, arXiv:2310.03716)."""

GIVEN_AWAY = 0.78
"""Of labels that a judge of words gets right: more than people agree on, so that something else
than the quality of replies is seen."""

DOUBT = 2.0
"""Log-odds against a label from which it is called doubtful here: a chance of 12 % or less."""

MANY_DOUBTED = 0.01
"""Of labels that are doubted so: from one in a hundred on they are named in the verdict."""


def claim_direction(
    shares: Mapping[str, RejectedShare], replies: Mapping[str, int], rows: Mapping[str, int]
) -> tuple[Claim, ...]:
    """Subsets where people went on from the reply that is labelled the worse.

    Both directions are sound in themselves, so that a person has to judge. The harm is the share of
    rows of these subsets: if it was not meant, all of their labels say the opposite.

    Args:
        shares: By subset, the share of rejected replies among those that were gone on from.
        replies: By subset, how many those are.
        rows: By subset, its kept rows.
    """
    worse = [name for name, share in shares.items() if share.low > 0.5]
    better = [name for name, share in shares.items() if share.high < 0.5]
    told = {
        name: f"{name} in {percent(share.share)} of {replies[name]:,} replies "
        f"({100 * share.low:.1f} to {100 * share.high:.1f})"
        for name, share in shares.items()
    }
    if not worse:
        each = "; ".join(told.values())
        said = f"Conversations go on from rejected replies no more than by chance: {each}"
        return (Claim(Level.FINE, f"{said}.", 0.0),)
    first = max(worse, key=lambda name: (shares[name].low, name))
    more = f" and {len(worse) - 1:,} more subsets" if len(worse) > 1 else ""
    sentence = f"Conversations go on from the rejected reply: {told[first]}{more}"
    if better:
        other = min(better, key=lambda name: (shares[name].high, name))
        sentence += f"; but {told[other]}. Chosen means another thing in each."
    else:
        sentence += ". Chosen means less harmful there, or labels are turned round."
    harm = sum(rows.get(name, 0) for name in worse) / max(sum(rows.values()), 1)
    return (Claim(Level.LOOK, sentence, harm, "pairsmith show OUT"),)


def claim_length(baseline: LengthBaseline | None) -> tuple[Claim, ...]:
    """How much of the labels length alone tells.

    The harm is the share of rows that length settles beyond chance, by the lower end.

    Args:
        baseline: A rule that sees two lengths, and how often it is right; None without one.
    """
    if baseline is None:
        return ()
    share = baseline.accuracy
    told = of_rows(share, "labels")
    if share.low <= BETTER_THAN_CHANCE:
        sentence = f"Nothing shows that length tells labels: a rule by it alone gets {told} right."
        return (Claim(Level.FINE, sentence, 0.0),)
    rule = "by length" if baseline.rule == "differs" else f"the {baseline.rule} reply"
    near = share.low > AS_GOOD_AS_A_MODEL
    sentence = f"Preferring {rule}, unread, gets {told} right"
    if near:
        sentence += ", at least as many as models that read them: a model would learn length."
    else:
        sentence += "."
    level = Level.ACT if near else Level.LOOK
    return (Claim(level, sentence, 2 * share.low - 1, "pairsmith explore OUT --only pair_form"),)


def claim_labels(accuracy: Share, doubted: int, rows: int) -> tuple[Claim, ...]:
    """What a judge of words says of labels that it has not seen.

    Args:
        accuracy: How many labels it agrees with.
        doubted: The labels that it doubts by `DOUBT` or more.
        rows: All labels.
    """
    told = of_rows(accuracy, "labels")
    if accuracy.low <= 0.5:
        sentence = (
            f"A small model that reads words agrees with {told} that it has not seen, no better "
            "than chance: labels do not follow from words, or the rows are too few."
        )
        return (Claim(Level.LOOK, sentence, 0.0, "pairsmith show OUT"),)
    share = wilson(doubted, rows)
    claims = []
    if accuracy.low > GIVEN_AWAY:
        sentence = (
            f"Words alone tell {told}, more than people agree on: something gives them away. Look "
            "for marks, openings and repeated text of one side."
        )
        command = "pairsmith explore OUT --only pair_words"
        claims.append(Claim(Level.LOOK, sentence, 2 * accuracy.low - 1, command))
    if share.low > MANY_DOUBTED:
        sentence = (
            f"{of_rows(share, 'labels')} are given a chance of 12 % or less by a small model that "
            f"has not seen them, and agrees with {accuracy} of all."
        )
        command = f"pairsmith build SOURCE NEW --smooth {DOUBT:g}"
        claims.append(Claim(Level.LOOK, sentence, share.share, command, ("doubtful",)))
    few = (
        f"A small model doubts few labels much: {of_rows(share, 'labels')}; it agrees with "
        f"{accuracy} of all."
    )
    return tuple(claims) or (Claim(Level.FINE, few, 0.0),)
