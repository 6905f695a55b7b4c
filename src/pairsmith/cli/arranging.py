"""Which options help lists together, and under which words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

COMMON = "Options of every command"
SHOWS_COMPLETION = "show_completion"


def arrange(params: Iterable[Any], ctx: Any) -> dict[str, list[tuple[str, str]]]:
    """Arguments and options in groups, with what help says of each; some groups may be empty.

    Arguments come first, then options of no group, then groups in the order of their options;
    options of every command stand last, those of the program itself among its others.
    """
    groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    common: list[tuple[str, str]] = []
    for param in params:
        record = param.get_help_record(ctx)
        if record is None or param.name == SHOWS_COMPLETION:
            continue
        if param.param_type_name == "argument":
            said = record[1].removesuffix("[required]").rstrip()
            groups["Arguments"].append((placeholder(param), said))
        elif param.name == "help" or getattr(param, "rich_help_panel", None) == COMMON:
            common.append(record)
        else:
            name = getattr(param, "rich_help_panel", None) or "Options"
            groups.setdefault(name, []).append(record)
    if hasattr(ctx.command, "commands"):
        groups["Options"] += common
        return groups
    return {**groups, COMMON: common}


def arguments_of(params: Iterable[Any]) -> list[Any]:
    """Those that are no options."""
    return [param for param in params if param.param_type_name == "argument"]


def placeholder(param: Any) -> str:
    """What stands for an argument."""
    return str(param.metavar or param.name.upper())
