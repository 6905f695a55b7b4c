"""Screens as HTML: every text as text, in the layout of whoever serves them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from pairsmith.collecting.pages.screens import Screen

FOLD, LEFT = 6_000, 4_000
"""A text of more characters is folded behind its first ones, and how many those are."""

KINDS: Mapping[str, str] = {
    "collect.css": "text/css; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "collect.js": "text/javascript; charset=utf-8",
}
"""The files that pages load, and what they are: `collect.css` has the parts of the screens,
`page.css` the rest of a page for a server that has no style of its own, `collect.js` is the one
script, which nothing needs."""


def render(
    screen: Screen,
    base: str,
    proof: Markup,
    assets: Mapping[str, str],
    layout: Template | None = None,
    **context: Any,
) -> str:
    """A screen as HTML.

    Args:
        screen: The screen.
        base: The address below which its places are, without a slash at its end.
        proof: A hidden field with which the server knows its own forms; may be empty.
        assets: The addresses of the files in `KINDS`, by their names.
        layout: With the blocks `title`, `head` (within `<head>`) and `main`; None for a page that
            holds nothing else.
        context: What the layout is filled with.
    """
    shown = environment().get_template(f"{screen.template}.html.jinja")
    return shown.render(
        {
            **context,
            **screen.context,
            "layout": layout or environment().get_template("layout.html.jinja"),
            "screen": screen.template,
            "title": screen.title,
            "refresh": screen.refresh,
            "base": base,
            "proof": proof,
            "assets": assets,
            "guide": markdown(screen.context["instructions"]),
        }
    )


@cache
def environment() -> Environment:
    """The templates, with everything escaped that is not marked as markup by our own code."""
    made = Environment(
        loader=PackageLoader("pairsmith.collecting.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["folded"] = folded
    return made


def folded(text: str) -> tuple[str, str]:
    """A text in two: what is shown, and what is shown when asked for; often nothing."""
    return (text, "") if len(text) <= FOLD else (text[:LEFT], text[LEFT:])


@lru_cache(32)
def markdown(text: str) -> Markup:
    """Markdown as HTML: tags in it are text, and nothing in it is loaded.

    A link stands with its address, not with the name of one that is given elsewhere: with those a
    short text can become hundreds of megabytes.
    """
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False}).disable(["image", "reference"]).enable("table")
    return Markup(made.render(text))  # noqa: S704  (it escapes all that it did not make)


@cache
def static(name: str) -> bytes:
    """A file that pages load.

    Raises:
        KeyError: There is none of this name.
    """
    if name not in KINDS:
        raise KeyError(name)
    return files("pairsmith.collecting.pages").joinpath("static", name).read_bytes()


@cache
def static_version(name: str) -> str:
    """A text for its address that changes when the file does."""
    return hashlib.sha256(static(name)).hexdigest()[:12]
