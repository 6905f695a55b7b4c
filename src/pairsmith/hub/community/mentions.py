"""Names of accounts and numbers of discussions in what people write: found, and linked.

Links are put into HTML that was rendered and cleaned before, in its text alone: not in tags, links
or code. So what they are is decided when the page is shown, and not kept with the rendered text.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable

from markupsafe import Markup, escape

from pairsmith.hub.auth.users import COLUMNS, User

MAX_MENTIONS = 50  # accounts that a comment mentions; what goes beyond stays text
NAME = r"[A-Za-z0-9](?:[A-Za-z0-9]|[-_.](?=[A-Za-z0-9])){0,38}"
MENTION = re.compile(rf"(?<![\w@/.+-])@({NAME})(?![\w@/])")
FOUND = re.compile(rf"{MENTION.pattern}|(?<![\w@/.+&;-])#([1-9][0-9]{{0,8}})(?![\w-])")
TAG = re.compile(r"""<(?:[^<>"]|"[^"]*")*>""")  # as the cleaner writes them
SHUT = ("a", "code", "pre")  # elements in which nothing is linked
OPENING = re.compile(r"<(/?)([a-z][a-z0-9]*)")


def mentioned(db: sqlite3.Connection, text: str) -> list[User]:
    """The accounts that a text mentions, by `@name`; each once, the first `MAX_MENTIONS`."""
    return _accounts(db, _names(text))


def known(db: sqlite3.Connection, texts: Iterable[str]) -> dict[str, str]:
    """The names of accounts that texts mention, as they are written here, by their lower case."""
    names = {name for text in texts for name in _names(text)}
    return {user.name.lower(): user.name for user in _accounts(db, names)}


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(found[1].lower() for found in MENTION.finditer(text)))[:MAX_MENTIONS]


def _accounts(db: sqlite3.Connection, names: Iterable[str]) -> list[User]:
    rows = db.execute(
        f"SELECT {COLUMNS} FROM users WHERE removed IS NULL"
        " AND name IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(sorted(names)),),
    )
    return [User(*row) for row in rows]


def link(html: Markup, accounts: dict[str, str], page: str) -> Markup:
    """Rendered text with links to accounts and discussions.

    Args:
        html: What was rendered and cleaned.
        accounts: The accounts that are there: see `known`.
        page: The path of the repository's page, whose discussions `#3` means.
    """
    if "@" not in html and "#" not in html:
        return html
    made: list[str] = []
    at, depth = 0, 0
    for tag in TAG.finditer(html):
        made.append(_linked(html[at : tag.start()], accounts, page, depth == 0))
        made.append(tag[0])
        at, depth = tag.end(), max(0, depth + _step(tag[0]))
    made.append(_linked(html[at:], accounts, page, depth == 0))
    return Markup("".join(made))  # noqa: S704 - made of what was cleaned, and of checked names


def _step(tag: str) -> int:
    """By how much a tag changes how many elements are open in which nothing is linked."""
    found = OPENING.match(tag)
    if found is None or found[2] not in SHUT:
        return 0
    return -1 if found[1] else 1


def _linked(text: str, accounts: dict[str, str], page: str, is_open: bool) -> str:
    if not is_open or ("@" not in text and "#" not in text):
        return str(text)

    def replace(found: re.Match[str]) -> str:
        if found[2]:
            return f'<a href="{escape(page)}/discussions/{found[2]}">#{found[2]}</a>'
        name = accounts.get(found[1].lower())
        return f'<a href="/{escape(name)}">@{escape(name)}</a>' if name else found[0]

    return FOUND.sub(replace, str(text))
