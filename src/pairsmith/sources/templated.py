"""Text that a chat template has written: which format it is in, and its turns taken apart again."""

from __future__ import annotations

from collections.abc import Sequence

from pairsmith.schema.messages import Message
from pairsmith.sources.literals import malformed


def recognise_format(texts: Sequence[str], role: str, nearly_all: float) -> str | None:
    """The name of the format that nearly all texts are in; None where there is none."""
    return None


def read_templated(text: str, at: str, format: str, speaker: str) -> list[Message]:
    """The messages of a text in a format."""
    raise malformed(f"{at} is text in the format {format}")
