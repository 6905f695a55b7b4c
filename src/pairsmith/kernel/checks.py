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

from pairsmith.schema.reasons import Note, Policy, Reason
from pairsmith.text.spans import Index, Mask, Spans, spans_of, to_numpy
from pairsmith.text.transcript import ASSISTANT_MARK, HUMAN_MARK
from pairsmith.text.turns import ASSISTANT, SYSTEM, TOOL, Turns, list_array, merge

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


def bad_roles(turns: Turns, prompt: Index | None = None) -> Mask:
    """Rows whose turns are not user, assistant, user, …, behind at most one system turn.

    Messages may open with an assistant turn, if it is of the prompt; and behind an assistant turn
    there may be turns of tools, and the assistant's next.

    Args:
        turns: The turns of n rows.
        prompt: n numbers: the turns of each row's prompt; None where all turns are looked at alike.
    """
    if turns.marked:
        return ~alternates(turns)
    place = turns.positions - turns.opens_with_system[turns.rows]
    tool = turns.role == TOOL
    behind_tool = np.zeros(len(tool), bool)
    behind_tool[1:] = tool[:-1] & (turns.positions[1:] > 0)
    follows = behind_tool & (turns.role == ASSISTANT)
    alone = tool & ~behind_tool & ~_behind(turns, ASSISTANT)
    aside = tool | follows
    place = place - _counted_before(turns, aside) + opens_with_assistant(turns, prompt)[turns.rows]
    expected = np.where(turns.positions < turns.opens_with_system[turns.rows], SYSTEM, place % 2)
    wrong = ~aside & ((turns.role != expected) | behind_tool)
    return turns.any(wrong | alone)


def alternates(turns: Turns) -> Mask:
    """Rows whose turns are user, assistant, user, … behind at most one system turn."""
    place = turns.positions - turns.opens_with_system[turns.rows]
    expected = np.where(place < 0, SYSTEM, place % 2)
    return ~turns.any(turns.role != expected)


def _behind(turns: Turns, role: int) -> Mask:
    """Flags, one a turn: true behind a turn of this role."""
    behind = np.zeros(len(turns.role), bool)
    behind[1:] = (turns.role[:-1] == role) & (turns.positions[1:] > 0)
    return behind


def _counted_before(turns: Turns, mask: Mask) -> Index:
    """For each turn, at how many turns before it in its row `mask` holds."""
    before = np.concatenate([[0], np.cumsum(mask)])
    counted: Index = before[:-1] - before[turns.offsets[:-1]][turns.rows]
    return counted


def opens_with_assistant(turns: Turns, prompt: Index | None = None) -> Mask:
    """Rows of messages whose first turn, but for a system turn, is the assistant's.

    Arguments as `bad_roles`; a reply alone opens nothing.
    """
    rows = np.zeros(len(turns.counts), bool)
    if turns.marked:
        return rows
    first = turns.offsets[:-1] + turns.opens_with_system
    spoken = turns.counts if prompt is None else prompt
    some = np.minimum(spoken, turns.counts) > turns.opens_with_system
    rows[some] = turns.role[first[some]] == ASSISTANT
    return rows


def find_beyond(
    findings: Findings, batch: pa.RecordBatch, sides: Sides, control: Sequence[str], full: bool
) -> None:
    """Adds what holds of rows whose messages have more than role and text, in place.

    Args:
        findings: What was found of n rows.
        batch: What the source yields of them.
        sides: Their turns.
        control: The template's control strings.
        full: Whether what is written has a place for all of it.
    """
    held = [turns for turns in sides.values() if turns.extras is not None]
    for turns in held:
        findings[Reason.CONTROL_TOKEN] |= turns.any(_holds(turns.extras, control))
    tools = batch["tools"] if "tools" in batch.schema.names else None
    has_tools = no_rows(len(batch)) if tools is None else to_numpy(tools.is_valid())
    if has_tools.any():
        findings[Reason.CONTROL_TOKEN] |= _holds(tools, control)
    lost = no_rows(len(batch)) if full else has_tools
    for turns in held if not full else ():
        lost |= turns.any(turns.has_extras)
    findings[Reason.UNREAD_CONTENT] = lost


def _holds(texts: pa.StringArray, strings: Sequence[str]) -> Mask:
    return spans_of(texts).holds_any(strings)


def with_refused(findings: Findings, refused: pa.StringArray) -> Findings:
    """The findings, with the reasons that the source gives in place of `malformed`.

    Args:
        findings: What was found of n rows.
        refused: n names of reasons; null for none.
    """
    for name in pc.unique(refused.drop_null()).to_pylist():
        rows = to_numpy(pc.fill_null(pc.equal(refused, name), False))
        reason = Reason(name)
        if reason != Reason.MALFORMED:
            for first in (Reason.MALFORMED, Reason.UNREAD_CONTENT):
                findings[first] &= ~rows
            findings[reason] = findings.get(reason, no_rows(len(rows))) | rows
    return findings


def is_noted(notes: pa.ListArray, note: Note) -> Mask:
    """Rows of which a source notes this."""
    rows = no_rows(len(notes))
    found = to_numpy(pc.equal(notes.flatten(), note.value))
    counts = np.asarray(pc.fill_null(pc.list_value_length(notes), 0), np.int64)
    rows[np.repeat(np.arange(len(notes)), counts)[found]] = True
    return rows


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
