"""Reasons and notes: every question about a row, answered for all rows at once.

`Findings` maps each reason to a flag for each row. All are worked out, whatever else is wrong
with a row, and only then does the first that the recipe does not overrule become the row's
reason. The definitions are in docs/reference/schema.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.schema.reasons import Policy, Reason
from pairsmith.text.spans import Index, Mask, Spans, to_numpy
from pairsmith.text.transcript import ASSISTANT_MARK, HUMAN_MARK
from pairsmith.text.turns import ASSISTANT, SYSTEM, Turns, list_array, merge

Findings: TypeAlias = dict[Reason, Mask]
Sides: TypeAlias = dict[str, Turns]

REASONS = tuple(Reason)
ALPHANUMERIC = np.array([byte < 128 and chr(byte).isalnum() for byte in range(256)])
NEAR_EMPTY = 3
"""A reply of at most this many characters is near empty."""


class Verdict(NamedTuple):
    """The outcome for the n rows of a batch.

    Attributes:
        sides: The turns of each transcript, by its field's name, as repaired.
        code: n numbers: the place in `REASONS` of a row's reason, or -1 for a kept row.
        overruled: For each reason with a policy of its own, the rows where it applied.
        refused: From a row that the template refused to its message.
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
        """The verdict after rendering: with these rows, and the template's messages, refused."""
        code = self.code.copy()
        code[list(refused)] = REASONS.index(Reason.TEMPLATE_ERROR)
        return self._replace(code=code, refused=refused)


def resolve_verdicts(
    sides: Sides,
    judge: Callable[[Sides], Findings],
    policies: Mapping[Reason, Policy],
    control: Sequence[str],
) -> Verdict:
    """Finds each row's reason, repairing rows whose first reason has a repair and judging again.

    Args:
        sides: The turns of each transcript, by its field's name.
        judge: From the turns to the findings: n flags for each reason.
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
    """Puts a space behind the first character of each control string, in the selected rows."""
    pattern = re.compile("|".join(re.escape(c) for c in sorted(control, key=len, reverse=True)))
    found = rows[turns.rows] & turns.content.holds_any(control)
    mended = [
        pattern.sub(lambda match: f"{match[0][0]} {match[0][1:]}", content)
        for content in turns.content.select(found).texts().to_pylist()
    ]
    escaped = pa.array(mended, pa.string())
    return turns.with_contents(
        pc.replace_with_mask(turns.content.texts(), pa.array(found), escaped)
    )


def no_rows(count: int) -> Mask:
    """Flags for this many rows, all false."""
    return np.zeros(count, bool)


def malformed(conversations: pa.Array, turns: Turns, fault: pa.StringArray) -> Mask:
    """Rows that could not be read, or that have no turns.

    Args:
        conversations: n transcripts, or n lists of messages.
        turns: The turns of them.
        fault: n sentences: why the source could not read a row; null where it could.
    """
    rows = to_numpy(pc.or_(pc.is_valid(fault), pc.is_null(conversations)))
    rows |= turns.stray | (turns.counts == 0)
    if turns.marked and turns.content.run.has_nul:
        rows |= to_numpy(pc.fill_null(pc.match_substring(conversations, "\0"), False))
    return rows


def no_reply(turns: Turns) -> Mask:
    """Rows that do not end in an assistant turn."""
    rows = np.ones(len(turns.counts), bool)
    some = turns.counts > 0
    rows[some] = turns.role[turns.last[some]] != ASSISTANT
    return rows


def same_reply(chosen: Turns, rejected: Turns) -> Mask:
    """Rows whose last turns have the same text, stripped."""
    return _same(chosen.replies, rejected.replies)


def prompt_mismatch(chosen: Turns, rejected: Turns) -> Mask:
    """Rows whose turns before the last differ between the sides, in number, role or content.

    Where these lie as the same bytes, in the same places and roles, they are the same. Only the
    other rows are compared turn by turn.
    """
    differs: Mask = chosen.counts != rejected.counts
    with_prompt = ~differs & (chosen.counts > 1)
    left, right = (np.flatnonzero(s.before_last & with_prompt[s.rows]) for s in (chosen, rejected))
    owners = chosen.rows[left]
    of_chosen = np.array([_place(chosen.roles, name) for name in rejected.roles])
    roles = chosen.role[left] == of_chosen[rejected.role[right]]
    same = np.zeros(len(differs), bool)
    same[with_prompt] = _same(_prompts(chosen, with_prompt), _prompts(rejected, with_prompt))
    moved = roles & (chosen.stripped.sizes[left] == rejected.stripped.sizes[right])
    moved &= _within(chosen, left) == _within(rejected, right)
    same[owners[~moved]] = False
    open_ = ~same[owners]
    left, right, owners, roles = left[open_], right[open_], owners[open_], roles[open_]
    contents = [s.stripped.select(w).texts() for s, w in ((chosen, left), (rejected, right))]
    differs[owners[~(roles & to_numpy(pc.equal(*contents)))]] = True
    return differs


def _same(left: Spans, right: Spans) -> Mask:
    """Which of n texts are the same; nothing is copied."""
    return to_numpy(pc.equal(left.pieces(), right.pieces()))[::2]


def _prompts(turns: Turns, rows: Mask) -> Spans:
    """Of rows of two turns and more, what lies from the first to the last but one."""
    first, last = turns.offsets[:-1][rows], turns.last[rows] - 1
    return Spans(turns.stripped.run, turns.stripped.starts[first], turns.stripped.ends[last])


def _within(turns: Turns, places: Index) -> Index:
    """Where turns begin, counted from the first turn of their row."""
    starts = turns.stripped.starts
    begins: Index = starts[places] - starts[turns.offsets[turns.rows[places]]]
    return begins


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


def cut_off(replies: Spans) -> Mask:
    """Replies that end in a turn marker without its colon."""
    human, assistant = (mark.removesuffix(":") for mark in (HUMAN_MARK, ASSISTANT_MARK))
    return replies.ends_with(human) | replies.ends_with(assistant)


def near_empty(replies: Spans) -> Mask:
    """Replies of at most `NEAR_EMPTY` characters, or without a letter or digit."""
    rows = replies.sizes <= NEAR_EMPTY * 4  # bytes that a character has in UTF-8, at most
    few = replies.select(rows).texts()
    rows[rows] = to_numpy(pc.less_equal(pc.utf8_length(few), NEAR_EMPTY))
    mute = np.flatnonzero(~begins_with_alphanumeric(replies))
    for pattern in ("[0-9A-Za-z]", r"[\pL\pN]"):  # the second alone takes long to get ready
        if len(mute):
            others = replies.select(mute).texts()
            mute = mute[~to_numpy(pc.match_substring_regex(others, pattern))]
    rows[mute] = True
    return rows


def begins_with_alphanumeric(texts: Spans) -> Mask:
    """True where a text begins with an ASCII letter or digit, as most do."""
    mask: Mask = texts.sizes > 0
    mask[mask] = ALPHANUMERIC[texts.run.data[texts.starts[mask]]]
    return mask


def find_role_marker(content: Spans) -> Mask:
    """Contents with a speaker's name and a colon inside, not a marker for want of a blank line."""
    return content.holds_any(("Human:", "Assistant:"))


def note_lists(notes: Mapping[str, Mask], kept: Mask) -> pa.ListArray:
    """The names of the notes of each kept row, in the order given; null for a refused row."""
    flags = np.column_stack([mask & kept for mask in notes.values()])
    offsets = np.concatenate([[0], np.cumsum(flags.sum(axis=1))])
    names = pa.array([str(name) for name in notes], pa.string())
    return list_array(offsets, names.take(pa.array(np.nonzero(flags)[1])), null=~kept)
