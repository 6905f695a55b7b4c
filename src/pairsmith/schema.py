"""The vocabulary as code: reasons, notes, policies, the compiled template, the Arrow schemas."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import pyarrow as pa


class Reason(StrEnum):
    """Why a row was quarantined: the first that applies, in this order, on stripped contents."""

    MALFORMED = "malformed"
    NO_REPLY = "no_reply"
    PROMPT_MISMATCH = "prompt_mismatch"
    BAD_ROLES = "bad_roles"
    EMPTY_TURN = "empty_turn"
    EMPTY_REPLY = "empty_reply"
    IDENTICAL = "identical"
    CONTROL_TOKEN = "control_token"  # noqa: S105


class Note(StrEnum):
    """Something true of a kept row; any number of them may hold.

    A row that a policy kept or repaired carries, besides these, the name of the `Reason` that
    was overruled.
    """

    ROLE_MARKER_IN_TEXT = "role_marker_in_text"
    TRUNCATED_MARKER = "truncated_marker"
    NEAR_EMPTY_REPLY = "near_empty_reply"


class Policy(StrEnum):
    """What a recipe does with the rows of one reason."""

    QUARANTINE = "quarantine"
    KEEP = "keep"
    MERGE = "merge"


POLICIES: dict[Reason, tuple[Policy, ...]] = {
    Reason.MALFORMED: (Policy.QUARANTINE,),
    Reason.NO_REPLY: (Policy.QUARANTINE,),
    Reason.PROMPT_MISMATCH: (Policy.QUARANTINE,),
    Reason.BAD_ROLES: (Policy.QUARANTINE, Policy.KEEP, Policy.MERGE),
    Reason.EMPTY_TURN: (Policy.QUARANTINE, Policy.KEEP),
    Reason.EMPTY_REPLY: (Policy.QUARANTINE, Policy.KEEP),
    Reason.IDENTICAL: (Policy.QUARANTINE, Policy.KEEP),
    Reason.CONTROL_TOKEN: (Policy.QUARANTINE, Policy.KEEP),
}
"""The policies each reason admits, the default first. Where no pair exists, none can be kept."""

EXPLANATIONS: dict[Reason | Note, str] = {
    Reason.MALFORMED: "not JSON, a field missing or not text, no turn marker, or text before it",
    Reason.NO_REPLY: "a side does not end in an assistant turn",
    Reason.PROMPT_MISMATCH: "the turns before the last one differ between the sides",
    Reason.BAD_ROLES: "the prompt is not user, assistant, …, user",
    Reason.EMPTY_TURN: "a prompt turn is blank",
    Reason.EMPTY_REPLY: "a reply is blank",
    Reason.IDENTICAL: "chosen and rejected are the same",
    Reason.CONTROL_TOKEN: "a content holds control text of the template",
    Note.ROLE_MARKER_IN_TEXT: "`Human:` or `Assistant:` stands inside a content",
    Note.TRUNCATED_MARKER: "a reply ends in a turn marker without its colon",
    Note.NEAR_EMPTY_REPLY: "a reply of at most 3 characters, or without a letter or digit",
}


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


class Wrap(NamedTuple):
    """The constant text before and after one content."""

    before: str
    after: str


@dataclass(frozen=True)
class Template:
    """A chat template in compiled form: the constant strings around contents.

    Attributes:
        name: What the command line calls it.
        bos: Beginning-of-sequence text. A text build leaves out the one that opens a row,
            because the tokenizer adds it.
        eos: End-of-sequence text.
        user: Around a user turn.
        assistant: Around an assistant turn.
        system: Around a system text, which is joined to the first user turn; the join is then
            stripped.
        control: Strings that a content must not hold.
    """

    name: str
    bos: str
    eos: str
    user: Wrap
    assistant: Wrap
    system: Wrap
    control: tuple[str, ...]


MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))

PAIR_TRANSCRIPTS = pa.schema([("chosen", pa.string()), ("rejected", pa.string())])
"""The fields of a row of pairs, as released. Neither may be null."""

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
    transcripts = [("transcript", pa.string())] if kind == Kind.DIALOGUES else sides
    scores = DIALOGUE_SCORES if kind == Kind.DIALOGUES else []
    return pa.schema([("id", pa.string()), *transcripts, *scores, ("fault", pa.string())])


def shard_schema(kind: Kind, form: Form) -> pa.Schema:
    """The columns of a shard.

    Pairs: `id`, `prompt`, `chosen`, `rejected`, `notes`. Dialogues: `id`, then `text` or
    `messages`, the scores, `notes`. Nothing is null but scores.
    """
    content = pa.string() if form == Form.TEXT else MESSAGES
    notes = ("notes", pa.list_(pa.string()))
    if kind == Kind.PAIRS:
        sides = [(name, content) for name in ("prompt", "chosen", "rejected")]
        return pa.schema([("id", pa.string()), *sides, notes])
    return pa.schema([("id", pa.string()), (form.value, content), *DIALOGUE_SCORES, notes])


def kernel_schema(kind: Kind, form: Form) -> pa.Schema:
    """What a kernel returns: a shard's columns, then `reason` and `detail`.

    A refused row has both, and null for its contents and notes; a kept row has neither.
    """
    verdict = [("reason", pa.string()), ("detail", pa.string())]
    return pa.schema([*shard_schema(kind, form), *verdict])
