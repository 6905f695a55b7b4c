"""A gated dataset of ann's: its card, what is answered to its form, and who asks."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

from pairsmith.hub import permissions
from pairsmith.hub.auth.users import User
from pairsmith.hub.gating import requests
from pairsmith.hub.gating.form import read_form
from pairsmith.hub.repos import repos
from pairsmith.hub.repos.card import read
from support.hub.browsers import Browser

CARD = b"""---
extra_gated_prompt: Be **kind** <script>alert(1)</script>
extra_gated_fields:
  Company: text
  I agree: checkbox
  Born: date_picker
  Country: country
  Use: {type: select, options: [Research, {label: Something else, value: other}]}
---
# A card
"""
ANSWERS = ("ACME", "yes", "1990-02-28", "Germany", "other")
GIVEN = {f"answer-{place}": answer for place, answer in enumerate(ANSWERS)}
KEPT = {
    "Company": "ACME",
    "I agree": True,
    "Born": "1990-02-28",
    "Country": "Germany",
    "Use": "other",
}
PAGE = "/datasets/ann/pets"
ASK = f"{PAGE}/ask-access"
REQUESTS = f"{PAGE}/settings/requests"
MARK = read_form(read(CARD.decode()).data).mark


def stands(hub, who):
    with hub.database.read() as db:
        return str(permissions.standing(db, repos.find(db, "dataset", "ann", "pets"), who.user))


def found(hub, name="bob"):
    with hub.database.read() as db:
        return requests.find(db, repos.find(db, "dataset", "ann", "pets"), name)


def ask(who, **changes):
    return who.send(ASK, **{"form": MARK, **GIVEN, **changes})


def answer(hub, ann, status, name="bob", **fields):
    return ann.send(REQUESTS, request=str(found(hub, name).id), status=status, **fields)


class Person(NamedTuple):
    """Somebody with an account, a browser that is signed in, and a token for writing."""

    user: User
    browser: Browser
    headers: dict[str, str]

    def send(self, path: str, **fields: str):
        """Sends a form, proved as those of this browser are."""
        return self.browser.send(path, page="/settings/profile", **fields)

    def get(self, path: str):
        return self.browser.get(path)


class Inputs(HTMLParser):
    """What the forms of a page send: `sent[action][name]` is the value that stands there."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sent: dict[str, dict[str, str]] = {}
        self.kinds: dict[str, str] = {}
        self.choices: dict[str, list[str]] = {}
        self._form = self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        name, value = said.get("name") or "", said.get("value") or ""
        if tag == "form":
            self._form = said["action"] or ""
            self.sent.setdefault(self._form, {})
        elif tag == "select":
            self._select, self.kinds[name], self.choices[name] = name, "select", []
        elif tag == "option":
            self.choices[self._select].append(value)
            if "selected" in said:
                self.sent[self._form][self._select] = value
        elif tag == "input" and self._form:
            self.kinds[name] = said.get("type") or "text"
            if self.kinds[name] not in ("checkbox", "radio") or "checked" in said:
                self.sent[self._form][name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = ""
