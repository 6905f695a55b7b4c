"""Names of accounts, numbers of discussions and attachments in what people write: linked.

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
from pairsmith.hub.community import attachments

MAX_MENTIONS = 50  # accounts that a comment mentions; what goes beyond stays text
NAME = r"[A-Za-z0-9](?:[A-Za-z0-9]|[-_.](?=[A-Za-z0-9])){0,38}"
MENTION = re.compile(rf"(?<![\w@/.+-])@(?P<name>{NAME})(?![\w@/])")
FOUND = re.compile(
    rf"{MENTION.pattern}|(?<![\w@/.+&;-])#(?P<number>[1-9][0-9]{{0,8}})(?![\w-])"
    rf"|(?<![\w/])(?P<host>https?://[\w.:\[\]-]{{1,200}})(?P<path>{attachments.NAMED.pattern})"
)
MARKS = ("@", "#", attachments.PATH)  # one of which stands in what is linked
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


def link(html: Markup, accounts: dict[str, str], page: str, url: str = "") -> Markup:
    """Rendered text with links to accounts, discussions and attachments.

    Args:
        html: What was rendered and cleaned.
        accounts: The accounts that are there: see `known`.
        page: The path of the repository's page, whose discussions `#3` means.
        url: The hub's public address, by which clients write down attachments.
    """
    if url:  # the page may have been asked for by another name of the hub
        whole = f'="{escape(url)}{attachments.PATH}/'
        html = Markup(str(html).replace(whole, f'="{attachments.PATH}/'))  # noqa: S704 - a shorter path
    if not any(mark in html for mark in MARKS):
        return html

    def replace(found: re.Match[str]) -> str:
        if found["number"]:
            return f'<a href="{escape(page)}/discussions/{found["number"]}">#{found["number"]}</a>'
        if found["path"]:
            own = found["host"] == escape(url)
            return f'<a href="{found["path"]}">{found["path"]}</a>' if own else found[0]
        name = accounts.get(found["name"].lower())
        return f'<a href="/{escape(name)}">@{escape(name)}</a>' if name else found[0]

    made: list[str] = []
    at, depth = 0, 0
    for tag in TAG.finditer(html):
        text = html[at : tag.start()]
        made.append(text if depth else FOUND.sub(replace, str(text)))
        made.append(tag[0])
        at, depth = tag.end(), max(0, depth + _step(tag[0]))
    made.append(html[at:] if depth else FOUND.sub(replace, str(html[at:])))
    return Markup("".join(made))  # noqa: S704 - made of what was cleaned, and of checked names


def _step(tag: str) -> int:
    """By how much a tag changes how many elements are open in which nothing is linked."""
    found = OPENING.match(tag)
    if found is None or found[2] not in SHUT:
        return 0
    return -1 if found[1] else 1
