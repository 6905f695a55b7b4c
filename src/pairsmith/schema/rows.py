"""Rows as Arrow schemas: what a source yields, what a kernel returns, what a shard holds."""

from __future__ import annotations

from enum import StrEnum

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


MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))

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


PAIR_MESSAGES = pa.schema([("chosen", MESSAGES), ("rejected", MESSAGES)])
"""Two whole conversations as messages: the system message, if any, the prompt, the reply."""


def source_schema(kind: Kind, messages: bool = False) -> pa.Schema:
    """What a source yields and a kernel takes.

    Columns: `id` (never null), the transcripts, or for pairs the conversations as messages (null
    where the row could not be read, never null inside), for dialogues the scores, and `fault`: a
    sentence where the row could not be read, else null.

    Args:
        kind: What the rows are.
        messages: For pairs: whether the sides are lists of messages, not transcripts.
    """
    sides = PAIR_MESSAGES if messages else PAIR_TRANSCRIPTS
    transcripts = [TRANSCRIPT] if kind == Kind.DIALOGUES else sides
    scores = DIALOGUE_SCORES if kind == Kind.DIALOGUES else []
    return pa.schema([("id", pa.string()), *transcripts, *scores, ("fault", pa.string())])


CONFIDENCE = "label_confidence"


def shard_schema(kind: Kind, form: Form, weighed: bool = False) -> pa.Schema:
    """The columns of a shard.

    Pairs: `id`, `prompt`, `chosen`, `rejected`, `notes`, and `label_confidence`, from 0 to 1,
    where labels were weighed. Dialogues: `id`, then `text` or `messages`, `transcript` as it was
    released, the scores, `notes`. Nothing is null but scores.
    """
    content = pa.string() if form == Form.TEXT else MESSAGES
    notes = ("notes", pa.list_(pa.string()))
    if kind == Kind.PAIRS:
        sides = [(name, content) for name in ("prompt", "chosen", "rejected")]
        weight = [(CONFIDENCE, pa.float64())] if weighed else []
        return pa.schema([("id", pa.string()), *sides, notes, *weight])
    held = [(form.value, content), TRANSCRIPT]
    return pa.schema([("id", pa.string()), *held, *DIALOGUE_SCORES, notes])


def is_shard_schema(held: pa.Schema, wanted: pa.Schema) -> bool:
    """Whether a shard has the columns wanted; until 0.2.0, dialogues had no `transcript`."""
    earlier = pa.schema([field for field in wanted if field.name != TRANSCRIPT[0]])
    return bool(held.equals(wanted) or held.equals(earlier))


def kernel_schema(kind: Kind, form: Form, weighed: bool = False) -> pa.Schema:
    """What a kernel returns: a shard's columns, then `reason` and `detail`.

    A refused row has both, and null for its contents and notes; a kept row has neither.
    """
    verdict = [("reason", pa.string()), ("detail", pa.string())]
    return pa.schema([*shard_schema(kind, form, weighed), *verdict])
