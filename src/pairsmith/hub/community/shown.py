"""Comments as HTML: rendered apart and kept, as all texts of others, and linked when shown."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from pairsmith.hub.community import mentions
from pairsmith.hub.community.entries import Entry
from pairsmith.hub.repos.rendering import Rendering
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub


MAX_RENDERED = 500  # comments of one answer that are rendered; a page has far fewer
PLAIN = Markup('<pre class="source"><code>{}</code></pre>')


class Comments:
    """Renders the comments of one answer, which takes no longer than `Rendering` has it.

    It is made within a transaction, and renders without one, for that may take a while.
    """

    def __init__(
        self, hub: Hub, db: sqlite3.Connection, repo: Repo, entries: Sequence[Entry]
    ) -> None:
        """Finds whom they mention.

        Args:
            hub: The hub.
            db: A transaction.
            repo: The repository that they are about.
            entries: The entries that are shown; those that are no comments are passed over.
        """
        texts = (entry.text for entry in entries if entry.kind == "comment" and "@" in entry.text)
        self._accounts = mentions.known(db, texts)
        self._rendering = Rendering(hub)
        self._page, self._url = repo.page, hub.settings.public_url
        self._left = MAX_RENDERED

    def __call__(self, text: str) -> Markup:
        """A comment as HTML that may stand on a page; as it was written, where there are many."""
        if self._left <= 0:
            return PLAIN.format(text)
        self._left -= 1
        html = self._rendering(text, self._page)
        return mentions.link(html, self._accounts, self._page, self._url)
