"""The kernel for pairs: two conversations in; prompt, chosen and rejected out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel import Kernel, checks
from pairsmith.kernel.checks import Sides, Verdict
from pairsmith.kernel.details import explain
from pairsmith.kernel.mended import note_mended, tell_mended
from pairsmith.kernel.parting import part, same_reply
from pairsmith.kernel.render import Pairs, Writer, WrittenPairs, render_messages, write_pairs
from pairsmith.schema.reasons import Note, Reason
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import PAIR_TRANSCRIPTS, Form, Kind, kernel_schema
from pairsmith.text.damage.mending import mend_sides
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
    names = PAIR_TRANSCRIPTS.names
    mended = mend_sides([_turns(batch[name]) for name in names], recipe.mend)
    verdict = checks.resolve_verdicts(
        {name: side.turns for name, side in zip(names, mended, strict=True)},
        partial(judge_pairs, batch=batch, control=control, full=_takes_all(recipe)),
        dict(recipe.policies),
        control,
    )
    chosen, rejected = (
        prepend_system(t, recipe.system, verdict.kept) for t in verdict.sides.values()
    )
    tools = batch["tools"] if "tools" in batch.schema.names else None
    pairs = Pairs.of(chosen, rejected, tools)
    columns, refused, left_out = render_pairs(pairs, verdict.kept, recipe, writer)
    verdict = verdict.refuse(refused)
    beside = recipe.pair_columns._replace(weighed=False)
    refused_rows = pa.array(~verdict.kept)
    return pa.RecordBatch.from_arrays(
        [
            batch["id"],
            *columns,
            note_pairs(verdict, batch, left_out, note_mended(mended)),
            *(pc.if_else(refused_rows, None, batch[name]) for name in beside.carried.names),
            *tell_mended(explain(verdict, batch, control), mended),
        ],
        schema=kernel_schema(Kind.PAIRS, recipe.form, beside),
    )


def _takes_all(recipe: Recipe) -> bool:
    """Whether what is written has a place for all that a message may hold."""
    return recipe.full or recipe.form == Form.TEXT


def _turns(column: pa.Array) -> Turns:
    return parse(column) if pa.types.is_string(column.type) else read_messages(column)


def judge_pairs(
    sides: Sides, batch: pa.RecordBatch, control: tuple[str, ...], full: bool
) -> checks.Findings:
    """Every reason that holds, for each row. Of a prompt, chosen's turns are looked at."""
    chosen, rejected = sides.values()
    parted = part(chosen, rejected)
    prompt = parted.in_prompt(chosen)
    unreadable = [
        checks.malformed(batch[name], turns, batch["fault"]) for name, turns in sides.items()
    ]
    bad_roles = checks.bad_roles(chosen, parted.prompt)
    if parted.at_last:
        in_worse = rejected.replies.holds_any(control)
    else:
        bad_roles |= checks.bad_roles(rejected, parted.prompt)
        in_worse = rejected.any(rejected.content.holds_any(control))
    findings = {
        Reason.MALFORMED: unreadable[0] | unreadable[1],
        Reason.NO_REPLY: checks.no_reply(chosen) | checks.no_reply(rejected),
        Reason.PROMPT_MISMATCH: parted.mismatch,
        Reason.BAD_ROLES: bad_roles,
        Reason.EMPTY_TURN: chosen.any(chosen.empty & prompt),
        Reason.EMPTY_REPLY: chosen.at_last(chosen.empty) | rejected.at_last(rejected.empty),
        Reason.IDENTICAL: same_reply(chosen, rejected) & parted.single(chosen, rejected),
        Reason.CONTROL_TOKEN: chosen.any(chosen.content.holds_any(control)) | in_worse,
    }
    checks.find_beyond(findings, batch, sides, control, full)
    return checks.with_refused(findings, batch["refused"])


def render_pairs(pairs: Pairs, kept: Mask, recipe: Recipe, writer: Writer | None) -> WrittenPairs:
    """Prompt, chosen and rejected of the kept rows, and what a template refused."""
    if writer:
        return write_pairs(pairs, kept, writer)
    in_prompt = [pairs.parted.in_prompt(side) for side in (pairs.chosen, pairs.rejected)]
    prompt = select(pairs.chosen, in_prompt[0] & kept[pairs.chosen.rows])
    replies = [
        select(side, ~before & kept[side.rows])
        for side, before in zip((pairs.chosen, pairs.rejected), in_prompt, strict=True)
    ]
    columns = [render_messages(turns, ~kept, recipe.full) for turns in (prompt, *replies)]
    if recipe.full:
        columns.append(pc.if_else(pa.array(kept), pairs.tools_or_nulls, None))
    return WrittenPairs(columns, {}, None)


def note_pairs(
    verdict: Verdict, batch: pa.RecordBatch, left_out: Mask | None, mended: Mapping[str, Mask]
) -> pa.ListArray:
    """The notes of the kept rows; null for the others.

    Args:
        verdict: The outcome for n rows.
        batch: What the source yields of them, `noted` among it if they are messages.
        left_out: n flags: where the template leaves out the reasoning of earlier turns; None for
            nowhere.
        mended: For each note of what was mended n flags.
    """
    chosen = verdict.sides["chosen"]
    better, worse = (turns.replies for turns in verdict.sides.values())
    marker = chosen.any(checks.find_role_marker(chosen.content))
    notes: dict[str, Mask] = {
        Note.ROLE_MARKER_IN_TEXT: marker | checks.find_role_marker(worse),
        Note.TRUNCATED_MARKER: checks.cut_off(better) | checks.cut_off(worse),
        Note.NEAR_EMPTY_REPLY: checks.near_empty(better) | checks.near_empty(worse),
    }
    if not chosen.marked:
        notes[Note.ASSISTANT_OPENS] = checks.opens_with_assistant(chosen)
        notes[Note.SCORE_CONTRADICTS] = checks.is_noted(batch["noted"], Note.SCORE_CONTRADICTS)
    if left_out is not None:
        notes[Note.REASONING_LEFT_OUT] = left_out
    return checks.note_lists({**notes, **mended, **verdict.overruled}, verdict.kept)
