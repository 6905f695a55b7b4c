"""Numbers and names of an audit in words."""

from __future__ import annotations

import re
from typing import Any

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")


def number(value: Any) -> str:
    """A value of `numbers` in words: digits in groups, at most four significant figures."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _signed(f"{value:,}")
    if isinstance(value, float):
        return _signed(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}")
    return str(value)


def _signed(digits: str) -> str:
    return digits.replace("-", "−")


def words(name: str) -> str:
    """An identifier as words; any other text as it is."""
    return name.replace("_", " ") if _NAME.fullmatch(name) else name
