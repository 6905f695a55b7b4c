"""Where the boxes of a picture of a chain stand, and which way its lines take.

Each node stands below all that it was made from. A line that passes rows between its ends has a
place in each of them, so that it runs beside the boxes there; lines from one parent share it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple, TypeAlias

Spot: TypeAlias = tuple[int, int]
"""A node and 0, or a node and the row that a line from it passes."""

PASSES = 12
"""How often rows are put in order, and places are evened out."""


class Layout(NamedTuple):
    """The places of a picture.

    Attributes:
        rows: The number of rows, from above.
        row: The row of each spot.
        x: The middle of each spot, from 0.
        lines: For each link, the spots from its parent down to its child.
    """

    rows: int
    row: dict[Spot, int]
    x: dict[Spot, float]
    lines: list[list[Spot]]


def lay_out(count: int, links: Sequence[tuple[int, int]], box: float, line: float) -> Layout:
    """Places nodes in rows.

    Args:
        count: The number of nodes; the first is the lowest.
        links: Parents and children.
        box: The width that a node takes, with what is left free beside it.
        line: The same of a line.
    """
    depth = _depths(count, links)
    lowest = max(depth)
    row: dict[Spot, int] = {(node, 0): lowest - found for node, found in enumerate(depth)}
    lines = []
    for parent, child in links:
        above, below = row[parent, 0], row[child, 0]
        passed = [(parent, at) for at in range(above + 1, below)]
        row |= {spot: spot[1] for spot in passed}
        lines.append([(parent, 0), *passed, (child, 0)])
    linked = defaultdict[Spot, list[Spot]](list)
    for line_of in lines:
        for one, other in pairwise(line_of):
            linked[one].append(other)
            linked[other].append(one)
    rows = [[spot for spot in row if row[spot] == at] for at in range(lowest + 1)]
    widths = {spot: line if spot[1] else box for spot in row}
    return Layout(lowest + 1, row, _place(rows, linked, widths), lines)


def _depths(count: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """How far above the first node each is, by the longest way; cycles end it."""
    depth = [0] * count
    for _ in range(count):
        moved = False
        for parent, child in links:
            if parent != 0 and depth[parent] <= depth[child] < count:
                depth[parent], moved = depth[child] + 1, True
        if not moved:
            break
    return depth


def _place(
    rows: list[list[Spot]], linked: dict[Spot, list[Spot]], widths: dict[Spot, float]
) -> dict[Spot, float]:
    """The middle of each spot: near those that it is linked with, and none over another."""
    x: dict[Spot, float] = {}
    for row in rows:
        _set_row(x, row, dict.fromkeys(row, 0.0), widths)
    for turn in range(PASSES):
        for row in rows if turn % 2 else rows[::-1]:
            wanted = {spot: fmean([x[o] for o in linked[spot]] or [x[spot]]) for spot in row}
            row.sort(key=lambda spot: (wanted[spot], x[spot], spot))
            _set_row(x, row, wanted, widths)
    left = min(x[spot] - widths[spot] / 2 for spot in x)
    return {spot: middle - left for spot, middle in x.items()}


def _set_row(
    x: dict[Spot, float], row: Iterable[Spot], wanted: dict[Spot, float], widths: dict[Spot, float]
) -> None:
    """Sets spots from left to right, as near to where they are wanted as there is room."""
    row, end = list(row), float("-inf")
    for spot in row:
        x[spot] = max(wanted[spot], end + widths[spot] / 2)
        end = x[spot] + widths[spot] / 2
    moved = fmean(x[spot] - wanted[spot] for spot in row)
    for spot in row:
        x[spot] -= moved
