"""What a template does to contents: white space around them, empty ones, awkward characters."""

from __future__ import annotations

from pairsmith.chat_templates.literals import Uncompiled, agree
from pairsmith.chat_templates.probes import Jinja, filled_probes, probes_of_role, roles_of
from pairsmith.schema.templates import Layout, Trim

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


def find_trims(jinja: Jinja, layout: Layout, system: bool) -> dict[str, Trim | None]:
    """How white space around each role's contents is trimmed; None where that varies."""
    trims = dict(layout.trims)
    for role in roles_of(system):
        around = [pad + "qWZq" + pad for pad in ("", *PADS, *RARE_PADS)]
        contents = [*around, *(pad + "qWZq" for pad in PADS), *("qWZq" + pad for pad in PADS)]
        probes = [probe for content in contents for probe in probes_of_role(system, role, content)]
        texts = jinja([probe.conversation for probe in probes])
        fits = (t for t in Trim if agree(layout._replace(trims={**trims, role: t}), probes, texts))
        trims[role] = next(fits, None)
    return trims


def find_blanks(jinja: Jinja, layout: Layout, system: bool) -> frozenset[str]:
    """The roles whose blank contents the layout describes as well."""
    lenient = layout._replace(blanks=frozenset(roles_of(system)))
    roles = []
    for role in roles_of(system):
        probes = [probe for nothing in NOTHING for probe in probes_of_role(system, role, nothing)]
        if agree(lenient, probes, jinja([probe.conversation for probe in probes])):
            roles.append(role)
    return frozenset(roles)


def check_awkward(jinja: Jinja, layout: Layout, system: bool) -> None:
    """Checks that the template leaves awkward characters in contents as they are.

    Raises:
        Uncompiled: It changes some.
    """
    probes = [
        probe for held in AWKWARD.values() for probe in filled_probes(system, [f"qW{held}Zq"])
    ]
    texts = jinja([probe.conversation for probe in probes])
    each = len(probes) // len(AWKWARD)
    for place, words in enumerate(AWKWARD):
        own = slice(place * each, (place + 1) * each)
        if not agree(layout, probes[own], texts[own]):
            raise Uncompiled(f"it changes {words} inside contents")
