"""Hostile cards on a hub that others visit: nobody waits, and the memory is bounded."""

from __future__ import annotations

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import httpx
import pytest

from pairsmith.hub.auth import tokens, users
from pairsmith.hub.context import Hub, Settings
from pairsmith.hub.repos import repos
from support.hub.running import running
from support.hub.strain import strained
from support.slow import slow

SECONDS = 8  # of each attack
ATTACKERS = 6
HONEST = "---\nlicense: mit\npretty_name: Honest\n---\n# Honest\n\nwords *and* more\n"
BOLD = "".join(f"<b a={number}>" for number in range(5_500))
HIDDEN = "".join(f'<b a={number} c="</b>">' for number in range(5_500))
TEXTS = (
    BOLD + "\n\n" + "x\n\n" * 5_500,
    BOLD + "<p>x" * 5_500,
    HIDDEN + "<p>x" * 5_500,
    "<div>" * 50_000,
    "![" * 130_000,
    "[a\n" * 85_000,
    "- a\n" * 65_000,
    "a*" * 130_000,
    ("| a " * 100 + "\n" + "|-" * 100 + "\n" + "a\n" * 200 + "\n") * 300,
    "[a]: /" + "x" * 40_000 + "\n\n" + "[a] " * 50_000,
    "#\n" * 130_000,
    "&" * 260_000,
    "![a](b.png) " * 20_000,
    "\U0001f600" * 260_000,
)
FRONTS = (
    "".join(f"k{number}: [a, b, {'x' * 24}]\n" for number in range(2_800)),
    "".join(f"k{number}: {'1:' * 450}1\n" for number in range(140)),
    "a: &a " + "x" * 60_000 + "\nb: [" + "*a, " * 15_000 + "]",
    "a: &a {x: 1}\nb: {<<: [" + "*a, " * 18_000 + "]}",
    "".join(f"{number * (2**61 - 1)}: \n" for number in range(1, 5_000)),
    "a: " + "[" * 60_000,
)


class Site:
    """A served hub with datasets of ann's."""

    def __init__(self, root, names):
        hub = Hub(root, Settings("http://x"))
        with hub.database.write() as db:
            ann = users.add(db, "ann", "Ann", "ann@example.org", None)
            self.token = tokens.add(db, ann, "t", "write")
            for name in names:
                repos.create(db, ann, "dataset", name, private=False)
        hub.close()

    def commit(self, server, name, text):
        change = {"path": "README.md", "content": base64.b64encode(text.encode()).decode()}
        lines = [
            {"key": "header", "value": {"summary": "s"}},
            {"key": "file", "value": {**change, "encoding": "base64"}},
        ]
        answer = httpx.post(
            f"{server.url}/api/datasets/ann/{name}/commit/main",
            content="\n".join(map(json.dumps, lines)),
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
        )
        answer.raise_for_status()


def attack(server, calls, seconds=SECONDS):
    """Makes these calls over and over, several at once."""
    end = time.monotonic() + seconds

    def go(start):
        with httpx.Client(timeout=60) as client:
            for call in cycle([*calls[start:], *calls[:start]]):
                if time.monotonic() > end:
                    return
                client.send(call)

    threads = [threading.Thread(target=go, args=(at % len(calls),)) for at in range(ATTACKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def page(server, path):
    return httpx.Request("GET", server.url + path)


def test_a_card_that_makes_gigabytes_of_kilobytes_is_shown_as_it_was_written(tmp_path):
    site = Site(tmp_path, ["honest", "hostile"])
    with running(tmp_path) as server:
        site.commit(server, "honest", HONEST)
        visit = page(server, "/datasets/ann/honest")
        with strained(server, [visit]) as strain:
            site.commit(server, "hostile", BOLD + "<p>x" * 5_500)
            attack(server, [page(server, "/datasets/ann/hostile")], seconds=1)
        shown = httpx.get(f"{server.url}/datasets/ann/hostile")
    print(strain)
    strain.check()
    assert shown.status_code == 200
    assert "takes too much work to be rendered" in shown.text
    assert "&lt;b a=0&gt;" in shown.text


@slow
@pytest.mark.parametrize("kind", ["cards", "a hub of before"])
def test_many_hostile_cards_keep_nobody_waiting(tmp_path, kind):
    cards = {
        f"c{at}": f"---\n{FRONTS[at % len(FRONTS)]}\n---\n{at}\n\n{TEXTS[at % len(TEXTS)]}"
        for at in range(100)
    }
    site = Site(tmp_path, ["honest", *cards])
    with running(tmp_path) as server:
        site.commit(server, "honest", HONEST)
        visits = [page(server, "/datasets/ann/honest"), page(server, "/api/datasets/ann/honest")]
        with strained(server, visits) as committed, ThreadPoolExecutor(ATTACKERS) as pool:
            list(pool.map(lambda card: site.commit(server, *card), cards.items()))
        if kind == "a hub of before":
            for kept in (tmp_path / "rendered").iterdir():
                kept.unlink()
        calls = [page(server, f"/datasets/ann/{name}") for name in cards]
        with strained(server, visits) as opened:
            attack(server, calls)
    print(f"{kind}: committed: {committed}; opened: {opened}")
    committed.check()
    opened.check()


@slow
def test_cards_are_checked_for_nobody_without_keeping_others_waiting(tmp_path):
    site = Site(tmp_path, ["honest"])
    with running(tmp_path) as server:
        site.commit(server, "honest", HONEST)
        calls = [
            httpx.Request(
                "POST",
                f"{server.url}/api/validate-yaml",
                json={"content": f"---\n{front}\n---\n", "repoType": "dataset"},
            )
            for front in FRONTS
        ]
        with strained(server, [page(server, "/datasets/ann/honest")]) as strain:
            attack(server, calls)
    print(strain)
    strain.check()


@slow
def test_a_home_page_of_cards_that_are_long_to_read(tmp_path):
    names = [f"c{at}" for at in range(70)]
    site = Site(tmp_path, ["honest", *names])
    with running(tmp_path) as server:
        site.commit(server, "honest", HONEST)
        for at, name in enumerate(names):
            site.commit(server, name, f"---\npretty_name: P{at}\n{FRONTS[0]}\n---\nbody\n")
        with strained(server, [page(server, "/datasets/ann/honest")]) as strain:
            attack(server, [page(server, path) for path in ("/", "/?p=1", "/ann", "/api/datasets")])
    print(strain)
    strain.check()
