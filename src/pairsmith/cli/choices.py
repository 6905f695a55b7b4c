"""What there is to choose from, plugins included, as the registries have it."""

from __future__ import annotations

import re
from importlib import import_module

REGISTRIES = {
    "engines": ("pairsmith.engines", "ENGINES"),
    "dialogue_questions": ("pairsmith.exploring.questions", "OF_DIALOGUES"),
    "formats": ("pairsmith.sources.formats", "FORMATS"),
    "pair_questions": ("pairsmith.exploring.questions", "OF_PAIRS"),
    "notes": ("pairsmith.schema.reasons", "Note"),
    "questions": ("pairsmith.auditing.questions", "QUESTIONS"),
    "reasons": ("pairsmith.schema.reasons", "Reason"),
    "shapes": ("pairsmith.sources.detection.describe", "NAMES"),
    "token_trainers": ("pairsmith.tokens.preview", "TRAINERS"),
    "trainers": ("pairsmith.exporting", "TRAINERS"),
}
"""What may stand in braces in an option's help: the module and the registry whose names it is."""


def fill(text: str) -> str:
    """A help text with the names of registries in place of what stands in braces."""
    return re.sub(r"\{(\w+)\}", _names, text)


def _names(match: re.Match[str]) -> str:
    module, name = REGISTRIES[match[1]]
    *names, last = getattr(import_module(module), name)
    return f"{', '.join(names)} or {last}"
