"""What a browser asks for as part of a page, such as an image, and not because somebody opened it.

Whoever writes a page decides what its visitors' browsers ask for, with the visitors' cookies. By
the address alone such a request cannot be told from one that its sender meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.datastructures import Headers


def embedding_page(headers: Headers, public_url: str) -> str | None:
    """The path of the page of this hub that a request belongs to as a part of it.

    Browsers say what they want a thing for in `Sec-Fetch-Dest`, by https and on this machine. Where
    they do not, they still ask for a page, and for nothing else, with `text/html` in `Accept`.

    Args:
        headers: Of the request.
        public_url: Where others reach this hub.

    Returns:
        None where it was opened by itself; '' where the page is another site's, or not told.
    """
    purpose = headers.get("sec-fetch-dest")
    opened = purpose == "document" if purpose else "text/html" in headers.get("accept", "")
    if opened:
        return None
    try:
        page = urlsplit(headers.get("referer", ""))
    except ValueError:
        return ""
    ours = page.netloc in (urlsplit(public_url).netloc, headers.get("host"))
    return page.path if ours else ""
