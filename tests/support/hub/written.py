"""Rows as the bytes of JSON lines, and small images."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A picture of one pixel."""


def json_lines(rows: Iterable[object]) -> bytes:
    """Rows, a line each."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
