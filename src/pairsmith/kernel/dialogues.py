"""The kernel for dialogues: one scored transcript in; out, it and its rendered conversation.

A dialogue has no preferred side, so `no_reply`, `prompt_mismatch` and `identical` do not occur:
a conversation that ends with the human is whole. The recipe's system text is left out, since
the dialogue records what a model answered without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.kernel import Kernel, checks
from pairsmith.kernel.checks import Sides, Verdict
from pairsmith.kernel.details import explain
from pairsmith.kernel.mended import note_mended, tell_mended
from pairsmith.kernel.render import Writer, render_messages, write_dialogues
from pairsmith.schema.reasons import Note, Reason
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import DIALOGUE_SCORES, Kind, kernel_schema
from pairsmith.text.damage.mending import mend_sides, mend_transcripts
from pairsmith.text.spans import Mask
from pairsmith.text.transcript import parse
from pairsmith.text.turns import Turns, select


def dialogue_kernel(recipe: Recipe, writer: Writer | None) -> Kernel:
    """The kernel that renders dialogues by this recipe.

    It takes `source_schema(Kind.DIALOGUES)` and returns
    `kernel_schema(Kind.DIALOGUES, recipe.form)`.

    Args:
        recipe: What to make.
        writer: What writes text; None where the recipe makes messages.
    """
    return partial(convert_dialogues, recipe=recipe, writer=writer)


def convert_dialogues(
    batch: pa.RecordBatch, recipe: Recipe, writer: Writer | None
) -> pa.RecordBatch:
    """Renders dialogues; see `dialogue_kernel`."""
    control = recipe.template.control if recipe.template else ()
    turns = parse(batch["transcript"])
    [mended] = mend_sides([turns], recipe.mend)
    verdict = checks.resolve_verdicts(
        {"transcript": mended.turns},
        partial(judge_dialogues, batch=batch, control=control),
        dict(recipe.policies),
        control,
    )
    [column], refused = render_dialogues(verdict.sides["transcript"], verdict.kept, writer)
    verdict = verdict.refuse(refused)
    return pa.RecordBatch.from_arrays(
        [
            batch["id"],
            column,
            pc.if_else(verdict.kept, mend_transcripts(batch["transcript"], turns, mended), None),
            *(batch[name] for name in DIALOGUE_SCORES.names),
            note_dialogues(verdict, note_mended([mended])),
            *tell_mended(explain(verdict, batch, control), [mended]),
        ],
        schema=kernel_schema(Kind.DIALOGUES, recipe.form),
    )


def render_dialogues(
    turns: Turns, kept: Mask, writer: Writer | None
) -> tuple[list[pa.Array], dict[int, str]]:
    """The kept rows' conversations, and what a template refused; see `Written`."""
    if writer:
        return write_dialogues(turns, kept, writer)
    return [render_messages(select(turns, kept[turns.rows]), ~kept)], {}


def judge_dialogues(
    sides: Sides, batch: pa.RecordBatch, control: tuple[str, ...]
) -> checks.Findings:
    """Every reason that holds, for each row."""
    turns = sides["transcript"]
    never = checks.no_rows(len(batch))
    empty = turns.blank
    reply = ~turns.before_last & ~turns.user
    return {
        Reason.MALFORMED: checks.malformed(batch["transcript"], turns, batch["fault"]),
        Reason.NO_REPLY: never,
        Reason.PROMPT_MISMATCH: never,
        Reason.BAD_ROLES: checks.bad_roles(turns),
        Reason.EMPTY_TURN: turns.any(empty & ~reply),
        Reason.EMPTY_REPLY: turns.any(empty & reply),
        Reason.IDENTICAL: never,
        Reason.CONTROL_TOKEN: turns.any(turns.content.holds_any(control)),
    }


def note_dialogues(verdict: Verdict, mended: Mapping[str, Mask]) -> pa.ListArray:
    """The notes of the kept rows; null for the others.

    Args:
        verdict: The outcome for n rows.
        mended: For each note of what was mended n flags.
    """
    turns = verdict.sides["transcript"]
    replied = ~checks.no_reply(turns)
    reply = turns.replies
    notes: dict[str, Mask] = {
        Note.ROLE_MARKER_IN_TEXT: turns.any(checks.find_role_marker(turns.content)),
        Note.TRUNCATED_MARKER: replied & checks.cut_off(reply),
        Note.NEAR_EMPTY_REPLY: replied & checks.near_empty(reply),
    }
    return checks.note_lists({**notes, **mended, **verdict.overruled}, verdict.kept)
