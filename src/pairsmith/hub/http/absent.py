"""What clients call that this hub does not have, told in a sentence.

The status stays 404, by which clients find out what a hub has; and it is the same whether there is
a repository of that name or not.
"""

from __future__ import annotations

import re

from pairsmith.hub.http.addresses import SERVER

PROGRAMS = ("/api/", f"{SERVER}/")  # how the addresses of calls begin
REPO = r"/api/(?:datasets|models)/[^/]+/[^/]+"
SAID = (
    (rf"{REPO}/super-squash/", "it does not rewrite history, and squashes none"),
    (rf"{REPO}/duplicate", "it duplicates no repository; download one, and upload it as another"),
    (rf"{REPO}/lfs-files", "large files go with the repository, or by a commit that deletes them"),
    (rf"{REPO}/lik|/api/users/[^/]+/likes", "it has no likes"),
    (r"/api/users/", "the page of an account is its name behind the hub's address"),
    (r"/api/(?:datasets|models)-tags-by-type", "its pages have menus of the tags that there are"),
    (rf"{SERVER}/", "it tells parquet, splits, is-valid, info, size, first-rows and rows"),
)
"""How what clients call begins, and why there is no such call."""
ELSE = "it holds datasets and models, their discussions and requests for access, and nothing else"


def said_of(path: str) -> str | None:
    """Why there is no such call; None for an address that is no call's.

    Args:
        path: The path that was asked for, as it was sent.
    """
    if not path.startswith(PROGRAMS):
        return None
    why = next((why for start, why in SAID if re.match(start, path)), ELSE)
    return f"This hub has no such call: {why}."
