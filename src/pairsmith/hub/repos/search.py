"""Repositories found: by kind, owner, words and tags, in an order, for those who may know of them.

Words are looked for in names and in the card of the newest commit, which all see who may know of a
repository; tags are those that the card tells.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from pairsmith.hub.auth.users import User
from pairsmith.hub.core.database import now
from pairsmith.hub.http.addresses import Kind
from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.repos.card import FACETS, MODEL_TAGS
from pairsmith.hub.repos.downloads import DAY, MONTH
from pairsmith.hub.repos.history import MAIN
from pairsmith.hub.repos.repos import MAY_KNOW, SELECT, Repo, from_row

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from pairsmith.hub.context import Hub

MAX_WORDS = 10  # words of a search
MAX_TAGS = 20  # tags that are asked for at once
MAX_WORD_CHARS = 200  # characters of a word or a tag that are looked for
MAX_OPTIONS = 200  # values that a menu of a filter offers
MAX_SKIP = 1_000_000  # repositories that the pages of a list go on for
FRESH = 60.0  # seconds for which the menus of filters stay as they are
SORTS = {  # by what a list can be sorted, as clients name it
    "lastModified": "updated",
    "createdAt": "repos.created",
    "downloads": "(SELECT coalesce(sum(count), 0) FROM downloads WHERE repo = repos.id"
    " AND day > :since)",
}
NO_FILTERS = ("apps", "inference", "inference_provider", "num_parameters")  # that clients have
OTHER_NAMES = {"last_modified": "lastModified", "created_at": "createdAt"}
CARDS = (
    f" LEFT JOIN refs ON refs.repo = repos.id AND refs.kind = 'branch' AND refs.name = '{MAIN}'"
    " LEFT JOIN commits ON commits.repo = repos.id AND commits.id = refs.target"
    " LEFT JOIN files ON files.line = commits.line AND files.path = 'README.md'"
    " AND born <= place AND (died IS NULL OR died > place)"
    " LEFT JOIN cards ON cards.blob = files.blob"
)
HAS_WORDS = (
    "NOT EXISTS (SELECT 1 FROM json_each(:words) AS asked WHERE NOT"
    " (instr(lower(users.name || '/' || repos.name), asked.value)"
    " OR instr(coalesce(cards.words, ''), asked.value)))"
)
HAS_TAGS = (  # a tag is known by its value alone too: `en` for `language:en`
    "NOT EXISTS (SELECT 1 FROM json_each(:tags) AS asked WHERE NOT EXISTS"
    " (SELECT 1 FROM json_each(cards.tags) AS has WHERE lower(asked.value) IN"
    " (lower(has.value), lower(substr(has.value, instr(has.value, ':') + 1)))))"
)
SHARED = (
    "repos.owner <> :user AND EXISTS (SELECT 1 FROM collaborators"
    " WHERE repo = repos.id AND collaborators.user = :user)"
)
_menus: WeakKeyDictionary[Hub, dict[Kind | None, tuple[float, Menus]]] = WeakKeyDictionary()


class Wanted(NamedTuple):
    """What is looked for.

    Attributes:
        kind: Only those of this kind; None for all.
        owner: Only those of this account; '' for all.
        words: Each in the name or the card.
        tags: Each among the card's.
        gated: Only those with a gate, or without one; None for all.
        sort: One of `SORTS`.
        descending: Whether the last, the newest or the most come first.
        shared: Only those of others in which who asks was given a role one by one.
    """

    kind: Kind | None = None
    owner: str = ""
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    gated: bool | None = None
    sort: str = "lastModified"
    descending: bool = True
    shared: bool = False


Menus = Mapping[str, list[str]]
"""For each filter the values that there are, the most frequent first."""


def read_query(asked: QueryParams, kind: Kind | None) -> Wanted:
    """What a list is asked for, by a client or by the form of a page.

    Raises:
        HubError: 400 for an order or a filter that there is none of, or where very much is asked
            for.
    """
    said = asked.get("gated", "").lower()
    if said not in ("", "true", "false"):
        raise bad_request("gated has to be true or false.")
    sort = asked.get("sort", "") or "lastModified"
    sort = OTHER_NAMES.get(sort, sort)
    if sort not in SORTS:
        raise bad_request(f"Lists are sorted by {', '.join(SORTS)} here, not by {sort[:40]!r}.")
    if unknown := [key for key in NO_FILTERS if asked.get(key)]:
        raise bad_request(f"This hub cannot filter models by {', '.join(unknown)}.")
    texts = [text.replace("\0", " ").casefold() for text in asked.getlist("search")]
    words = [word for text in texts for word in text.split()]
    tags = [tag for text in asked.getlist("filter") for tag in text.split(",") if tag]
    for key in (*FACETS, *MODEL_TAGS):
        values = [value for value in asked.getlist(key) if value]
        tags += [v if v.startswith(f"{key}:") else f"{key}:{v}" for v in values]
    tags += [f"library_name:{value}" for value in asked.getlist("library") if value]
    longest = max(map(len, (*words, *tags)), default=0)
    if len(words) > MAX_WORDS or len(tags) > MAX_TAGS or longest > MAX_WORD_CHARS:
        raise bad_request(
            f"A search takes up to {MAX_WORDS} words and {MAX_TAGS} tags, of up to"
            f" {MAX_WORD_CHARS} characters."
        )
    owner = asked.get("author", "")
    gated = said == "true" if said else None
    down = asked.get("direction", "-1") != "1"
    return Wanted(kind, owner, tuple(words), tuple(tags), gated, sort, down)


def search(
    db: sqlite3.Connection, user: User | None, wanted: Wanted, limit: int = 100, skip: int = 0
) -> list[Repo]:
    """The repositories that are wanted, of those that a user may know of.

    Args:
        db: A transaction.
        user: Who asks; None for nobody.
        wanted: What is looked for, and in which order.
        limit: At most this many.
        skip: How many of the first to leave out.
    """
    where = ["(:kind IS NULL OR repos.kind = :kind)", MAY_KNOW]
    where += ["users.name = :owner"] if wanted.owner else []
    where += [HAS_WORDS] if wanted.words else []
    where += [HAS_TAGS] if wanted.tags else []
    where += [SHARED] if wanted.shared else []
    where += [] if wanted.gated is None else ["(gate != 'off') = :gated"]
    cards = CARDS if wanted.words or wanted.tags else ""
    down = "DESC" if wanted.descending else "ASC"
    rows = db.execute(
        f"{SELECT}{cards} WHERE {' AND '.join(where)}"
        f" ORDER BY {SORTS[wanted.sort]} {down}, repos.id LIMIT :limit OFFSET :skip",
        {
            "kind": wanted.kind,
            "user": user.id if user else 0,
            "owner": wanted.owner,
            "words": json.dumps(wanted.words),
            "tags": json.dumps(wanted.tags),
            "gated": wanted.gated,
            "since": now() // DAY - MONTH,
            "limit": limit,
            "skip": skip,
        },
    )
    return [from_row(row) for row in rows.fetchall()]


def find_menus(hub: Hub, db: sqlite3.Connection, kind: Kind | None, keys: list[str]) -> Menus:
    """What the filters of a page offer: what the cards of repositories say that all may know of.

    Args:
        hub: The hub.
        db: A transaction.
        kind: Of repositories of this kind; None for all.
        keys: The filters.
    """
    held = _menus.setdefault(hub, {})
    until, menus = held.get(kind, (0.0, {}))
    if time.monotonic() > until:
        rows = db.execute(
            "SELECT tag.value, count(*) FROM repos"
            f"{CARDS}, json_each(cards.tags) AS tag"
            " WHERE private = 0 AND deleted IS NULL AND (? IS NULL OR repos.kind = ?)"
            " AND substr(tag.value, 1, instr(tag.value, ':') - 1)"
            " IN (SELECT value FROM json_each(?))"
            " GROUP BY tag.value ORDER BY count(*) DESC, tag.value LIMIT ?",
            (kind, kind, json.dumps(keys), MAX_OPTIONS * len(keys)),
        )
        told = [str(row[0])[:MAX_WORD_CHARS].partition(":") for row in rows]
        menus = {key: [v for k, _, v in told if k == key and v][:MAX_OPTIONS] for key in keys}
        held[kind] = (time.monotonic() + FRESH, menus)
    return menus
