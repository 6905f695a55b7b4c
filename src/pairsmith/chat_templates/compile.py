"""Chat templates to constant strings, by reading them.

A template is rendered on symbols in place of contents (see `symbolic`), once for each number of
messages: what stands between the symbols are its constants, and what it asked of them are the
conditions under which any contents are written so. Contents that do not meet these are left to
Jinja, row by row; what constants do not describe is not compiled, and says why. A few
conversations are then rendered as well, to check that reading and rendering agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from pairsmith.chat_templates.first_probes import find_generation_suffix, render_first
from pairsmith.chat_templates.literals import (
    KINDS,
    Uncompiled,
    assemble,
    backwards,
    bares,
    completes,
    contents_behind_first,
    fit,
    make_dataset_segments,
    segments_of,
    straddles,
)
from pairsmith.chat_templates.probes import (
    AWKWARD,
    LENGTHS,
    MAX_CONSTANT_CHARS,
    MAX_TURNS,
    Jinja,
    Probe,
    filled_probes,
    plain_probes,
    roles_of,
)
from pairsmith.chat_templates.resolve import add_control_text
from pairsmith.chat_templates.sandbox import ReadContent, Reading, Sandbox, Shape
from pairsmith.errors import RecipeError
from pairsmith.schema.templates import (
    PROBE_REPLY,
    Compiled,
    Conversation,
    Layout,
    Refusal,
    Template,
    Trim,
    probe_text,
    whole_marks,
)

MAX_MINUTES = 2
"""At most this long may rendering probes take."""

CLOCK_EVERY = 256
"""The number of conversations after which the clock is checked."""

MAX_TRIGGERS = 400
"""A template that looks for more strings than this is not compiled."""

REFUSES = "it refuses them: "
"""How the fault of a layout begins that the template does not want."""


def compile_template(template: Template, sandbox: Sandbox) -> Compiled:
    """Compiles a template, and completes its control text.

    Args:
        template: The template.
        sandbox: Reads and renders it.

    Raises:
        RecipeError: It refuses every conversation, does not write what messages say or not the
            same twice, writes far more than they say, or takes minutes.
    """
    info = sandbox.inspect()
    if info.chance:
        raise RecipeError(
            f"The template {template.name} uses {', '.join(info.chance)}: it does not write the "
            "same twice.",
            "Name another template.",
        )
    jinja = _bounded(template, sandbox.render)
    texts = render_first(template, jinja)
    layouts: dict[bool, Layout] = {}
    faults: dict[bool, str] = {}
    triggers = [*filter(None, (template.bos, template.eos))]
    for system in (False, True):
        try:
            reading = sandbox.read(_shapes(system))
            absent = _triggers(reading)
            layout = _lay_out(reading, template, system)
            _check_rendered(jinja, layout, system, absent)
        except Uncompiled as fault:
            faults[system] = str(fault)
            continue
        layouts[system] = layout
        triggers += absent
    template = add_control_text(template, info, _constants(layouts))
    marks = whole_marks(template)
    for system, layout in list(layouts.items()):
        if _may_straddle(layout, system, marks):
            faults[system] = "a content may complete a control token where a prompt ends"
            del layouts[system]
    joined = {
        system: make_dataset_segments(layout, template, system)
        for system, layout in layouts.items()
    }
    return Compiled(
        template,
        layouts,
        tuple(dict.fromkeys(triggers)),
        faults,
        joined,
        find_generation_suffix(texts, marks),
    )


def _constants(layouts: dict[bool, Layout]) -> set[str]:
    """What a template writes around contents."""
    written: set[str] = set()
    for layout in layouts.values():
        for segments in (layout.full, layout.ends_with_user, layout.generation):
            written.update(*segments.short.values(), segments.head, segments.middle, segments.tail)
    return written


def _may_straddle(layout: Layout, system: bool, marks: Sequence[str]) -> bool:
    """Whether a content may complete a control token around the end of a prompt."""
    around = {
        (layout.generation.of(contents - 1)[-1], layout.full.of(contents)[-2])
        for contents in range(2 + system, layout.most + 1, 2)
    }
    return any(straddles(prompt, whole, marks) for prompt, whole in around)


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


def _shapes(system: bool) -> list[Shape]:
    """Conversations without contents, of every number of turns, shortest first."""
    probes = (probe for turns in range(1, MAX_TURNS + 1) for probe in plain_probes(system, turns))
    return [Shape(probe.roles, probe.generation) for probe in probes]


def _triggers(reading: Reading) -> list[str]:
    """The strings that contents may not hold, shortest first, less those that hold another.

    Raises:
        Uncompiled: There are too many, or a reply that is made up for comparison holds one.
    """
    triggers: list[str] = []
    lowered: list[str] = []
    for text in sorted(reading.absent, key=lambda text: (len(text), text)):
        if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
            continue  # no content holds these
        # beyond ASCII, another case may be other characters: of 'İ' it is two
        lower = text.lower() if text.isascii() else text
        if not any(held in lower for held in lowered):
            triggers.append(text)
            lowered.append(lower)
        if len(triggers) > MAX_TRIGGERS:
            raise Uncompiled(f"it looks for more than {MAX_TRIGGERS:,} strings in contents")
    common = next((text for text in triggers if text.lower() in PROBE_REPLY.lower()), None)
    if common is not None:
        raise Uncompiled(f"it looks for {common!r} in contents")
    return triggers


def _lay_out(reading: Reading, template: Template, system: bool) -> Layout:
    """The layout of conversations that begin alike.

    Raises:
        Uncompiled: Constant strings do not describe them.
    """
    shapes, segments = _shapes(system), dict[Shape, tuple[str, ...]]()
    fault = REFUSES + reading.fault if reading.refused else reading.fault
    for shape, pieces in zip(shapes, reading.texts, strict=False):
        try:
            segments[shape] = segments_of(pieces, len(shape.roles))
        except Uncompiled as other:
            fault = str(other)
            break
    # a number of turns is described with all that ends so, or not at all
    most = MAX_TURNS + system
    if len(segments) < len(shapes):
        most = len(shapes[len(segments)].roles) - 1
    parting = _where_prompts_part(segments, most, system)
    if parting is not None:
        most, fault = parting - 1, "it writes a prompt otherwise where a reply follows"
    if most < 2 + system:
        raise Uncompiled(fault)
    described = [shape for shape in segments if len(shape.roles) <= most]
    texts = dict(zip(segments, reading.texts, strict=False))
    layout = Layout(
        full=fit(_by_contents(segments, described, "assistant", False)),
        ends_with_user=fit(_by_contents(segments, described, "user", False)),
        generation=fit(_by_contents(segments, described, "user", True)),
        system_back=_system_back({shape: texts[shape] for shape in described}) if system else None,
        trims=_trims([texts[shape] for shape in described], reading, system),
        blanks=frozenset(roles_of(system)) - frozenset(reading.filled),
        sizes={
            role: (reading.shortest.get(role, 0), reading.longest.get(role))
            for role in roles_of(system)
            if role in reading.shortest or role in reading.longest
        },
        most=most,
    )
    _check_cuts(layout, template, system)
    return _without_blank_ends(layout, template, system)


def _where_prompts_part(
    segments: dict[Shape, tuple[str, ...]], most: int, system: bool
) -> int | None:
    """The least number of contents of a conversation whose prompt is written otherwise by itself.

    Up to `most`; None where there is none.
    """
    wholes = [shape for shape in segments if len(shape.roles) in range(2 + system, most + 1, 2)]
    for shape in wholes:
        prompt = segments[Shape(shape.roles[:-1], generation=True)]
        if prompt[:-1] != segments[shape][: len(shape.roles) - 1]:
            return len(shape.roles)
    return None


def _by_contents(
    segments: dict[Shape, tuple[str, ...]], shapes: list[Shape], last: str, generation: bool
) -> dict[int, tuple[str, ...]]:
    """The segments of those conversations that end so, by their number of contents."""
    return {
        len(shape.roles): segments[shape]
        for shape in shapes
        if shape.roles[-1] == last and shape.generation == generation
    }


def _system_back(texts: dict[Shape, tuple[str | ReadContent, ...]]) -> int | None:
    """See `Layout`.

    Raises:
        Uncompiled: The system text stands at no fixed place.
    """
    behind = {shape: contents_behind_first(pieces) for shape, pieces in texts.items()}
    if all(number == len(shape.roles) - 1 for shape, number in behind.items()):
        return None
    places = {number - (shape.roles[-1] != "user") for shape, number in behind.items()}
    if len(places) > 1:
        raise Uncompiled("the system text moves about")
    return places.pop()


def _trims(
    texts: Sequence[Sequence[str | ReadContent]], reading: Reading, system: bool
) -> dict[str, Trim | None]:
    """How white space around each role's contents is trimmed; None where that varies."""
    kinds: dict[str, set[Trim]] = {role: set() for role in roles_of(system)}
    for pieces in texts:
        for piece in pieces:
            if isinstance(piece, ReadContent):
                kinds[piece.role].add(KINDS[piece.left, piece.right])
    return {
        role: next(iter(held)) if len(held) == 1 and role not in reading.bare else None
        for role, held in kinds.items()
    }


def _check_cuts(layout: Layout, template: Template, system: bool) -> None:
    """Checks that what a dataset leaves out of texts, and where it cuts them, is in the constants.

    Raises:
        Uncompiled: It would depend on contents.
    """
    for contents in range(2 + system, layout.most + 1, 2):
        prompt, whole = layout.generation.of(contents - 1), layout.full.of(contents)
        if prompt[-1].startswith(whole[-2] + PROBE_REPLY[0]):
            raise Uncompiled("it ends a prompt as a reply may begin")
        for ended in (whole, layout.ends_with_user.of(contents - 1)):
            if completes(template.bos, ended):
                raise Uncompiled("it begins with a part of the BOS token")
            if completes(template.eos[::-1], backwards(ended)):
                raise Uncompiled("it ends with a part of the EOS token")


def _without_blank_ends(layout: Layout, template: Template, system: bool) -> Layout:
    """The same, without blank first and last contents that would let a token come first or last."""
    blanks = set(layout.blanks)
    for contents in range(1 + system, layout.most + 1):
        role = ("assistant", "user")[(contents - system) % 2]
        segments = (layout.ends_with_user if role == "user" else layout.full).of(contents)
        if bares(template.bos, segments):
            blanks.discard("system" if system else "user")
        if bares(template.eos[::-1], backwards(segments)):
            blanks.discard(role)
    return layout._replace(blanks=frozenset(blanks))


def _check_rendered(jinja: Jinja, layout: Layout, system: bool, absent: Sequence[str]) -> None:
    """Checks that the template renders what was read of it, on a few conversations.

    Raises:
        Uncompiled: It does not: it is rendered by an environment that differs from ours.
    """
    lengths = [turns for turns in LENGTHS if turns + system <= layout.most]
    probes = [probe for turns in lengths for probe in plain_probes(system, turns)]
    if layout.most >= 4 + system:
        probes += [
            probe
            for held in AWKWARD
            for probe in filled_probes(system, [held + probe_text(0), probe_text(1) + held])
        ]
    texts = jinja([probe.conversation for probe in probes])
    for probe, text in zip(probes, texts, strict=True):
        made = None if _holds_any(probe, absent) else assemble(layout, probe)
        if made not in (text, None):
            raise Uncompiled("it renders otherwise than its source reads")


def _holds_any(probe: Probe, strings: Sequence[str]) -> bool:
    contents = [content.lower() for content in probe.contents]
    return any(string.lower() in content for string in strings for content in contents)
