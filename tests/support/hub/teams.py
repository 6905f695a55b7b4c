"""A team at a hub: a collection of ann's, and people in every role, each with a browser."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from typing import Any

from starlette.testclient import TestClient

from pairsmith.collecting.collection import create_collection
from pairsmith.collecting.consent import consent
from pairsmith.collecting.items import Item, add_items
from pairsmith.collecting.project_file import parse_project
from pairsmith.collecting.quality.disputes import disputes
from pairsmith.collecting.tasks import Tasks
from pairsmith.hub.app import application
from pairsmith.hub.auth import sessions, users
from pairsmith.hub.auth.limits import Limits
from pairsmith.hub.collections import invitations, members, registry
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.context import Hub, Reachable
from pairsmith.hub.web.collecting import hosting
from support.collecting_browser import Forms
from support.hub import browsers
from support.hub.opened import new_hub

PAGE = "/collections/ann/teas"
RELABEL = "mode: relabel\ntitle: Which reply is better?\nconsent: It is kept.\nrepeats: 0\n"
HELPFUL = """\
mode: helpful
title: Talk about tea
consent: What you say is kept under a number.
models:
- {{name: quiet-secret, endpoint: {address}, served_model: ferns}}
"""
TALK = re.compile(r"/work/talk/([^/]+)$")
MEMBERS = {"worker": Role.WORKER, "other": Role.WORKER, "reviewer": Role.REVIEWER}


class Person(browsers.Browser):
    """Somebody at the hub's pages, signed in or not."""

    def __init__(self, app: Any, hub: Hub, name: str = "") -> None:
        super().__init__(TestClient(app, follow_redirects=False))
        self.client.headers["accept"] = "text/html"
        self.hub, self.name = hub, name
        if name:
            with hub.database.write() as db:
                user = users.named(db, name) or users.add(db, name, name.title(), "", None)
                self.user = user
                self.cookies.set(sessions.COOKIE, sessions.begin(db, user))

    def send(self, path: str, page: str | None = None, **fields: Any) -> Any:
        """A form, with the hidden field of a page that this browser loaded."""
        return super().send(path, page=page or "/settings/profile", **fields)

    def act(self, action: str, place: str = "", **fields: Any) -> Any:
        """Presses a form of a page of the collection; what comes of it, followed."""
        shown = self.get(f"{PAGE}/work/{place}".rstrip("/"))
        forms = Forms(shown.text).forms
        form = next((one for one in forms if one.get("action") == action), None)
        assert form is not None, shown.text
        sent = {name: value for name, value in form.items() if name}
        return self.client.post(form[""], data={**sent, **fields})

    def text(self, path: str) -> str:
        """What a page says."""
        return unescape(self.get(path).text)


class Team:
    """A hub with people, and perhaps the collection `ann/teas`."""

    def __init__(self, hub: Hub, limits: Limits | None = None) -> None:
        self.hub, self.app = hub, application(hub, limits)
        self.people: dict[str, Person] = {}
        self.ann = self.person("ann")

    def person(self, name: str) -> Person:
        """Somebody of that name; '' for nobody."""
        if name not in self.people:
            self.people[name] = Person(self.app, self.hub, name)
        return self.people[name]

    def begin(self, project: str = RELABEL) -> registry.Collection:
        """Ann begins the collection, and all of `MEMBERS` are in it."""
        answer = self.ann.send("/collections/new", owner="ann", name="teas", project=project)
        assert answer.status_code == 303, unescape(answer.text)
        with self.hub.database.write() as db:
            made = registry.find(db, "ann", "teas")
            for name, role in MEMBERS.items():
                members.give(db, made, self._user(db, name), role)
        return made

    def served(self, collection: registry.Collection) -> Any:
        """The collection as its pages have it."""
        if not hasattr(self.app.state, "hosting"):
            self.app.state.hosting = hosting.Hosting(self.hub)
        return self.app.state.hosting.served(collection)

    def close(self) -> None:
        """Ends what asks models."""
        if hasattr(self.app.state, "hosting"):
            self.app.state.hosting.close()

    def _user(self, db: Any, name: str) -> users.User:
        return users.named(db, name) or users.add(db, name, name.title(), "", None)


def furnish_collection(hub: Hub) -> str:
    """A collection of ann's in which bob takes part, and people disagree; eve is invited.

    Returns the name of what they disagree about, in addresses.
    """
    project = parse_project(
        f"{RELABEL}instructions: Pick what helps **more**.\nwarning: Some of it is bitter.\n"
        "pay: A cup of tea\nlanguages: [en]\nopinions: 2\nmost_opinions: 2\n",
        "a test",
    )
    folder = registry.new_folder(hub)
    with create_collection(folder, project) as made, hub.database.write() as db:
        ann, bob, cleo = (users.named(db, name) for name in ("ann", "bob", "cleo"))
        held = registry.add(db, ann, "teas", folder.name, project.title, project.mode.value)
        for user, role in ((bob, Role.WORKER), (cleo, Role.REVIEWER)):
            members.give(db, held, user, role)
        invitations.invite(db, held, ann, "eve", Role.WORKER)
        invitations.make_link(db, held, ann, Role.WORKER)
        with made.store.write() as transaction:
            add_items(transaction, tea_items(3))
        tasks = Tasks(made)
        for user, strength in ((bob, 3), (cleo, -3)):
            consent(made, str(user.id))
            given = tasks.next(str(user.id))
            swapped = -1 if given.task.swapped else 1
            tasks.judge(str(user.id), given.task.id, given.token, strength * swapped)
        [dispute] = disputes(made)
        return dispute.case


def tea_items(count: int) -> list[Item]:
    """Pairs to judge, whose chosen replies end in `good`."""
    return [
        Item(f"tea/train/{n}", [{"role": "user", "content": f"Tea {n}?"}], f"{n} good", f"{n} bad")
        for n in range(count)
    ]


def turn(person: Person, text: str = "Is tea hot?") -> tuple[str, str]:
    """Begins a conversation and says something; the page with the two replies."""
    place = TALK.search(person.act("start").headers["location"])[0].removeprefix("/work/")
    assert person.act("say", place, text=text).status_code == 303
    until = time.monotonic() + 10
    while 'data-screen="choosing"' not in (shown := person.get(f"{PAGE}/work/{place}").text):
        assert time.monotonic() < until, shown
        time.sleep(0.02)
    return place, shown


@contextmanager
def gathered(root: Any, endpoints: tuple[str, ...] = (), limits: Limits | None = None) -> Any:
    """A team at a new hub, for as long as the block lasts."""
    hub = new_hub(root)
    hub.settings = replace(hub.settings, reachable=Reachable(endpoints))
    team = Team(hub, limits)
    try:
        yield team
    finally:
        team.close()
        hub.close()
