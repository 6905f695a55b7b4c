"""Fallback triggers: strings that a template treats otherwise than other text.

A content that holds one is rendered by Jinja.
"""

from __future__ import annotations

from collections.abc import Iterable

from pairsmith.chat_templates.literals import assemble
from pairsmith.chat_templates.probes import Jinja, filled_probes
from pairsmith.chat_templates.sandbox import TemplateInfo
from pairsmith.schema.templates import Layout, Template

MAX_LITERAL_CHARS, MAX_LITERALS = 200, 400
"""Longer strings are text to write, not text to look for; a template with more is not compiled."""

MAX_PAIRED = 30
"""At most this many strings that contents are compared with are tried together, two by two."""


def find_triggers(
    jinja: Jinja, layouts: dict[bool, Layout], info: TemplateInfo, template: Template
) -> list[str]:
    """The strings that the template treats otherwise than other text.

    Each is tried at every place of a content, alone, and in capitals; a single character at
    either end. Of those that contents are compared with, every two are tried together, since a
    template may look for both.
    """
    if not layouts:
        return []
    texts = [*info.texts, *dict(template.tokens).values(), *_characters(info.tested)]
    texts = [text for text in dict.fromkeys(texts) if 0 < len(text) <= MAX_LITERAL_CHARS]
    found = _harmful(jinja, layouts, {text: _places_of(text) for text in texts})
    tested = [text for text in info.tested if text.strip() and len(text) <= MAX_LITERAL_CHARS]
    rest = [text for text in tested if len(text) > 1 and text not in found][:MAX_PAIRED]
    pairs = {first: [f"{first}qWZq{second}" for second in rest] for first in rest}
    found += _harmful(jinja, layouts, pairs, turned=False)
    return [text.strip() or text for text in found]


def _characters(texts: Iterable[str]) -> list[str]:
    """The single characters of short strings, of which a template may strip any."""
    return sorted({c for text in texts if len(text) <= MAX_PAIRED for c in text if not c.isalnum()})


def _places_of(text: str) -> list[str]:
    """Contents that hold a string, in its own case and in others."""
    if len(text) == 1:
        return [f"{text}qWZq", f"qWZq{text}", f"{text}qWZq{text}", f"qW{text}Zq"]
    kinds = [f"{text}qWZq", f"qWZq{text}", f"qW {text} Zq", text.strip() or "qWZq"]
    other = dict.fromkeys((text.lower(), text.upper(), text.title()))
    return [*kinds, *(f"qW {t} Zq" for t in other if t != text)]


def _harmful(
    jinja: Jinja,
    layouts: dict[bool, Layout],
    trials: dict[str, list[str]],
    turned: bool = True,
) -> list[str]:
    """Those strings in whose contents, each at each turn if asked, a layout and Jinja differ."""
    offered = [
        (text, layout, probe)
        for text, contents in trials.items()
        for system, layout in layouts.items()
        for turn in range(len(contents))
        for probe in filled_probes(
            system, [*contents[turn:], *contents[:turn]] if turned else [contents[turn]]
        )
    ]
    texts = jinja([probe.conversation for _, _, probe in offered])
    harmful = {
        text
        for (text, layout, probe), rendered in zip(offered, texts, strict=True)
        if assemble(layout, probe) not in (rendered, None)
    }
    return [text for text in trials if text in harmful]
