"""The kernel for pairs: two transcripts in; prompt, chosen and rejected out."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel import Kernel, check
from pairsmith.kernel.check import Sides, Verdict
from pairsmith.kernel.detail import explain
from pairsmith.kernel.recipe import Recipe
from pairsmith.kernel.render import render
from pairsmith.kernel.transcript import Mask, not_blank, parse, select, to_numpy
from pairsmith.schema import PAIR_TRANSCRIPTS, Kind, Note, Reason, Template, kernel_schema


def pair_kernel(recipe: Recipe, template: Template | None) -> Kernel:
    """The kernel that makes pairs by this recipe.

    It takes `source_schema(Kind.PAIRS)` and returns `kernel_schema(Kind.PAIRS, recipe.form)`.

    Args:
        recipe: What to make.
        template: The compiled template that the recipe names, if it names one.
    """
    return partial(convert_pairs, recipe=recipe, template=template)


def convert_pairs(
    batch: pa.RecordBatch, recipe: Recipe, template: Template | None
) -> pa.RecordBatch:
    """Turns transcripts into pairs; see `pair_kernel`."""
    control = template.control if template else ()
    verdict = check.settle(
        {name: parse(batch[name]) for name in PAIR_TRANSCRIPTS.names},
        partial(judge_pairs, batch=batch, control=control),
        dict(recipe.policies),
    )
    return pa.RecordBatch.from_arrays(
        [
            batch["id"],
            *render_pairs(verdict, recipe, template),
            note_pairs(verdict),
            *explain(verdict, batch["fault"], control),
        ],
        schema=kernel_schema(Kind.PAIRS, recipe.form),
    )


def judge_pairs(sides: Sides, batch: pa.RecordBatch, control: tuple[str, ...]) -> check.Findings:
    """Every reason that holds, for each row. Of a prompt, chosen's turns are looked at."""
    chosen, rejected = sides.values()
    prompt = select(chosen, chosen.before_last)
    better, worse = chosen.last_content, rejected.last_content
    unreadable = [
        check.malformed(batch[name], turns, batch["fault"]) for name, turns in sides.items()
    ]
    in_chosen = chosen.any(check.find_control(chosen.content, control))
    return {
        Reason.MALFORMED: unreadable[0] | unreadable[1],
        Reason.NO_REPLY: check.no_reply(chosen) | check.no_reply(rejected),
        Reason.PROMPT_MISMATCH: check.prompt_mismatch(chosen, rejected),
        Reason.BAD_ROLES: check.bad_roles(chosen),
        Reason.EMPTY_TURN: prompt.any(~not_blank(prompt.content)),
        Reason.EMPTY_REPLY: ~(not_blank(better) & not_blank(worse)),
        Reason.IDENTICAL: to_numpy(pc.equal(better, worse)),
        Reason.CONTROL_TOKEN: in_chosen | check.find_control(worse, control),
    }


def render_pairs(verdict: Verdict, recipe: Recipe, template: Template | None) -> list[pa.Array]:
    """Prompt, chosen and rejected of the kept rows; null for the others."""
    chosen, rejected = verdict.sides.values()
    kept = verdict.kept
    prompt = select(chosen, chosen.before_last & kept[chosen.rows])
    replies = [select(side, ~side.before_last & kept[side.rows]) for side in (chosen, rejected)]
    return [
        render(prompt, recipe.form, template, recipe.system, ~kept),
        *(render(reply, recipe.form, template, None, ~kept) for reply in replies),
    ]


def note_pairs(verdict: Verdict) -> pa.ListArray:
    """The notes of the kept rows; null for the others."""
    chosen, rejected = verdict.sides.values()
    better, worse = chosen.last_content, rejected.last_content
    marker = chosen.any(check.find_role_marker(chosen.content))
    notes: dict[str, Mask] = {
        Note.ROLE_MARKER_IN_TEXT: marker | check.find_role_marker(worse),
        Note.TRUNCATED_MARKER: check.cut_off(better) | check.cut_off(worse),
        Note.NEAR_EMPTY_REPLY: check.near_empty(better) | check.near_empty(worse),
    }
    return check.note_lists({**notes, **verdict.overruled}, verdict.kept)
