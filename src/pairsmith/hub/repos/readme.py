"""The card of a commit: the text of its README.md, which is shown to all who see the repository."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING

from pairsmith.hub.repos import files
from pairsmith.hub.repos.card import NAME as NAME  # its reader and its place go by one name
from pairsmith.hub.repos.history import Commit

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

log = logging.getLogger("pairsmith.hub")

MAX_CARD_BYTES = 1 << 20  # bytes of a card that are read; the rest of a longer one is left out


def card_text(hub: Hub, db: sqlite3.Connection, commit: Commit) -> str:
    """The text of a commit's card; '' where it has none, or it is lost."""
    file = files.named(db, commit, NAME)
    if file is None:
        return ""
    try:
        with hub.blobs.path(file.blob).open("rb") as content:
            return content.read(MAX_CARD_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:  # a damaged hub; the list of all datasets is to show the others
        log.warning("The content %s of a card is missing; see pairsmith hub verify.", file.blob)
        return ""
