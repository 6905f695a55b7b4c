"""Transcripts: texts in which a mark such as `Human:` says who speaks."""

from __future__ import annotations

from collections.abc import Sequence

from pairsmith.schema.messages import Message
from pairsmith.sources.literals import malformed

EXTRA_ID = "extra-id"


def recognise_marks(texts: Sequence[str], role: str, nearly_all: float) -> str | None:
    """The marks of nearly all texts; None where there are none."""
    return None


def read_marked(text: str, at: str, marks: str, speaker: str) -> list[Message]:
    """The messages of a transcript."""
    raise malformed(f"{at} is a transcript with the marks {marks}")
