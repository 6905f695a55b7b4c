"""An owner's day and a worker's in a browser without scripts, on a phone and on a desk.

With PAIRSMITH_SCREENSHOTS set to a folder, the pictures of docs/how-to/collect-team.md are made
there.
"""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from pathlib import Path

import pytest

import pairsmith
from pairsmith.hub.auth import sessions, users
from pairsmith.hub.context import Reachable
from support.chromium import CONTRAST, launched
from support.hub.browsing import Person, Watch
from support.hub.serving import serving
from support.slow import slow

PICTURED = {"consent", "people", "progress"}
WIDE = "() => document.documentElement.scrollWidth - innerWidth"
PROJECT = """\
mode: helpful
title: Questions about tea
instructions: |
  Ask what you would ask a friend. Pick the reply that helps **more**, and say by how much.
consent: What you write and choose is kept under a number, without your name, and published.
warning: A model may write what is wrong or rude. You may stop at any moment.
pay: 15 € an hour, breaks included
models:
- {{name: secret-snapshot, endpoint: {address}, served_model: ferns}}
"""


@pytest.fixture(scope="module")
def browser():
    with launched("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1") as opened:
        yield opened


@pytest.fixture
def come(hub, browser, server):
    """Gives somebody a browser that is signed in; afterwards nothing was complained of."""
    hub.settings = dataclasses.replace(hub.settings, reachable=Reachable((server.address,)))
    opened = []
    with serving(hub) as url:
        watch = Watch(url)

        def make(name, width, scripts=False):
            person = Person(browser, watch, name, scripts)
            opened.append(person)
            person.page.set_default_timeout(20_000)
            person.page.set_viewport_size({"width": width, "height": 850})
            with hub.database.write() as db:
                user = users.named(db, name) or users.add(db, name, name.title(), "", None)
                secret = sessions.begin(db, user)
            person.context.add_cookies(
                [{"name": sessions.COOKIE, "value": secret, "url": watch.url}]
            )
            return person

        yield make
        for person in opened:
            person.context.close()
    assert (watch.said, watch.elsewhere) == ([], [])


def look(person, name):
    """A page fits, can be read, and is pictured where that was asked for."""
    assert person.page.evaluate(WIDE) <= 0, name
    for scheme in ("dark", "light"):
        person.page.emulate_media(color_scheme=scheme)
        texts, least = person.page.evaluate(CONTRAST)
        assert least >= 4.5, (name, scheme, texts, least)
    folder, width = os.environ.get("PAIRSMITH_SCREENSHOTS"), person.page.viewport_size["width"]
    if folder and width == 1280 and name in PICTURED:
        person.page.screenshot(path=str(Path(folder) / f"collect-team-{name}.png"))


def turn(person, text, key):
    """Says something, waits for the replies, and picks by the words of a step."""
    person.page.get_by_label("message").fill(text)
    person.press("Send")
    person.page.locator("[data-screen=choosing]").wait_for(timeout=20_000)
    look(person, "choosing")
    assert "secret-snapshot" not in person.page.content()
    person.page.locator(f"label.step:has(input[aria-keyshortcuts='{key}'])").click()
    person.press("Go on from the picked reply")
    person.page.locator("[data-screen=writing]").wait_for()


@slow
@pytest.mark.parametrize("width", [390, 1280])
def test_a_day_of_owner_and_worker(come, server, tmp_path, width):
    ann, bob, guest = (come(name, width) for name in ("ann", "bob", "guest"))
    ann.go("/collections")
    ann.follow("Begin a collection")
    ann.page.get_by_label("Name", exact=True).fill("tea")
    ann.page.locator("[name=project]").fill(PROJECT.format(address=server.address))
    look(ann, "new")
    ann.press("Begin")
    ann.follow("People")
    ann.page.get_by_label("User name").fill("bob")
    ann.press("Invite")
    ann.press("Make a link")
    link = ann.page.locator("code.whole").inner_text()
    look(ann, "people")

    bob.go("/notifications")
    assert "ann invites you to take part in ann/tea" in bob.said("invites you")
    bob.go("/collections")
    look(bob, "invited")
    bob.page.get_by_role("button", name="Accept the invitation to ann/tea").click()
    assert "You may stop at any moment" in bob.said("Before you begin")
    look(bob, "consent")
    bob.press("I agree, and want to begin")
    bob.press("Begin a conversation")
    turn(bob, "Is tea hot?", 1)
    turn(bob, "And later?", 6)
    bob.press("Finish the conversation")
    bob.follow("My work")
    assert "2 turns, finished" in bob.said("Conversation 1")
    look(bob, "mine")

    guest.page.goto(link)
    guest.press("Take part")
    guest.press("I agree, and want to begin")
    guest.press("Begin a conversation")
    turn(guest, "Is coffee tea?", 8)
    guest.press("Stop here and leave")
    guest.page.get_by_text("Leave this collection").click()
    guest.press("Leave it")
    assert "You take part in no collection" in guest.said("You take part")

    ann.go("/collections/ann/tea")
    shown = ann.said("Who gave how much")
    assert "3 choices of 2 people" in shown
    look(ann, "progress")
    ann.follow("Quality")
    ann.page.locator("[data-screen=quality]").wait_for()
    look(ann, "quality")
    ann.go("/collections/ann/tea")
    with ann.page.expect_download() as got:
        ann.follow("Download the source")
    with zipfile.ZipFile(got.value.path()) as packed:
        packed.extractall(tmp_path / "out")
    made = pairsmith.build(tmp_path / "out" / "tea", tmp_path / "build")
    rows = [
        json.loads(line)
        for path in (tmp_path / "out" / "tea").rglob("helpful-base/*.jsonl")
        for line in path.read_text().splitlines()
    ]
    assert sorted((row["chosen_side"], row["strength"]) for row in rows) == [
        ("A", 4), ("B", 2), ("B", 4),
    ]  # fmt: skip
    assert sum(entry.kept for entry in made.ledger) == 3

    ann.go("/collections/ann/tea/settings")
    look(ann, "settings")
    ann.press("Close this collection")
    bob.go("/collections/ann/tea/work")
    assert "is closed" in bob.said("This collection")
    ann.page.get_by_label("To confirm").fill("ann/tea")
    ann.press("Delete this collection")
    assert "You take part in no collection" in ann.said("You take part")


@slow
def test_keys_where_there_are_scripts(come, server):
    ann = come("ann", 1280, scripts=True)
    ann.go("/collections/new")
    ann.page.get_by_label("Name", exact=True).fill("tea")
    ann.page.locator("[name=project]").fill(PROJECT.format(address=server.address))
    ann.press("Begin")
    ann.go("/collections/ann/tea/work")
    ann.press("I agree, and want to begin")
    ann.press("Begin a conversation")
    ann.page.get_by_label("message").fill("Is tea hot?")
    ann.page.keyboard.press("Control+Enter")
    ann.page.locator("[data-screen=choosing]").wait_for(timeout=20_000)
    ann.page.keyboard.press("2")
    ann.page.keyboard.press("Enter")
    ann.page.locator("[data-screen=writing]").wait_for()
    ann.go("/collections/ann/tea")
    assert "1 choice of 1 person" in ann.said("How far")
