"""Rows as Arrow schemas: what a source yields, what a kernel returns, what a shard holds."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import pyarrow as pa


class Kind(StrEnum):
    """What a row is: two transcripts with a preference, or one transcript with scores."""

    PAIRS = "pairs"
    DIALOGUES = "dialogues"


class Form(StrEnum):
    """How contents are written: as rendered text, or as lists of messages."""

    TEXT = "text"
    MESSAGES = "messages"


class Origin(StrEnum):
    """What a source is known to be; decides what its card says of licence and citation."""

    HH = "hh-rlhf"
    SAMPLE = "sample"
    OTHER = "other"


TEXT = pa.string()
MESSAGES = pa.list_(pa.struct([("role", TEXT), ("content", TEXT)]))
"""Lists of messages that hold a role and a text each."""

_FUNCTION = pa.struct([("name", TEXT), ("arguments", TEXT)])
FULL_MESSAGES = pa.list_(
    pa.struct(
        [
            *MESSAGES.value_type,
            ("reasoning_content", TEXT),
            (
                "tool_calls",
                pa.list_(pa.struct([("id", TEXT), ("type", TEXT), ("function", _FUNCTION)])),
            ),
            ("tool_call_id", TEXT),
            ("name", TEXT),
        ]
    )
)
"""Lists of messages with all that `schema.messages` knows, null where there is none of it; the
arguments of a call are JSON, since no two calls need have the same ones."""

SOURCE_MESSAGES = pa.list_(pa.struct([*MESSAGES.value_type, ("extras", TEXT)]))
"""Lists of messages as a source gives them: what is besides role and text is one text of JSON."""

PAIR_TRANSCRIPTS = pa.schema([("chosen", pa.string()), ("rejected", pa.string())])
"""The fields of a row of pairs, as released. Neither may be null."""

TRANSCRIPT = ("transcript", pa.string())
"""The field of a red-team row that holds its conversation; as released, also in shards."""

DIALOGUE_SCORES = pa.schema(
    [
        ("min_harmlessness_score_transcript", pa.float64()),
        ("num_params", pa.string()),
        ("model_type", pa.string()),
        ("rating", pa.float64()),
        ("task_description", pa.string()),
        ("task_description_harmlessness_score", pa.float64()),
        ("red_team_member_id", pa.int64()),
        ("is_upworker", pa.bool_()),
        ("tags", pa.list_(pa.string())),
    ]
)
"""What a red-team row tells besides its transcript. Any of it may be null."""

TWO_SCORES = ("min_harmlessness_score_transcript", "task_description_harmlessness_score")
"""Those of `DIALOGUE_SCORES` that a preference model gives: of the replies, and of the task."""


PAIR_MESSAGES = pa.schema([("chosen", SOURCE_MESSAGES), ("rejected", SOURCE_MESSAGES)])
"""Two whole conversations as messages: the system message, if any, the prompt, the reply."""

NOTES = pa.list_(TEXT)
NOTHING = pa.schema([])
REFUSAL = [("fault", TEXT), ("refused", TEXT)]
"""Why a source refuses a row: a sentence, and the `Reason`, both null where it does not; with a
sentence alone the row is malformed."""


def source_schema(kind: Kind, messages: bool = False, carried: pa.Schema = NOTHING) -> pa.Schema:
    """What a source yields and a kernel takes.

    Columns: `id` (never null), the transcripts, or for pairs the conversations as messages (null
    where the row could not be read, of a message only `extras` may be null) with `tools`, the
    definitions as JSON or null, and `noted`, names of notes; for dialogues the scores; for pairs
    what is carried; and `REFUSAL`.

    Args:
        kind: What the rows are.
        messages: For pairs: whether the sides are lists of messages, not transcripts.
        carried: For pairs: columns that go through as they are.
    """
    if kind == Kind.DIALOGUES:
        return pa.schema([("id", TEXT), TRANSCRIPT, *DIALOGUE_SCORES, *REFUSAL])
    said = [*PAIR_MESSAGES, ("tools", TEXT), ("noted", NOTES)] if messages else PAIR_TRANSCRIPTS
    return pa.schema([("id", TEXT), *said, *carried, *REFUSAL])


CONFIDENCE = "label_confidence"
MARGIN = "margin"


class PairColumns(NamedTuple):
    """Which columns the shards of pairs have, besides the usual ones.

    Attributes:
        weighed: Whether labels were weighed: there is `CONFIDENCE`, from 0 to 1.
        full: Whether messages are `FULL_MESSAGES`, and there is `tools`, JSON or null.
        carried: Columns of the source; each may be null.
    """

    weighed: bool = False
    full: bool = False
    carried: pa.Schema = NOTHING


def shard_schema(kind: Kind, form: Form, columns: PairColumns = PairColumns()) -> pa.Schema:  # noqa: B008  (frozen)
    """The columns of a shard.

    Pairs: `id`, `prompt`, `chosen`, `rejected`, `notes`, and what `columns` says. Dialogues: `id`,
    then `text` or `messages`, `transcript` as it was released, the scores, `notes`. Nothing is null
    but scores, tools and what is carried.
    """
    plain = TEXT if form == Form.TEXT else MESSAGES
    if kind == Kind.DIALOGUES:
        held = [(form.value, plain), TRANSCRIPT]
        return pa.schema([("id", TEXT), *held, *DIALOGUE_SCORES, ("notes", NOTES)])
    content = FULL_MESSAGES if columns.full and form == Form.MESSAGES else plain
    tools = [("tools", TEXT)] if content == FULL_MESSAGES else []
    weight = [(CONFIDENCE, pa.float64())] if columns.weighed else []
    sides = [(name, content) for name in ("prompt", "chosen", "rejected")]
    return pa.schema([("id", TEXT), *sides, *tools, ("notes", NOTES), *weight, *columns.carried])


def is_shard_schema(held: pa.Schema, wanted: pa.Schema) -> bool:
    """Whether a shard has the columns wanted; until 0.2.0, dialogues had no `transcript`."""
    earlier = pa.schema([field for field in wanted if field.name != TRANSCRIPT[0]])
    return bool(held.equals(wanted) or held.equals(earlier))


def kernel_schema(kind: Kind, form: Form, columns: PairColumns = PairColumns()) -> pa.Schema:  # noqa: B008
    """What a kernel returns: a shard's columns, then `reason` and `detail`.

    A refused row has both, and null for its contents and notes; a kept row has neither.
    """
    verdict = [("reason", TEXT), ("detail", TEXT)]
    return pa.schema([*shard_schema(kind, form, columns), *verdict])
