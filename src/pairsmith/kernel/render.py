"""Turns to what a trainer reads: text with the template's constants, or lists of messages."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel.transcript import Mask, Turns, list_array
from pairsmith.schema import Form, Template


def render(
    turns: Turns, form: Form, template: Template | None, system: str | None, null: Mask
) -> pa.Array:
    """Renders each row's turns in the form asked for; see `render_text` and `render_messages`."""
    if form == Form.TEXT and template is not None:
        return render_text(turns, template, system, null)
    return render_messages(turns, system, null)


def render_text(turns: Turns, template: Template, system: str | None, null: Mask) -> pa.StringArray:
    """Renders each row's turns as one text, without the sequence token that opens a row.

    Args:
        turns: The turns of n rows.
        template: The compiled format.
        system: Joined to the first user turn, before that is stripped; None for no system turn.
        null: n flags, true where the result is null.
    """
    first = turns.positions == 0
    content = turns.content
    if system is not None:
        block = template.system.before + system + template.system.after
        joined = pc.utf8_trim_whitespace(pc.binary_join_element_wise(block, content, ""))
        content = pc.if_else(pa.array(first & turns.user), joined, content)
    befores = [
        template.user.before.removeprefix(template.bos),
        template.user.before,
        template.assistant.before,
    ]
    afters = [template.user.after, template.user.after, template.assistant.after]
    wrap = pa.array(np.where(turns.user, np.where(first, 0, 1), 2))
    pieces = pc.binary_join_element_wise(
        pa.array(befores).take(wrap), content, pa.array(afters).take(wrap), ""
    )
    return pc.binary_join(list_array(turns.offsets, pieces, null), "")


def render_messages(turns: Turns, system: str | None, null: Mask) -> pa.ListArray:
    """Renders each row's turns as a list of `{role, content}`, a system message first if given.

    Args:
        turns: The turns of n rows.
        system: The system text; None for no system message.
        null: n flags, true where the result is null.
    """
    role = np.where(turns.user, 0, 1)
    content, offsets = turns.content, turns.offsets
    if system is not None:
        fronts = offsets[:-1][~null]
        role = np.insert(role, fronts, 2)
        places = np.insert(np.arange(1, len(content) + 1), fronts, 0)
        content = pa.concat_arrays([pa.array([system], pa.string()), content]).take(
            pa.array(places)
        )
        offsets = offsets + np.concatenate([[0], np.cumsum(~null)])
    roles = pa.array(["user", "assistant", "system"]).take(pa.array(role))
    messages = pa.StructArray.from_arrays([roles, content], ["role", "content"])
    return list_array(offsets, messages, null)
