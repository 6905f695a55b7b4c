"""Markdown of others, as HTML that may stand on a page of the hub.

It is rendered first (CommonMark with tables, strikethrough and task lists) and cleaned after
that, so what the Markdown holds as raw HTML goes through the same sieve: a list of elements and
attributes that are let through. Scripts, styles, forms, frames and classes are not among them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cache, lru_cache
from itertools import pairwise
from urllib.parse import quote, urljoin, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

MAX_TEXT_CHARS = 1 << 18  # characters that are rendered
CUT = "\n\n*What follows was left out here: the text is too long for a page.*\n"
PREFIX = "card-"  # before every id, so that none is one of the page's own
SCHEMES = {"http", "https", "mailto"}
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


@lru_cache(maxsize=32)
def to_html(markdown: str, base: str = "", revision: str = "main") -> Markup:
    """Markdown as HTML without anything that acts.

    Args:
        markdown: The text, of whatever origin. More than `MAX_TEXT_CHARS` characters are cut.
        base: The path of the repository's page, such as `/datasets/ann/pets`: relative links
            lead to its files, relative images are read from there. '' leaves them as they are.
        revision: The revision whose files are meant.
    """
    text = markdown if len(markdown) <= MAX_TEXT_CHARS else markdown[:MAX_TEXT_CHARS] + CUT
    tokens = _parser().parse(text)
    _align_without_style(tokens)
    _name_headings(tokens)
    _lower_headings(tokens)
    _make_boxes(tokens)
    html = _parser().renderer.render(tokens, _parser().options, {})
    return Markup(  # noqa: S704 - the one place where text of others becomes markup
        nh3.clean(
            html,
            tags=TAGS,
            clean_content_tags=GONE,
            attributes=ATTRIBUTES,
            attribute_filter=_resolver(base, revision),
            set_tag_attribute_values=FIXED,
            url_schemes=SCHEMES,
            link_rel="nofollow noopener",
            id_prefix=PREFIX,
        )
    )


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


def _resolver(base: str, revision: str) -> Callable[[str, str, str], str | None]:
    at = quote(revision, safe="")
    folders = {
        ("a", "href"): f"{base}/blob/{at}/" if base else "",
        ("img", "src"): f"{base}/resolve/{at}/" if base else "",
    }

    def change(element: str, attribute: str, value: str) -> str | None:
        folder = folders.get((element, attribute))
        return value if folder is None else resolve(value, folder)

    return change


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _make_boxes(tokens: list[Token]) -> None:
    """Makes boxes to tick of `[ ]` and `[x]` at the beginning of a list's items."""
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


def _align_without_style(tokens: list[Token]) -> None:
    """Columns say how they are aligned by an attribute: pages allow no style in line."""
    for token in tokens:
        style = str(token.attrs.pop("style", ""))
        if style.startswith("text-align:"):
            token.attrs["align"] = style.removeprefix("text-align:")
