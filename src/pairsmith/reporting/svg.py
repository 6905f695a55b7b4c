"""Converts matplotlib figures to inline SVG: reproducible, and in the colours of the page.

Figures are drawn in placeholder colours, which are then replaced by custom properties of the page's
style sheet, so that one picture serves light and dark mode. Only ids that are referred to are kept;
they get a prefix, because all pictures of a page share one namespace.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, RULE = "#010203", "#010204"
SERIES = ("#010205", "#010206", "#010207")
"""Placeholder colours: text and axes, grid lines, up to three series."""

COLOURS = {
    INK: "currentColor",
    RULE: "var(--rule)",
    **{colour: f"var(--series-{place})" for place, colour in enumerate(SERIES, 1)},
}
SIZE = (4.6, 2.9)
"""Width and height in inches; small, so that text stays legible on a narrow page."""

STYLE: dict[str, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "pairsmith",
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 10.5,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": RULE,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
}


class Plot(NamedTuple):
    """A picture for the page.

    Attributes:
        svg: An `svg` element.
        alternative: The alternative text.
    """

    svg: str
    alternative: str


@contextmanager
def style() -> Iterator[None]:
    """Applies the style of all pictures, in place of the user's own matplotlib settings."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def figure(height: float = SIZE[1]) -> tuple[Figure, Axes]:
    """Makes an empty figure of a height in inches; draw on it within `style`."""
    made, [axes] = figures(1, height)
    return made, axes


def figures(count: int, height: float = SIZE[1]) -> tuple[Figure, list[Axes]]:
    """Makes a figure with `count` axes, one below the other, each of a height in inches."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(SIZE[0], count * height), layout="constrained")
    return made, list(made.subplots(count, squeeze=False)[:, 0])


def to_svg(made: Figure, prefix: str) -> str:
    """Converts a figure to an `svg` element for a page.

    Args:
        made: The figure, drawn within `style`.
        prefix: A prefix for the ids, unique on the page.
    """
    file = io.StringIO()
    made.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root = ElementTree.fromstring(file.getvalue())  # noqa: S314  (just written by matplotlib)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {name.rpartition("}")[2]: v for name, v in element.attrib.items()}
    for parent in list(root.iter()):
        for child in [element for element in parent if element.tag in ("metadata", "style")]:
            parent.remove(child)
    _prefix_ids(root, prefix)
    root.attrib = {"viewBox": root.attrib["viewBox"], "aria-hidden": "true", "focusable": "false"}
    text = ElementTree.tostring(root, encoding="unicode")
    for placeholder, colour in COLOURS.items():
        text = text.replace(placeholder, colour)
    return text


def _prefix_ids(root: ElementTree.Element, prefix: str) -> None:
    """Adds the prefix to ids that are referred to, and removes the others."""
    text = ElementTree.tostring(root, encoding="unicode")
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "id":
                if value in used:
                    element.attrib[name] = f"{prefix}-{value}"
                else:
                    del element.attrib[name]
            elif name == "href":
                element.attrib[name] = f"#{prefix}-{value[1:]}"
            elif "url(#" in value:
                element.attrib[name] = value.replace("url(#", f"url(#{prefix}-")
