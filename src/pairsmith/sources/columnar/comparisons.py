"""From each shape's columns to two whole conversations a row, joined by offsets alone."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.sources.columnar.messages import (
    Mask,
    Messages,
    flags,
    from_lists,
    from_objects,
    from_texts,
    join,
    list_offsets,
    null_outside,
    select,
)

TRANSCRIPT_START = r"\A\s*\n\n(Human|Assistant):"
"""A pattern for the beginning of a transcript."""

UNLIKE_THE_FIRST = "the prompt has turn markers, unlike those of the first rows"
"""The fault of a row that can be read as it stands, and would then be read wrongly."""

Columns: TypeAlias = dict[str, pa.Array]
"""A shape's fields, by name."""

Faults: TypeAlias = list[tuple[Mask, str]]
"""Sentences, each with n flags: the rows that it is true of."""


class Sides(NamedTuple):
    """The two whole conversations of n rows, and the faults of some rows."""

    chosen: Messages
    rejected: Messages
    faults: Faults


def trl(columns: Columns) -> Sides:
    """A prompt, and the messages of either reply."""
    prompt, chosen, rejected = (from_lists(columns[n]) for n in ("prompt", "chosen", "rejected"))
    return Sides(join(prompt, chosen), join(prompt, rejected), [])


def trl_implicit(columns: Columns) -> Sides:
    """Two whole conversations."""
    return Sides(from_lists(columns["chosen"]), from_lists(columns["rejected"]), [])


def ultrafeedback(columns: Columns) -> Sides:
    """The prompt goes in front of a list that holds assistant messages alone.

    Elsewhere it is not read: what it repeats of the conversation differs from release to
    release (the first question, the last one, system and question in one).
    """
    prompt = columns["prompt"]
    drawn = []
    missing = np.zeros(len(prompt), bool)
    for name in ("chosen", "rejected"):
        side = from_lists(columns[name])
        other = ~flags(pc.fill_null(pc.equal(side.role, "assistant"), False))
        alone = (side.counts > 0) & ~side.any(other)
        missing |= alone & flags(prompt.is_null())
        drawn.append(join(from_texts("user", null_outside(prompt, alone)), side))
    said = "the lists hold replies alone, and there is no prompt"
    return Sides(drawn[0], drawn[1], [(missing, said)])


def trl_text(columns: Columns) -> Sides:
    """One user turn and two replies, as texts."""
    prompt = from_texts("user", columns["prompt"])
    return Sides(
        join(prompt, from_texts("assistant", columns["chosen"])),
        join(prompt, from_texts("assistant", columns["rejected"])),
        [(_is_marked(columns["prompt"]), UNLIKE_THE_FIRST)],
    )


def _is_marked(text: pa.StringArray) -> Mask:
    return flags(pc.fill_null(pc.match_substring_regex(text, TRANSCRIPT_START), False))


def sharegpt(columns: Columns) -> Sides:
    """A conversation and two replies, of {from, value}."""
    turns = _renamed(from_lists(columns["conversations"]))
    system = columns["system"]
    opened = turns.any(flags(pc.fill_null(pc.equal(turns.role, "system"), False)))
    twice = opened & _filled(system)
    front = join(_system(system), turns)
    chosen, rejected = (_renamed(from_objects(columns[n])) for n in ("chosen", "rejected"))
    said = "there is a field system, and a system message besides"
    return Sides(join(front, chosen), join(front, rejected), [(twice, said)])


def _renamed(turns: Messages) -> Messages:
    """The roles as everyone else calls them; names that are not known stay."""
    place = pc.index_in(turns.role, value_set=pa.array(["human", "gpt"]))
    known = pa.array(["user", "assistant"]).take(place)
    return turns._replace(role=pc.coalesce(known, turns.role))


def _filled(text: pa.StringArray) -> Mask:
    """True where a text is there and not blank."""
    length = pc.binary_length(pc.utf8_trim_whitespace(pc.fill_null(text, "")))
    return flags(pc.greater(length, 0))


def _system(text: pa.StringArray) -> Messages:
    return from_texts("system", null_outside(text, _filled(text)))


def openai(columns: Columns) -> Sides:
    """A prompt inside of `input`, and two lists of replies."""
    prompt = from_lists(columns["input"].flatten()[0])
    chosen, rejected = (
        from_lists(columns[name]) for name in ("preferred_output", "non_preferred_output")
    )
    return Sides(join(prompt, chosen), join(prompt, rejected), [])


def alpaca(columns: Columns) -> Sides:
    """An instruction and two replies, as texts."""
    prompt, faults = _alpaca_prompt(columns)
    chosen, rejected = (from_texts("assistant", columns[name]) for name in ("chosen", "rejected"))
    return Sides(join(prompt, chosen), join(prompt, rejected), faults)


def alpaca_output(columns: Columns) -> Sides:
    """An instruction, and two replies in one list, the better one first."""
    prompt, faults = _alpaca_prompt(columns)
    two, first, second = _two(columns["output"])
    wrong = flags(columns["output"].is_valid()) & ~two
    return Sides(
        join(prompt, from_texts("assistant", first)),
        join(prompt, from_texts("assistant", second)),
        [*faults, (wrong, "the field output holds another number of replies than two")],
    )


def _two(column: pa.ListArray) -> tuple[Mask, pa.Array, pa.Array]:
    """Where lists have two items, and both of them; null elsewhere."""
    offsets, values = list_offsets(column), column.flatten()
    two = np.diff(offsets) == 2
    first = pa.array(offsets[:-1], mask=~two)
    return two, values.take(first), values.take(pc.add(first, 1))


def _alpaca_prompt(columns: Columns) -> tuple[Messages, Faults]:
    """System, history, then the instruction, with the input on a line below it."""
    history = columns["history"]
    exchanges = history.flatten()
    rows = np.repeat(np.arange(len(history)), np.diff(list_offsets(history)))
    odd = np.zeros(len(history), bool)
    odd[rows[np.diff(list_offsets(exchanges)) != 2]] = True
    said = "an item of history is not a question and an answer"
    turns = [
        _system(columns["system"]),
        _exchanges(null_outside(history, ~odd)),
        _instruction(columns),
    ]
    marked = _is_marked(columns["instruction"])
    return join(*turns), [(odd, said), (marked, UNLIKE_THE_FIRST)]


def _exchanges(history: pa.ListArray) -> Messages:
    """Lists of [question, answer] as messages."""
    content = history.flatten().flatten()
    speakers = pa.array(["user", "assistant"])
    role = speakers.take(pa.array(np.arange(len(content)) % 2))
    return Messages(list_offsets(history) * 2, role, content)


def _instruction(columns: Columns) -> Messages:
    instruction, given = columns["instruction"], columns["input"]
    both = pc.binary_join_element_wise(instruction, pc.fill_null(given, ""), "\n")
    text = pc.if_else(pa.array(_filled(instruction)), both, given)
    return from_texts("user", pc.if_else(pa.array(_filled(given)), text, instruction))


def axolotl(columns: Columns) -> Sides:
    """A prompt and two replies of one message."""
    prompt = from_lists(columns["messages"])
    chosen, rejected = (from_objects(columns[name]) for name in ("chosen", "rejected"))
    return Sides(join(prompt, chosen), join(prompt, rejected), [])


def nemo_rl(columns: Columns) -> Sides:
    """A context and two completions, of which the one of lower rank was chosen."""
    prompt = from_lists(columns["context"])
    two, first, second = _two(columns["completions"])
    (rank, reply), (other_rank, other) = (side.flatten() for side in (first, second))
    ahead = flags(pc.fill_null(pc.less(rank, other_rank), False))
    behind = flags(pc.fill_null(pc.greater(rank, other_rank), False))
    chosen = join(
        prompt, from_lists(null_outside(reply, ahead)), from_lists(null_outside(other, behind))
    )
    rejected = join(
        prompt, from_lists(null_outside(other, ahead)), from_lists(null_outside(reply, behind))
    )
    wrong = flags(columns["completions"].is_valid()) & ~two
    return Sides(
        chosen,
        rejected,
        [
            (wrong, "the field completions holds another number than two"),
            (two & ~ahead & ~behind, "both completions have the same rank"),
        ],
    )


def ms_swift(columns: Columns) -> Sides:
    """A conversation that ends in the chosen reply, and the rejected one."""
    messages, response = from_lists(columns["messages"]), columns["rejected_response"]
    whole = columns["rejected_messages"]
    answered, listed = flags(response.is_valid()), flags(whole.is_valid())
    before = np.ones(len(messages.role), bool)
    before[messages.offsets[1:][messages.counts > 0] - 1] = False
    front = select(messages, before & answered[messages.rows])
    said = "of the fields rejected_response and rejected_messages a row has exactly one"
    return Sides(
        messages,
        join(front, from_texts("assistant", response), from_lists(whole)),
        [(answered == listed, said)],
    )
