"""Which bytes a Range header asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_RANGES = 16  # ranges of one request; one that asks for more is given the whole
UNIT = "bytes="
RANGE = re.compile(r"([0-9]{0,19})-([0-9]{0,19})")


class Range(NamedTuple):
    """Bytes from `start` up to and without `end`."""

    start: int
    end: int


class BeyondError(Exception):
    """None of the ranges has a byte of the content."""


def requested_ranges(header: str | None, size: int) -> list[Range] | None:
    """The ranges of a content of this size, in order and apart; None for the whole.

    A header that is malformed, is not in bytes or asks for too many ranges counts as none.

    Raises:
        BeyondError: No byte of the content is in any range.
    """
    if header is None or not header.lower().startswith(UNIT):
        return None
    parts = header[len(UNIT) :].split(",")
    found = [RANGE.fullmatch(part.strip(" \t")) for part in parts]
    if len(parts) > MAX_RANGES or not all(
        match and _is_range(match[1], match[2]) for match in found
    ):
        return None
    spans = [_span(match[1], match[2], size) for match in found if match]
    spans = [span for span in spans if span.start < span.end]
    if not spans:
        raise BeyondError
    return _joined(spans)


def _is_range(first: str, last: str) -> bool:
    return int(first) <= int(last) if first and last else bool(first or last)


def _span(first: str, last: str, size: int) -> Range:
    if not first:  # this many of the last
        return Range(max(size - int(last), 0), size)
    return Range(int(first), min(int(last) + 1, size) if last else size)


def _joined(spans: list[Range]) -> list[Range]:
    """The same bytes, each once and in order."""
    joined: list[Range] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Range(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined
