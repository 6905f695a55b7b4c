"""Reasons and notes: every question about a row, answered for all rows at once.

`Findings` maps each reason to a flag for each row. All are worked out, whatever else is wrong
with a row, and only then does the first that the recipe does not overrule become the row's
reason. The definitions are in docs/schema.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.kernel.transcript import ASSISTANT_MARK, HUMAN_MARK
from pairsmith.kernel.turns import (
    ASSISTANT,
    SYSTEM,
    Mask,
    Turns,
    flat,
    halves,
    holds_any,
    holds_byte,
    list_array,
    merge,
    to_numpy,
)
from pairsmith.schema import Policy, Reason

Findings: TypeAlias = dict[Reason, Mask]
Sides: TypeAlias = dict[str, Turns]

REASONS = tuple(Reason)
ALPHANUMERIC = np.array([byte < 128 and chr(byte).isalnum() for byte in range(256)])
NEAR_EMPTY = 3
"""A reply of at most so many characters is near empty."""


class Verdict(NamedTuple):
    """What became of the n rows of a batch.

    Attributes:
        sides: The turns of each transcript, by its field's name, as repaired.
        code: For each row the place in `REASONS` of its reason, or -1 for a kept row.
        overruled: For each reason with a policy of its own, the rows where it applied.
        refused: By row, what the template said against it.
    """

    sides: Sides
    code: NDArray[np.int8]
    overruled: dict[str, Mask]
    refused: dict[int, str] = {}  # noqa: RUF012  (never changed)

    @property
    def kept(self) -> Mask:
        """True at the rows that are not refused."""
        return self.code < 0

    def refuse(self, refused: dict[int, str]) -> Verdict:
        """The verdict after the template was asked; by row, what it said against it."""
        code = self.code.copy()
        code[list(refused)] = REASONS.index(Reason.TEMPLATE_ERROR)
        return self._replace(code=code, refused=refused)


def settle(
    sides: Sides,
    judge: Callable[[Sides], Findings],
    policies: Mapping[Reason, Policy],
    control: Sequence[str],
) -> Verdict:
    """Judges rows, repairs those whose first reason has a repair, and judges them again.

    Args:
        sides: The turns of each transcript, by its field's name.
        judge: Says which reasons hold where.
        policies: What to do with the rows of a reason, where that is not to quarantine them.
        control: The template's control strings.
    """
    findings = judge(sides)
    overruled: dict[str, Mask] = {}
    if policies.get(Reason.BAD_ROLES) == Policy.MERGE:
        rows = first_reason(findings, policies) == REASONS.index(Reason.BAD_ROLES)
        overruled[Reason.BAD_ROLES] = rows
        if rows.any():
            sides = {name: merge(turns, rows) for name, turns in sides.items()}
            findings = judge(sides)
    if policies.get(Reason.CONTROL_TOKEN) == Policy.ESCAPE:
        rows = first_reason(findings, policies) == REASONS.index(Reason.CONTROL_TOKEN)
        overruled[Reason.CONTROL_TOKEN] = rows
        if rows.any():
            sides = {name: escape(turns, rows, control) for name, turns in sides.items()}
            findings = judge(sides)
    for reason, policy in policies.items():
        if policy == Policy.KEEP:
            overruled[reason] = findings[reason]
    return Verdict(sides, first_reason(findings, policies), overruled)


def escape(turns: Turns, rows: Mask, control: Sequence[str]) -> Turns:
    """Puts a space behind the first character of each control string, in the rows asked for."""
    pattern = re.compile("|".join(re.escape(c) for c in sorted(control, key=len, reverse=True)))
    found = rows[turns.rows] & holds_any(turns.content, control)
    mended = [
        pattern.sub(lambda match: f"{match[0][0]} {match[0][1:]}", content)
        for content in turns.content.filter(pa.array(found)).to_pylist()
    ]
    content = pc.replace_with_mask(turns.content, pa.array(found), pa.array(mended, pa.string()))
    return turns._replace(content=content)


def nowhere(rows: int) -> Mask:
    """A flag for each row, all false."""
    return np.zeros(rows, bool)


def malformed(given: pa.Array, turns: Turns, fault: pa.StringArray) -> Mask:
    """Rows that could not be read, or that have no turns.

    Args:
        given: n transcripts, or n lists of messages.
        turns: The turns of them.
        fault: What the source said of rows that it could not read; else null.
    """
    rows = to_numpy(pc.or_(pc.is_valid(fault), pc.is_null(given)))
    rows |= turns.stray | (turns.counts == 0)
    if pa.types.is_string(given.type):
        rows |= holds_nul(given)
    return rows


def holds_nul(text: pa.StringArray) -> Mask:
    """Rows with a NUL character, which many tools take for the end of the text."""
    return holds_byte(text, b"\0") & to_numpy(text.is_valid())


def no_reply(turns: Turns) -> Mask:
    """Rows that do not end in an assistant turn."""
    rows = np.ones(len(turns.counts), bool)
    some = turns.counts > 0
    rows[some] = turns.role[turns.last[some]] != ASSISTANT
    return rows


def same_texts(chosen: Turns, rejected: Turns) -> tuple[Mask, Mask]:
    """Rows whose contents before the last are the same once joined, and whose last contents are."""
    same = to_numpy(pc.equal(halves(chosen), halves(rejected)))
    return same[0::2], same[1::2]


def prompt_mismatch(chosen: Turns, rejected: Turns, joined: Mask) -> Mask:
    """Rows whose turns before the last differ between the sides, in number, role or content.

    Args:
        chosen: The turns of n rows.
        rejected: The same.
        joined: The rows in which these turns' contents are the same once joined; then they are
            the same where they are as long.
    """
    differs: Mask = (chosen.counts != rejected.counts) | ~joined
    left = chosen.before_last & ~differs[chosen.rows]
    right = rejected.before_last & ~differs[rejected.rows]
    sizes, others = (pc.binary_length(side.stripped).to_numpy() for side in (chosen, rejected))
    named = np.array([_place(chosen.roles, name) for name in rejected.roles])
    unequal = (sizes[left] != others[right]) | (chosen.role[left] != named[rejected.role[right]])
    differs[chosen.rows[left][unequal]] = True
    return differs


def _place(names: tuple[str, ...], name: str) -> int:
    return names.index(name) if name in names else -1


def bad_roles(turns: Turns) -> Mask:
    """Rows whose turns are not user, assistant, user, …, behind at most one system turn."""
    place = turns.positions - turns.opens_with_system[turns.rows]
    expected = np.where(place < 0, SYSTEM, place % 2)
    return turns.any(turns.role != expected)


def first_reason(findings: Findings, policies: Mapping[Reason, Policy]) -> NDArray[np.int8]:
    """For each row, the place in `REASONS` of the first reason not kept by policy, or -1."""
    code = np.full(len(findings[Reason.MALFORMED]), -1, np.int8)
    for place, reason in reversed(list(enumerate(REASONS))):
        if reason in findings and policies.get(reason) != Policy.KEEP:
            code[findings[reason]] = place
    return code


def cut_off(replies: pa.StringArray) -> Mask:
    """Replies that end in a turn marker without its colon."""
    ends = [
        pc.ends_with(replies, marker.removesuffix(":")) for marker in (HUMAN_MARK, ASSISTANT_MARK)
    ]
    return to_numpy(pc.or_(*ends))


def near_empty(replies: pa.StringArray) -> Mask:
    """Replies of at most `NEAR_EMPTY` characters, or without a letter or digit."""
    offsets, _ = flat(replies)
    rows = np.diff(offsets) <= NEAR_EMPTY * 4  # bytes that a character has in UTF-8, at most
    few = replies.filter(pa.array(rows))
    rows[rows] = to_numpy(pc.less_equal(pc.utf8_length(few), NEAR_EMPTY))
    mute = np.flatnonzero(~begins_with_alphanumeric(replies))
    for pattern in ("[0-9A-Za-z]", r"[\pL\pN]"):  # the second alone takes long to get ready
        if len(mute):
            others = replies.take(pa.array(mute))
            mute = mute[~to_numpy(pc.match_substring_regex(others, pattern))]
    rows[mute] = True
    return rows


def begins_with_alphanumeric(texts: pa.StringArray) -> Mask:
    """True where a text begins with an ASCII letter or digit, as most do."""
    offsets, data = flat(texts)
    some = np.diff(offsets) > 0
    mask = nowhere(len(texts))
    mask[some] = ALPHANUMERIC[data[offsets[:-1][some]]]
    return mask


def find_role_marker(content: pa.StringArray) -> Mask:
    """Contents that hold a turn's name and a colon, which no blank line makes a marker."""
    return holds_any(content, ("Human:", "Assistant:"))


def note_lists(notes: Mapping[str, Mask], kept: Mask) -> pa.ListArray:
    """The names of the notes of each kept row, in the order given; null for a refused row."""
    flags = np.column_stack([mask & kept for mask in notes.values()])
    offsets = np.concatenate([[0], np.cumsum(flags.sum(axis=1))])
    names = pa.array([str(name) for name in notes], pa.string())
    return list_array(offsets, names.take(pa.array(np.nonzero(flags)[1])), null=~kept)
