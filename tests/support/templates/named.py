"""Templates of kinds that were compiled, and wrote other text than `transformers` for rare rows."""

from __future__ import annotations

from random import Random

from support.templates.conversations import Row, ordinary, rows_for
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
    "a prompt of many messages": (
        source_of("", end="{{ '(long)' if add_generation_prompt and messages|length > 8 }}"),
        (),
    ),
    "a number of messages that is divisible": (
        source_of("", end="{% if messages|length is divisibleby 11 %}{{ 'eleven' }}{% endif %}"),
        (),
    ),
    "a number as text": (
        source_of("{% if messages|length|string == '24' %}{% set c = c|upper %}{% endif %}"), ()),
    "a whole message": (
        source_of("", end="{{ '!' if {'role': 'user', 'content': 'TL;DR'} in messages }}"),
        ("TL;DR", "TL;DR."),
    ),
    "a text backwards": (
        source_of("{{ '(so)' if (c|reverse)[:6] == '>llac<' }}"), ("x <call>", "<call> x")),
    "more lines than before": (
        source_of(
            "{{ '!' if ns.n == 1 }}",
            "{% if c.splitlines()|length == 41 %}{% set ns.n = ns.n + 1 %}{% endif %}",
        ),
        ("x\n" * 41, "x\n" * 40, "x\n" * 42),
    ),
    "much longer than the first": (
        source_of("{% if c|length > 40 * messages[0].content|length %}{{ '(!)' }}{% endif %}"),
        ("a", "ab", "x" * 300),
    ),
    "what the user said last": (
        source_of(
            "",
            end="{% set said = (messages|selectattr('role', 'equalto', 'user')|list|last).content %}"
            "{{ '(both)' if '<call>' in said and '#plan' in said }}",
        ),
        ("<call> a #plan", "<call>", "#plan"),
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
    usual = [ordinary(rng) for _ in range(6 * HEAD)]  # a sample of rows would rather take these
    late = [*rows[HEAD:], *LONG, *usual]
    rng.shuffle(late)
    rows = [*rows[:HEAD], *late, *usual[:HEAD]]
    return Case(name, (name,), source, source, tuple(rows))
