"""The kernel for pairs: two conversations in; prompt, chosen and rejected out."""

from __future__ import annotations

from functools import partial

import pyarrow as pa

from pairsmith.kernel import Kernel, checks
from pairsmith.kernel.checks import Sides, Verdict
from pairsmith.kernel.details import explain
from pairsmith.kernel.render import Writer, render_messages, write_pairs
from pairsmith.schema.reasons import Note, Reason
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import PAIR_TRANSCRIPTS, Kind, kernel_schema
from pairsmith.text.messages import read_messages
from pairsmith.text.spans import Mask
from pairsmith.text.transcript import parse
from pairsmith.text.turns import Turns, prepend_system, select


def pair_kernel(recipe: Recipe, writer: Writer | None) -> Kernel:
    """The kernel that makes pairs by this recipe.

    It takes `source_schema(Kind.PAIRS)`, transcripts or messages, and returns
    `kernel_schema(Kind.PAIRS, recipe.form)`.

    Args:
        recipe: What to make.
        writer: What writes text; None where the recipe makes messages.
    """
    return partial(convert_pairs, recipe=recipe, writer=writer)


def convert_pairs(batch: pa.RecordBatch, recipe: Recipe, writer: Writer | None) -> pa.RecordBatch:
    """Turns conversations into pairs; see `pair_kernel`."""
    control = recipe.template.control if recipe.template else ()
    verdict = checks.resolve_verdicts(
        {name: _turns(batch[name]) for name in PAIR_TRANSCRIPTS.names},
        partial(judge_pairs, batch=batch, control=control),
        dict(recipe.policies),
        control,
    )
    chosen, rejected = (
        prepend_system(t, recipe.system, verdict.kept) for t in verdict.sides.values()
    )
    columns, refused = render_pairs(chosen, rejected, verdict.kept, writer)
    verdict = verdict.refuse(refused)
    return pa.RecordBatch.from_arrays(
        [
            batch["id"],
            *columns,
            note_pairs(verdict),
            *explain(verdict, batch["fault"], control),
        ],
        schema=kernel_schema(Kind.PAIRS, recipe.form),
    )


def _turns(column: pa.Array) -> Turns:
    return parse(column) if pa.types.is_string(column.type) else read_messages(column)


def judge_pairs(sides: Sides, batch: pa.RecordBatch, control: tuple[str, ...]) -> checks.Findings:
    """Every reason that holds, for each row. Of a prompt, chosen's turns are looked at."""
    chosen, rejected = sides.values()
    empty = chosen.blank
    unreadable = [
        checks.malformed(batch[name], turns, batch["fault"]) for name, turns in sides.items()
    ]
    in_chosen = chosen.any(chosen.content.holds_any(control))
    in_worse = rejected.replies.holds_any(control)
    return {
        Reason.MALFORMED: unreadable[0] | unreadable[1],
        Reason.NO_REPLY: checks.no_reply(chosen) | checks.no_reply(rejected),
        Reason.PROMPT_MISMATCH: checks.prompt_mismatch(chosen, rejected),
        Reason.BAD_ROLES: checks.bad_roles(chosen),
        Reason.EMPTY_TURN: chosen.any(empty & chosen.before_last),
        Reason.EMPTY_REPLY: chosen.at_last(empty) | rejected.at_last(rejected.blank),
        Reason.IDENTICAL: checks.same_reply(chosen, rejected),
        Reason.CONTROL_TOKEN: in_chosen | in_worse,
    }


def render_pairs(
    chosen: Turns, rejected: Turns, kept: Mask, writer: Writer | None
) -> tuple[list[pa.Array], dict[int, str]]:
    """Prompt, chosen and rejected of the kept rows, and what a template refused; see `Written`."""
    if writer:
        return write_pairs(chosen, rejected, kept, writer)
    prompt = select(chosen, chosen.before_last & kept[chosen.rows])
    replies = [select(side, ~side.before_last & kept[side.rows]) for side in (chosen, rejected)]
    return [render_messages(turns, ~kept) for turns in (prompt, *replies)], {}


def note_pairs(verdict: Verdict) -> pa.ListArray:
    """The notes of the kept rows; null for the others."""
    chosen = verdict.sides["chosen"]
    better, worse = (turns.replies for turns in verdict.sides.values())
    marker = chosen.any(checks.find_role_marker(chosen.content))
    notes: dict[str, Mask] = {
        Note.ROLE_MARKER_IN_TEXT: marker | checks.find_role_marker(worse),
        Note.TRUNCATED_MARKER: checks.cut_off(better) | checks.cut_off(worse),
        Note.NEAR_EMPTY_REPLY: checks.near_empty(better) | checks.near_empty(worse),
    }
    return checks.note_lists({**notes, **verdict.overruled}, verdict.kept)
