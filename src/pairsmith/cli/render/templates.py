"""Chat templates drawn: one turn of each, or the segments of one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pairsmith.cli.terminal import console
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from rich.table import Table


def draw_list(templates: Sequence[Mapping[str, str]]) -> None:
    """Draws the names, each with one turn as an example."""
    table = _table("template", "one turn")
    for template in templates:
        table.add_row(template["name"], quoted(template["turn"]))
    screen = console()
    screen.print(table)
    screen.print("pairsmith templates NAME shows how one compiles.")


def draw_template(info: Mapping[str, Any]) -> None:
    """How one template compiled; see `describe`."""
    screen = console()
    screen.print(sanitize(f"{info['name']}, rendered by {info['rendered_by']}"), soft_wrap=True)
    for name, text in info["tokens"].items():
        added = " (the tokenizer adds it)" if name == "bos_token" and info["adds_bos"] else ""
        screen.print(sanitize(f"  {name}  {text}{added}"), soft_wrap=True)
    if info["date"]:
        screen.print(f"  writes the date: {info['date']}")
    for title, layout in (
        ("without a system turn", info["plain"]),
        ("with a system turn", info["system"]),
    ):
        screen.print()
        if "fault" in layout:
            screen.print(sanitize(f"{title}: not compiled, {layout['fault']}"), soft_wrap=True)
        else:
            screen.print(_layout(title, layout))
    screen.print()
    if info["overhang"]:
        screen.print(f"a prompt ends in {quoted(info['overhang'])}, with which no reply begins")
    for words, strings in (("control text", "control"), ("left to Jinja", "by_jinja")):
        if info[strings]:
            held = "  ".join(info[strings][:40]) + (" …" if len(info[strings]) > 40 else "")
            screen.print(sanitize(f"{words}: {held}"), soft_wrap=True)


def _layout(title: str, layout: Mapping[str, Any]) -> Table:
    table = _table(title, "text")
    for place, text in layout["text"].items():
        table.add_row(place, quoted(text))
    table.add_row("a prompt ends", quoted(layout["prompt_ends"]))
    for place, text in layout["in_a_dataset"].items():
        table.add_row(f"in a dataset, {place}", quoted(text))
    trims = ", ".join(f"{role} {trim}" for role, trim in layout["white_space"].items())
    table.add_row("white space trimmed", trims)
    return table


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def quoted(text: str) -> str:
    """A text in quotes, with visible line ends."""
    return sanitize(json.dumps(text, ensure_ascii=False))
