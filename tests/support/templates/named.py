"""Templates that were once compiled and then wrote other text than `transformers`, in silence."""

from __future__ import annotations

from random import Random

from support.templates.conversations import Row, rows_for
from support.templates.grammar import HEAD, Case


def source_of(body: str, behind: str = "", end: str = "") -> str:
    """A plain template with a branch before a content, behind it, or at the end."""
    return (
        "{% set ns = namespace(seen=false, n=0) %}{% for m in messages %}{% set c = m.content %}"
        f"{body}{{{{ '<|' ~ m.role ~ '|>' ~ c ~ '<|end|>' }}}}{behind}{{% endfor %}}{end}"
        "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
    )


def long(turns: int) -> Row:
    """A row whose prompt has so many messages."""
    roles = ("user", "assistant")
    prompt = [{"role": roles[i % 2], "content": f"word {i}"} for i in range(turns)]
    return Row(prompt, "this one", "that one", "long")


LONG = tuple(long(turns) for turns in (*range(1, 26, 2), 37, 39, 41, 43, 45, 61))

NAMED = {
    "two strings": (
        source_of("{% if '<call>' in c and '</call>' in c %}{{ '(called)' }}{% endif %}"),
        ("a <call> b </call> c", "</call><call>", "<call>", "</call> x"),
    ),
    "brackets by slices": (
        source_of("{% if c[:1] == '[' and c[-1:] == ']' %}{% set c = 'list' %}{% endif %}"),
        ("[1, 2]", "[]", "[1", "2]"),
    ),
    "a no-break space inside": (
        source_of("{% set c = c|replace('\u00a0', ' ') %}"),
        ("a\u00a0b", "\u00a0a", "a b"),
    ),
    "a role's name joined": (
        source_of("{% if (m.role ~ ':') in c %}{{ '(said)' }}{% endif %}"),
        ("user: a", "so assistant: b", "the system: c", "user a"),
    ),
    "many messages": (source_of("", end="{% if messages|length > 40 %}{{ 'much' }}{% endif %}"), ()),
    "twelve messages": (
        source_of("", end="{% if messages|length == 12 %}{{ 'dozen' }}{% endif %}"), ()),
    "a length window": (
        source_of("{% if c|length > 300 and c|length < 320 %}{{ '(so)' }}{% endif %}"),
        ("x" * 301, "x" * 319, "x" * 300, "x" * 320, "x" * 2000),
    ),
    "one string twice": (
        source_of("{% if c.count('<cut>') == 2 %}{% set c = c.split('<cut>')[1] %}{% endif %}"),
        ("a <cut> b <cut> c", "a <cut> b", "<cut><cut><cut>"),
    ),
    "remembered": (
        source_of("{{ '!' if ns.seen }}", "{% if c[2:5] == 'abc' %}{% set ns.seen = true %}{% endif %}"),
        ("xyabc", "abc", "xxabd"),
    ),
    "a string across two messages": (
        source_of("", end="{{ 'joined' if 'qrst' in messages|map(attribute='content')|join }}"),
        ("begin qr", "st end"),
    ),
    "a message said again": (
        source_of("{% if not loop.first and c == messages[0].content %}{{ '(again)' }}{% endif %}"),
        ("as before",),
    ),
    "digits in a row": (
        source_of("{% if c|select('in', '0123456789')|list|length > 9 %}{{ '#' }}{% endif %}"),
        ("call 0123 456 789 0", "123"),
    ),
    "line ends of other kinds": (
        source_of("{% set c = c.splitlines()|join('\\n') %}"), ("a\u2028b", "a\x0bb", "a\nb")),
}  # fmt: skip
"""From a name to a template and the contents that it minds."""


def named(name: str) -> Case:
    """One of them, and rows: its contents at every place, one behind the other, and said again."""
    source, hits = NAMED[name]
    rng = Random(name)
    rows = rows_for(rng, hits, (), (), HEAD)
    for text, before in zip(hits, (*hits[1:], hits[0]) if hits else (), strict=True):
        prompt = [{"role": "user", "content": before}]
        rows += [Row(prompt, text, "other", "in a row"), Row(prompt, "other", before, "again")]
    return Case(name, (name,), source, source, (*rows, *LONG))
