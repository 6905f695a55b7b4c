"""The shapes of preference data: which fields a row has, and how they make two conversations.

Each shape is one that a trainer or a well-known release writes; docs/reference/schema.md shows
them. A shape is read with an explicit Arrow schema, and its columns are arranged as `source_schema`
says, for all rows at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.schema.rows import MESSAGES, PAIR_TRANSCRIPTS
from pairsmith.sources import redteam
from pairsmith.sources.columnar import comparisons
from pairsmith.sources.columnar.messages import (
    NUL,
    Mask,
    describe_inner_null,
    flags,
    holds_nul,
    inner_nulls,
    to_list_array,
)

TEXT = pa.string()
TURN = pa.struct([("from", TEXT), ("value", TEXT)])
MESSAGE = MESSAGES.value_type


class Shape(NamedTuple):
    """One way to write preference data.

    Attributes:
        name: Its name for `--from`.
        fields: The fields that are read; others are passed over.
        required: The fields that no row may lack.
        about: Its fields in words.
        arrange: From the table that was read, with `fault`, to one with the columns of
            `source_schema` but `id`.
        messages: Whether the sides come as messages, not as transcripts.
    """

    name: str
    fields: pa.Schema
    required: tuple[str, ...]
    about: str
    arrange: Callable[[pa.Table], pa.Table]
    messages: bool = True


def arrange_messages(
    draw: Callable[[comparisons.Columns], comparisons.Sides],
) -> Callable[[pa.Table], pa.Table]:
    """Makes an `arrange` from the function that joins one shape's columns."""

    def arrange(table: pa.Table) -> pa.Table:
        columns = {name: table[name].combine_chunks() for name in table.column_names}
        fault = columns.pop("fault")
        for name, column in columns.items():
            fault = _add_null_faults(fault, name, column)
        drawn = draw(columns)
        for mask, sentence in drawn.faults:
            fault = add_fault(fault, mask, sentence)
        for side in (drawn.chosen, drawn.rejected):
            fault = add_fault(fault, holds_nul(side), NUL)
        bad = flags(fault.is_valid())
        chosen, rejected = (to_list_array(side, bad) for side in (drawn.chosen, drawn.rejected))
        return pa.table({"chosen": chosen, "rejected": rejected, "fault": fault})

    return arrange


def add_fault(fault: pa.StringArray, mask: Mask, sentence: str) -> pa.StringArray:
    """The faults, with this one at the rows of `mask` that have none yet."""
    if not mask.any():
        return fault
    return pc.if_else(pc.and_(pa.array(mask), fault.is_null()), sentence, fault)


def _add_null_faults(fault: pa.StringArray, name: str, column: pa.Array) -> pa.StringArray:
    found = inner_nulls(column)
    if not found.any():
        return fault
    said = fault.to_pylist()
    for row in np.flatnonzero(found).tolist():
        said[row] = said[row] or describe_inner_null(column[row].as_py(), column.type, name)
    return pa.array(said, pa.string())


def _hh_prompt(table: pa.Table) -> pa.Table:
    """Transcripts from their parts; whether they are sound is for the kernel to say."""
    prompt, fault = table["prompt"].combine_chunks(), table["fault"].combine_chunks()
    joined = {
        name: pc.binary_join_element_wise(prompt, table[name].combine_chunks(), "")
        for name in PAIR_TRANSCRIPTS.names
    }
    return pa.table({**joined, "fault": fault})


def _texts(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, TEXT) for name in names]


def _lists(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, MESSAGES) for name in names]


SIDES = ("chosen", "rejected")
_HISTORY = ("history", pa.list_(pa.list_(TEXT)))
_RANKED = pa.struct([("rank", pa.int64()), ("completion", MESSAGES)])

HH = Shape(
    "hh",
    PAIR_TRANSCRIPTS,
    SIDES,
    "chosen and rejected transcripts",
    lambda table: table,
    messages=False,
)
DIALOGUES = Shape(
    redteam.SUBSET,
    redteam.FIELDS,
    ("transcript",),
    "a transcript with scores",
    redteam.unify_score,
    messages=False,
)
_ALL = (
    HH,
    Shape(
        "hh-prompt",
        pa.schema(_texts("prompt", *SIDES)),
        ("prompt", *SIDES),
        "prompt a transcript up to the reply, chosen and rejected texts",
        _hh_prompt,
        messages=False,
    ),
    Shape(
        "trl",
        pa.schema(_lists("prompt", *SIDES)),
        ("prompt", *SIDES),
        "prompt, chosen and rejected lists of {role, content}",
        arrange_messages(comparisons.trl),
    ),
    Shape(
        "trl-implicit",
        pa.schema(_lists(*SIDES)),
        SIDES,
        "chosen and rejected lists of {role, content}",
        arrange_messages(comparisons.trl_implicit),
    ),
    Shape(
        "trl-text",
        pa.schema(_texts("prompt", *SIDES)),
        ("prompt", *SIDES),
        "prompt, chosen and rejected texts",
        arrange_messages(comparisons.trl_text),
    ),
    Shape(
        "ultrafeedback",
        pa.schema([*_texts("prompt"), *_lists(*SIDES)]),
        SIDES,
        "prompt a text, chosen and rejected lists of {role, content}",
        arrange_messages(comparisons.ultrafeedback),
    ),
    Shape(
        "sharegpt",
        pa.schema(
            [
                ("conversations", pa.list_(TURN)),
                ("chosen", TURN),
                ("rejected", TURN),
                ("system", TEXT),
            ]
        ),
        ("conversations", *SIDES),
        "conversations a list of {from, value}, chosen and rejected {from, value}",
        arrange_messages(comparisons.sharegpt),
    ),
    Shape(
        "openai",
        pa.schema(
            [
                ("input", pa.struct(_lists("messages"))),
                *_lists("preferred_output", "non_preferred_output"),
            ]
        ),
        ("input", "preferred_output", "non_preferred_output"),
        "input {messages}, preferred_output and non_preferred_output lists of {role, content}",
        arrange_messages(comparisons.openai),
    ),
    Shape(
        "alpaca",
        pa.schema([*_texts("instruction", "input", *SIDES, "system"), _HISTORY]),
        ("instruction", *SIDES),
        "instruction, chosen and rejected texts",
        arrange_messages(comparisons.alpaca),
    ),
    Shape(
        "alpaca-output",
        pa.schema(
            [
                *_texts("instruction", "input", "system"),
                ("output", pa.list_(TEXT)),
                _HISTORY,
            ]
        ),
        ("instruction", "output"),
        "instruction a text, output a list of the better and the worse text",
        arrange_messages(comparisons.alpaca_output),
    ),
    Shape(
        "axolotl",
        pa.schema([*_lists("messages"), ("chosen", MESSAGE), ("rejected", MESSAGE)]),
        ("messages", *SIDES),
        "messages a list of {role, content}, chosen and rejected {role, content}",
        arrange_messages(comparisons.axolotl),
    ),
    Shape(
        "nemo-rl",
        pa.schema([*_lists("context"), ("completions", pa.list_(_RANKED))]),
        ("context", "completions"),
        "context a list of {role, content}, completions two of {rank, completion}",
        arrange_messages(comparisons.nemo_rl),
    ),
    Shape(
        "ms-swift",
        pa.schema(
            [
                *_lists("messages"),
                *_texts("rejected_response"),
                *_lists("rejected_messages"),
            ]
        ),
        ("messages",),
        "messages a list of {role, content}, rejected_response a text",
        arrange_messages(comparisons.ms_swift),
    ),
)
SHAPES: dict[str, Shape] = {shape.name: shape for shape in _ALL}
"""The shapes of pairs, by their names for `--from`."""
