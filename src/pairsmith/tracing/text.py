"""The chain as text: a tree, each thing once."""

from __future__ import annotations

from collections.abc import Iterator

from pairsmith.text.sanitize import sanitize, shorten
from pairsmith.tracing.chain import Chain, Edge, Node
from pairsmith.tracing.find import State
from pairsmith.tracing.made import Kind

LONGEST = 100
"""Characters of a name."""

WORDS = {
    Kind.REWARD: "preference model", Kind.DPO: "policy, by DPO", Kind.RL: "policy, by RL",
    Kind.FILES: "files",
}  # fmt: skip


def word_of(node: Node) -> str:
    """What a node is, in words."""
    made = node.made
    return WORDS.get(made.kind, label_of(made.name) if made.kind == Kind.OTHER else made.kind.value)


def describe(node: Node) -> str:
    """A node in a line: what it is, its round, its rows, its hash."""
    made = node.made
    said = [word_of(node)]
    if made.round:
        said.append(f"round {shorten(in_line(made.round), 40)}")
    if made.rows is not None:
        said.append(f"{made.rows:,} row{'s' * (made.rows != 1)}")
    if made.hash:
        said.append(made.hash[:12])
    return ", ".join(said)


def label_of(name: str) -> str:
    """A name as it can be shown, in one line."""
    return shorten(in_line(name), LONGEST)


def in_line(text: str) -> str:
    """Text of others as it can be shown, in one line."""
    return " ".join(sanitize(text).split())


def to_text(chain: Chain) -> str:
    """The tree: whatever something was made from stands below it."""
    top = chain.nodes[0]
    lines = [f"{label_of(top.label)}  {describe(top)}{_troubles(top)}"]
    seen = {top.number}
    stack = [(edge, "", is_last) for edge, is_last in _marked(chain.parents_of(0))][::-1]
    while stack:
        edge, lead, is_last = stack.pop()
        lines.append(f"{lead}{'└─ ' if is_last else '├─ '}{_line(chain, edge, seen)}")
        if edge.parent is not None and edge.parent not in seen:
            seen.add(edge.parent)
            below = lead + ("   " if is_last else "│  ")
            marked = _marked(chain.parents_of(edge.parent))
            stack += [(one, below, last) for one, last in marked][::-1]
    return "".join(f"{line}\n" for line in lines)


def _marked(edges: list[Edge]) -> Iterator[tuple[Edge, bool]]:
    for place, edge in enumerate(edges):
        yield edge, place == len(edges) - 1


def _line(chain: Chain, edge: Edge, seen: set[int]) -> str:
    if edge.parent is None:
        known = f", {edge.sha256[:12]}" if edge.sha256 else ""
        why = f": {in_line(edge.said)}" if edge.said else ""
        return f"{label_of(edge.role)}: {label_of(edge.name) or '?'}{known}  MISSING{why}"
    node = chain.nodes[edge.parent]
    said = f"{label_of(edge.role)}: {label_of(node.label)}  {describe(node)}"
    if edge.files and node.made.kind != Kind.FILES:
        said += f", {edge.files} file{'s' * (edge.files != 1)} of it"
    if edge.state == State.CHANGED:
        said += f"  CHANGED: {in_line(edge.said)}"
    else:
        said += "  ok" + (f" ({in_line(edge.said)})" if edge.said else "")
    return said + (" (above)" if edge.parent in seen else "")


def _troubles(node: Node) -> str:
    return f"  CHANGED: {in_line(node.problems[0])}" if node.problems else ""
