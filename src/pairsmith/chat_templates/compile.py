"""Chat templates to constant strings, by rendering probe conversations.

A template is rendered on conversations of several lengths whose contents are marks that occur
nowhere else; what stands between the marks are its constants. Then it is offered contents of
every awkward kind, its own strings above all: those that it treats otherwise become fallback
triggers, and a content that holds one is left to Jinja. What constants do not describe is
not compiled, and says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any

from pairsmith.chat_templates.content_probes import check_awkward, find_blanks, find_trims
from pairsmith.chat_templates.literals import (
    Uncompiled,
    extract_segments,
    fit,
    make_dataset_segments,
    system_place,
)
from pairsmith.chat_templates.probes import LENGTHS, Jinja, mark, plain_probes, roles_of
from pairsmith.chat_templates.sandbox import TemplateInfo
from pairsmith.chat_templates.triggers import MAX_LITERALS, find_triggers
from pairsmith.errors import RecipeError
from pairsmith.schema.templates import (
    Compiled,
    Conversation,
    Layout,
    Refusal,
    Template,
    common_start,
)

MAX_CONSTANT_CHARS = 200_000
"""At most this many characters may a template write around the contents of a probe."""

MAX_MINUTES = 2
"""At most this long may compiling take."""

CLOCK_EVERY = 256
"""The number of conversations after which the clock is checked."""

REFUSES = "it refuses them: "
"""How the fault of a layout begins that the template does not want."""


def compile_template(template: Template, jinja: Jinja, info: TemplateInfo) -> Compiled:
    """Compiles a template.

    Args:
        template: The template.
        jinja: Renders it.
        info: What its source shows.

    Raises:
        RecipeError: It refuses every conversation, does not write what messages say or not the
            same twice, writes far more than they say, or takes minutes.
    """
    if info.chance:
        raise RecipeError(
            f"The template {template.name} uses {', '.join(info.chance)}: it does not write the "
            "same twice.",
            "Name another template.",
        )
    jinja = _bounded(template, jinja)
    layouts: dict[bool, Layout] = {}
    faults: dict[bool, str] = {}
    generation_suffix = _check_renders(template, jinja)
    for system in (False, True):
        try:
            layouts[system] = _lay_out(jinja, system, info)
        except Uncompiled as fault:
            faults[system] = str(fault)
    triggers = (
        *find_triggers(jinja, layouts, info, template),
        *filter(None, (template.bos, template.eos)),
    )
    joined = {
        system: make_dataset_segments(layout, template, system)
        for system, layout in layouts.items()
    }
    return Compiled(
        template, layouts, tuple(dict.fromkeys(triggers)), faults, joined, generation_suffix
    )


def _bounded(template: Template, jinja: Jinja) -> Jinja:
    """The same renderer, with bounds on what it writes and on the time of all calls together."""
    until = monotonic() + 60 * MAX_MINUTES

    def render(conversations: Sequence[Conversation]) -> list[str | Refusal]:
        starts = range(0, len(conversations), CLOCK_EVERY)
        parts = (conversations[start : start + CLOCK_EVERY] for start in starts)
        return [text for part in parts for text in render_part(part)]

    def render_part(conversations: Sequence[Conversation]) -> list[str | Refusal]:
        texts = jinja(conversations)
        for conversation, text in zip(conversations, texts, strict=True):
            said = sum(len(message["content"]) for message in conversation.messages)
            if isinstance(text, str) and len(text) > said + MAX_CONSTANT_CHARS:
                raise RecipeError(
                    f"The template {template.name} writes {len(text):,} characters around "
                    f"{said:,}.",
                    "Is it a chat template?",
                )
        if monotonic() > until:
            raise RecipeError(
                f"The template {template.name} took more than {MAX_MINUTES} minutes to compile.",
                "It computes too much. Name another template.",
            )
        return texts

    return render


def _check_renders(template: Template, jinja: Jinja) -> str:
    """Checks that the template renders something, and what messages say.

    Returns:
        The generation suffix; see `Compiled`.

    Raises:
        RecipeError: It renders nothing, takes only lists of parts, or leaves out contents.
    """
    probes = [
        *plain_probes(False, 1),
        *plain_probes(False, 2),
        *plain_probes(True, 1),
        *plain_probes(True, 2),
    ]
    texts = jinja([probe.conversation for probe in probes])
    refusals = [text.message for text in texts if isinstance(text, Refusal)]
    told = any(
        all(mark in text for mark in probe.contents)
        for probe, text in zip(probes, texts, strict=True)
        if isinstance(text, str)
    )
    if told:
        plain, system = (
            _generation_suffix(texts[1], texts[2], mark(1)),
            _generation_suffix(texts[4], texts[5], mark(2)),
        )
        return plain or system
    parts: Any = [{"type": "text", "text": mark(0)}]  # what vision models take for a text
    [seen] = jinja([Conversation([{"role": "user", "content": parts}])])
    if isinstance(seen, str) and mark(0) in seen:
        raise RecipeError(
            f"The template {template.name} takes contents as lists of parts: it is a vision "
            "template, for text beside images.",
            "Name the template of a text model.",
        )
    if len(refusals) == len(probes):
        raise RecipeError(
            f"The template {template.name} refuses every conversation: {refusals[0].rstrip('.')}.",
            "Mend it, or name another template.",
        )
    raise RecipeError(
        f"The template {template.name} does not write what messages say.",
        "Is it a chat template?",
    )


def _lay_out(jinja: Jinja, system: bool, info: TemplateInfo) -> Layout:
    """The layout of conversations that begin alike.

    Raises:
        Uncompiled: Constant strings do not describe them.
    """
    if info.classes:
        raise Uncompiled(f"it looks at the kind of characters in a text ({info.classes[0]})")
    if len(info.texts) > MAX_LITERALS:
        raise Uncompiled(f"it holds {len(info.texts):,} strings")
    probes = [probe for turns in LENGTHS for probe in plain_probes(system, turns)]
    texts = jinja([probe.conversation for probe in probes])
    samples: dict[tuple[bool, bool], dict[int, tuple[str, ...]]] = {}
    backs: list[int] = []
    for probe, text in zip(probes, texts, strict=True):
        if isinstance(text, Refusal):
            turns = len(probe.contents) - system
            of_length = REFUSES if turns < 3 else f"it refuses conversations of {turns} turns: "
            raise Uncompiled(of_length + text.message)
        back, segments = extract_segments(text, probe)
        backs.append(back)
        samples.setdefault((probe.ends_with_user, probe.generation), {})[len(probe.contents)] = (
            segments
        )
    full, ends_with_user = samples[False, False], samples[True, False]
    generation = samples[True, True]
    layout = Layout(
        full=fit(full),
        ends_with_user=fit(ends_with_user),
        generation=fit(generation),
        system_back=system_place(probes, backs),
        trims=dict.fromkeys(roles_of(system)),
        blanks=frozenset(),
    )
    for contents, segments in full.items():
        if generation[contents - 1][:-1] != segments[: contents - 1]:
            raise Uncompiled("it writes a prompt otherwise where a reply follows")
    layout = layout._replace(trims=find_trims(jinja, layout, system))
    layout = layout._replace(blanks=find_blanks(jinja, layout, system))
    check_awkward(jinja, layout, system)
    return layout


def _generation_suffix(prompt: str | Refusal, whole: str | Refusal, reply: str) -> str:
    """What a prompt for generation ends in where the whole conversation goes on otherwise."""
    if isinstance(prompt, Refusal) or isinstance(whole, Refusal):
        return ""
    return prompt.removeprefix(common_start([prompt, whole.partition(reply)[0]]))
