"""Symbols stand for contents: what a text of symbols says is true of every content that it may be.

Operations are tried on symbols and on texts, many times over. Where symbols take an answer for
granted, contents that do not meet the conditions are left out; for all others the answer, and the
text that comes out, must be that of Python.
"""

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pairsmith.chat_templates.symbolic.conditions import (
    Conditions,
    Content,
    DependsOnContentError,
)
from pairsmith.chat_templates.symbolic.parts import Length, cased
from pairsmith.chat_templates.symbolic.reading import make_render, read_template
from pairsmith.chat_templates.symbolic.text import Text
from pairsmith.text.spans import spans_of
from support.examples import examples
from support.slow import quick

ROLES = ("user", "assistant")
LETTERS = "ab<> \nA\u00a0\u212a\u0130\u017f\u00df"
words = st.text("ab<> \nk", max_size=3)
contents = st.text(LETTERS, max_size=6)


def strips(name):
    return st.one_of(st.none(), st.text("ab \n", max_size=2)).map(
        lambda chars: (name, lambda text: getattr(text, name)(*([] if chars is None else [chars])))
    )


def of_word(name, act):
    return words.map(lambda word: (f"{name} {word!r}", lambda text: act(text, word)))


CHANGES = st.one_of(
    strips("strip"),
    strips("lstrip"),
    strips("rstrip"),
    of_word("before", lambda text, word: word + text),
    of_word("behind", lambda text, word: text + word),
    of_word("replace", lambda text, word: text.replace(word, "X")),
    of_word("split first", lambda text, word: text.split(word)[0]),
    of_word("split last", lambda text, word: text.split(word)[-1]),
    of_word("rsplit", lambda text, word: text.rsplit(word)[0]),
    of_word("partition", lambda text, word: text.partition(word)[2]),
    of_word("rpartition", lambda text, word: text.rpartition(word)[0]),
    of_word("in a row", lambda text, word: text + f" {word}{word}{word} " + text),
    of_word("removeprefix", lambda text, word: text.removeprefix(word)),
    of_word("removesuffix", lambda text, word: text.removesuffix(word)),
)
SEEN = st.one_of(
    of_word("in", lambda text, word: word in text),
    of_word("not in", lambda text, word: word not in text),
    of_word("==", lambda text, word: text == word),
    of_word("!=", lambda text, word: text != word),
    of_word("startswith", lambda text, word: text.startswith(word)),
    of_word("endswith", lambda text, word: text.endswith(word)),
    of_word("one of", lambda text, word: text.startswith((word, "a"))),
    of_word("find", lambda text, word: text.find(word)),
    of_word("count", lambda text, word: text.count(word)),
    of_word("lower", lambda text, word: word in text.lower()),
    of_word("upper", lambda text, word: word.upper() in text.upper()),
    of_word("title", lambda text, word: text.title() == word),
    of_word("capitalize", lambda text, word: word.title() in text.capitalize()),
    of_word("casefold", lambda text, word: text.casefold().startswith(word)),
    of_word("first", lambda text, word: text[:1] == word),
    of_word("first three", lambda text, word: text[:3] == word),
    of_word("from two", lambda text, word: word in text[2:]),
    of_word("part ends", lambda text, word: text[1:].endswith(word)),
    of_word("part lower", lambda text, word: text[:4].lower() == word),
    of_word("list", lambda text, word: text in [word, "b"]),
    of_word("last", lambda text, word: bool(text) and text[-1] == word),
    st.just(("true", bool)),
    st.integers(0, 8).map(lambda n: (f"> {n}", lambda text: length(text) > n)),
    st.integers(0, 8).map(lambda n: (f"<= {n}", lambda text: length(text) <= n)),
    st.integers(0, 8).map(lambda n: (f"== {n}", lambda text: length(text) == n)),
    st.integers(90, 120).map(lambda n: (f"< {n}", lambda text: length(text) < n)),
)


def length(text):
    return Length(text) if isinstance(text, Text) else len(text)


def met(conditions, given):
    """Whether contents, by their role, meet the conditions, as the columns test it."""
    held = spans_of(pa.array(given)).holds_any(sorted(conditions.absent), ignore_case=True)
    return not held.any() and all(
        (content.strip() or role not in conditions.filled)
        and (content == content.strip() or role not in conditions.bare)
        and len(content.strip()) >= conditions.shortest.get(role, 0)
        and len(content) <= conditions.longest.get(role, len(content))
        for role, content in zip(ROLES, given, strict=True)
    )


def written(text, given):
    """What a text says once its contents are known."""
    if isinstance(text, str):
        return text
    out = ""
    for piece in text._pieces:
        if isinstance(piece, Content):
            content = given[piece.place]
            content = content.lstrip() if piece.left else content
            piece = content.rstrip() if piece.right else content
        out += piece
    return out


@examples(2000)
@given(
    given=st.tuples(contents, contents),
    both=st.booleans(),
    changes=st.lists(CHANGES, max_size=4),
    seen=SEEN,
)
def test_what_symbols_say_is_so(given, both, changes, seen):
    conditions = Conditions()
    symbols = [Text((Content(at, role),), conditions) for at, role in enumerate(ROLES)]
    made, real = symbols[0], given[0]
    if both:
        made, real = made + "<>" + symbols[1], real + "<>" + given[1]
    _, look = seen
    try:
        for _, change in changes:
            made = change(made)
        answer = look(made)
    except (DependsOnContentError, ValueError):
        assume(False)
    assume(met(conditions, given) and not conditions.faults)
    for _, change in changes:
        real = change(real)
    assert (written(made, given), answer) == (real, look(real))


def test_every_operation_of_a_text_is_known_or_refused():
    """Nothing that Python can do to a text is done to a symbol by default."""
    own = {name for name in dir(object) if name not in ("__eq__", "__hash__", "__str__")}
    for name in sorted(set(dir(str)) - own - {"__getnewargs__", "__doc__"}):
        if name.startswith("__"):
            assert name in dir(Text), name
            continue
        content = Text((Content(0, "user"),), Conditions())
        try:
            made = getattr(content, name)()
        except (DependsOnContentError, TypeError):
            continue
        assert name in ("strip", "lstrip", "rstrip") or type(made).__name__ == "Part", name


@pytest.mark.parametrize("change", quick(["lower", "upper", "title", "capitalize", "casefold"]))
def test_characters_that_become_letters(change):
    """All of Unicode: none but these becomes a letter of ASCII in another case."""
    found = {
        char
        for char in map(chr, range(0x80, 0x110000))
        for image in (getattr(char, change)(), getattr("é" + char, change)()[1:])
        if any(letter.isascii() and letter.isalpha() for letter in image)
    }
    assert found == set(cased(change))


SHAPE = {"roles": ["user", "assistant"], "generation": False}


def read(body, name="m.content"):
    source = f"{{% for m in messages %}}{body}{{% endfor %}}"
    return read_template(make_render(source, {"bos_token": "<s>"}), [SHAPE])


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("{{ m.content | length }}", "it looks at the characters of a content"),
        ("{{ m.content | tojson }}", "it uses the filter tojson on a content"),
        ("{{ m | tojson }}", "it cannot be read"),
        ("{{ m.content | int }}", "it uses the filter int on a content"),
        ("{{ m.content.isdigit() }}", "it calls isdigit of a content"),
        ("{{ m.content | upper }}", "it looks at the characters of a content"),
        ("{{ '%5s' % m.content }}", "it formats a content"),
        ("{{ '%s' % [m.content] }}", "it quotes a content"),
        ("{{ '%r' % m.content }}", "it formats a content"),
        ("{{ '{:>5}'.format(m.content) }}", "it formats a content"),
        ("{{ '{!r}'.format(m.content) }}", "it formats a content"),
        ("{{ '{0[0]}'.format(m.content) }}", "it formats a content"),
        ("{{ m.content * 2 }}", "it looks at the characters of a content"),
        ("{{ {m.content: 1} }}", "it looks a content up in a table"),
        ("{{ {'a': 1}[m.content] }}", "it looks a content up in a table"),
        ("{% for c in m.content %}{{ c }}{% endfor %}", "it goes through the characters"),
        ("{{ m.content if m.content < 'b' }}", "it sorts contents"),
        ("{{ messages | map(attribute='content') | sort | join }}", "it compares contents"),
        ("{{ messages | map(attribute='content') | unique | join }}", "it looks a content up"),
        ("{{ m.content if m.content is lower }}", "it uses the test lower on a content"),
        ("{{ m.content if m.content == messages[0].content }}", "it compares contents"),
        ("{{ m.content if 'a' in m.role ~ m.content ~ m.role }}", ""),
        ("{{ m.content if 'rx' in m.role ~ m.content }}", "in contents and constant text together"),
        ("{{ m.content if (m.content ~ 'x') is divisibleby 2 }}", "it uses the test divisibleby"),
        ("{{ m.content ~ (m.content | length % 3) }}", "it looks at the characters of a content"),
        ("{{ m.content | wordcount }}", "it uses the filter wordcount on a content"),
        ("{{ (messages | last).content[5] }}", "it takes a character from the middle"),
        ("{{ m.content if m.content[::-1] == 'a' }}", "it takes a part of a text"),
        ("{{ ', '.join([m.content]) }}", "it cannot be read"),
        ("{{ '%s' % m }}", "it quotes a content"),
        ("{{ '%s' % {'a': m.content} }}", "it quotes a content"),
        ("{{ '%s %s' % ((m.content,), m.content) }}", "it quotes a content"),
        ("{{ messages[0].content[messages[1].content | length] }}", "it looks a content up"),
        ("{{ loop[m.content] }}", "it looks a content up in a table"),
        ("{{ (5)[m.content] }}", "it looks a content up in a table"),
        ("{{ m.content if m.content['a':] == 'b' }}", "by what is no constant number"),
        ("{{ m.content if m.content[m.content | length:] == 'b' }}", "by what is no constant"),
        ("{{ m.content | string('x') }}", "it cannot be read"),
        ("{{ m.content if m.content.startswith(prefix='x') }}", "it cannot be read"),
        ("{{ m.content if m.content.find(sub='x') }}", "it cannot be read"),
        ("{{ m.content | default(default_value='x') }}", ""),
        ("{{ ('<b>' | safe) + m.content }}", "it escapes contents for HTML"),
        ("{{ m.content + ('<b>' | escape) }}", "it escapes contents for HTML"),
        ("{{ ('%s' | safe) % m.content }}", "it escapes contents for HTML"),
        ("{{ ('{}' | safe).format(m.content) }}", "it escapes contents for HTML"),
        ("{{ '%s' | safe | format(m.content) }}", "it escapes contents for HTML"),
        ("{% autoescape true %}{% endautoescape %}{{ m.content }}", "it escapes contents"),
        ("{{ m.content }}{{ messages | map(attribute='role') }}", "the name of an object"),
        ("{{ m.content }}{{ namespace }}", "it writes the name of an object"),
        ("{{ m.content }}{{ [['a']] | map('ran' ~ 'dom') | join }}", "not write the same twice"),
        ("{{ m.content }}{{ '\\x00' }}", "it writes a NUL character"),
        ("{{ m.content }}{{ '\\ud800' }}", "or half of a surrogate pair"),
        ("{{ m.content }}{{ 'x' * 200001 }}", "it writes more than 200,000 characters"),
    ],
)
def test_what_is_not_known_of_a_content_is_refused(body, fault):
    said = read(body)["fault"]
    assert fault in said if fault else said == ""


@pytest.mark.parametrize(
    "body",
    [
        "{{ '%s: %s%%' % (m.role, m.content) }}",
        "{{ '%(role)s: %(content)s%%' % m }}",
        "{{ '{}: {}%'.format(m.role, m.content) }}",
        "{{ '{1}: {0}%'.format(m.content, m.role) }}",
        "{{ '{r}: {c}%'.format(c=m.content, r=m.role) }}",
        "{{ '%s: %s%%' | format(m.role, m.content) }}",
        "{{ [m.role, ': ', m.content, '%'] | join }}",
        "{{ m.role ~ ': ' ~ m.content | string ~ '%' }}",
        "{% set c %}{{ m.role }}: {{ m.content }}{% endset %}{{ c }}%",
        "{% macro w(c) %}{{ caller() }}{{ c }}{% endmacro %}{% call w(m.content) %}{{ m.role }}: "
        "{% endcall %}%",
        "{{ (m.role ~ ': \\n' ~ m.content).replace('\\n', '') + '%' }}",
        "{{ '</x>' .join([m.role ~ ': ']) ~ (m.content ~ '</x>').split('</x>')[0] }}%",
    ],
)
def test_ways_to_write_the_same(body):
    user, assistant = Content(0, "user"), Content(1, "assistant")
    assert read(body)["texts"] == [["user: ", user, "%assistant: ", assistant, "%"]]


def test_an_error_that_a_template_goes_on_from_is_not_forgotten():
    """A look-up by a content fails, which Jinja takes for nothing being there."""
    seen = read("{{ ({'a': 1}[m.content] or '') ~ m.content }}")
    assert seen["fault"] == "it looks a content up in a table"
    assert seen["texts"] == []


def test_a_template_that_quotes_what_it_refuses_is_read():
    seen = read("{{ raise_exception('not ' ~ m.content ~ ', please') }}")
    assert (seen["fault"], seen["refused"]) == ("not …, please", True)


def test_another_value_is_not_taken_for_what_stands_in_for_a_content():
    seen = read("{{ m.content if ('%s%s' % ('\\x000\\x00', m.content)).startswith('\\x00') }}")
    assert [len(text) for text in seen["texts"]] == [2]


def test_reading_ends():
    """Contents that double with every turn."""
    shapes = [{"roles": ["user", "assistant"] * n, "generation": False} for n in range(1, 33)]
    double = "{% for m in messages %}{% set ns.x = ns.x ~ ns.x ~ m.content %}{% endfor %}{{ ns.x }}"
    render = make_render("{% set ns = namespace(x='') %}" + double, {})
    assert read_template(render, shapes)["fault"] == "it repeats a content"


def test_what_comes_out():
    seen = read(
        "{% set c = m.content | trim %}{% if loop.first %}{{ bos_token }}{% endif %}"
        "{{ '<' ~ m.role ~ '>' }}{% if c and '</think>' not in c %}{{ c }}{% endif %}"
    )
    assert seen["texts"] == [
        ["<s><user>", Content(0, "user", True, True), "<assistant>",
         Content(1, "assistant", True, True)]
    ]  # fmt: skip
    assert (seen["absent"], seen["filled"]) == (["</think>"], ["assistant", "user"])
