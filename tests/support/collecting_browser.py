"""One person's browser as far as the pages of collecting need one: it sends the forms it loaded."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from html import unescape
from html.parser import HTMLParser

from starlette.testclient import TestClient

from pairsmith.collecting.live import Live, Manner
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.solo.app import application
from pairsmith.collecting.solo.door import Door
from pairsmith.collecting.tasks import Tasks

PORT = 8077


@contextmanager
def serving(collection, live=True, seconds=20, **manner):
    """A collection as its pages need it."""
    told = []
    asks = Live(collection, Manner(tell=told.append, seconds=seconds, **manner)) if live else None
    try:
        yield Served(collection, Tasks(collection), asks), told
    finally:
        if asks is not None:
            asks.close()
        collection.close()


def models_of(server, **more):
    return [{"name": "new", "endpoint": server.address, "served_model": "ferns", **more}]


class Forms(HTMLParser):
    """The forms of a page: of each the fields that a browser sends without being touched."""

    def __init__(self, html):
        super().__init__()
        self.forms = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        if tag == "form":
            self.forms.append({"": held["action"]})
        elif tag == "input" and self.forms:
            picked = held.get("type") in ("hidden", "text") or "checked" in held
            if picked:
                self.forms[-1][held["name"]] = held["value"]


class Person:
    """Somebody who looks at the pages, and presses what is there."""

    def __init__(self, client, link):
        self.client, self.link = client, link
        self.html, self.status, self.path = "", 0, ""

    @classmethod
    def at(cls, served, door=None):
        """Somebody at pages that this process serves."""
        door = door or Door(PORT)
        return cls(TestClient(application(served, door), f"http://127.0.0.1:{PORT}"), door.link)

    def enter(self):
        self._take(self.client.get(self.link))
        return self.go("/")

    def go(self, path):
        return self._take(self.client.get(path))

    def form(self, action):
        """The fields of the form of this action on the page."""
        found = [form for form in Forms(self.html).forms if form.get("action") == action]
        assert found, f"there is no form {action!r} on {self.path}"
        return dict(found[0])

    def press(self, action, **fields):
        form = {**self.form(action), **fields}
        return self.send(form)

    def send(self, form):
        held = {name: value for name, value in form.items() if name and value is not None}
        return self._take(self.client.post("/act", data=held))

    def wait(self, seconds=10):
        """Looks again while the page waits."""
        until = time.monotonic() + seconds
        while 'data-screen="waiting"' in self.html:
            assert time.monotonic() < until, "no replies came"
            time.sleep(0.02)
            self.go(self.path)
        return self

    @property
    def screen(self):
        return re.search(r'data-screen="(\w+)"', self.html)[1]

    @property
    def texts(self):
        """The texts of the page that somebody wrote, in order."""
        found = re.findall(r'<div class="text" dir="auto">(.*?)</div>', self.html, re.S)
        return [unescape(text) for text in found]

    @property
    def fault(self):
        found = re.search(r'<p class="fault" role="alert">(.*?)</p>', self.html, re.S)
        return unescape(found[1]) if found else ""

    def _take(self, answer):
        self.html, self.status = answer.text, answer.status_code
        self.path = answer.url.path
        return self
