"""docs/reference/hub-limits.md by the code: `python tests/support/limits_page.py` mends numbers.

The page is written by hand but for the column "how much", which is made from the constants that the
last column names.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from anyio import CapacityLimiter

from pairsmith import hub
from pairsmith.hub.auth.limits import Rates
from pairsmith.hub.http.concurrency import OneEach

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "hub-limits.md"
ROOT = Path(str(hub.__file__)).parent
CELL = r"([^|]*) \| "
ROW = re.compile(rf"^\| {CELL}{CELL}{CELL}`([\w/]+\.[\w.]+)` \|$", re.M)
"""What, how much, what happens beyond, and the constant's name."""

LIMIT = re.compile(r"(MAX|MIN)_\w+")
UNITS = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
TIMES = ("SECONDS", "PATIENCE", "LIFE", "LIFETIME", "WAIT", "LINGER", "TOLERANCE")


def render_page(text: str) -> str:
    """The page with its numbers as the code has them."""
    return ROW.sub(lambda row: f"| {row[1]} | {how_much(row[4])} | {row[3]} | `{row[4]}` |", text)


def how_much(name: str) -> str:
    """A constant of the hub as the page has it; `http/connections.MAX_HEAD_BYTES` names one."""
    module, _, constant = name.partition(".")
    if constant.startswith("Rates."):
        return str(Rates()._asdict()[constant.removeprefix("Rates.")])
    value = getattr(import_module("pairsmith.hub." + module.replace("/", ".")), constant, None)
    if value is None:
        return f"{name} IS GONE"
    if isinstance(value, OneEach):
        value = value.threads
    if isinstance(value, CapacityLimiter):
        return f"{value.total_tokens:,}"
    if isinstance(value, dict):
        return ", ".join(f"{kind} {count:,}" for kind, count in value.items())
    if isinstance(value, str):
        return value
    if constant.endswith(TIMES):
        days = f"{value // 86400:,} days"
        return days if value % 86400 == 0 else f"{value:,g} s"
    if constant.endswith(("BYTES", "SPARE", "MEMORY")):
        for size, unit in UNITS:
            if value % size == 0:
                return f"{value // size:,} {unit}"
    return f"{value:,}"


def named(text: str) -> set[str]:
    """The constants that the page names."""
    return {row[4] for row in ROW.finditer(text)}


def limits() -> Iterator[str]:
    """Every constant of the hub that is called a limit."""
    for path in sorted(ROOT.rglob("*.py")):
        module = path.relative_to(ROOT).with_suffix("").as_posix()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            for target in targets:
                if isinstance(target, ast.Name) and LIMIT.fullmatch(target.id):
                    yield f"{module}.{target.id}"
    yield from (f"auth/limits.Rates.{rate}" for rate in Rates._fields)


if __name__ == "__main__":
    PAGE.write_text(render_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
