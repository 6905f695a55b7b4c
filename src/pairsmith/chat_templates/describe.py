"""Descriptions of templates: one turn of each, and how one compiled."""

from __future__ import annotations

from typing import Any

from pairsmith.chat_templates.builtin import FAMILIES, built_in
from pairsmith.chat_templates.environment import make_environment
from pairsmith.schema.templates import Compiled, Layout

PLACES = ("opens", "user → assistant", "assistant → user", "user → assistant, last", "closes")
"""The segments of a conversation of two turns each."""


def list_built_in() -> list[dict[str, str]]:
    """The built-in templates: `name`, `model`, `source`, and `turn`, one turn as an example."""
    return [
        {
            "name": name,
            "model": family.model,
            "source": family.source,
            "turn": render_one_turn(name),
        }
        for name, family in FAMILIES.items()
    ]


def render_one_turn(name: str) -> str:
    """A built-in template's text for one question and its answer."""
    template = built_in(name)
    messages = [
        {"role": "user", "content": "QUESTION"},
        {"role": "assistant", "content": "ANSWER"},
    ]
    environment = make_environment()  # our own template needs no process of its own
    return environment.from_string(template.source).render(
        messages=messages, add_generation_prompt=False, **dict(template.tokens)
    )


def describe(compiled: Compiled, by: str) -> dict[str, Any]:
    """How a template compiled, as JSON can hold it.

    Args:
        compiled: The template.
        by: Whose Jinja environment renders it.

    Returns:
        `name`, `rendered_by`, `tokens`, `adds_bos`, `date`, `control`, `overhang` (the generation
        suffix); `plain` and `system`: the segments of conversations without and with a system
        turn, or under
        `fault` why there are none; `by_jinja`: strings of which a content that holds one is
        rendered by Jinja.
    """
    template = compiled.template
    return {
        "name": template.name,
        "rendered_by": by,
        "tokens": dict(template.tokens),
        "adds_bos": template.adds_bos,
        "date": template.date,
        "overhang": compiled.generation_suffix,
        "control": list(template.control),
        "plain": _layout(compiled, False),
        "system": _layout(compiled, True),
        "by_jinja": [
            text for text in compiled.triggers if text not in (template.bos, template.eos)
        ],
    }


def _layout(compiled: Compiled, system: bool) -> dict[str, Any]:
    if system not in compiled.layouts:
        return {"fault": compiled.faults[system]}
    layout = compiled.layouts[system]
    trims = {role: trim.value if trim else "by Jinja" for role, trim in layout.trims.items()}
    return {
        "text": _places(layout, system),
        "prompt_ends": layout.generation.of(1 + system)[-1],
        "white_space": trims,
        "in_a_dataset": {
            "opens": compiled.dataset_segments[system].prompt.of(1 + system)[0],
            "closes": compiled.dataset_segments[system].reply.of(2 + system)[-1],
        },
    }


def _places(layout: Layout, system: bool) -> dict[str, str]:
    """The segments of a conversation of two turns each, by their place."""
    held = layout.full.of(4 + system)
    seat = 1 if layout.system_back is None else 4 - layout.system_back
    behind = ("behind the system text",) if system else ()
    return dict(zip((*PLACES[:seat], *behind, *PLACES[seat:]), held, strict=True))
