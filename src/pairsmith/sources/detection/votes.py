"""What one row looks like, told by its fields and what they hold: a shape of `columnar.shapes`."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa

from pairsmith.sources.columnar.comparisons import TRANSCRIPT_START
from pairsmith.sources.columnar.shapes import HH, SHAPES, Shape

TEXTS, UNPAIRED = "two texts", "unpaired"
"""What rows may look like that are no shape."""

OF_UNPAIRED = {"label", "completion", "messages"}
_PROMPTS = {"prompt", "question", "instruction", "messages", "conversations", "input"}
"""Fields that hold a prompt, in this shape or that."""

_MARKED = re.compile(TRANSCRIPT_START, re.ASCII)
_BY_FIELDS = (
    "openai",
    "nemo-rl",
    "sharegpt",
    "axolotl",
    "ms-swift",
    "trl",
    "ultrafeedback",
    "trl-implicit",
    "alpaca-output",
    "alpaca",
    "trl-text",
    "hh",
)
"""The order in which fields are compared: a shape whose fields are another's and more is first."""
_BESIDE = {
    "ms-swift": {"rejected_response", "rejected_messages"},
    "ultrafeedback": {"prompt"},
}
"""Fields that no row need have, of which a row that tells its shape has at least one."""


def looks_like(row: dict[str, Any]) -> str | None:
    """The name of a row's shape, `TEXTS`, `UNPAIRED`, or None."""
    given = {name: value for name, value in row.items() if value is not None}
    texts = all(isinstance(given.get(name), str) for name in HH.required)
    if texts and any(_MARKED.match(given[name]) for name in HH.required):
        return HH.name
    name = next((name for name in _BY_FIELDS if _fits(given, SHAPES[name])), None)
    if name == HH.name:  # a prompt in another form is no prompt that is missing
        return None if given.keys() & _PROMPTS else TEXTS
    if name == "trl-text" and _MARKED.match(given["prompt"]):
        return "hh-prompt"
    if name == "trl-implicit" and "prompt" in given:
        return None
    if name is None and "label" in given and ("completion" in given or "messages" in given):
        return UNPAIRED
    return name


def _fits(given: dict[str, Any], shape: Shape) -> bool:
    if shape.name in _BESIDE and not given.keys() & _BESIDE[shape.name]:
        return False
    fields = [field for field in shape.fields if field.name in given]
    return set(shape.required) <= given.keys() and all(
        _is_a(given[field.name], field.type) for field in fields
    )


def _is_a(value: Any, wanted: pa.DataType) -> bool:
    """Whether a value looks like a type; what a message's content is does not matter here."""
    if pa.types.is_list(wanted):
        return isinstance(value, list) and all(_is_a(v, wanted.value_type) for v in value[:1])
    if pa.types.is_struct(wanted):
        return isinstance(value, dict) and wanted.field(0).name in value
    return isinstance(value, str)
