"""Pages of reports: templates filled in, all values escaped, without other files.

A page has no script, or one of ours, which its policy names by its hash: no other one runs.
"""

from __future__ import annotations

import base64
import hashlib
import re
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


def render_page(
    package: str, template: str, *, script: str = "", styles: str = "", **values: Any
) -> str:
    """Fills in the template of a report; all values are escaped.

    Args:
        package: The package that holds the template.
        template: Its file; it may extend and import `PARTS`, and other templates of its package.
        script: The one script that may run; the template writes it between two tags, as it is.
        styles: What is added to the style sheet.
        values: What the template shows, by name. What is safe as it is goes through the filter
            `raw`.

    Raises:
        ValueError: The script cannot stand in a page.
    """
    return _template(package, template).render(
        style=_style(styles), policy=policy_of(script), **values
    )


def policy_of(script: str = "") -> str:
    """The content security policy of a page: nothing is loaded, and one script may run.

    Args:
        script: The script, exactly as it stands between its tags; empty for none.

    Raises:
        ValueError: It would end its own element, or a browser would read other line ends.
    """
    if re.search(r"</script|<!--|\r", script, re.IGNORECASE):
        raise ValueError("the script cannot stand in a page as it is")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    scripts = f"script-src 'sha256-{digest}'; " if script else ""
    return (
        f"default-src 'none'; {scripts}style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'"
    )


@cache
def _template(package: str, name: str) -> Template:
    """A template, ready: compiling it takes longer than filling it in."""
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    home = resources.files("pairsmith.reporting")
    sources = {part: (home / part).read_text(encoding="utf-8") for part in PARTS}
    for file in resources.files(package).iterdir():
        if file.name.endswith(".jinja"):
            sources[file.name] = file.read_text(encoding="utf-8")
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_sanitize,
    )
    environment.filters.update(number=number, words=words, svg=Markup, raw=Markup)
    return environment.get_template(name)


@cache
def _style(more: str) -> Markup:
    from markupsafe import Markup

    text = (resources.files("pairsmith.reporting") / "page.css").read_text(encoding="utf-8")
    return Markup(text + more)  # noqa: S704  (our own)


def _sanitize(value: Any) -> Any:
    """Makes control characters visible in the value of each template expression."""
    return sanitize(value) if type(value) is str else value
