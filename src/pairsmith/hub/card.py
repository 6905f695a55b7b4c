"""Markdown that others wrote, as HTML that is safe to show."""

from __future__ import annotations

from markupsafe import Markup


def to_html(markdown: str) -> Markup:
    """Markdown as sanitised HTML: no scripts, no styles, no raw HTML of the writer's."""
    import nh3
    from markdown_it import MarkdownIt

    rendered = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return Markup(nh3.clean(rendered))  # noqa: S704 - this is where it becomes safe
