"""Reasons, notes and policies: why a row was quarantined, what holds of a kept one."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a row was quarantined: the first that applies, in this order, on stripped contents."""

    MALFORMED = "malformed"
    UNREAD_CONTENT = "unread_content"
    UNPAIRED = "unpaired"
    TIE = "tie"
    SMALL_MARGIN = "small_margin"
    WEAK_PREFERENCE = "weak_preference"
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
    DOUBTED = "doubted"
    ANNOTATED = "annotated"


class Note(StrEnum):
    """Something true of a kept row; any number of them may hold.

    A row that a policy kept or repaired carries, besides these, the name of the `Reason` that
    was overruled.
    """

    ROLE_MARKER_IN_TEXT = "role_marker_in_text"
    TRUNCATED_MARKER = "truncated_marker"
    NEAR_EMPTY_REPLY = "near_empty_reply"
    ASSISTANT_OPENS = "assistant_opens"
    SCORE_CONTRADICTS = "score_contradicts"
    REASONING_LEFT_OUT = "reasoning_left_out"
    LABEL_FLIPPED = "label_flipped"
    LABEL_SMOOTHED = "label_smoothed"
    SCORE_FILLED = "score_filled"
    TASK_SCORE_FILLED = "task_score_filled"
    MENDED = "mended"
    MENDED_ENCODING = "mended_encoding"
    MENDED_LINE_ENDS = "mended_escaped_line_end"
    MENDED_TAGS = "mended_html_tag"
    MENDED_ENTITIES = "mended_html_entity"
    MENDED_ZERO_WIDTH = "mended_zero_width"
    MENDED_BIDIRECTIONAL = "mended_bidirectional"


class Policy(StrEnum):
    """What a recipe does with the rows of one reason."""

    QUARANTINE = "quarantine"
    KEEP = "keep"
    MERGE = "merge"
    ESCAPE = "escape"


POLICIES: dict[Reason, tuple[Policy, ...]] = {
    Reason.MALFORMED: (Policy.QUARANTINE,),
    Reason.UNREAD_CONTENT: (Policy.QUARANTINE,),
    Reason.UNPAIRED: (Policy.QUARANTINE,),
    Reason.TIE: (Policy.QUARANTINE,),
    Reason.SMALL_MARGIN: (Policy.QUARANTINE,),
    Reason.WEAK_PREFERENCE: (Policy.QUARANTINE,),
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
    Reason.DOUBTED: (Policy.QUARANTINE,),
    Reason.ANNOTATED: (Policy.QUARANTINE,),
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

FILL_NOTES = (Note.SCORE_FILLED, Note.TASK_SCORE_FILLED)
"""The notes of dialogues that a recipe gives scores."""

MENDS: dict[str, Note] = {
    "encoding": Note.MENDED_ENCODING,
    "escaped_line_end": Note.MENDED_LINE_ENDS,
    "html_tag": Note.MENDED_TAGS,
    "html_entity": Note.MENDED_ENTITIES,
    "zero_width": Note.MENDED_ZERO_WIDTH,
    "bidirectional": Note.MENDED_BIDIRECTIONAL,
}
"""The kinds of damage that a recipe may mend, in the order in which they are, and their notes."""

EXPLANATIONS: dict[Reason | Note, str] = {
    Reason.MALFORMED: "not JSON, a field missing or not text, no turn marker, or text before it",
    Reason.UNREAD_CONTENT: "a field that decides what the pair means cannot be read",
    Reason.UNPAIRED: "the prompt has no second reply to compare with",
    Reason.TIE: "neither reply is said to be better",
    Reason.SMALL_MARGIN: "one reply is better by less than `--min-margin`",
    Reason.WEAK_PREFERENCE: "who preferred one reply did so by no more than `--drop-weak`",
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
    Reason.DOUBTED: "a judge doubts the label, and such rows were to go",
    Reason.ANNOTATED: "an annotation names the row, and was applied",
    Note.ROLE_MARKER_IN_TEXT: "`Human:` or `Assistant:` stands inside a content",
    Note.TRUNCATED_MARKER: "a reply ends in a turn marker without its colon",
    Note.NEAR_EMPTY_REPLY: "a reply of at most 3 characters, or without a letter or digit",
    Note.ASSISTANT_OPENS: "the first turn, but for a system turn, is the assistant's",
    Note.SCORE_CONTRADICTS: "the source's own scores say that the rejected reply is better",
    Note.REASONING_LEFT_OUT: "the template leaves out the reasoning of earlier turns, by design",
    Note.LABEL_FLIPPED: "chosen and rejected were exchanged: a model doubted the label",
    Note.LABEL_SMOOTHED: "a model doubted the label: see `label_confidence`",
    Note.SCORE_FILLED: "`min_harmlessness_score_transcript` is an annotation's, not the source's",
    Note.TASK_SCORE_FILLED: "the same of `task_description_harmlessness_score`",
    Note.MENDED: "damaged text was mended, of one kind or several",
    Note.MENDED_ENCODING: "text that was read in the wrong encoding was mended",
    Note.MENDED_LINE_ENDS: "line ends that stood as two characters were mended",
    Note.MENDED_TAGS: "tags of HTML were taken out",
    Note.MENDED_ENTITIES: "entities of HTML were turned into characters",
    Note.MENDED_ZERO_WIDTH: "characters without a width were taken out",
    Note.MENDED_BIDIRECTIONAL: "marks of direction were taken out",
}
