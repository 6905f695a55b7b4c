"""Conditions on one content: what a template may ask of it, and texts for which it holds."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from support.templates.words import (
    SENTENCES,
    around,
    character,
    keyword,
    literal,
    of_length,
    sentence,
)


class Condition(NamedTuple):
    """A condition on the content `c` of the message `m`.

    Attributes:
        kind: What it is, for lists.
        test: A Jinja expression.
        hits: Contents for which its answer is the rare one.
        nears: Contents that look like these, for which it is the usual one.
        setup: Statements that come before it.
    """

    kind: str
    test: str
    hits: tuple[str, ...]
    nears: tuple[str, ...] = ()
    setup: str = ""


def _found(rng: Random) -> Condition:
    """One string, looked for in one of the many ways in which that can be written."""
    word, more = keyword(rng), keyword(rng)
    w, hit = literal(word), around(rng, word)
    half = max(len(word) // 2, 1)
    a, b = literal(word[:half]), literal(word[half:])
    tests = {
        "in": f"{w} in c",
        "not in": f"not ({w} not in c)",
        "find": f"c.find({w}) >= 0",
        "find != -1": f"c.find({w}) != -1",
        "rfind": f"c.rfind({w}) > -1",
        "count": f"c.count({w}) > 0",
        "split": f"c.split({w})|length > 1",
        "split, second": f"c.split({w})[1] is defined",
        "partition": f"c.partition({w})[1]",
        "rpartition": f"c.rpartition({w})[0] or c.rpartition({w})[1]",
        "replace": f"c|replace({w}, '') != c",
        "replace method": f"c.replace({w}, {literal(more)})|length != c|length",
        "joined in": f"({a} ~ {b}) in c",
        "plus in": f"({a} + {b}) in c",
        "reversed": f"{literal(word[::-1])}|reverse in c",
        "upper constant": f"{literal(word.lower())}|upper in c|upper",
        "list of characters": f"{w} in (c|list|join)",
        "string filter": f"{w} in (c|string)",
        "trimmed": f"{w} in c|trim",
        "padded": f"{w} in (' ' ~ c ~ ' ')",
        "formatted": f"{w} in '%s' % c",
        "format method": f"{w} in '<{{}}>'.format(c)",
        "format filter": f"{w} in '[%s]'|format(c)",
        "test in": f"{w} is in c",
        "json": f"{w}|tojson|length > 2 and {w} in c",
        "via list": f"[c]|select('in', [c, {w}])|list and {w} in c",
        "any of": f"[{w}, {literal(more)}]|select('in', c)|list|length > 0",
        "first of": f"([{w}, {literal(more)}]|select('in', c)|first) is defined",
        "index": f"(c.find({w}) + 1)|abs > 0",
    }
    kind = rng.choice(list(tests))
    hits = [hit, around(rng, word)]
    if kind == "upper constant" and "ß" not in word:
        hits.append(around(rng, word.swapcase()))
    if kind in ("any of", "first of"):
        hits.append(around(rng, more))
    return Condition(f"found: {kind}", tests[kind], tuple(hits), (around(rng, word[:-1]),))


def _several(rng: Random) -> Condition:
    """Several strings, that have to be there together."""
    one, two, three = keyword(rng), keyword(rng), keyword(rng)
    a, b, c = literal(one), literal(two), literal(three)
    both = f"{sentence(rng)} {one} {sentence(rng)} {two} {sentence(rng)}"
    behind = f"{two} {sentence(rng)} {one}"
    tests = {
        "and": f"{a} in c and {b} in c",
        "and not": f"{a} in c and not {b} in c",
        "three": f"{a} in c and {b} in c and {c} in c",
        "order": f"c.find({a}) >= 0 and c.find({b}) > c.find({a})",
        "split both": f"c.split({a})|length > 1 and {b} in c.split({a})[-1]",
        "between": f"c.split({a})[-1].split({b})|length > 1 and {a} in c",
        "counts": f"c.count({a}) + c.count({b}) == 2",
        "product": f"c.count({a}) * c.count({b}) > 0",
        "all of": f"[{a}, {b}]|select('in', c)|list|length == 2",
        "reject": f"[{a}, {b}]|reject('in', c)|list|length == 0",
        "replaced": f"{b} in c|replace({a}, '') and c|replace({a}, '') != c",
        "or and": f"({a} in c or {b} in c) and ({c} in c or {a} in c and {b} in c)",
        "nested": f"({b} in c if {a} in c else false)",
        "twice": f"c.count({a}) >= 2",
        "three times": f"c.split({a})|length > 3",
        "equal counts": f"c.count({a}) == c.count({b}) and {a} in c",
    }
    kind = rng.choice(list(tests))
    hits = [both, behind, f"{one}{two}", f"{both} {three}", f"{one} {one}", f"{one}{one} {one}"]
    return Condition(
        f"several: {kind}", tests[kind], (*hits, around(rng, one)), (around(rng, two),)
    )


def _ends(rng: Random) -> Condition:
    """What a content begins or ends with."""
    word, more, char = keyword(rng), keyword(rng), character(rng)
    w, v, c, n = literal(word), literal(more), literal(char), len(word)
    begin, end = f"{word} {sentence(rng)}", f"{sentence(rng)} {word}"
    tests = {
        "startswith": (f"c.startswith({w})", (begin, word)),
        "endswith": (f"c.endswith({w})", (end, word)),
        "starts and ends": (
            f"c.startswith({w}) and c.endswith({v})",
            (f"{word} in between {more}", word + more),
        ),
        "starts, not ends": (f"c.startswith({w}) and not c.endswith({v})", (begin,)),
        "slice": (f"c[:{n}] == {w}", (begin, word)),
        "slice of end": (f"c[-{n}:] == {w}", (end, word)),
        "slice inside": (f"c[2:{n + 2}] == {w}", (f"ab{word} {sentence(rng)}",)),
        "slice not": (f"not c[:{n}] != {w}", (begin,)),
        "brackets": ("c[:1] == '[' and c[-1:] == ']'", ("[a list]", "[]", "[1, 2]")),
        "braces": ("c[0] == '{' and c[-1] == '}' and '\"' in c", ('{"a": 1}',)),
        "first character": (f"c[0] == {c}", (f"{char} {sentence(rng)}", char)),
        "last character": (f"c[-1] == {c}", (f"{sentence(rng)} x{char}", f"x{char}")),
        "first filter": (f"c|first == {c}", (f"{char}{sentence(rng)}",)),
        "last filter": (f"c|last == {c}", (f"{sentence(rng)}x{char}",)),
        "second character": (f"c[1] == {c}", (f"a{char} b",)),
        "in a set": (f"c[:1] in [{c}, '§']", (f"{char}x", "§ 12")),
        "in a string": (f"c[0] in '#§{char if char not in chr(39) else ''}'", ("# head", "§ 12")),
        "split, first": (f"c.split({w})[0] == ''", (begin,)),
        "split, last": (f"c.split({w})[-1] == ''", (end,)),
        "trimmed": (f"c.strip().startswith({w})", (begin, f"  {begin}")),
        "lstripped": (f"c.lstrip({c}) != c", (f"{char}{sentence(rng)}",)),
        "stripped": (f"c.strip({c}) != c", (f"x{char}", f"{char}x{char}")),
        "prefix": (f"c.removeprefix({w}) != c", (begin,)),
        "suffix": (f"c.removesuffix({w}) != c", (end,)),
        "tuple": (f"c.startswith(({w}, {v}))", (begin, f"{more} x")),
        "reversed": (f"(c|reverse)[:{n}] == {literal(word[::-1])}", (end,)),
        "step": (f"c[::2].startswith({w})", ("".join(f"{x}-" for x in word) + " and so on",)),
        "first word": (
            f"(c.split()|first) == {literal(word.split()[0])}",
            (f"{word.split()[0]} x",),
        ),
        "last word": (f"c.split()[-1] == {literal(word.split()[-1])}", (f"x {word.split()[-1]}",)),
        "first line": (f"c.split('\\n')[0] == {w}", (f"{word}\nand more", word)),
        "last line": (f"c.split('\\n')|last == {w}", (f"more\n{word}",)),
        "found at": (f"c.find({w}) == 3", (f"abc{word} {sentence(rng)}",)),
        "found at end": (f"c.rfind({w}) == c|length - {n}", (end,)),
    }
    kind = rng.choice(list(tests))
    test, hits = tests[kind]
    nears = (f"x{word} x", f"x{word[:-1]} y") if kind != "slice inside" else (around(rng, "ab"),)
    return Condition(f"ends: {kind}", test, hits, nears)


def _length(rng: Random) -> Condition:
    """How long a content is, in characters, words or lines."""
    n = rng.choice((1, 2, 3, 5, 8, 13, 40, 120, 500, 2000, 6000, 20000))
    m = n + rng.choice((1, 2, 5, 20))
    few, many = min(n, 60), min(n, 400)
    words = " ".join(["word"] * (many + 1))
    lines = "\n".join(["line"] * (few + 1))
    exact = tuple(of_length(rng, size) for size in {max(n - 1, 1), n, n + 1, m, m + 1})
    tests = {
        "over": (f"c|length > {n}", exact),
        "at least": (f"c|length >= {n + 1}", exact),
        "under": (f"c|length < {min(n, 13) + 1}", ("a", "Ja", "no!")),
        "exactly": (f"c|length == {n}", exact),
        "window": (f"c|length > {n} and c|length < {m + 1}", exact),
        "chained": (f"{n} < c|length <= {m}", exact),
        "count filter": (f"c|count > {n}", exact),
        "product": (f"c|length * 2 > {2 * n}", exact),
        "quotient": (f"c|length // {n} >= 1 and c|length > {n}", exact),
        "remainder": (f"c|length % 1009 == {n % 1009}", exact),
        "slice": (f"c[{n}:] != ''", exact),
        "index": (f"c[{n}] is defined", exact),
        "truncated": (f"c|truncate({n + 8}, true, '', 0) != c", (of_length(rng, n + 20),)),
        "list": (f"(c|list)[{n}:]|length > 0", exact),
        "words": (f"c.split()|length > {many}", (words, words + " " + words)),
        "wordcount": (f"c|wordcount == {many + 1}", (words,)),
        "spaces": (f"c.count(' ') >= {many}", (words,)),
        "lines": (f"c.split('\\n')|length > {few}", (lines, lines + "\n" + lines)),
        "splitlines": (f"c.splitlines()|length == {few + 1}", (lines,)),
        "newlines": (f"c.count('\\n') == {few}", (lines,)),
        "justified": (f"c.ljust({n}) != c", ("a", "b")),
        "formatted": (f"('%{n}s' % c) != c", ("a", "b")),
        "padded": (f"'{{:>{n}}}'.format(c) != c", ("a", "b")),
        "letters": (f"c.count('q') > {few}", ("q" * (few + 1), "q " * (few + 2) + "x")),
        "longest word": (
            f"c.split()|map('length')|max > {n + 20}",
            ("w" * (n + 21), f"a {'w' * (n + 30)} b"),
        ),
    }
    kind = rng.choice(list(tests))
    test, hits = tests[kind]
    return Condition(f"length: {kind}", test, hits)


def _cased(rng: Random) -> Condition:
    """A content by its case, or in any case, or compared with another."""
    word = keyword(rng)
    low, w = literal(word.lower()), literal(word)
    any_case = (around(rng, word.upper()), around(rng, word.title()), around(rng, word.lower()))
    tests = {
        "lower in": (f"{low} in c|lower", any_case),
        "lower() in": (f"{low} in c.lower()", any_case),
        "upper in": (f"{literal(word.upper())} in c.upper()", any_case),
        "casefold": (f"{low} in c.casefold()", any_case),
        "swapped": (f"{w} in c.swapcase()", (around(rng, word.swapcase()),)),
        "titled": (f"{literal(word.title())} in c.title()", any_case),
        "lower begins": (f"(c|lower).startswith({low})", (f"{word.upper()} x", f"{word} y")),
        "all capitals": ("c|upper == c", ("ALL OF IT", "A B C!")),
        "no capitals": ("c == c.lower()", ("nothing but small letters",)),
        "title": ("c|title == c", ("Each Word Is So",)),
        "capitalized": ("c|capitalize == c", ("Only the first is",)),
        "is upper": ("c is upper", ("LOUD WORDS",)),
        "isdigit": ("c[:1].isdigit()", ("7 dwarfs", "12")),
        "isupper": ("c.isupper()", ("LOUD WORDS",)),
        "lower equals": (f"c|lower == {low}", (word, word.upper())),
        "a number": ("c|int > 0", ("17", " 12 ", "3")),
        "a float": ("c|float != 0.0", ("3.5", "1e3")),
        "sorted before": ("c < '!'", (" a", "\n", " leading")),
        "sorted after": ("c > '~'", ("été", "~~", "日本")),
        "characters": ("c|list|unique|list|length == 1", ("aaaa", "!", "--")),
        "sorted characters": ("(c|list|sort|last) > 'ÿ'", ("日本", "😀 smile")),
        "digits": ("c|select('in', '0123456789')|list|length > 6", ("call 555-123-4567",)),
        "no letters": ("c.strip('0123456789') == ''", ("42", "1234567890")),
        "in a list": (f"c in ['ok', 'fine', {w}]", ("ok", "fine", word)),
        "in a tuple": (f"c in ('Ja', {w})", ("Ja", word)),
        "equal": (f"c == {w}", (word,)),
        "not unequal": (f"not c != {w}", (word,)),
        "in a text": ("c in 'yes, no and perhaps'", ("yes", "no", "perhaps", "es")),
        "key": (f"c in {{{w}: 1, 'go': 2}}", (word, "go")),
        "looked up": (f"{{{w}: 1, 'go': 2}}[c] is defined", (word, "go")),
        "got": (f"{{{w}: 'x'}}.get(c)", (word,)),
        "test equalto": (f"c is equalto {w}", (word,)),
        "list of words": (f"{literal(word.split()[0])} in c.split()", (f"so {word.split()[0]} x",)),
        "list of lines": (f"{w} in c.split('\\n')", (f"a\n{word}\nb", word)),
        "blank": ("c|trim == ''", ("", " ", "\n")),
        "padded": ("c|trim != c", (" x", "y\n")),
        "double space": ("c.split('  ')|length > 1", ("two  spaces",)),
        "blank line": ("c.split('\\n\\n')|length > 4", ("a\n\nb\n\nc\n\nd\n\ne",)),
        "escaped": ("c|e|string|length > c|length + 40", ("<<<<<<<<<<<<<<<<<<<<", "&" * 12)),
        "as json": ("c|tojson|length > c|length + 20", ('"' * 20, "\\" * 30)),
        "as url": ("c|urlencode == c", ("abc", "a/b")),
    }
    kind = rng.choice(list(tests))
    test, hits = tests[kind]
    return Condition(f"compared: {kind}", test, hits, (around(rng, word[1:]),))


def _role(rng: Random) -> Condition:
    """A content that is looked at together with its role, or with other messages."""
    own = ("user", "assistant", "system")
    named = tuple(f"{role}: {sentence(rng)}" for role in own)
    tests = {
        "role ~ ':'": ("(m.role ~ ':') in c", named),
        "role + ': '": ("(m['role'] + ': ') in c", named),
        "tag of role": ("('<' ~ m.role ~ '>') in c", tuple(f"a <{role}> b" for role in own)),
        "role title": ("(m.role|title ~ ':') in c", ("User: hi", "Assistant: hi", "System: x")),
        "role upper": ("c.startswith(m.role|upper)", ("USER x", "ASSISTANT x", "SYSTEM x")),
        "role equals": ("c == m.role", own),
        "role found twice": ("c.count(m.role) > 1", tuple(f"{r} and {r}" for r in own)),
        "role first word": ("c.split(':')[0]|lower == m.role", ("User: a", "assistant: b", "System: c")),
        "roles map": (
            "({'user': 'Human', 'assistant': 'Bot'}[m.role]|default('Rule') ~ '>') in c",
            ("Human> a", "a Bot> b", "Rule> x"),
        ),
        "bos": ("bos_token in c", ("a <s> b",)),
        "eos": ("c.endswith(eos_token)", ("done </s>", "</s>")),
        "tokens": ("(eos_token ~ bos_token) in c", ("one </s><s> two",)),
    }  # fmt: skip
    kind = rng.choice(list(tests))
    test, hits = tests[kind]
    return Condition(f"role: {kind}", test, hits, ("users: x", "the user says"))


def _loop(rng: Random) -> Condition:
    """A loop over characters, words or lines, that leaves a mark in a namespace."""
    word, char = keyword(rng), character(rng)
    w, c = literal(word), literal(char)
    loops = {
        "characters": (f"{{% for x in c %}}{{% if x == {c} %}}", (f"a {char} b", f"{char}")),
        "lines": (f"{{% for x in c.split('\\n') %}}{{% if x.startswith({w}) %}}",
                  (f"a\n{word} b", f"{word} c")),
        "words": (f"{{% for x in c.split() %}}{{% if x|lower == {literal(word.split()[0].lower())} %}}",
                  (f"so {word.split()[0].upper()} it is",)),
        "keywords": (f"{{% for x in [{w}, '<hush>', 'sotto voce'] %}}{{% if x in c %}}",
                     (around(rng, word), "a <hush> b", "said sotto voce")),
        "pairs": (f"{{% for x, y in [({w}, ')'), ('<hush>', '</hush>')] %}}"
                  "{% if x in c and y in c %}", (f"{word} b)", "<hush> a </hush>")),
        "pieces": (f"{{% for x in c.split({w}) %}}{{% if loop.index == 2 %}}", (around(rng, word),)),
        "index": ("{% for x in range(3) %}{% if c[x:x + 1] == '#' %}", ("ab# x", "# x", "a#b")),
        "batch": (f"{{% for x in c|batch(2) %}}{{% if x[0] == {c} %}}", (f"{char}ab", f"ab{char}c")),
    }  # fmt: skip
    kind = rng.choice(list(loops))
    body, hits = loops[kind]
    setup = (
        "{%- set ns1 = namespace(hit=false) -%}"
        + body
        + ("{% set ns1.hit = true %}{% endif %}{% endfor %}")
    )
    return Condition(f"loop over {kind}", "ns1.hit", hits, (around(rng, word[:-1]),), setup)


MAKERS: tuple[Callable[[Random], Condition], ...] = (
    _found, _found, _several, _several, _ends, _ends, _length, _cased, _role, _loop,
)  # fmt: skip
SETTLED = ("blank", "first character", "last character", "second character", "first word",
           "last word", "braces", "in a string", "longest word")  # fmt: skip
"""Conditions that raise for an empty content, which a template must guard."""


def make_condition(rng: Random) -> Condition:
    """A condition on one content, sometimes made of two."""
    made = rng.choice(MAKERS)(rng)
    if made.kind.partition(": ")[2] in SETTLED:
        made = made._replace(test=f"c|trim and ({made.test})")
    if rng.random() < 0.2 and not made.setup:
        other = rng.choice(MAKERS[:-1])(rng)
        mixed = tuple(f"{one} {two}" for one in made.hits[:2] for two in other.hits[:2])
        mixed += tuple(f"{two}\n{one}" for one in made.hits[:2] for two in other.hits[:2])
        how = rng.choice(("and", "or", "and not"))
        second = f"(c|trim and ({other.test}))"
        return Condition(
            f"{made.kind} {how} {other.kind}",
            f"({made.test}) {how} {second}",
            (*made.hits, *other.hits, *mixed),
            (*made.nears, *rng.sample(SENTENCES, 2)),
        )
    return made
