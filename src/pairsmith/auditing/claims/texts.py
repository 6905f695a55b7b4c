"""Claims about what stands in texts: damage, control text, personal data, refusals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pairsmith.auditing.claims.levels import level_of, of_rows
from pairsmith.auditing.verdict import BUILD, Claim, Level
from pairsmith.schema.reasons import MENDS
from pairsmith.statistics.intervals import Difference, Share, wilson

MANY_DAMAGED = 0.05
"""Of rows with damaged text of one kind: from one in twenty on. A model learns to write what
stands in that share of its examples."""

MANY_MISREAD = 0.05
"""Of rows with control text, or a turn's name inside a turn: from one in twenty on. Fewer are
people who write of such things; more are conversations that were taken apart wrongly."""

REFUSES_MORE = 0.01
"""Of the difference of refusals between chosen and rejected: from one point on."""

NAMES = {
    "encoding": "text read in the wrong encoding",
    "html_entity": "HTML entities",
    "html_tag": "HTML tags",
    "escaped_line_end": "line ends written as two characters",
    "replacement": "characters that were lost",
    "zero_width": "characters that cannot be seen",
    "bidirectional": "marks that turn the direction of text",
    "cut_length": "replies cut at one length",
    "email": "e-mail addresses",
    "phone": "phone numbers",
    "ipv4": "IPv4 addresses",
    "iban": "IBANs",
    "card": "payment cards",
    "us_ssn": "social security numbers",
    "role_marker": "a turn’s name inside a turn",
    "control_string": "control text of a chat template",
    "cut_off": "a reply that ends in a turn’s name",
    "near_empty": "a reply that says next to nothing",
}
"""What kinds of findings are called in a sentence."""

DAMAGED = (
    "encoding", "html_entity", "html_tag", "escaped_line_end", "replacement", "zero_width",
    "bidirectional", "cut_length",
)  # fmt: skip
OF_PERSONS = ("email", "phone", "ipv4", "iban", "card", "us_ssn")
"""Personal data; a URL is none by itself."""
SHOW = "pairsmith show OUT --finding text"
MISREAD = ("role_marker", "control_string")
EMPTY = ("cut_off", "near_empty")

GROUPS: tuple[tuple[tuple[str, ...], float], ...] = (
    (DAMAGED, MANY_DAMAGED),
    (MISREAD, MANY_MISREAD),
    (EMPTY, MANY_DAMAGED),
    (OF_PERSONS, 1.0),
)
"""Kinds that make one claim: from which share of rows to act.

Whether what looks like personal data is some, a person has to judge, however much of it there is.
"""


def claim_texts(numbers: Mapping[str, Any], rows: int, refusals: Difference) -> tuple[Claim, ...]:
    """What was found in texts, a claim for each of `GROUPS` and one for refusals.

    Args:
        numbers: Those of the answer to `text`: of them, the rows of each kind of finding, and the
            rows of which some can be mended.
        rows: The rows that were searched.
        refusals: The share of chosen replies that refuse less that of rejected ones.
    """
    claims = []
    for group, act in GROUPS:
        held = _commonest(numbers["kinds"], group, rows)
        if held:
            claims.append(_claim(held, act, numbers["mendable"]))
    end = refusals.low if refusals.difference > 0 else -refusals.high
    if end > REFUSES_MORE:
        side, other = ("chosen", "rejected") if refusals.difference > 0 else ("rejected", "chosen")
        points = sorted((abs(100 * refusals.low), abs(100 * refusals.high)))
        sentence = (
            f"In {rows:,} rows {side} replies refuse more often than {other} ones, by "
            f"{abs(100 * refusals.difference):.1f} points ({points[0]:.1f} to {points[1]:.1f}): "
            f"a model that is trained on them refuses {'more' if side == 'chosen' else 'less'}."
        )
        command = "pairsmith explore OUT --only pair_form"
        claims.append(Claim(Level.LOOK, sentence, abs(refusals.difference), command))
    if claims:
        return tuple(claims)
    none = wilson(0, rows)
    said = f"No damaged text, control text or personal data: {of_rows(none)}."
    return (Claim(Level.FINE, said, 0.0),)


def _commonest(
    kinds: Mapping[str, Mapping[str, Any]], group: Iterable[str], rows: int
) -> dict[str, Share]:
    """Of a group the kinds that were found, the commonest first."""
    found = [(kind, kinds[kind]["rows"]) for kind in group if kinds[kind]["rows"]]
    return {kind: wilson(hits, rows) for kind, hits in sorted(found, key=lambda kv: -kv[1])}


def _claim(held: Mapping[str, Share], act: float, mendable: Mapping[str, int]) -> Claim:
    first, *others = held
    more = [f"{NAMES[kind]} in {held[kind].hits:,}" for kind in others[:2]]
    if len(others) > 2:
        more.append(f"{len(others) - 2:,} more kinds in fewer")
    besides = f"; besides, {', '.join(more)}" if more else ""
    sentence = f"{of_rows(held[first])} hold {NAMES[first]}{besides}."
    level = level_of(held[first], act)
    mended = [kind for kind in MENDS if kind in held and mendable.get(kind)]
    command = f"{BUILD} --mend {','.join(mended)}" if mended else f"{SHOW}:{first}"
    return Claim(level, sentence, held[first].share, command, tuple(held))
