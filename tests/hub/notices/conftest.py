"""Ann's dataset, and people at the hub's pages who are told of what happens there."""

from __future__ import annotations

import html
import re

import pytest

from pairsmith.hub.auth import users
from pairsmith.hub.gating import requests
from pairsmith.hub.gating.form import GateForm
from pairsmith.hub.notices import listing
from pairsmith.hub.notices.words import sentence
from pairsmith.hub.repos import repos
from support.hub import shop
from support.hub.stock import commit_files

PAGE = "/datasets/ann/tea"
NOTICES = "/notifications"
NO_FORM = GateForm("", "", "", "", (), ())


class Person(shop.Browser):
    """Somebody at the hub's pages."""

    def notices(self) -> list[str]:
        """What they are told and have not read, as the page of it says."""
        text = self.get(NOTICES).text
        return [html.unescape(one) for one in re.findall(r"<b><a[^>]*>([^<]*)</a></b>", text)]

    def count(self) -> int:
        """How many the head of every page says that there are."""
        found = re.search(r'class="badge count">(\d+)', self.get("/settings/tokens").text)
        return int(found[1]) if found else 0

    def write(self, text: str, thread: int = 1) -> None:
        """Comments on a discussion of ann's dataset."""
        answer = self.send(f"{PAGE}/discussions/{thread}/comment", text=text)
        assert answer.status_code == 303, answer.text

    def begin(self, title: str = "A question of leaves", text: str = "Which are these?") -> None:
        """Begins a discussion of ann's dataset."""
        answer = self.send(f"{PAGE}/discussions", title=title, text=text)
        assert answer.status_code == 303, answer.text


@pytest.fixture
def person(hub):
    def make(name: str) -> Person:
        with hub.database.write() as db:
            user = users.add(db, name, name.title(), f"{name}@example.org", None)
            db.execute("UPDATE users SET confirmed = 1 WHERE id = ?", (user.id,))
        return Person(hub, user)

    return make


@pytest.fixture
def tea(hub, ann):
    """A gated dataset of ann's, of which all may know."""
    with hub.database.write() as db:
        repo = repos.create(db, ann.user, "dataset", "tea", False)
        repos.set_gate(db, repo, "manual")
    commit_files(hub, repo, ann.user, {"README.md": b"# Tea\n"})
    with hub.database.read() as db:
        return repos.find(db, "dataset", "ann", "tea")


@pytest.fixture
def ask(hub, tea):
    """Asks for access."""

    def act(who: Person) -> None:
        with hub.database.write() as db:
            requests.ask(db, tea, who.user, {}, NO_FORM)

    return act


def told(hub, who: Person) -> list[str]:
    """All that somebody is told, read or not."""
    with hub.database.read() as db:
        return [sentence(line) for line in listing.listed(db, who.user.id, 1000)]
