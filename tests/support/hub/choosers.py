"""People who choose between replies at a hub that may be killed at any moment; what it took."""

from __future__ import annotations

import random
import re
import threading
import time

import httpx

from support.collecting_browser import Forms
from support.hub.teams import PAGE

TURNS = 6  # of a conversation, until it is finished and another begun
SCREEN = re.compile(r'data-screen="(\w+)"')


class Chooser(threading.Thread):
    """One person: talks, chooses, sends some forms twice, and again where the hub went away.

    `acknowledged` has of each message, which is told by its text alone, the strength that the hub
    said it took.
    """

    def __init__(self, url, name, cookie, over, seed):
        super().__init__(name=name, daemon=True)
        self.over, self.chance = over, random.Random(seed)
        self.client = httpx.Client(base_url=url, headers={"Accept": "text/html"}, timeout=20)
        self.client.cookies.set(*cookie)
        self.acknowledged, self.sent, self.faults = {}, 0, []
        self.refused = 0

    def run(self):
        try:
            while not self.over.is_set():
                try:
                    self._step()
                except (httpx.TransportError, httpx.InvalidURL):
                    time.sleep(0.05)  # it was killed, and comes again
        except Exception as error:
            self.faults.append(repr(error))
        finally:
            self.client.close()

    def _step(self):
        """Looks at where the work goes on, and does one thing there."""
        shown = self._get(f"{PAGE}/work")
        if "I agree, and want to begin" in shown:
            self._send(shown, "agree")
            return
        open_ones = re.findall(rf'href="({PAGE}/work/talk/[^"]+)"', shown)
        if not open_ones:
            self._send(shown, "start")
            return
        page = self._get(open_ones[0])
        screen = SCREEN.search(page)[1]
        if screen == "writing":
            self._write(page)
        elif screen == "choosing":
            self._choose(page)
        elif screen == "failed":
            self._send(page, "again")
        else:
            time.sleep(0.1)

    def _write(self, page):
        if page.count('<section class="turn person">') >= TURNS:
            self._send(page, "finish")
            return
        self.sent += 1
        self._send(page, "say", text=f"{self.name} asks no. {self.sent}")

    def _choose(self, page):
        last = re.findall(rf"{self.name} asks no\. \d+", page)[-1]
        strength = self.chance.choice([-4, -3, -2, -1, 1, 2, 3, 4])
        if self._send(page, "choose", strength=str(strength)):
            assert self.acknowledged.setdefault(last, strength) == strength, f"{last}: taken twice"

    def _send(self, page, action, **fields):
        """Sends a form of a page until the hub says what came of it; whether it was taken."""
        [form] = [one for one in Forms(page).forms if one.get("action") == action]
        address = form.pop("")
        held = {**form, **fields}
        clicks = self.chance.choice([1, 1, 2])
        taken = []
        while len(taken) < clicks and not (self.over.is_set() and not taken):
            try:
                answer = self.client.post(address, data=held)
            except httpx.TransportError:
                if self.over.is_set():
                    return False
                time.sleep(0.05)
                continue
            assert answer.status_code in (303, 409), (
                action,
                answer.status_code,
                answer.text[-900:],
            )
            taken.append(answer.status_code == 303)
        self.refused += taken.count(False)
        return any(taken)

    def _get(self, path):
        answer = self.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-900:])
        return answer.text
