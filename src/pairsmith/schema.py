"""The vocabulary as code: reasons, notes, policies, chat templates, the Arrow schemas."""

from __future__ import annotations

from collections.abc import Sequence
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
    TEMPLATE_ERROR = "template_error"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    LEAK = "leak"
    FLIPPED = "flipped"


class Note(StrEnum):
    """Something true of a kept row; any number of them may hold.

    A row that a policy kept or repaired carries, besides these, the name of the `Reason` that
    was overruled.
    """

    ROLE_MARKER_IN_TEXT = "role_marker_in_text"
    TRUNCATED_MARKER = "truncated_marker"
    NEAR_EMPTY_REPLY = "near_empty_reply"
    LABEL_FLIPPED = "label_flipped"
    LABEL_SMOOTHED = "label_smoothed"


class Policy(StrEnum):
    """What a recipe does with the rows of one reason."""

    QUARANTINE = "quarantine"
    KEEP = "keep"
    MERGE = "merge"
    ESCAPE = "escape"


POLICIES: dict[Reason, tuple[Policy, ...]] = {
    Reason.MALFORMED: (Policy.QUARANTINE,),
    Reason.NO_REPLY: (Policy.QUARANTINE,),
    Reason.PROMPT_MISMATCH: (Policy.QUARANTINE,),
    Reason.BAD_ROLES: (Policy.QUARANTINE, Policy.KEEP, Policy.MERGE),
    Reason.EMPTY_TURN: (Policy.QUARANTINE, Policy.KEEP),
    Reason.EMPTY_REPLY: (Policy.QUARANTINE, Policy.KEEP),
    Reason.IDENTICAL: (Policy.QUARANTINE, Policy.KEEP),
    Reason.CONTROL_TOKEN: (Policy.QUARANTINE, Policy.KEEP, Policy.ESCAPE),
    Reason.TEMPLATE_ERROR: (Policy.QUARANTINE,),
    Reason.DUPLICATE: (Policy.QUARANTINE,),
    Reason.NEAR_DUPLICATE: (Policy.QUARANTINE,),
    Reason.LEAK: (Policy.QUARANTINE,),
    Reason.FLIPPED: (Policy.QUARANTINE,),
}
"""The policies each reason admits, the default first. Where no pair exists, none can be kept."""

DROPS: dict[str, Reason] = {
    "duplicates": Reason.DUPLICATE,
    "near": Reason.NEAR_DUPLICATE,
    "leaks": Reason.LEAK,
    "flipped": Reason.FLIPPED,
}
"""What a recipe may drop, by the question that finds it, and the reason that such rows get.

These reasons are found among all rows, and hold only where a recipe asks for it.
"""

LABEL_NOTES = (Note.LABEL_FLIPPED, Note.LABEL_SMOOTHED)
"""The notes that a recipe's action on labels gives."""

EXPLANATIONS: dict[Reason | Note, str] = {
    Reason.MALFORMED: "not JSON, a field missing or not text, no turn marker, or text before it",
    Reason.NO_REPLY: "a side does not end in an assistant turn",
    Reason.PROMPT_MISMATCH: "the turns before the last one differ between the sides",
    Reason.BAD_ROLES: "the prompt is not user, assistant, …, user",
    Reason.EMPTY_TURN: "a prompt turn is blank",
    Reason.EMPTY_REPLY: "a reply is blank",
    Reason.IDENTICAL: "chosen and rejected are the same",
    Reason.CONTROL_TOKEN: "a content holds control text of the template",
    Reason.TEMPLATE_ERROR: "the chat template refuses the conversation",
    Reason.DUPLICATE: "the same pair stands elsewhere, and was to be kept once",
    Reason.NEAR_DUPLICATE: "nearly the same pair stands elsewhere, and was to be kept once",
    Reason.LEAK: "the conversation of a row of test stands in this row of train",
    Reason.FLIPPED: "another row says the opposite of the same two replies",
    Note.ROLE_MARKER_IN_TEXT: "`Human:` or `Assistant:` stands inside a content",
    Note.TRUNCATED_MARKER: "a reply ends in a turn marker without its colon",
    Note.NEAR_EMPTY_REPLY: "a reply of at most 3 characters, or without a letter or digit",
    Note.LABEL_FLIPPED: "chosen and rejected were exchanged: a model doubted the label",
    Note.LABEL_SMOOTHED: "a model doubted the label: see `label_confidence`",
}


class Kind(StrEnum):
    """What a row is: two transcripts with a preference, or one transcript with scores."""

    PAIRS = "pairs"
    DIALOGUES = "dialogues"


class Form(StrEnum):
    """How contents are written: as rendered text, or as lists of messages."""

    TEXT = "text"
    MESSAGES = "messages"


class Trim(StrEnum):
    """What a template does to white space around a content."""

    NONE = "none"
    BOTH = "both"
    LEFT = "left"
    RIGHT = "right"


class Origin(StrEnum):
    """What a source is known to be; decides what its card says of licence and citation."""

    HH = "hh-rlhf"
    SAMPLE = "sample"
    OTHER = "other"


class Conversation(NamedTuple):
    """What a chat template renders.

    Attributes:
        messages: Each `{"role": …, "content": …}`.
        generation: Whether the text is to end where the assistant's reply begins.
    """

    messages: list[dict[str, str]]
    generation: bool = False


class Refusal(NamedTuple):
    """What a chat template said against a conversation, in place of a text."""

    message: str


@dataclass(frozen=True)
class Template:
    """A model's chat template.

    Attributes:
        name: What the command line calls it.
        source: The Jinja source.
        tokens: The special tokens that it is given, by name, such as `bos_token`; sorted.
        control: Strings that a content must not hold, since a tokenizer or a model reads them
            as control text.
        adds_bos: Whether the tokenizer puts the beginning-of-sequence token in front of a text.
        date: The day that a template which asks for it is told, as `2026-01-31`; else None.
    """

    name: str
    source: str
    tokens: tuple[tuple[str, str], ...] = ()
    control: tuple[str, ...] = ()
    adds_bos: bool = True
    date: str | None = None

    @property
    def bos(self) -> str:
        """The beginning-of-sequence token; empty where it has none."""
        return dict(self.tokens).get("bos_token", "")

    @property
    def eos(self) -> str:
        """The end-of-sequence token; empty where it has none."""
        return dict(self.tokens).get("eos_token", "")

    def opened(self, text: str) -> str:
        """A text without the beginning-of-sequence token that the tokenizer puts before it."""
        return text.removeprefix(self.bos) if self.adds_bos else text

    def closed(self, text: str) -> str:
        """A text without white space behind the end-of-sequence token that it ends with.

        A trainer that does not find the token at the very end adds another.
        """
        bare = text.rstrip()
        return bare if self.eos and bare.endswith(self.eos) else text


def common_start(texts: Sequence[str]) -> str:
    """What all of these texts begin with, by characters."""
    low, high = min(texts), max(texts)
    pairs = enumerate(zip(low, high, strict=False))
    return low[: next((place for place, (a, b) in pairs if a != b), len(low))]


class Joints(NamedTuple):
    """The constant text before, between and behind the contents of conversations.

    A conversation of m contents has joints 0 to m. Short ones are held one by one. In a longer
    one, the first joints are those of `head`, the last those of `tail`, and the ones between are
    those of `middle` in turn.

    Attributes:
        short: For a number of contents, its joints.
        head, middle, tail: Of every longer conversation.
    """

    short: dict[int, tuple[str, ...]]
    head: tuple[str, ...]
    middle: tuple[str, str]
    tail: tuple[str, ...]

    def of(self, contents: int) -> tuple[str, ...]:
        """The joints of a conversation of so many contents."""
        if contents in self.short:
            return self.short[contents]
        between = range(contents + 1 - len(self.head) - len(self.tail))
        return (*self.head, *(self.middle[place % 2] for place in between), *self.tail)


class Layout(NamedTuple):
    """How a template lays out conversations that begin alike: with or without a system turn.

    Attributes:
        whole: Around the contents of one that ends in a reply.
        asked: Around those of one that ends with the user.
        prompt: The same, ending where the assistant's reply begins.
        system_back: None where the system text comes first; else the number of contents that
            follow it where the user speaks last.
        trims: For `user`, `assistant` and `system`, what becomes of white space around a
            content; None where that is not simple.
        blanks: The roles that may have an empty content.
    """

    whole: Joints
    asked: Joints
    prompt: Joints
    system_back: int | None
    trims: dict[str, Trim | None]
    blanks: frozenset[str]


class Texts(NamedTuple):
    """The joints of a dataset's texts: those of a layout, `opened` and `closed`.

    Attributes:
        prompt: Around the contents of a prompt, up to where its reply begins.
        reply: Of whole conversations; the last two joints are those around the reply.
        whole, asked: Around the contents of dialogues, which end with a reply or with the user.
    """

    prompt: Joints
    reply: Joints
    whole: Joints
    asked: Joints


@dataclass(frozen=True)
class Compiled:
    """A chat template as constant strings.

    Attributes:
        template: What was compiled.
        layouts: For conversations with a system turn (True) and without (False); the one is
            missing that the template refuses, or that constant strings do not describe.
        guards: A content that holds one of these is rendered by Jinja: the template looks for it.
        faults: For a layout that is missing, why.
        texts: The joints of a dataset's texts, by layout.
        overhang: What a prompt ends in, rendered for generation, that no finished reply begins
            with, as `<think>`; mostly empty.
    """

    template: Template
    layouts: dict[bool, Layout]
    guards: tuple[str, ...]
    faults: dict[bool, str]
    texts: dict[bool, Texts]
    overhang: str


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


FATES = pa.schema(
    [
        ("id", pa.string()),
        ("fate", pa.string()),
        ("detail", pa.string()),
        ("confidence", pa.float64()),
    ]
)
"""What becomes of rows that would be kept: those that something becomes of, a row each.

`fate` is one of the reasons of `DROPS`, with a `detail`, or one of `LABEL_NOTES`, with a
`confidence`: the probability that the label as written is right. Of `detail` and `confidence` the
other is null.
"""

CONFIDENCE = "label_confidence"


def shard_schema(kind: Kind, form: Form, weighed: bool = False) -> pa.Schema:
    """The columns of a shard.

    Pairs: `id`, `prompt`, `chosen`, `rejected`, `notes`, and `label_confidence`, from 0 to 1,
    where labels were weighed. Dialogues: `id`, then `text` or `messages`, the scores, `notes`.
    Nothing is null but scores.
    """
    content = pa.string() if form == Form.TEXT else MESSAGES
    notes = ("notes", pa.list_(pa.string()))
    if kind == Kind.PAIRS:
        sides = [(name, content) for name in ("prompt", "chosen", "rejected")]
        weight = [(CONFIDENCE, pa.float64())] if weighed else []
        return pa.schema([("id", pa.string()), *sides, notes, *weight])
    return pa.schema([("id", pa.string()), (form.value, content), *DIALOGUE_SCORES, notes])


def kernel_schema(kind: Kind, form: Form, weighed: bool = False) -> pa.Schema:
    """What a kernel returns: a shard's columns, then `reason` and `detail`.

    A refused row has both, and null for its contents and notes; a kept row has neither.
    """
    verdict = [("reason", pa.string()), ("detail", pa.string())]
    return pa.schema([*shard_schema(kind, form, weighed), *verdict])
