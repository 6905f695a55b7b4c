"""Conditions on whole conversations: how long they are, who speaks, what was said elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from support.templates.conditions import make_condition
from support.templates.conversations import Messages, talk
from support.templates.words import keyword, literal, of_length, sentence


class Situation(NamedTuple):
    """A condition on a conversation.

    Attributes:
        kind: What it is, for lists.
        test: A Jinja expression.
        loops: Whether it needs `loop`, `m` or `c`.
        talks: Conversations for which its answer is the rare one, or nearly.
        hits: Contents which, somewhere, make it hold.
        before: Statements for each message, before its content is written.
        after: The same behind it.
    """

    kind: str
    test: str
    loops: bool
    talks: tuple[Messages, ...] = ()
    hits: tuple[str, ...] = ()
    before: str = ""
    after: str = ""


def make_situation(rng: Random) -> Situation:
    """A condition on a conversation."""
    makers: tuple[Callable[[Random], Situation], ...] = (
        _counted, _counted, _placed, _remembered, _searched, _elsewhere, _elsewhere, _alike, _summed, _spoken,
        _joined,
    )  # fmt: skip
    return rng.choice(makers)(rng)


def _around(rng: Random, messages: int) -> tuple[Messages, ...]:
    """Conversations of nearly so many messages, with and without a system turn."""
    made = []
    for turns in range(max(2, messages - 3), messages + 4):
        made += [talk(rng, turns + turns % 2, short=turns > 12), talk(rng, turns, True, short=True)]
    return tuple(made)


def _counted(rng: Random) -> Situation:
    """How many messages there are."""
    n = rng.choice((3, 5, 6, 8, 9, 11, 12, 15, 16, 17, 20, 24, 31, 38, 40, 41, 42, 48, 60))
    m = n + rng.choice((1, 2, 3, 4))
    tests = {
        "over": f"messages|length > {n}",
        "exactly": f"messages|length == {n}",
        "window": f"messages|length >= {n} and messages|length <= {m}",
        "chained": f"{n} <= messages|length < {m + 1}",
        "count": f"messages|count == {n}",
        "in": f"messages|length in [{n}, {m}]",
        "remainder": f"messages|length % {n} == 0",
        "slice": f"messages[{n}:]",
        "slice of length": f"messages[{n}:]|length > 0",
        "defined": f"messages[{n}] is defined",
        "users": f"messages|selectattr('role', 'equalto', 'user')|list|length > {n // 2}",
        "users exactly": f"messages|selectattr('role', 'equalto', 'user')|list|length == {n // 2}",
        "replies": f"(messages|rejectattr('role', 'eq', 'user')|list|length) >= {n // 2}",
        "batch": f"(messages|batch({n})|list|length) == 2",
        "sliced": f"(messages|map(attribute='role')|list)[{n}:]|length > 1",
        "roles joined": f"(messages|map(attribute='role')|join)|length > {n * 6}",
        "arithmetic": f"(messages|length - 1) // {n} == 1",
        "product": f"messages|length * 3 == {n * 3}",
        "divisible": f"messages|length is divisibleby {n}",
        "test": f"messages|length is gt {n}",
        "range": f"(messages|length) in range({n}, {m})",
        "string": f"messages|length|string == '{n}'",
    }
    kind = rng.choice(list(tests))
    talks = _around(rng, n) + _around(rng, m) + _around(rng, 2 * n)
    return Situation(f"count: {kind}", tests[kind], False, talks)


def _placed(rng: Random) -> Situation:
    """Where in the conversation a message stands."""
    n = rng.choice((3, 5, 7, 8, 9, 11, 12, 15, 16, 22, 30, 36, 40, 41, 44))
    tests = {
        "index": f"loop.index == {n}",
        "index over": f"loop.index > {n}",
        "index0": f"loop.index0 == {n}",
        "remainder": f"loop.index0 % {n} == {n - 1}",
        "revindex": f"loop.revindex == {n}",
        "revindex0 over": f"loop.revindex0 >= {n}",
        "length": f"loop.length == {n}",
        "length over": f"loop.length > {n}",
        "cycle": "loop.cycle(" + "'', " * (n - 1) + "'x')",
        "cycle of three": "loop.cycle('', '', 'x')",
        "middle": f"loop.index > {n} and not loop.last",
        "sum": f"loop.index + loop.length == {2 * n}",
        "last, long": f"loop.last and loop.index0 >= {n}",
        "difference": f"loop.index - loop.revindex == {n}",
        "half": f"loop.index0 * 2 == loop.length and loop.length > {n}",
        "previous": f"loop.index > {n} and loop.previtem is defined",
        "next": f"loop.nextitem is not defined and loop.index == {n + n % 2}",
        "changed": f"loop.index == {n} and loop.changed(m.role)",
        "counter": f"ns.n == {n}",
        "counter of users": f"m.role == 'user' and ns.n > {n}",
        "depth": f"loop.depth == 1 and loop.index == {n}",
    }
    kind = rng.choice(list(tests))
    talks = _around(rng, n) + _around(rng, n + 8) + _around(rng, 2 * n)
    before = "{% set ns.n = ns.n + 1 %}" if "ns.n" in tests[kind] else ""
    return Situation(f"place: {kind}", tests[kind], True, talks, before=before)


def _of(content: str, test: str) -> str:
    """A condition on `c` as one on another content."""
    return re.sub(r"\bc\b(?!['\w])", content, test)


def _remembered(rng: Random) -> Situation:
    """A flag that an earlier content sets, and that decides later text."""
    held = make_condition(rng)
    who = rng.choice(("", "", "m.role == 'user' and ", "m.role == 'assistant' and "))
    test = f"{held.setup}{{% if {who}({held.test}) %}}"
    how = rng.choice(("flag", "count", "twice", "kept"))
    marks = {
        "flag": ("{% set ns.seen = true %}", "ns.seen"),
        "count": ("{% set ns.n = ns.n + 1 %}", "ns.n > 0"),
        "twice": ("{% set ns.n = ns.n + 1 %}", "ns.n == 1"),
        "kept": ("{% set ns.seen = c %}", "ns.seen is string"),
    }
    mark, ask = marks[how]
    after = f"{test}{mark}{{% endif %}}"
    return Situation(f"remembered {how}: {held.kind}", ask, False, (), held.hits + held.nears,
                     after=after)  # fmt: skip


def _searched(rng: Random) -> Situation:
    """The last or first message of which something holds, looked for beforehand."""
    held = make_condition(rng)
    loop = rng.choice(
        (
            "{% for x in messages[::-1] %}{% set i = messages|length - loop.index %}",
            "{% for x in messages %}{% set i = loop.index0 %}",
            "{% for x in messages|reverse %}{% set i = loop.index0 %}",
        )
    )
    who = rng.choice(("", "x.role == 'user' and "))
    inner = re.sub(r"\bm\b(?=[.\[])", "x", _of("x.content", held.test))
    if held.setup:
        inner = "x.content == 'go on'"
    before = f"{{% set hit = namespace(i=-1) %}}{loop}{{% if {who}({inner}) %}}{{% set hit.i = i %}}{{% endif %}}{{% endfor %}}"
    test = rng.choice(("hit.i >= 0", "hit.i == loop.index0", "hit.i > loop.index0", "hit.i == 2"))
    hits = (*held.hits, "go on")
    return Situation(f"searched: {held.kind}", test, True, (), hits, before=before)


def _elsewhere(rng: Random) -> Situation:
    """What another message says."""
    held = make_condition(rng)
    while held.setup or "m." in held.test or "m[" in held.test:
        held = make_condition(rng)
    places = {
        "first": ("messages[0].content", False),
        "first by filter": ("(messages|first).content", False),
        "last": ("messages[-1]['content']", False),
        "last by filter": ("(messages|last)['content']", False),
        "second": ("messages[1:2][0].content if messages[1:] and", False),
        "last of the user": (
            "(messages|selectattr('role', 'equalto', 'user')|list|last).content", False),
        "first reply": (
            "(messages|rejectattr('role', 'equalto', 'user')|map(attribute='content')|first"
            "|default(''))", False),
        "previous": ("(loop.previtem.content if loop.previtem else 'none')", True),
        "next": ("(loop.nextitem.content if loop.nextitem is defined else 'none')", True),
        "two before": ("(messages[loop.index0 - 2].content if loop.index0 > 1 else 'none')", True),
        "all": ("(messages|map(attribute='content')|join('\\n'))", False),
        "all by attribute": ("(messages|join('', attribute='content'))", False),
        "conversation": ("(messages|string)", False),
        "as json": ("(messages|tojson)", False),
        "rest": ("(messages[1:]|map(attribute='content')|join(' '))", False),
        "longest": ("(messages|map(attribute='content')|sort(attribute='0')|last)", False),
        "first sorted": ("(messages|map(attribute='content')|sort|first)", False),
        "greatest": ("(messages|map(attribute='content')|max)", False),
        "least": ("(messages|map(attribute='content')|min)", False),
    }  # fmt: skip
    kind = rng.choice([name for name in places if name not in ("second", "longest")])
    content, loops = places[kind]
    test = _of(content, held.test)
    return Situation(f"{kind}: {held.kind}", test, loops, (), held.hits + held.nears)


def _alike(rng: Random) -> Situation:
    """Messages compared with each other."""
    same, other = sentence(rng), sentence(rng)
    tests = {
        "equals first": ("c == messages[0]['content'] and not loop.first", True),
        "equals previous": ("loop.previtem and c == loop.previtem.content", True),
        "equals the one before": ("loop.index0 > 1 and c == messages[loop.index0 - 2].content", True),
        "in first": ("c in messages[0].content and not loop.first", True),
        "holds first": ("messages[0].content in c and loop.index > 1", True),
        "as long as first": ("c|length == messages[0].content|length and loop.index > 1", True),
        "begins alike": ("c[:9] == messages[0].content[:9] and loop.index > 1", True),
        "much longer": ("c|length > 40 * messages[0].content|length", True),
        "last equals first": ("messages[-1].content == messages[0].content and messages[1:]", False),
        "unique": (
            "messages|map(attribute='content')|unique|list|length < messages|length", False),
        "grouped": ("(messages|groupby('content')|list|length) != messages|length", False),
        "changed": ("loop.index > 1 and not loop.changed(c)", True),
        "seen": ("c in messages[:loop.index0]|map(attribute='content')|list", True),
        "count": ("messages|selectattr('content', 'equalto', c)|list|length > 1", True),
        "order": ("c < messages[0].content", True),
    }  # fmt: skip
    kind = rng.choice(list(tests))
    test, loops = tests[kind]
    talks = []
    for turns in (2, 4, 6, 8):
        for place in range(1, turns):
            said = {0: same, place: rng.choice((same, same, same[:8], same + other))}
            talks += [talk(rng, turns, said=said), talk(rng, turns, True, said=said)]
            said = {place: other, min(place + 1, turns - 1): other}
            talks.append(talk(rng, turns, said=said))
    talks += [talk(rng, 4, said={0: "a", 3: of_length(rng, 300)})]
    return Situation(f"alike: {kind}", test, loops, tuple(talks))


def _summed(rng: Random) -> Situation:
    """How much all messages say, or how many of them say something."""
    n, word = rng.choice((900, 2500, 9000, 40000)), keyword(rng)
    w = literal(word)
    tests = {
        "sum": f"messages|map(attribute='content')|map('length')|sum > {n}",
        "joined": f"messages|map(attribute='content')|join|length > {n}",
        "string": f"messages|string|length > {n}",
        "json": f"messages|tojson|length > {n}",
        "longest": f"messages|map(attribute='content')|map('length')|max > {n}",
        "sorted": f"(messages|map(attribute='content')|map('length')|sort|last) > {n}",
        "shortest": "messages|map(attribute='content')|map('length')|min == 2",
        "equal": f"messages|selectattr('content', 'equalto', {w})|list|length > 0",
        "in list": f"messages|selectattr('content', 'in', [{w}, 'go on'])|list",
        "selected": f"messages|map(attribute='content')|select('equalto', {w})|list",
        "rejected": f"messages|rejectattr('content', 'ne', {w})|list|length == 1",
        "upper": "messages|map(attribute='content')|select('upper')|list|length > 0",
        "in contents": f"{w} in messages|map(attribute='content')|list",
        "message": f"{{'role': 'user', 'content': {w}}} in messages",
        "index": f"(messages|map(attribute='content')|list).count({w}) > 0",
        "last words": f"{w} in messages|map(attribute='content')|map('last')|join",
        "mapped": f"{w}|lower in messages|map(attribute='content')|map('lower')|join('\\n')",
        "replaced": f"messages|map(attribute='content')|map('replace', {w}, '')|join|length"
                    " != messages|map(attribute='content')|join|length",
    }  # fmt: skip
    kind = rng.choice(list(tests))
    hits = (word, "go on", word.upper(), of_length(rng, n + 1), of_length(rng, n), f"x {word} y", "ok",
            "LOUD")  # fmt: skip
    return Situation(f"all: {kind}", tests[kind], False, (), hits)


def _spoken(rng: Random) -> Situation:
    """Who speaks, and in which order."""
    odd = rng.choice(("tool", "developer", "ipython", "critic"))
    tests = {
        "unknown": ("m.role not in ['user', 'assistant', 'system']", True),
        "a named one": (f"m.role == '{odd}'", True),
        "any": (f"messages|selectattr('role', 'equalto', '{odd}')|list", False),
        "same twice": ("loop.previtem and loop.previtem.role == m.role", True),
        "next the same": ("loop.nextitem is defined and loop.nextitem.role == m.role", True),
        "unchanged": ("not loop.changed(m.role)", True),
        "two system turns": ("messages|selectattr('role', 'eq', 'system')|list|length > 1", False),
        "late system": ("m.role == 'system' and loop.index > 1", True),
        "begins with reply": ("messages[0].role == 'assistant'", False),
        "parity": ("(m.role == 'user') != (loop.index0 % 2 == 0)", True),
        "two roles only": ("messages|map(attribute='role')|unique|list|length > 2", False),
        "length of role": ("m.role|length not in [4, 6, 9]", True),
    }
    kind = rng.choice(list(tests))
    test, loops = tests[kind]
    talks = []
    for turns in (4, 6):
        for role in (odd, "system", "user", "assistant"):
            messages = talk(rng, turns, role == "system" or rng.random() < 0.5)
            place = rng.randrange(len(messages) - 1)
            extra = {"role": role, "content": sentence(rng)}
            talks.append([*messages[:place], extra, *messages[place:]])
    return Situation(f"spoken: {kind}", test, loops, tuple(talks))


def _joined(rng: Random) -> Situation:
    """A string that is found only where two contents are joined, or a content and a constant."""
    word = keyword(rng)
    half = max(len(word) // 2, 1)
    first, second = word[:half], word[half:]
    w = literal(word)
    tests = {
        "all contents": (f"{w} in messages|map(attribute='content')|join", False),
        "with previous": (f"loop.previtem and {w} in loop.previtem.content ~ c", True),
        "with a head": (f"({literal(first)} ~ c).startswith({w})", True),
        "with a tail": (f"(c ~ {literal(second)}).endswith({w})", True),
        "with the last": (f"{w} in c ~ messages[-1].content", True),
        "with both": (f"{w} in [messages[0].content, messages[-1].content]|join", False),
        "with role": (f"{w} in m.role ~ c", True),
        "gathered": (f"{w} in ns.text", False),
    }
    kind = rng.choice(list(tests))
    test, loops = tests[kind]
    talks = []
    for turns in (2, 4, 6, 6):
        place = rng.randrange(turns - 1)
        said = {place: f"{sentence(rng)} {first}", place + 1: f"{second} {sentence(rng)}"}
        talks += [talk(rng, turns, said=said), talk(rng, turns, True, said=said)]
        said = {0: f"x {first}", turns - 1: f"{second} x"}
        talks.append(talk(rng, turns, said=said))
    hits = (f"x {first}", f"{second} y", f"a {word} b")
    after = "{% set ns.text = ns.text ~ c %}" if "ns.text" in test else ""
    return Situation(f"joined: {kind}", test, loops, tuple(talks), hits, after=after)
