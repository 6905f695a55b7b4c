"""Chat templates to constant strings, by rendering probe conversations.

A template is rendered on conversations of several lengths whose contents are marks that occur
nowhere else; what stands between the marks are its constants. Then it is offered contents of
every awkward kind, its own strings above all: those that it treats otherwise become guards, and
a content that holds one is left to Jinja. What constants do not describe is not compiled, and
says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from time import monotonic
from typing import Any, NamedTuple, TypeAlias

from pairsmith.errors import RecipeError
from pairsmith.schema import (
    Compiled,
    Conversation,
    Joints,
    Layout,
    Refusal,
    Template,
    Texts,
    Trim,
    common_start,
)
from pairsmith.templates.sandbox import Look

Jinja: TypeAlias = Callable[[Sequence[Conversation]], list[str | Refusal]]

HEAD, TAIL = 4, 3
"""So many joints at either end may differ from those between."""

LENGTHS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 39, 40)
"""Turns of the probe conversations."""

LITERAL, LITERALS = 200, 400
"""Longer strings are text to write, not text to look for; a template with more is not compiled."""

PAIRED = 30
"""Of so many strings that contents are compared with, every two are tried together."""

AROUND = 200_000
"""Characters that a template may write around the contents of a probe."""

MINUTES = 2
"""So long may compiling take."""

PART = 256
"""Conversations between two looks at the clock."""

AWKWARD = {
    "blank lines": "\n\n",
    "several blank lines": "\n \n\n\n",
    "runs of spaces": "    ",
    "tabs": "\t",
    "carriage returns": "\r\n",
    "characters of HTML": "<b>&amp;\"'</b>",
    "backslashes": "\\n\\",
    "what looks like Jinja": "{{ x }}{% if y %}{# z #}",
    "characters beyond ASCII": "é日本😀\u200b\u2028",
    "long texts": "some words, " * 2_000,
}
"""What contents may hold anywhere; a template that changes one of these is not compiled."""

PADS = (" ", "\n\t ", " \n", "\r\n")
"""White space to put before, behind and around a content."""

NOTHING = ("", " ", "\n\n", "\u3000")
"""Contents that say nothing."""

RARE_PADS = ("\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u2028", "\u3000")
"""White space that a template may know or not, to put around a content."""

TRIMS: dict[Trim, Callable[[str], str]] = {
    Trim.NONE: str,
    Trim.BOTH: str.strip,
    Trim.LEFT: str.lstrip,
    Trim.RIGHT: str.rstrip,
}


REFUSES = "it refuses them: "
"""How the fault of a layout begins that the template does not want."""


class _Uncompiled(Exception):  # noqa: N818  (an outcome, not an error)
    """Why constant strings do not describe a template."""


class Talk(NamedTuple):
    """A conversation by its contents: the system text, if any, then user and assistant in turn."""

    system: bool
    contents: tuple[str, ...]
    generation: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        """The role of each content."""
        turns = len(self.contents) - self.system
        return (*["system"] * self.system, *(("user", "assistant")[i % 2] for i in range(turns)))

    @property
    def asked(self) -> bool:
        """Whether the user speaks last."""
        return self.roles[-1] == "user"

    @property
    def conversation(self) -> Conversation:
        """As Jinja is given it."""
        pairs = zip(self.roles, self.contents, strict=True)
        return Conversation([{"role": r, "content": c} for r, c in pairs], self.generation)


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
        except _Uncompiled as fault:
            faults[system] = str(fault)
    guards = (*_guards(jinja, layouts, look, template), *filter(None, (template.bos, template.eos)))
    joined = {system: _texts(layout, template, system) for system, layout in layouts.items()}
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


def assemble(layout: Layout, talk: Talk) -> str | None:
    """A conversation's text by a layout, content by content: what columns must come to.

    Returns:
        The text; None where the layout does not describe this conversation.
    """
    contents = []
    for role, content in zip(talk.roles, talk.contents, strict=True):
        trim = layout.trims[role]
        if trim is None and content != content.strip():
            return None
        content = TRIMS[trim or Trim.NONE](content)
        if not content and role not in layout.blanks:
            return None
        contents.append(content)
    if talk.system and layout.system_back is not None:
        contents.insert(len(contents) - 1 - layout.system_back - (not talk.asked), contents.pop(0))
    which = layout.prompt if talk.generation else layout.asked if talk.asked else layout.whole
    joints = which.of(len(contents))
    return joints[0] + "".join(chain(*zip(contents, joints[1:], strict=True)))


def _mark(place: int) -> str:
    return f"qW{place}Zq"


def _talks(system: bool, turns: int) -> list[Talk]:
    """Probes of so many turns; with the user last, both without and with a generation prompt."""
    marks = tuple(_mark(place) for place in range(turns + system))
    return [Talk(system, marks, generation) for generation in (False, True)[: 1 + turns % 2]]


def _check_renders(template: Template, jinja: Jinja) -> str:
    """Sees to it that the template renders something, and what messages say.

    Returns:
        What a prompt ends in that no finished reply begins with.

    Raises:
        RecipeError: It does not.
    """
    talks = [*_talks(False, 1), *_talks(False, 2), *_talks(True, 1), *_talks(True, 2)]
    texts = jinja([talk.conversation for talk in talks])
    refusals = [text.message for text in texts if isinstance(text, Refusal)]
    told = any(
        all(mark in text for mark in talk.contents)
        for talk, text in zip(talks, texts, strict=True)
        if isinstance(text, str)
    )
    if told:
        plain, system = (
            _overhang(texts[1], texts[2], _mark(1)),
            _overhang(texts[4], texts[5], _mark(2)),
        )
        return plain or system
    parts: Any = [{"type": "text", "text": _mark(0)}]  # what vision models take for a text
    [seen] = jinja([Conversation([{"role": "user", "content": parts}])])
    if isinstance(seen, str) and _mark(0) in seen:
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
        _Uncompiled: Constant strings do not describe them.
    """
    if look.classes:
        raise _Uncompiled(f"it looks at the kind of characters in a text ({look.classes[0]})")
    if len(look.texts) > LITERALS:
        raise _Uncompiled(f"it holds {len(look.texts):,} strings")
    talks = [talk for turns in LENGTHS for talk in _talks(system, turns)]
    texts = jinja([talk.conversation for talk in talks])
    found: dict[tuple[bool, bool], dict[int, tuple[str, ...]]] = {}
    backs: list[int] = []
    for talk, text in zip(talks, texts, strict=True):
        if isinstance(text, Refusal):
            turns = len(talk.contents) - system
            of_length = REFUSES if turns < 3 else f"it refuses conversations of {turns} turns: "
            raise _Uncompiled(of_length + text.message)
        back, joints = _take_apart(text, talk)
        backs.append(back)
        found.setdefault((talk.asked, talk.generation), {})[len(talk.contents)] = joints
    whole, asked, prompt = found[False, False], found[True, False], found[True, True]
    layout = Layout(
        whole=_fit(whole),
        asked=_fit(asked),
        prompt=_fit(prompt),
        system_back=_system_back(talks, backs),
        trims=dict.fromkeys(_roles(system)),
        blanks=frozenset(),
    )
    for contents, joints in whole.items():
        if prompt[contents - 1][:-1] != joints[: contents - 1]:
            raise _Uncompiled("it writes a prompt otherwise where a reply follows")
    layout = layout._replace(trims=_trims(jinja, layout, system))
    layout = layout._replace(blanks=_blanks(jinja, layout, system))
    _check_awkward(jinja, layout, system)
    return layout


def _check_awkward(jinja: Jinja, layout: Layout, system: bool) -> None:
    talks = [talk for held in AWKWARD.values() for talk in _filled(system, [f"qW{held}Zq"])]
    texts = jinja([talk.conversation for talk in talks])
    each = len(talks) // len(AWKWARD)
    for place, words in enumerate(AWKWARD):
        own = slice(place * each, (place + 1) * each)
        if not _agree(layout, talks[own], texts[own]):
            raise _Uncompiled(f"it changes {words} inside contents")


def _boundary(prompt: tuple[str, ...], whole: tuple[str, ...]) -> str:
    """What the joint behind a prompt's last content and the one before its reply begin with."""
    return common_start([prompt[-1], whole[-2]])


def _overhang(prompt: str | Refusal, whole: str | Refusal, reply: str) -> str:
    """What a prompt for generation ends in where the whole conversation goes on otherwise."""
    if isinstance(prompt, Refusal) or isinstance(whole, Refusal):
        return ""
    return prompt.removeprefix(common_start([prompt, whole.partition(reply)[0]]))


def _texts(layout: Layout, template: Template, system: bool) -> Texts:
    """The joints of a dataset's texts; see `Texts`."""
    prompts, replies, wholes, asked = {}, {}, {}, {}
    for contents in range(2 + system, max(LENGTHS) + 1, 2):
        prompt, whole = layout.prompt.of(contents - 1), layout.whole.of(contents)
        boundary = _boundary(prompt, whole)
        front, end = template.opened(whole[0]), template.closed(whole[-1])
        prompts[contents - 1] = (front, *prompt[1:-1], boundary)
        replies[contents] = (front, *whole[1:-2], whole[-2][len(boundary) :], end)
        wholes[contents] = (front, *whole[1:-1], end)
        question = layout.asked.of(contents - 1)
        asked[contents - 1] = (front, *question[1:-1], template.closed(question[-1]))
    return Texts(_fit(prompts), _fit(replies), _fit(wholes), _fit(asked))


def _system_back(talks: Sequence[Talk], backs: Sequence[int]) -> int | None:
    """See `Layout`; from the number of contents that follow the first one in each probe."""
    pairs = list(zip(talks, backs, strict=True))
    if all(back == len(talk.contents) - 1 for talk, back in pairs):
        return None
    from_asked = {back - (not talk.asked) for talk, back in pairs}
    if len(from_asked) > 1:
        raise _Uncompiled("the system text moves about")
    return from_asked.pop()


def _take_apart(text: str, talk: Talk) -> tuple[int, tuple[str, ...]]:
    """How many contents follow the first in the text, and what stands around the contents."""
    places = []
    for mark in talk.contents:
        if text.count(mark) != 1:
            how = "leaves out" if mark not in text else "repeats"
            raise _Uncompiled(f"it {how} a content")
        places.append(text.index(mark))
    order = sorted(range(len(places)), key=places.__getitem__)
    others = [place for place in order if not talk.system or place]
    if others != sorted(others):
        raise _Uncompiled("it writes contents in another order")
    joints, end = [], 0
    for place in order:
        joints.append(text[end : places[place]])
        end = places[place] + len(talk.contents[place])
    return len(order) - 1 - order.index(0), (*joints, text[end:])


def _fit(samples: dict[int, tuple[str, ...]]) -> Joints:
    """Joints that all samples, by their number of contents, agree with."""
    longest = samples[max(samples)]
    middle = (longest[HEAD], longest[HEAD + 1])
    short = {m: joints for m, joints in samples.items() if m < HEAD + TAIL + 1}
    joints = Joints(short, longest[:HEAD], middle, longest[-TAIL:])
    if any(joints.of(contents) != sample for contents, sample in samples.items()):
        raise _Uncompiled("its constant text changes along a conversation")
    return joints


def _agree(layout: Layout, talks: Sequence[Talk], texts: Sequence[str | Refusal]) -> bool:
    """Whether the layout gives these texts, for all of these."""
    return all(assemble(layout, talk) == text for talk, text in zip(talks, texts, strict=True))


def _filled(system: bool, contents: Sequence[str], turns: int = 4) -> list[Talk]:
    """Conversations with these contents in turn: one that ends in a reply, and its prompt."""
    front = (contents[0],) if system else ()
    body = [contents[turn // 2 % len(contents)] for turn in range(turns)]
    return [Talk(system, (*front, *body)), Talk(system, (*front, *body[:-1]), generation=True)]


def _of_role(system: bool, role: str, content: str) -> list[Talk]:
    """Conversations in which one role speaks, and its contents are this."""
    talks = [talk for turns in (1, 2, 5, 6) for talk in _talks(system, turns)]
    talks = [talk for talk in talks if role in talk.roles]
    return [
        talk._replace(
            contents=tuple(
                content if r == role else c for r, c in zip(talk.roles, talk.contents, strict=True)
            )
        )
        for talk in talks
    ]


def _roles(system: bool) -> list[str]:
    return ["system", "user", "assistant"] if system else ["user", "assistant"]


def _trims(jinja: Jinja, layout: Layout, system: bool) -> dict[str, Trim | None]:
    """What becomes of white space around each role's contents; None where that varies."""
    trims = dict(layout.trims)
    for role in _roles(system):
        around = [pad + "qWZq" + pad for pad in ("", *PADS, *RARE_PADS)]
        contents = [*around, *(pad + "qWZq" for pad in PADS), *("qWZq" + pad for pad in PADS)]
        talks = [talk for content in contents for talk in _of_role(system, role, content)]
        texts = jinja([talk.conversation for talk in talks])
        fits = (t for t in Trim if _agree(layout._replace(trims={**trims, role: t}), talks, texts))
        trims[role] = next(fits, None)
    return trims


def _blanks(jinja: Jinja, layout: Layout, system: bool) -> frozenset[str]:
    """The roles whose contents may be empty and need no care."""
    held = layout._replace(blanks=frozenset(_roles(system)))
    roles = []
    for role in _roles(system):
        talks = [talk for nothing in NOTHING for talk in _of_role(system, role, nothing)]
        if _agree(held, talks, jinja([talk.conversation for talk in talks])):
            roles.append(role)
    return frozenset(roles)


def _guards(jinja: Jinja, layouts: dict[bool, Layout], look: Look, template: Template) -> list[str]:
    """The strings that the template treats otherwise than other text.

    Each is tried at every place of a content, alone, and in capitals; a single character at
    either end. Of those that contents are compared with, every two are tried together, since a
    template may look for both.
    """
    if not layouts:
        return []
    texts = [*look.texts, *dict(template.tokens).values(), *_characters(look.tested)]
    texts = [text for text in dict.fromkeys(texts) if 0 < len(text) <= LITERAL]
    found = _harmful(jinja, layouts, {text: _places_of(text) for text in texts})
    tested = [text for text in look.tested if text.strip() and len(text) <= LITERAL]
    rest = [text for text in tested if len(text) > 1 and text not in found][:PAIRED]
    pairs = {first: [f"{first}qWZq{second}" for second in rest] for first in rest}
    found += _harmful(jinja, layouts, pairs, turned=False)
    return [text.strip() or text for text in found]


def _characters(texts: Iterable[str]) -> list[str]:
    """The single characters of short strings, of which a template may strip any."""
    return sorted({c for text in texts if len(text) <= PAIRED for c in text if not c.isalnum()})


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
        (text, layout, talk)
        for text, contents in trials.items()
        for system, layout in layouts.items()
        for turn in range(len(contents))
        for talk in _filled(
            system, [*contents[turn:], *contents[:turn]] if turned else [contents[turn]]
        )
    ]
    texts = jinja([talk.conversation for _, _, talk in offered])
    harmful = {
        text
        for (text, layout, talk), rendered in zip(offered, texts, strict=True)
        if assemble(layout, talk) not in (rendered, None)
    }
    return [text for text in trials if text in harmful]
