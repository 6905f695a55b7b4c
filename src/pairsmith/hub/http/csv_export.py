"""Tables as CSV files that are safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from starlette.responses import Response, StreamingResponse

# what makes a spreadsheet take a cell for a formula (OWASP, CSV injection)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
WIDE = str.maketrans("＝＋－＠", "=+-@")


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as RFC 4180 writes them; a text that a spreadsheet would run begins with a quote.

    Args:
        rows: The header first. Numbers are written as they are, None as nothing.
    """
    file = io.StringIO()
    csv.writer(file).writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def csv_download(name: str, text: str | Iterable[str]) -> Response:
    """The answer with which a browser saves a table; what is in it is for the owner alone.

    Args:
        name: What the file is called.
        text: The table, or its parts, one after the other.
    """
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "cache-control": "no-store",
    }
    make = Response if isinstance(text, str) else StreamingResponse
    return make(text, media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    # Excel looks past spaces, and at letters of full width as at plain ones
    first = value.lstrip(" \ufeff").translate(WIDE)[:1]
    return "'" + value if first and first in FORMULA else value
