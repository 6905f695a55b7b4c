"""Tables as CSV files that are safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from starlette.responses import Response, StreamingResponse

# where a spreadsheet begins to read a cell as a formula (OWASP, CSV injection): at its beginning,
# and, since those of other languages part cells at semicolons or tabs and mind no quotes in the
# middle of one, behind anything that may part cells; Excel looks past blanks and quotes, and at
# letters of full width as at plain ones
FORMULA = re.compile(
    r"""(^|[;,|\t\r\n])(?=[\s"\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])"""
)


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as RFC 4180 writes them, all texts in quotes.

    Before whatever a spreadsheet would run, an apostrophe is put: at the beginning of a text, and
    within it behind what may part cells.

    Args:
        rows: The header first. Numbers are written as they are, None as nothing.
    """
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_NONNUMERIC).writerows(
        [_cell(value) for value in row] for row in rows
    )
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
    return FORMULA.sub(r"\1'", value) if isinstance(value, str) else value
