"""A figure of matplotlib as SVG that lies in a page: in the page's colours, the same every time.

Colours are placeholders until the end, when custom properties of the page's style take their
place; so one picture serves light and dark. Ids are those that something refers to, with the
question's name, since all pictures of a page share one space of names.
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
"""Placeholders: text and axes, lines of a grid, up to three kinds of marks."""

COLOURS = {
    INK: "currentColor",
    RULE: "var(--rule)",
    **{colour: f"var(--series-{place})" for place, colour in enumerate(SERIES, 1)},
}
SIZE = (4.6, 2.9)
"""In inches; drawn so small that text can be read where the page is narrow."""

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
    """A picture for the page: SVG, and what it shows in words."""

    svg: str
    alternative: str


@contextmanager
def style() -> Iterator[None]:
    """The style of all pictures, whatever the user's own is."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def figure(height: float = SIZE[1]) -> tuple[Figure, Axes]:
    """An empty figure; to be drawn on in `style`."""
    made, [axes] = figures(1, height)
    return made, axes


def figures(count: int, height: float = SIZE[1]) -> tuple[Figure, list[Axes]]:
    """The same with so many axes below each other, each of this height."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(SIZE[0], count * height), layout="constrained")
    return made, list(made.subplots(count, squeeze=False)[:, 0])


def to_svg(made: Figure, prefix: str) -> str:
    """The figure as an `svg` element for a page.

    Args:
        made: The figure; drawn in `style`.
        prefix: Stands before ids.
    """
    held = io.StringIO()
    made.savefig(held, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root = ElementTree.fromstring(held.getvalue())  # noqa: S314  (just written by matplotlib)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {name.rpartition("}")[2]: v for name, v in element.attrib.items()}
    for parent in list(root.iter()):
        for child in [held for held in parent if held.tag in ("metadata", "style")]:
            parent.remove(child)
    _name(root, prefix)
    root.attrib = {"viewBox": root.attrib["viewBox"], "aria-hidden": "true", "focusable": "false"}
    text = ElementTree.tostring(root, encoding="unicode")
    for placeholder, colour in COLOURS.items():
        text = text.replace(placeholder, colour)
    return text


def _name(root: ElementTree.Element, prefix: str) -> None:
    """Puts the prefix before ids that something refers to; drops the others."""
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
