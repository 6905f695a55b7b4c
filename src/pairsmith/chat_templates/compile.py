"""Chat templates to constant strings, by rendering probe conversations.

A template is rendered on conversations of several lengths whose contents are marks that occur
nowhere else; what stands between the marks are its constants. Then it is offered contents of
every awkward kind, its own strings above all: those that it treats otherwise become guards, and
a content that holds one is left to Jinja. What constants do not describe is not compiled, and
says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any

from pairsmith.chat_templates.content_probes import check_awkward, find_blanks, find_trims
from pairsmith.chat_templates.literals import (
    Uncompiled,
    dataset_texts,
    fit,
    system_place,
    take_apart,
)
from pairsmith.chat_templates.probes import LENGTHS, Jinja, mark, plain_talks, roles_of
from pairsmith.chat_templates.sandbox import Look
from pairsmith.chat_templates.triggers import LITERALS, find_guards
from pairsmith.errors import RecipeError
from pairsmith.schema.templates import (
    Compiled,
    Conversation,
    Layout,
    Refusal,
    Template,
    common_start,
)

AROUND = 200_000
"""Characters that a template may write around the contents of a probe."""

MINUTES = 2
"""So long may compiling take."""

PART = 256
"""Conversations between two looks at the clock."""

REFUSES = "it refuses them: "
"""How the fault of a layout begins that the template does not want."""


def compile_template(template: Template, jinja: Jinja, look: Look) -> Compiled:
    """Compiles a template.

    Args:
        template: The template.
        jinja: Renders it.
        look: What its source shows.

    Raises:
        RecipeError: It refuses every conversation, does not write what messages say or not the
            same twice, writes far more than they say, or takes minutes.
    """
    if look.chance:
        raise RecipeError(
            f"The template {template.name} uses {', '.join(look.chance)}: it does not write the "
            "same twice.",
            "Name another template.",
        )
    jinja = _bounded(template, jinja)
    layouts: dict[bool, Layout] = {}
    faults: dict[bool, str] = {}
    overhang = _check_renders(template, jinja)
    for system in (False, True):
        try:
            layouts[system] = _lay_out(jinja, system, look)
        except Uncompiled as fault:
            faults[system] = str(fault)
    guards = (
        *find_guards(jinja, layouts, look, template),
        *filter(None, (template.bos, template.eos)),
    )
    joined = {system: dataset_texts(layout, template, system) for system, layout in layouts.items()}
    return Compiled(template, layouts, tuple(dict.fromkeys(guards)), faults, joined, overhang)


def _bounded(template: Template, jinja: Jinja) -> Jinja:
    """The same, with a bound to all that it writes and to the time that it takes in all."""
    until = monotonic() + 60 * MINUTES

    def render(talks: Sequence[Conversation]) -> list[str | Refusal]:
        parts = (talks[start : start + PART] for start in range(0, len(talks), PART))
        return [text for part in parts for text in render_part(part)]

    def render_part(talks: Sequence[Conversation]) -> list[str | Refusal]:
        texts = jinja(talks)
        for talk, text in zip(talks, texts, strict=True):
            said = sum(len(message["content"]) for message in talk.messages)
            if isinstance(text, str) and len(text) > said + AROUND:
                raise RecipeError(
                    f"The template {template.name} writes {len(text):,} characters around "
                    f"{said:,}.",
                    "Is it a chat template?",
                )
        if monotonic() > until:
            raise RecipeError(
                f"The template {template.name} took more than {MINUTES} minutes to compile.",
                "It computes too much. Name another template.",
            )
        return texts

    return render


def _check_renders(template: Template, jinja: Jinja) -> str:
    """Sees to it that the template renders something, and what messages say.

    Returns:
        What a prompt ends in that no finished reply begins with.

    Raises:
        RecipeError: It does not.
    """
    talks = [
        *plain_talks(False, 1),
        *plain_talks(False, 2),
        *plain_talks(True, 1),
        *plain_talks(True, 2),
    ]
    texts = jinja([talk.conversation for talk in talks])
    refusals = [text.message for text in texts if isinstance(text, Refusal)]
    told = any(
        all(mark in text for mark in talk.contents)
        for talk, text in zip(talks, texts, strict=True)
        if isinstance(text, str)
    )
    if told:
        plain, system = (
            _overhang(texts[1], texts[2], mark(1)),
            _overhang(texts[4], texts[5], mark(2)),
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
    if len(refusals) == len(talks):
        raise RecipeError(
            f"The template {template.name} refuses every conversation: {refusals[0].rstrip('.')}.",
            "Mend it, or name another template.",
        )
    raise RecipeError(
        f"The template {template.name} does not write what messages say.",
        "Is it a chat template?",
    )


def _lay_out(jinja: Jinja, system: bool, look: Look) -> Layout:
    """The layout of conversations that begin alike.

    Raises:
        Uncompiled: Constant strings do not describe them.
    """
    if look.classes:
        raise Uncompiled(f"it looks at the kind of characters in a text ({look.classes[0]})")
    if len(look.texts) > LITERALS:
        raise Uncompiled(f"it holds {len(look.texts):,} strings")
    talks = [talk for turns in LENGTHS for talk in plain_talks(system, turns)]
    texts = jinja([talk.conversation for talk in talks])
    found: dict[tuple[bool, bool], dict[int, tuple[str, ...]]] = {}
    backs: list[int] = []
    for talk, text in zip(talks, texts, strict=True):
        if isinstance(text, Refusal):
            turns = len(talk.contents) - system
            of_length = REFUSES if turns < 3 else f"it refuses conversations of {turns} turns: "
            raise Uncompiled(of_length + text.message)
        back, joints = take_apart(text, talk)
        backs.append(back)
        found.setdefault((talk.asked, talk.generation), {})[len(talk.contents)] = joints
    whole, asked, prompt = found[False, False], found[True, False], found[True, True]
    layout = Layout(
        whole=fit(whole),
        asked=fit(asked),
        prompt=fit(prompt),
        system_back=system_place(talks, backs),
        trims=dict.fromkeys(roles_of(system)),
        blanks=frozenset(),
    )
    for contents, joints in whole.items():
        if prompt[contents - 1][:-1] != joints[: contents - 1]:
            raise Uncompiled("it writes a prompt otherwise where a reply follows")
    layout = layout._replace(trims=find_trims(jinja, layout, system))
    layout = layout._replace(blanks=find_blanks(jinja, layout, system))
    check_awkward(jinja, layout, system)
    return layout


def _overhang(prompt: str | Refusal, whole: str | Refusal, reply: str) -> str:
    """What a prompt for generation ends in where the whole conversation goes on otherwise."""
    if isinstance(prompt, Refusal) or isinstance(whole, Refusal):
        return ""
    return prompt.removeprefix(common_start([prompt, whole.partition(reply)[0]]))
