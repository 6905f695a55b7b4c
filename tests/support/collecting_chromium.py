"""Somebody in a real browser at the pages of collecting."""

from __future__ import annotations

import io
import os
import threading
from contextlib import contextmanager
from pathlib import Path

from pairsmith.collecting.solo.door import Door
from pairsmith.collecting.solo.server import listening, make_server
from support.chromium import CONTRAST, PROBLEMS

TALL = """() => [...document.querySelectorAll('button, .button, .step, summary')]
  .filter((e) => e.getClientRects().length && e.getBoundingClientRect().height < 40)
  .map((e) => `${e.textContent.trim()} ${e.getBoundingClientRect().height}`)"""
"""What can be pressed on a page, and is too low for a finger."""


@contextmanager
def open_door(served):
    """Pages that a thread serves, and what lets a browser in."""
    with listening(0) as listener:
        door = Door(listener.getsockname()[1])
        server = make_server(served, door)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield door
        finally:
            server.should_exit = True
            thread.join()


class Visitor:
    """A browser's context: narrow or wide, with or without scripts."""

    def __init__(self, browser, door, width=1280, scripts=True):
        self.width, self.scripts, self.door = width, scripts, door
        self.context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        self.said = []
        self.context.on("console", self._console)
        self.context.on("weberror", lambda found: self.said.append(str(found.error)))
        self.context.set_default_timeout(12_000)
        self.page = self.context.new_page()
        self.page.goto(door.link)
        self.page.wait_for_url(f"http://127.0.0.1:{door.port}/")

    def _console(self, message):
        if not message.text.startswith("Failed to load resource"):  # a form that was refused
            self.said.append(message.text)

    def press(self, words):
        self.page.get_by_role("button", name=words, exact=True).click()

    def turn(self, text, strength, better=None, seconds=30):
        """A whole turn; the text of the reply that was picked, and that of the other."""
        a, b = self.say(text, seconds)
        if better is not None:
            self.page.locator(f"input[name=better][value={better}]").check()
        self.pick(strength)
        self.page.locator("form.say").wait_for()
        return (a, b) if strength < 0 else (b, a)

    def say(self, text, seconds=30):
        """Writes a message, and waits for the replies: A and B."""
        self.page.get_by_label("our message").or_(self.page.get_by_label("Your next message")).fill(
            text
        )
        if self.scripts and self.width > 400:
            self.page.keyboard.press("Control+Enter")
        else:
            self.press("Send")
        return self.replies(seconds)

    def replies(self, seconds=30):
        self.page.locator("form.choose").wait_for(timeout=seconds * 1000)
        return [
            self.page.locator(f"article:has(#reply-{side}) > .text").text_content() for side in "AB"
        ]

    def pick(self, strength):
        """Picks a step: by keys where there are any."""
        key = strength + 5 if strength < 0 else strength + 4
        if self.scripts and self.width > 400:
            self.page.keyboard.press(str(key))
            self.page.keyboard.press("Enter")
        else:
            self.page.locator(f'input[name=strength][value="{strength}"]').check()
            self.press("Go on from the picked reply")

    def screen(self):
        return self.page.locator(".collect").get_attribute("data-screen")

    def check(self, name=""):
        """Looks at the page as a whole; with a folder for them, takes a picture of it."""
        self.page.wait_for_load_state("load")
        found = self.page.evaluate(PROBLEMS)
        assert not found, found
        for scheme in ("dark", "light"):
            self.page.emulate_media(color_scheme=scheme)
            count, least = self.page.evaluate(CONTRAST)
            assert count > 3
            assert least >= 4.5, (name, scheme)
        if self.width < 400:
            low = self.page.evaluate(TALL)
            assert not low, low
        if name and (folder := os.environ.get("PAIRSMITH_SCREENSHOTS")):
            path = Path(folder) / f"collect-{name}{'' if self.width > 400 else '-narrow'}.png"
            self._picture(path)

    def _picture(self, path):
        """A picture of a page down to its end, in few colours: small enough for a guide."""
        from PIL import Image

        with Image.open(io.BytesIO(self.page.screenshot(full_page=True))) as taken:
            taken.convert("RGB").quantize(48).save(path, optimize=True)

    def close(self):
        self.context.close()
        assert not self.said, self.said
