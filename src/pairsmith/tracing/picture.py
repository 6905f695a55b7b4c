"""The chain as a picture: sources above, what was made of them below, broken links in red."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from xml.sax.saxutils import escape

from pairsmith.tracing.chain import Chain, Edge, Node
from pairsmith.tracing.find import State
from pairsmith.tracing.layout import Layout, Spot, lay_out
from pairsmith.tracing.made import Kind
from pairsmith.tracing.text import describe, label_of

MOST_DRAWN = 150
"""The most boxes; the nearest are drawn."""

BOX, HEIGHT, GAP, DROP, MARGIN, LINE = 264, 46, 22, 58, 20, 24
LONGEST = 34
"""Characters of a line in a box."""

STYLE = """
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
.name { font: 600 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif }
.role { font-size: 11px; fill: #59636e; paint-order: stroke; stroke: #ffffff; stroke-width: 4px }
.page { fill: #ffffff; stroke: #d1d9e0 } .box { fill: #f6f8fa; stroke: #818b98 }
.source .box { fill: #fff8c5 } .build .box { fill: #ddf4ff } .model .box { fill: #dafbe1 }
.edge { fill: none; stroke: #818b98; stroke-width: 1.5 }
.broken .box { stroke: #c4001d; stroke-width: 2; stroke-dasharray: 5 3 }
.broken.edge { stroke: #c4001d; stroke-dasharray: 5 3 } .broken.role { fill: #c4001d }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .role { fill: #9198a1; stroke: #0d1117 }
.page { fill: #0d1117; stroke: #3d444d } .box { fill: #151b23; stroke: #656c76 }
.source .box { fill: #2a2411 } .build .box { fill: #0c2338 } .model .box { fill: #10291a }
.edge { stroke: #656c76 } .broken .box, .broken.edge { stroke: #ff8a80 }
.broken.role { fill: #ff8a80 }
}
"""
CLASSES = {
    Kind.BUILD: "build", Kind.REWARD: "model", Kind.DPO: "model", Kind.RL: "model",
    Kind.MODEL: "model", Kind.FILES: "source", Kind.COLLECTION: "source", Kind.SERVER: "source",
}  # fmt: skip


class _Box(NamedTuple):
    """A box: its two lines, and how it is coloured."""

    name: str
    said: str
    style: str


def draw(chain: Chain) -> str:
    """An SVG, in light and dark; equal chains give equal pictures."""
    nodes = chain.nodes[:MOST_DRAWN]
    edges = [edge for edge in chain.edges if edge.child < len(nodes)]
    edges = [e for e in edges if e.parent is None or e.parent < len(nodes)]
    missing = {(e.sha256, e.name): e for e in edges if e.parent is None}
    numbers = {key: len(nodes) + place for place, key in enumerate(missing)}
    links = [(numbers[e.sha256, e.name] if e.parent is None else e.parent, e) for e in edges]
    layout = lay_out(len(nodes) + len(missing), [(up, e.child) for up, e in links], BOX + GAP, LINE)
    boxes = [*map(_of_node, nodes), *map(_of_missing, missing.values())]
    width = max(layout.x[n, 0] for n in range(len(boxes))) + BOX / 2 + MARGIN
    width = max(width, max(layout.x.values()) + MARGIN)
    height = MARGIN * 2 + layout.rows * (HEIGHT + DROP) - DROP
    left_out = len(chain.nodes) - len(nodes)
    told = f"; {left_out:,} more are not drawn" if left_out else ""
    title = f"What {label_of(nodes[0].label)} was made from{told}"
    parts = [*_edges([edge for _, edge in links], layout)]
    parts += [_box(box, *_corner(layout, (node, 0))) for node, box in enumerate(boxes)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n"
        f'<rect class="page" x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}" rx="8"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _of_node(node: Node) -> _Box:
    style = CLASSES.get(node.made.kind, "other") + " broken" * bool(node.problems)
    return _Box(label_of(node.label), describe(node), style)


def _of_missing(edge: Edge) -> _Box:
    said = f"missing, {edge.sha256[:12]}" if edge.sha256 else "missing"
    return _Box(label_of(edge.name) or edge.role, said, "broken")


def _corner(layout: Layout, spot: Spot) -> tuple[float, float]:
    """The left upper corner of a box."""
    y = MARGIN + layout.row[spot] * (HEIGHT + DROP)
    return round(layout.x[spot] - (BOX + GAP) / 2 + MARGIN, 1), y


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _box(box: _Box, x: float, y: float) -> str:
    name, said = (escape(_clipped(text)) for text in (box.name, box.said))
    return (
        f'<g class="{box.style}"><rect class="box" x="{x:g}" y="{y:g}" width="{BOX}" '
        f'height="{HEIGHT}" rx="6"/><text class="name" x="{x + 10:g}" y="{y + 19:g}">'
        f'{name}</text><text x="{x + 10:g}" y="{y + 36:g}">{said}</text></g>'
    )


def _edges(edges: list[Edge], layout: Layout) -> Iterator[str]:
    """Curves from parents down to children, each with its role; in red where it is broken."""
    arriving = defaultdict[int, list[int]](list)
    for place, edge in enumerate(edges):
        arriving[edge.child].append(place)
    for among in arriving.values():  # in the order in which they come from above
        among.sort(key=lambda place: (layout.x[layout.lines[place][-2]], place))
    for place, edge in enumerate(edges):
        among = arriving[edge.child]
        share = (among.index(place) + 1) / (len(among) + 1)
        points = [*_points(layout, layout.lines[place], share)]
        broken = " broken" * (edge.state != State.OK)
        yield f'<path class="edge{broken}" d="{_curve(points)}"/>'
        x, y = points[-1]
        role = escape(_clipped(label_of(edge.role)))
        yield f'<text class="role{broken}" x="{x + 4:g}" y="{y - 7:g}">{role}</text>'


def _points(layout: Layout, spots: list[Spot], share: float) -> Iterator[tuple[float, float]]:
    """The points that a line goes through: in and out of each row that it passes."""
    x, y = _corner(layout, spots[0])
    yield x + BOX / 2, y + HEIGHT
    for spot in spots[1:-1]:
        x, y = _corner(layout, spot)
        yield from ((x + BOX / 2, y), (x + BOX / 2, y + HEIGHT))
    x, y = _corner(layout, spots[-1])
    yield round(x + BOX * share, 1), y


def _curve(points: list[tuple[float, float]]) -> str:
    """Curves between rows, straight lines through them."""
    drawn = f"M{points[0][0]:g} {points[0][1]:g}"
    for place, ((x, y), (to_x, to_y)) in enumerate(pairwise(points)):
        if place % 2:
            drawn += f" L{to_x:g} {to_y:g}"
        else:
            middle = (y + to_y) / 2
            drawn += f" C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y:g}"
    return drawn
