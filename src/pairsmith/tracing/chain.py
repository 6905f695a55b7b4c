"""The chain: what something was made from, and what that was made from, each once."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pairsmith.tracing.check import check_made
from pairsmith.tracing.find import Found, State, find, find_by_name
from pairsmith.tracing.made import Kind, Link, Made
from pairsmith.tracing.places import Places

MOST_NODES, MOST_EDGES = 2_000, 20_000
"""The most things that are followed, and the most links between them."""


class Edge(NamedTuple):
    """A parent of something.

    Attributes:
        child: The number of the node whose parent it is.
        parent: The number of the parent's node; None where it is missing.
        role: What it was to the child.
        name: What the child's manifest calls it.
        sha256: The hash that the child's manifest records; empty for files and servers.
        state: Whether it is there as it is recorded.
        said: What is wrong or to be known, in words; may be empty.
        files: How many files of the parent are meant, of a source; else 0.
    """

    child: int
    parent: int | None
    role: str
    name: str
    sha256: str
    state: State
    said: str
    files: int


@dataclass
class Node:
    """Something in the chain.

    Attributes:
        number: Its number, from 0.
        made: What it is.
        label: Its path below the folder that holds what has a manifest, or else its name.
        problems: What is wrong with its own files.
    """

    number: int
    made: Made
    label: str = ""
    problems: list[str] = field(default_factory=list)


@dataclass
class Chain:
    """What something was made from.

    Attributes:
        nodes: What was found, the thing itself first; near ones before far ones.
        edges: Who was made from whom, in the order of the children.
        cut: Whether there was more than is followed.
    """

    nodes: list[Node]
    edges: list[Edge]
    cut: bool = False

    def parents_of(self, node: int) -> list[Edge]:
        """The parents of a node, in order."""
        return [edge for edge in self.edges if edge.child == node]


def trace(start: Made, places: Places, check: bool) -> Chain:
    """Follows what was made back to what it was made from.

    Args:
        start: Where to begin.
        places: Where parents are looked for.
        check: Whether all that is found is hashed.
    """
    tracer = _Tracer(places, check)
    tracer.number(start)
    tracer.follow()
    while tracer.lost:  # by name, once all that has the right hash is known
        tracer.resort_to_names()
        tracer.follow()
    chain = Chain(tracer.nodes, [edge for _, edge in sorted(tracer.edges, key=_order)], tracer.cut)
    _mark_changed(chain)
    _label(chain)
    return chain


def _order(placed: tuple[int, Edge]) -> tuple[int, int]:
    place, edge = placed
    return edge.child, place


class _Tracer:
    """A chain while it is followed: each edge with its place among those of its child."""

    def __init__(self, places: Places, check: bool) -> None:
        self.places, self.check = places, check
        self.nodes: list[Node] = []
        self.edges: list[tuple[int, Edge]] = []
        self.lost: list[tuple[int, Node, Link]] = []
        self.numbers: dict[str, int] = {}
        self.queue: deque[Node] = deque()
        self.cut = False

    def follow(self) -> None:
        """Looks for the parents of what was found, by their hashes."""
        while self.queue:
            node = self.queue.popleft()
            for place, link in enumerate(node.made.parents):
                found = find(link, node.made, self.places, self.check)
                for one in found:
                    self.add(place, node, link, one)
                if not found:
                    self.lost.append((place, node, link))
            node.problems = check_made(node.made, self.places) if self.check else []

    def resort_to_names(self) -> None:
        """Looks by their names for parents whose hash nothing has."""
        known = [node.made for node in self.nodes]
        lost, self.lost = self.lost, []
        for place, node, link in lost:
            found = find(link, node.made, self.places, self.check)  # more has been looked at since
            for one in found or [find_by_name(link, node.made, self.places, known)]:
                self.add(place, node, link, one)

    def add(self, place: int, node: Node, link: Link, found: Found) -> None:
        """Adds what was found for a parent, unless there are too many links."""
        if len(self.edges) >= MOST_EDGES:
            self.cut = True
            return
        number = None if found.made is None else self.number(found.made)
        edge = Edge(
            node.number, number, link.role, found.name, link.sha256, found.state, found.said,
            found.files,
        )  # fmt: skip
        self.edges.append((place, edge))

    def number(self, made: Made) -> int | None:
        """The number of a node, which is made where it is new; None where there are too many."""
        key = _key(made)
        if key not in self.numbers:
            if len(self.nodes) >= MOST_NODES:
                self.cut = True
                return None
            self.numbers[key] = len(self.nodes)
            self.nodes.append(Node(len(self.nodes), made))
            self.queue.append(self.nodes[-1])
        return self.numbers[key]


def _key(made: Made) -> str:
    return str(made.folder) if made.folder is not None else f"{made.kind} {made.name}"


def _mark_changed(chain: Chain) -> None:
    """Has links to what is not as it was written say so."""
    for place, edge in enumerate(chain.edges):
        problems = chain.nodes[edge.parent].problems if edge.parent is not None else []
        if problems and edge.state == State.OK:
            more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
            chain.edges[place] = edge._replace(state=State.CHANGED, said=problems[0] + more)


def _label(chain: Chain) -> None:
    """Names nodes by their paths below the folder that holds all that has a manifest.

    Models and files without one may lie anywhere, in a cache or on another disk: where they are
    not in that folder, their own name is enough.
    """
    held = [node.made for node in chain.nodes if node.made.kind not in (Kind.MODEL, Kind.FILES)]
    folders = [made.folder.parent for made in held if made.folder is not None]
    near = [folder for folder in folders if folder != Path(folder.anchor)]
    common = Path(os.path.commonpath(near)) if near else Path("/")
    start = chain.nodes[0].made.folder
    if start is not None and common == Path(common.anchor):  # some lie elsewhere, as in a cache
        common = start.parent
    for node in chain.nodes:
        made = node.made
        if made.folder is None:
            node.label = made.name
        elif made.folder.is_relative_to(common) and made.folder != common:
            node.label = made.folder.relative_to(common).as_posix()
        else:
            node.label = made.name or made.folder.name
