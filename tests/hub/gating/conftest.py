"""People at a hub: each with a browser and a token; and ann's datasets."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import NamedTuple

import pytest
from starlette.testclient import TestClient

from pairsmith.hub.app import application
from pairsmith.hub.auth import sessions
from pairsmith.hub.auth.users import User
from pairsmith.hub.repos import repos
from pairsmith.hub.repos.repos import Repo
from support.hub.browsers import Browser
from support.hub.stock import commit_files

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


@pytest.fixture
def visitor(hub) -> Callable[[], TestClient]:
    """Makes browsers of nobody."""
    app = application(hub)

    def make() -> TestClient:
        return TestClient(app, follow_redirects=False, headers={"accept": "text/html"})

    return make


@pytest.fixture
def person(hub, account, visitor) -> Callable[..., Person]:
    def make(name: str, role: str = "write") -> Person:
        user, headers = account(name, role)
        client = visitor()
        with hub.database.write() as db:
            client.cookies.set(sessions.COOKIE, sessions.begin(db, user))
        return Person(user, Browser(client), headers)

    return make


@pytest.fixture
def ann(person) -> Person:
    return person("ann")


@pytest.fixture
def bob(person) -> Person:
    return person("bob")


@pytest.fixture
def dataset(hub, ann) -> Callable[..., Repo]:
    """Makes a dataset of ann's, with a card."""

    def make(gate: str = "manual", private: bool = False, card: bytes = CARD, name: str = "pets"):
        with hub.database.write() as db:
            repo = repos.create(db, ann.user, name, private)
            repos.set_gate(db, repo, gate)
        commit_files(hub, repo, ann.user, {"README.md": card})
        with hub.database.read() as db:
            return repos.find(db, "ann", name)

    return make


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


@pytest.fixture
def inputs() -> Callable[[str], Inputs]:
    return Inputs
