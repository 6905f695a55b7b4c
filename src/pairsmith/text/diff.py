"""A word diff of two texts: which words of each differ from the other."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import NamedTuple

_WORDS = re.compile(r"\s+|[^\W_]+|.", re.DOTALL)
MAX_WORDS = 20_000
"""Texts of more words together are not compared: it would take too long."""


class DiffRun(NamedTuple):
    """A run of text, and whether it differs from the other side."""

    text: str
    differs: bool


def compare(left: str, right: str) -> tuple[list[DiffRun], list[DiffRun]]:
    """Splits two texts into runs that agree and runs that differ; joined, they are the texts."""
    a, b = _WORDS.findall(left), _WORDS.findall(right)
    if len(a) + len(b) > MAX_WORDS:
        return [DiffRun(left, left != right)], [DiffRun(right, left != right)]
    lefts: list[DiffRun] = []
    rights: list[DiffRun] = []
    for kind, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        # white space alone between two differences belongs to them
        between = bool(lefts) and lefts[-1].differs and not "".join(a[i:j]).strip()
        differs = kind != "equal" or between
        _append(lefts, "".join(a[i:j]), differs)
        _append(rights, "".join(b[k:m]), differs)
    return lefts, rights


def _append(spans: list[DiffRun], text: str, differs: bool) -> None:
    if spans and spans[-1].differs == differs:
        text = spans.pop().text + text
    if text:
        spans.append(DiffRun(text, differs))
