"""Pages of reports: templates filled in, all values escaped, without scripts and other files."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from pairsmith.reporting.wording import number, words
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

PARTS = ("page.html.jinja", "parts.html.jinja")
"""The page that all reports extend, and the macros that they import."""


def render_page(package: str, template: str, **values: Any) -> str:
    """Fills in the template of a report; all values are escaped.

    Args:
        package: The package that holds the template.
        template: Its file; it may extend and import `PARTS`.
        values: What the template shows, by name.
    """
    return _template(package, template).render(style=_style(), **values)


@cache
def _template(package: str, name: str) -> Template:
    """A template, ready: compiling it takes longer than filling it in."""
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    home = resources.files("pairsmith.reporting")
    sources = {part: (home / part).read_text(encoding="utf-8") for part in PARTS}
    sources[name] = (resources.files(package) / name).read_text(encoding="utf-8")
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_sanitize,
    )
    environment.filters.update(number=number, words=words, svg=Markup)
    return environment.get_template(name)


@cache
def _style() -> Markup:
    from markupsafe import Markup

    text = (resources.files("pairsmith.reporting") / "page.css").read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704  (our own)


def _sanitize(value: Any) -> Any:
    """Makes control characters visible in the value of each template expression."""
    return sanitize(value) if type(value) is str else value
