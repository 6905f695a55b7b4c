"""What a template renders of the first conversations: whether it is one, and how prompts end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pairsmith.chat_templates.probes import Jinja, plain_probes, without_marks
from pairsmith.errors import RecipeError
from pairsmith.schema.templates import (
    Conversation,
    Refusal,
    Template,
    probe_text,
    prompt_end,
)

FIRST_PROBES = [
    probe for system in (False, True) for turns in (1, 2) for probe in plain_probes(system, turns)
]
"""What is rendered first: with and without a system turn a question, that as a prompt, and its
answer."""


def render_first(template: Template, jinja: Jinja) -> list[str | Refusal]:
    """Checks that the template renders something, and what messages say.

    Returns:
        What it renders of `FIRST_PROBES`.

    Raises:
        RecipeError: It renders nothing, takes only lists of parts, or leaves out contents.
    """
    texts = jinja([probe.conversation for probe in FIRST_PROBES])
    refusals = [text.message for text in texts if isinstance(text, Refusal)]
    told = any(
        all(content in text for content in probe.contents)
        for probe, text in zip(FIRST_PROBES, texts, strict=True)
        if isinstance(text, str)
    )
    if told:
        return texts
    parts: Any = [{"type": "text", "text": probe_text(0)}]  # what vision models take for a text
    [seen] = jinja([Conversation([{"role": "user", "content": parts}])])
    if isinstance(seen, str) and probe_text(0) in seen:
        raise RecipeError(
            f"The template {template.name} takes contents as lists of parts: it is a vision "
            "template, for text beside images.",
            "Name the template of a text model.",
        )
    if len(refusals) == len(texts):
        said = without_marks(refusals[0], "…").rstrip(".")
        raise RecipeError(
            f"The template {template.name} refuses every conversation: {said}.",
            "Mend it, or name another template.",
        )
    raise RecipeError(
        f"The template {template.name} does not write what messages say.",
        "Is it a chat template?",
    )


def find_generation_suffix(texts: Sequence[str | Refusal], marks: Sequence[str]) -> str:
    """The generation suffix, of what is rendered of `FIRST_PROBES`; see `Compiled`."""
    plain, system = (
        _suffix(texts[place], texts[place + 1], probe_text(reply), marks)
        for place, reply in ((1, 1), (4, 2))
    )
    return plain or system


def _suffix(prompt: str | Refusal, whole: str | Refusal, reply: str, marks: Sequence[str]) -> str:
    """What a prompt for generation ends in where the whole conversation goes on otherwise."""
    if isinstance(prompt, Refusal) or isinstance(whole, Refusal):
        return ""
    front, *_ = whole.partition(reply)
    return without_marks(prompt[prompt_end([prompt, front], marks) :], "…")
