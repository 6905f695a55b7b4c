"""A refused row's reason and detail: the name, and one sentence that quotes none of its text.

The only Python loops over rows in a kernel are here, over refused rows alone.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from pairsmith.kernel.checks import REASONS, Sides, Verdict
from pairsmith.schema.reasons import Reason
from pairsmith.text.spans import Index
from pairsmith.text.turns import Turns

Row: TypeAlias = list[tuple[str, str]]
"""One transcript: its turns' roles and contents."""


def explain(
    verdict: Verdict, batch: pa.RecordBatch, control: tuple[str, ...]
) -> tuple[pa.StringArray, pa.StringArray]:
    """Reason and detail of each row: both for a refused row, neither for a kept one.

    Args:
        verdict: The outcome for n rows.
        batch: What the source yields of them: `fault` among it, why it could not read a row.
        control: The template's control strings.
    """
    names = pa.array([reason.value for reason in REASONS])
    details: list[str | None] = [None] * len(verdict.code)
    refused = np.flatnonzero(verdict.code >= 0)
    turns = {name: select_rows(turns, refused) for name, turns in verdict.sides.items()}
    for place, row in enumerate(refused.tolist()):
        reason = REASONS[verdict.code[row]]
        sides = {name: rows[place] for name, rows in turns.items()}
        details[row] = batch["fault"][row].as_py() or describe(reason, row, verdict, sides, control)
    reasons = names.take(pa.array(verdict.code, mask=verdict.kept))
    return reasons, pa.array(details, pa.string())


def describe(
    reason: Reason, row: int, verdict: Verdict, turns: dict[str, Row], control: tuple[str, ...]
) -> str:
    """One sentence on a refused row.

    Args:
        reason: Why it was refused.
        row: Its place in the batch.
        verdict: The outcome for the batch.
        turns: Its turns, by side.
        control: The template's control strings.
    """
    first = next(iter(turns.values()))
    match reason:
        case Reason.MALFORMED:
            return _malformed(verdict.sides, row)
        case Reason.UNREAD_CONTENT:
            return _beyond(verdict.sides, row)
        case Reason.NO_REPLY:
            return f"{_where(turns)}: the last turn is not the assistant's"
        case Reason.PROMPT_MISMATCH:
            return _mismatch(*turns.values())
        case Reason.BAD_ROLES:
            marked = next(iter(verdict.sides.values())).marked
            return _roles(first) if marked else _message_roles(turns)
        case Reason.EMPTY_TURN:
            place, role = next((i, role) for i, (role, text) in enumerate(first, 1) if not text)
            return f"turn {place} ({role}) is blank"
        case Reason.EMPTY_REPLY:
            return f"{_where(turns, '')}: the last assistant turn is blank"
        case Reason.IDENTICAL:
            return "the two replies are the same"
        case Reason.CONTROL_TOKEN:
            return _control(turns, control)
        case Reason.TEMPLATE_ERROR:
            said = verdict.refused[row]
            return said if said.startswith("the template ") else f"the template says: {said}"
        case (
            Reason.UNPAIRED
            | Reason.TIE
            | Reason.SMALL_MARGIN
            | Reason.WEAK_PREFERENCE
            | Reason.DUPLICATE
            | Reason.NEAR_DUPLICATE
            | Reason.LEAK
            | Reason.FLIPPED
            | Reason.DOUBTED
            | Reason.ANNOTATED
        ):
            raise ValueError(f"no row tells of itself that it is {reason}")


def select_rows(turns: Turns, rows: Index) -> list[Row]:
    """The turns of some rows."""
    selected = np.zeros(len(turns.counts), bool)
    selected[rows] = True
    places = np.flatnonzero(selected[turns.rows])
    roles = [turns.roles[code] for code in turns.role[places].tolist()]
    flat = list(zip(roles, turns.stripped.select(places).texts().to_pylist(), strict=True))
    ends = [0, *np.cumsum(turns.counts[rows]).tolist()]
    return [flat[start:stop] for start, stop in pairwise(ends)]


def _where(turns: dict[str, Row], reply: str | None = None) -> str:
    """The sides whose last turn is this reply; without one, is not the assistant's."""
    last = {name: side[-1] for name, side in turns.items()}
    return " and ".join(
        name
        for name, (role, text) in last.items()
        if ((role == "assistant") if reply is not None else (role != "assistant"))
        and reply in (None, text)
    )


def _malformed(sides: Sides, row: int) -> str:
    for name, side in sides.items():
        if side.stray[row]:
            return f"{name}: text stands before the first turn marker"
        if side.counts[row] == 0 and side.marked:
            return f"{name}: no turn marker (a blank line, then Human: or Assistant:)"
        if side.counts[row] == 0:
            return f"{name}: there are no messages"
    return "a transcript holds a NUL character"


def _mismatch(chosen: Row, rejected: Row) -> str:
    count = f"chosen has {len(chosen)} turns, rejected {len(rejected)}"
    for place, (left, right) in enumerate(zip(chosen[:-1], rejected[:-1], strict=False), 1):
        if left != right:
            return f"the sides differ from turn {place} on; {count}"
    return f"the sides agree, but one goes on; {count}"


def _roles(turns: Row) -> str:
    system = turns[0][0] == "system"
    expected = ["assistant" if place % 2 else "user" for place in range(len(turns) - system)]
    expected = ["system"] * system + expected
    place, want = next((i, w) for i, w in enumerate(expected) if turns[i][0] != w)
    return f"turn {place + 1} is {ascii(turns[place][0])[1:-1][:40]}, expected {want}"


FOLLOWERS = {
    "system": ("user", "assistant"),
    "user": ("assistant",),
    "assistant": ("user", "tool"),
    "tool": ("assistant", "tool"),
}
"""Which roles may follow a role, the usual one first."""


def _message_roles(turns: dict[str, Row]) -> str:
    """The first message that cannot stand where it does; sides may differ in their replies."""
    for side in turns.values():
        allowed: tuple[str, ...] = ("user", "system", "assistant")
        for place, (role, _) in enumerate(side, 1):
            if role not in allowed:
                return f"turn {place} is {ascii(role)[1:-1][:40]}, expected {allowed[0]}"
            allowed = FOLLOWERS[role]
    return "there is no turn before the reply"


def _beyond(sides: Sides, row: int) -> str:
    where = "a list of tools"
    for name, turns in sides.items():
        held = [at for at in range(*turns.offsets[row : row + 2]) if turns.has_extras[at]]
        if held and turns.extras is not None:
            extras = ", ".join(json.loads(turns.extras[held[0]].as_py()))
            where = f"{extras} in turn {held[0] - int(turns.offsets[row]) + 1} of {name}"
            break
    return f"plain messages have no place for {where}; --messages full has"


def _control(turns: dict[str, Row], control: tuple[str, ...]) -> str:
    found = (
        (name, place, role, text)
        for name, side in turns.items()
        for place, (role, text) in enumerate(side, 1)
        if any(token in text for token in control)
    )
    name, place, role, text = next(found, ("", 0, "", ""))
    if not name:
        return "a tool, a call or the reasoning holds control text"
    held = ", ".join(token for token in control if token in text)
    return f"{name}: turn {place} ({role}) holds {held}"
