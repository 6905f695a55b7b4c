"""The kernel for dialogues: one scored transcript in, one rendered conversation out.

A dialogue has no preferred side, so `no_reply`, `prompt_mismatch` and `identical` do not occur:
a conversation that ends with the human is whole. The recipe's system text is left out, since
the dialogue records what a model answered without it.
"""

from __future__ import annotations

from functools import partial

import pyarrow as pa

from pairsmith.kernel import Kernel, check
from pairsmith.kernel.check import Sides, Verdict
from pairsmith.kernel.detail import explain
from pairsmith.kernel.recipe import Recipe
from pairsmith.kernel.render import render
from pairsmith.kernel.transcript import Mask, not_blank, parse, select
from pairsmith.schema import DIALOGUE_SCORES, Kind, Note, Reason, Template, kernel_schema


def dialogue_kernel(recipe: Recipe, template: Template | None) -> Kernel:
    """The kernel that renders dialogues by this recipe.

    It takes `source_schema(Kind.DIALOGUES)` and returns
    `kernel_schema(Kind.DIALOGUES, recipe.form)`.

    Args:
        recipe: What to make.
        template: The compiled template that the recipe names, if it names one.
    """
    return partial(convert_dialogues, recipe=recipe, template=template)


def convert_dialogues(
    batch: pa.RecordBatch, recipe: Recipe, template: Template | None
) -> pa.RecordBatch:
    """Renders dialogues; see `dialogue_kernel`."""
    control = template.control if template else ()
    verdict = check.settle(
        {"transcript": parse(batch["transcript"])},
        partial(judge_dialogues, batch=batch, control=control),
        dict(recipe.policies),
    )
    turns, kept = verdict.sides["transcript"], verdict.kept
    whole = select(turns, kept[turns.rows])
    return pa.RecordBatch.from_arrays(
        [
            batch["id"],
            render(whole, recipe.form, template, None, ~kept),
            *(batch[name] for name in DIALOGUE_SCORES.names),
            note_dialogues(verdict),
            *explain(verdict, batch["fault"], control),
        ],
        schema=kernel_schema(Kind.DIALOGUES, recipe.form),
    )


def judge_dialogues(
    sides: Sides, batch: pa.RecordBatch, control: tuple[str, ...]
) -> check.Findings:
    """Every reason that holds, for each row."""
    turns = sides["transcript"]
    never = check.nowhere(len(batch))
    blank = ~not_blank(turns.content)
    reply = ~turns.before_last & ~turns.user
    return {
        Reason.MALFORMED: check.malformed(batch["transcript"], turns, batch["fault"]),
        Reason.NO_REPLY: never,
        Reason.PROMPT_MISMATCH: never,
        Reason.BAD_ROLES: check.bad_roles(turns),
        Reason.EMPTY_TURN: turns.any(blank & ~reply),
        Reason.EMPTY_REPLY: turns.any(blank & reply),
        Reason.IDENTICAL: never,
        Reason.CONTROL_TOKEN: turns.any(check.find_control(turns.content, control)),
    }


def note_dialogues(verdict: Verdict) -> pa.ListArray:
    """The notes of the kept rows; null for the others."""
    turns = verdict.sides["transcript"]
    replied = ~check.no_reply(turns)
    reply = turns.last_content
    notes: dict[str, Mask] = {
        Note.ROLE_MARKER_IN_TEXT: turns.any(check.find_role_marker(turns.content)),
        Note.TRUNCATED_MARKER: replied & check.cut_off(reply),
        Note.NEAR_EMPTY_REPLY: replied & check.near_empty(reply),
    }
    return check.note_lists({**notes, **verdict.overruled}, verdict.kept)
