"""Names and numbers in comments become links in text alone, whatever stands around them."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from pairsmith.hub.community.mentions import link
from pairsmith.hub.repos.markdown import render

PAGE = "/datasets/ann/tea"
ANN = '<a href="/ann">@ann</a>'
THREE = f'<a href="{PAGE}/discussions/3">#3</a>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("@ann and @Ann, #3.", f"<p>{ANN} and {ANN}, {THREE}.</p>"),
        ("(@ann) @ann!", f"<p>({ANN}) {ANN}!</p>"),
        ("**@ann**", f"<p><strong>{ANN}</strong></p>"),
        ("@nobody ann@ann.org x@ann @ann@ann", "<p>@nobody ann@ann.org x@ann @ann@ann</p>"),
        ("`@ann #3`", "<p><code>@ann #3</code></p>"),
        ("#0 #a a#3 #1234567890", "<p>#0 #a a#3 #1234567890</p>"),
        ("a &amp;#3; b &lt;@ann&gt;", f"<p>a &amp;#3; b &lt;{ANN}&gt;</p>"),
    ],
    ids=("both", "marks", "inside", "others", "code", "numbers", "entities"),
)
def test_what_is_linked(text, html):
    assert link(Markup(render(text)), {"ann": "ann"}, PAGE).strip() == html


@pytest.mark.parametrize(
    "text",
    [
        '[a](/x "@ann #3")',
        "[@ann #3](https://example.org/@ann)",
        '<b title="> @ann">x</b>',
        """<a href='/x" onclick="@ann'>@ann</a>""",
        "![@ann](https://example.org/#3)",
        "<https://example.org/@ann#3>",
        "    @ann #3",
    ],
    ids=range(7),
)
def test_nothing_is_linked_in_tags_links_and_code(text):
    html = Markup(render(text))
    assert link(html, {"ann": "ann"}, PAGE) == html
