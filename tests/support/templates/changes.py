"""What a template may do to a content that changes it only now and then."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from support.templates.words import SPACES, around, character, keyword, literal, of_length, sentence


class Change(NamedTuple):
    """A change of the content `c`.

    Attributes:
        kind: What it is, for lists.
        source: Statements that set `c` anew.
        hits: Contents that it changes.
    """

    kind: str
    source: str
    hits: tuple[str, ...]


def make_change(rng: Random) -> Change:
    """A change that most contents come through as they are."""
    word, more, char, space = keyword(rng), keyword(rng), character(rng), rng.choice(SPACES)
    w, v, c, s = literal(word), literal(more), literal(char), literal(space)
    n = rng.choice((40, 300, 2500, 9000, 30000))
    inside = (around(rng, word), word, f"{word}{word} x")
    spaced = (f"a{space}b", f"{sentence(rng)}{space}{sentence(rng)}")
    chars = (f"a {char} b", f"{char}x", f"x{char}", f"{char}x{char}{char}")
    sizes = (
        of_length(rng, n),
        of_length(rng, n + 1),
        of_length(rng, n + 30),
        of_length(rng, n - 1),
    )
    changes = {
        "replace": (f"c|replace({w}, {v})", inside),
        "replace method": (f"c.replace({w}, '')", inside),
        "replace first": (f"c.replace({w}, {v}, 1)", inside),
        "replace character": (f"c|replace({c}, '')", chars),
        "replace space": (f"c|replace({s}, ' ')", spaced),
        "replace method, space": (f"c.replace({s}, '')", spaced),
        "no-break space": ("c|replace('\u00a0', ' ')", ("a\u00a0b", "one\u00a0two three")),
        "replace token": ("c|replace(eos_token, '')", ("a </s> b", "x</s>")),
        "replace role": ("c|replace(m.role ~ ': ', '')", ("user: a", "assistant: b", "system: c")),
        "replace twice": (f"c|replace({w}, '~')|replace('~', {v})", (*inside, "a ~ b")),
        "strip characters": (f"c.strip({c})", chars),
        "strip on the right": (f"c.rstrip({literal(char + '*')})", (*chars, "x*")),
        "strip on the left": (f"c.lstrip({literal('#' + char)})", (*chars, "# x")),
        "strip newlines": ("c.strip('\\n')", ("\nx", "y\n\n", " z")),
        "strip line end": ("c.rstrip('\\r\\n')", ("x\r\n", "y\n")),
        "strip zero width": ("c.strip('\u200b')", ("\u200bx", "x\u200b")),
        "prefix": (f"c.removeprefix({w})", (f"{word} x", word)),
        "suffix": (f"c.removesuffix({w})", (f"x {word}", word)),
        "behind": (f"c.split({w})[-1]", inside),
        "before": (f"c.split({w})[0]", inside),
        "behind the first": (f"c.partition({w})[2] or c", inside),
        "joined again": (f"c.split({w})|join({v})", inside),
        "joined words": ("c.split()|join(' ')", ("two  words", "a\nb")),
        "joined lines": ("c.splitlines()|join('\\n')", ("a\u2028b", "a\x0bb", "a\x85b", "a\n")),
        "blank lines": ("c.split('\\n\\n\\n')|join('\\n\\n')", ("a\n\n\nb", "a\n\n\n\n\nb")),
        "trimmed lines": (
            "c.split('\\n')|map('trim')|join('\\n')", ("a \nb", "a\n  b", "a\n\t\nb")),
        "lines without": (f"c.split('\\n')|reject('equalto', {w})|join('\\n')",
                          (f"a\n{word}\nb", f"{word}\nx")),
        "lines that hold": ("c.split('\\n')|select|join('\\n')", ("a\n\nb",)),
        "cut": (f"c[:{n}]", sizes),
        "cut at the end": (f"c[-{n}:]", sizes),
        "truncate": (f"c|truncate({n})", sizes),
        "truncate, leeway": (f"c|truncate({n}, false, '…', 0)", sizes),
        "wordwrap": (f"c|wordwrap({n})", sizes),
        "wordwrap, words": (f"c|wordwrap({n}, false)", sizes),
        "precision": (f"'%.{n}s' % c", sizes),
        "format precision": (f"'{{:.{n}}}'.format(c)", sizes),
        "width": ("'%-3s' % c", ("ab", "a", "abc")),
        "just": ("c.ljust(4, '.')", ("ab", "abcd", "Ja")),
        "center": ("c|center(4)", ("ab", "abc")),
        "zeros": ("c.zfill(3)", ("7", "42", "-1", "ab")),
        "default": ("c|default('nothing', true)", ("", " ")),
        "or": ("c or 'nothing'", ("",)),
        "blank": ("(c if c|trim else '-')", ("", " ", "\n\n")),
        "indent": ("c|indent(2)", ("a\nb",)),
        "escape": ("c|e|string", ("a < b", "x & y", "\"q\"")),
        "escape filter": ("c|escape", ("a < b", "it's")),
        "striptags": ("c|striptags", ("a <b>b</b>", "<!-- x --> y", "a  b")),
        "safe": ("c|safe", ("a < b",)),
        "json": ("(c|tojson)[1:-1]", ("say \"hi\"", "back\\slash", "a\nb", "\x7f\x1f")),
        "urlize": ("c|urlize", ("see http://a.org now", "mail a@b.org")),
        "tabs": ("c.expandtabs(4)", ("a\tb",)),
        "crlf": ("c|replace('\\r\\n', '\\n')", ("a\r\nb",)),
        "translate": ("c.translate({8217: \"'\", 8212: '--'})", ("it’s", "a—b")),
        "quote": ("c|replace('’', \"'\")", ("it’s",)),
        "capital": ("c[:1]|upper ~ c[1:]", ("small first", "été", "ßa")),
        "lower": ("c|lower if c is upper else c", ("LOUD WORDS",)),
        "encoded": ("c.encode('ascii', 'ignore').decode() or c", ("naïve", "日本 x")),
        "unique lines": ("c.split('\\n')|unique|join('\\n')", ("a\na\nb", "A\na")),
        "repeated": ("c ~ '!' * (c|length // " + str(n) + ")", sizes),
        "stars": (f"('*' * c.count({c})) ~ c", chars),
        "a dictionary": (f"{{{w}: {v}, 'hm': 'well'}}.get(c, c)", (word, "hm")),
        "characters": (f"c|reject('equalto', {c})|join", chars),
        "filter block": (
            f"{{% set c %}}{{% filter replace({w}, {v}) %}}{{{{ c }}}}{{% endfilter %}}{{% endset %}}",
            inside,
        ),
        "set block with filter": (
            f"{{% set c | replace({w}, '') %}}{{{{ c }}}}{{% endset %}}", inside),
        "loop over characters": (
            f"{{% set c %}}{{% for x in c %}}{{{{ '' if x == {c} else x }}}}{{% endfor %}}{{% endset %}}",
            chars,
        ),
        "loop over lines": (
            f"{{% set c %}}{{% for x in c.split('\\n') if x != {w} %}}{{{{ x }}}}"
            "{% if not loop.last %}{{ '\\n' }}{% endif %}{% endfor %}{% endset %}",
            (f"a\n{word}\nb", word),
        ),
        "thoughts": (
            f"{{% if {w} in c %}}{{% set c = c.split({w})[-1].lstrip('\\n') %}}{{% endif %}}", inside),
        "thoughts before the last": (
            f"{{% if m != messages[-1] and {w} in c %}}{{% set c = c.split({w})[-1] %}}{{% endif %}}",
            inside),
        "thoughts apart": (
            f"{{% if c.startswith({w}) and {v} in c %}}{{% set c = c.split({v}, 1)[1] %}}{{% endif %}}",
            (f"{word} so {more} then", f"{word}{more}", f"a {word} {more}")),
        "format of it": ("c % ()  if '%%' in c else c", ("100%% sure", "a %% b")),
    }  # fmt: skip
    kind = rng.choice(list(changes))
    source, hits = changes[kind]
    if not source.startswith("{%"):
        source = f"{{% set c = {source} %}}"
    return Change(f"change: {kind}", source, hits)
