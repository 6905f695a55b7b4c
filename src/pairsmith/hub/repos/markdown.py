"""Markdown of others, as HTML that may stand on a page of the hub.

It is rendered first (CommonMark with tables, strikethrough and task lists) and cleaned after
that, so what the Markdown holds as raw HTML goes through the same sieve: a list of elements and
attributes that are let through. Scripts, styles, forms, frames and classes are not among them.

A few bytes can be made into very much: HTML opens all that is open again in each new paragraph.
So everything is counted on the way; and what is made to be slow all the same is why this runs in
a worker alone (`hub/repos/rendering.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from pairsmith.hub.http.processes import TooMuchWorkError

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

VERSION = 2
"""Of what is made of a text; with another one, texts are rendered anew."""

MAX_TEXT_CHARS = 1 << 18  # characters that are rendered
MAX_LINES = 10_000  # that are rendered: a list of as many takes a second
MAX_TOKENS = 150_000  # of Markdown; a line of plain text is one, its paragraph three
MAX_OPEN = 300  # elements of raw HTML that are open at once; each paragraph may open all again
MAX_HTML_CHARS = 1 << 19  # characters of HTML that are made of any text
SPARE_HTML_CHARS = 1 << 15  # characters of HTML that a text of no length may have
GROWTH = 8  # characters of HTML that each character of a text may add to these
CUT = "\n\n*What follows was left out here: the text is too long for a page.*\n"
PREFIX = "card-"  # before every id, so that none is one of the page's own
SCHEMES = {"http", "https", "mailto"}
LINE_ENDS = re.compile(r"\r\n?")
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# pages play nothing: a link stands in the place of what would
PLAYED = re.compile(
    r"""<(?:audio|video)\s[^<>]{0,200}?\bsrc=["']?([^\s"'<>]{1,500})""", re.IGNORECASE
)
ENDS_ITSELF = frozenset({  # elements whose end need not be written
    "area", "br", "col", "dd", "dt", "hr", "img", "input", "li", "p", "source", "tbody", "td",
    "tfoot", "th", "thead", "tr", "wbr",
})  # fmt: skip
# in what is rendered, the parts of a repository's page, and the revision: it is the same for all
PLACES = ("\uf8f0", "\uf8f1", "\uf8f2")
AT = "\uf8f3"
NO_PLACES = dict.fromkeys(map(ord, (*PLACES, AT)))
BOX = re.compile(r"\[([ xX])\] ")
GONE = {"script", "style", "iframe", "object", "embed", "template", "noscript", "svg", "math"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
TAGS = HEADINGS | {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup",
    "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "hr", "i",
    "img", "input", "ins", "kbd", "label", "li", "mark", "ol", "p", "picture", "pre", "q", "s",
    "samp", "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title", "id"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
    "ol": {"start"},
    "details": {"open"},
    "input": {"checked"},
} | {heading: {"id", "align"} for heading in HEADINGS}
# a text field in a card could ask for a password; the boxes of a task list are all there is
FIXED = {"input": {"type": "checkbox", "disabled": ""}, "img": {"loading": "lazy"}}


class MarkdownError(TooMuchWorkError):
    """A text of which too much would be made."""


def cut(text: str) -> str:
    """As much of a text as is rendered, with a word on the rest."""
    lines = LINE_ENDS.sub("\n", text[: MAX_TEXT_CHARS + 1]).split("\n", MAX_LINES)
    if len(text) <= MAX_TEXT_CHARS and len(lines) <= MAX_LINES:
        return text
    return "\n".join(lines[:MAX_LINES])[:MAX_TEXT_CHARS] + CUT


def render(text: str, placed: bool = False) -> str:
    """Markdown as HTML without anything that acts. A worker calls it, within time and memory.

    Args:
        text: The text, of whatever origin, after `cut`.
        placed: Whether relative addresses are those of a repository's files; `place` says of which.

    Raises:
        MarkdownError: It makes too much of too little.
    """
    parser = _parser()
    tokens = parser.parse(text.translate(NO_PLACES))
    _check_tokens(tokens)
    _link_what_is_played(tokens)
    _align_without_style(tokens)
    _name_headings(tokens)
    _lower_headings(tokens)
    _make_boxes(tokens)
    most = min(MAX_HTML_CHARS, SPARE_HTML_CHARS + GROWTH * len(text))
    html = _check_length(parser.renderer.render(tokens, parser.options, {}), most)
    return _check_length(_clean(html, placed), most)


def place(html: str, base: str, revision: str) -> str:
    """What was rendered, with relative addresses that lead to files.

    Args:
        html: What `render` made.
        base: The path of the repository's page, such as `/datasets/ann/pets`: relative links
            lead to its files, relative images are read from there.
        revision: The revision whose files are meant.
    """
    parts = base.strip("/").split("/")
    if len(parts) < len(PLACES):  # a model's, before which no word stands
        html = html.replace(f"/{PLACES[0]}", "")
    for mark, part in zip(PLACES[-len(parts) :], parts, strict=True):
        html = html.replace(mark, part)
    return html.replace(AT, quote(revision, safe=""))


def resolve(address: str, folder: str) -> str | None:
    """Where a link of a card leads; None for a scheme that is not let through.

    Args:
        address: As it stands in the card.
        folder: The path that relative addresses begin from, with a slash at the end; or ''.
    """
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    if parts.scheme:
        return address if parts.scheme.lower() in SCHEMES else None
    if address.startswith("#"):
        return "#" + PREFIX + address[1:]
    return urljoin(folder, address) if folder else address


def _clean(html: str, placed: bool) -> str:
    import nh3

    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=GONE,
        attributes=ATTRIBUTES,
        attribute_filter=_resolver(placed),
        set_tag_attribute_values=FIXED,
        url_schemes=SCHEMES,
        link_rel="nofollow noopener",
        id_prefix=PREFIX,
    )


def _check_tokens(tokens: list[Token]) -> None:
    """Counts what there is, and how deep raw HTML goes, before HTML is made and parsed.

    Raises:
        MarkdownError: It is too much, or too deep.
    """
    inner = [child for token in tokens for child in token.children or ()]
    if len(tokens) + len(inner) > MAX_TOKENS:
        raise MarkdownError(f"It has more than {MAX_TOKENS:,} parts.")
    opened = 0
    for ends, name in chain.from_iterable(map(_tags, [*tokens, *inner])):
        if name.lower() not in ENDS_ITSELF:
            opened = max(0, opened - 1) if ends else opened + 1
        if opened > MAX_OPEN:
            raise MarkdownError(f"It has more than {MAX_OPEN} elements open at once.")


def _tags(token: Token) -> Iterator[tuple[str, str]]:
    """The tags of raw HTML: `/` for one that ends an element, and its name."""
    raw = token.type in ("html_block", "html_inline")
    return ((tag[1], tag[2]) for tag in TAG.finditer(token.content)) if raw else iter(())


def _check_length(html: str, most: int) -> str:
    if len(html) > most:
        raise MarkdownError(f"It would make more than {most:,} characters of HTML.")
    return html


def _resolver(placed: bool) -> Callable[[str, str, str], str | None]:
    folder = "/" + "/".join(PLACES)
    folders = {
        ("a", "href"): f"{folder}/blob/{AT}/" if placed else "",
        ("img", "src"): f"{folder}/resolve/{AT}/" if placed else "",
    }

    def change(element: str, attribute: str, value: str) -> str | None:
        start = folders.get((element, attribute))
        return value if start is None else resolve(value, start)

    return change


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _make_boxes(tokens: list[Token]) -> None:
    """Makes boxes to tick of `[ ]` and `[x]` at the beginning of a list's items."""
    from markdown_it.token import Token

    for at in range(2, len(tokens)):
        kinds = tuple(token.type for token in tokens[at - 2 : at + 1])
        inside = tokens[at].children
        if kinds != ("list_item_open", "paragraph_open", "inline") or not inside:
            continue
        if inside[0].type == "text" and (box := BOX.match(inside[0].content)):
            checked = "" if box[1] == " " else " checked"
            inside[0].content = inside[0].content[len("[ ]") :]
            opening = Token(
                "html_inline", "", 0, content=f'<label><input type="checkbox"{checked}>'
            )
            tokens[at].children = [
                opening,
                *inside,
                Token("html_inline", "", 0, content="</label>"),
            ]


def _name_headings(tokens: list[Token]) -> None:
    """Gives each heading an id to link to, as GitHub makes them: `a-heading`, `a-heading-1`."""
    seen: Counter[str] = Counter()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            slug = re.sub(r"[^\w\- ]", "", inline.content.strip().lower()).replace(" ", "-")[:80]
            opening.attrs["id"] = f"{slug}-{seen[slug]}" if seen[slug] else slug
            seen[slug] += 1


def _lower_headings(tokens: list[Token]) -> None:
    """Puts each heading one level below: the page that the text stands on has a title itself."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"


def _link_what_is_played(tokens: list[Token]) -> None:
    """Puts a link before each element of raw HTML that would play a sound or a video."""
    for token in chain(tokens, *(token.children or () for token in tokens)):
        if token.type in ("html_block", "html_inline"):
            token.content = PLAYED.sub(r'<a href="\1">\1</a>\g<0>', token.content)


def _align_without_style(tokens: list[Token]) -> None:
    """Columns say how they are aligned by an attribute: pages allow no style in line."""
    for token in tokens:
        style = str(token.attrs.pop("style", ""))
        if style.startswith("text-align:"):
            token.attrs["align"] = style.removeprefix("text-align:")
