"""Rows that were read one by one, as columns: what a kernel takes, and which row each is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.schema.messages import Message, encode_extras, encode_json
from pairsmith.schema.reasons import Reason
from pairsmith.schema.rows import NOTES, PAIR_MESSAGES, SOURCE_MESSAGES
from pairsmith.sources.columnar.messages import NUL
from pairsmith.sources.outcomes import Comparison, Outcome, Refused
from pairsmith.sources.records import Index


class Numbered(NamedTuple):
    """One outcome of a row.

    Attributes:
        row: The row's place in its block.
        number: Which of its outcomes, from 1; None where it has one alone.
        outcome: The outcome.
        carried: What goes along, by column.
    """

    row: int
    number: int | None
    outcome: Outcome
    carried: dict[str, Any]


def to_columns(held: Sequence[Numbered], carried: pa.Schema) -> dict[str, pa.Array]:
    """The columns of m outcomes but `id`: those of `source_schema` for messages."""
    checked = [_checked(one.outcome) for one in held]
    columns: dict[str, pa.Array] = {
        side: _conversations([getattr(one, side, None) for one in checked])
        for side in PAIR_MESSAGES.names
    }
    refused = [one if isinstance(one, Refused) else None for one in checked]
    kept = [one if isinstance(one, Comparison) else None for one in checked]
    columns["tools"] = pa.array(
        [encode_json(one.tools) if one and one.tools else None for one in kept], pa.string()
    )
    columns["noted"] = pa.array([list(one.notes) or None if one else None for one in kept], NOTES)
    columns["fault"] = pa.array([one.detail if one else None for one in refused], pa.string())
    reasons = [one.reason.value if one else None for one in refused]
    columns["refused"] = pa.array(reasons, pa.string())
    for field in carried:
        values = [one.carried.get(field.name) for one in held]
        columns[field.name] = pa.array(values, field.type)
    return columns


def _checked(outcome: Outcome) -> Outcome:
    """The outcome, refused where a text in it is none that columns can hold."""
    if isinstance(outcome, Refused):
        return outcome
    texts = [text for side in outcome[:2] for message in side for text in _texts(message)]
    if any("\0" in text for text in texts):
        return Refused(Reason.MALFORMED, NUL)
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return Refused(Reason.MALFORMED, "a text in it holds half of a surrogate pair")
    return outcome


def _texts(message: Message) -> list[str]:
    return [message["role"], message["content"], encode_extras(message) or ""]


def _conversations(sides: Sequence[list[Message] | None]) -> pa.ListArray:
    """Whole conversations as `SOURCE_MESSAGES`; null for None."""
    flat = [message for side in sides for message in side or ()]
    parts = [
        pa.array([message["role"] for message in flat], pa.string()),
        pa.array([message["content"] for message in flat], pa.string()),
        pa.array([encode_extras(message) for message in flat], pa.string()),
    ]
    spoken = pa.StructArray.from_arrays(parts, fields=list(SOURCE_MESSAGES.value_type))
    offsets = np.concatenate([[0], np.cumsum([len(side or ()) for side in sides])])
    mask = pa.array([side is None for side in sides])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), spoken, mask=mask)


def name_rows(place: str, numbers: Index, held: Sequence[Numbered]) -> pa.StringArray:
    """The ids of outcomes: `subset/split/row`, and the number of one among several behind it.

    Args:
        place: What comes before the number of a row.
        numbers: Of each row of the block, its number.
        held: m outcomes.
    """
    ids = [
        f"{place}{numbers[one.row]}" + ("" if one.number is None else f"/{one.number}")
        for one in held
    ]
    return pa.array(ids, pa.string())
