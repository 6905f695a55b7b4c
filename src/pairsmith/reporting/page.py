"""Pages of reports: templates filled in, all values escaped, without scripts and other files."""

from __future__ import annotations

from importlib import resources
from typing import Any

from pairsmith.reporting.wording import number, words
from pairsmith.text.sanitize import sanitize

PARTS = ("page.html.jinja", "parts.html.jinja")
"""The page that all reports extend, and the macros that they import."""


def render_page(package: str, template: str, **values: Any) -> str:
    """Fills in the template of a report; all values are escaped.

    Args:
        package: The package that holds the template.
        template: Its file; it may extend and import `PARTS`.
        values: What the template shows, by name.
    """
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    home = resources.files("pairsmith.reporting")
    sources = {name: (home / name).read_text(encoding="utf-8") for name in PARTS}
    sources[template] = (resources.files(package) / template).read_text(encoding="utf-8")
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_sanitize,
    )
    environment.filters.update(number=number, words=words, svg=Markup)
    style = Markup((home / "page.css").read_text(encoding="utf-8"))  # noqa: S704  (our own)
    return environment.get_template(template).render(style=style, **values)


def _sanitize(value: Any) -> Any:
    """Makes control characters visible in the value of each template expression."""
    return sanitize(value) if type(value) is str else value
