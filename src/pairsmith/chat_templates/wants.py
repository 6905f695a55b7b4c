"""What a template's source shows that it wants: strings in contents, and names of fields."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

SEARCHES = frozenset(
    {"count", "endswith", "find", "index", "partition", "removeprefix", "removesuffix", "replace",
     "rfind", "rindex", "rpartition", "rsplit", "split", "startswith"}
)  # fmt: skip
"""Methods and filters that look for a string in another."""

REASONING = "reasoning_content"
"""The field of a message that holds its reasoning."""

OTHER_REASONING = frozenset({"reasoning", "thinking"})
"""What some templates call it."""


def find_sought(tree: nodes.Template) -> set[str]:
    """The constant strings that a template looks for in other texts, or compares with them."""
    assigned: dict[str, set[str]] = {}
    for node in tree.find_all(nodes.Assign):
        if isinstance(node.target, nodes.Name) and isinstance(node.node, nodes.Const):
            assigned.setdefault(node.target.name, set()).add(str(node.node.value))
    sought: set[str] = set()
    for part in _looked_for(tree):
        if isinstance(part, nodes.Const) and isinstance(part.value, str):
            sought.add(part.value)
        elif isinstance(part, nodes.Name):
            sought |= assigned.get(part.name, set())
    return sought


def _looked_for(tree: nodes.Template) -> Iterator[nodes.Expr]:
    for compared in tree.find_all(nodes.Compare):
        yield compared.expr
        yield from (operand.expr for operand in compared.ops)
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr in SEARCHES:
            yield from call.args
    for filtered in tree.find_all(nodes.Filter):
        if filtered.name in SEARCHES:
            yield from filtered.args


def find_reasoning_names(tree: nodes.Template) -> frozenset[str]:
    """Further names under which a template wants reasoning; none if it reads the usual one."""
    names = {node.attr for node in tree.find_all(nodes.Getattr)}
    names |= {
        node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str)
    }  # of m["thinking"], m.get("thinking"), "thinking" in m
    return frozenset() if REASONING in names else OTHER_REASONING & names
