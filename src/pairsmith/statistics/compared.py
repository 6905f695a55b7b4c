"""Differences that go with each of many features, or that lie between sides, with intervals."""

from __future__ import annotations

from typing import NamedTuple

from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index


class Compared(NamedTuple):
    """k differences; not a number where too few rows or groups tell them.

    Attributes:
        estimate: The differences.
        se: Their standard errors.
        low, high: The ends of their 95 % intervals.
        p: The probabilities of one as large where there is none.
        rows: The rows that each is of: those that have the feature, or the pairs that differ.
        groups: The groups that these are of, such as members or conversations.
    """

    estimate: Floats
    se: Floats
    low: Floats
    high: Floats
    p: Floats
    rows: Index
    groups: Index
