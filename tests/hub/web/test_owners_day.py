"""An owner's day in a browser without scripts, on a phone and on a desk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pairsmith.hub.auth import sessions
from support.chromium import launched
from support.hub.browsing import Person, Watch
from support.hub.furnished import furnish
from support.slow import slow

PAGE = "/datasets/ann/pairs"
TALL = """() => [...document.querySelectorAll('.answers button, .answers summary')]
  .filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().height)"""
WIDE = "() => document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def browser():
    with launched("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1") as opened:
        yield opened


@slow
@pytest.mark.parametrize("width", [390, 1280])
def test_the_day(hub, served, browser, sample_messages, tmp_path, width):
    made, watch = furnish(hub, sample_messages), Watch(served)
    ann = Person(browser, watch, "ann", scripts=False)
    ann.page.set_viewport_size({"width": width, "height": 800})
    cookie = {"name": sessions.COOKIE, "value": made.sessions["ann"], "url": watch.url}
    ann.context.add_cookies([cookie])

    ann.go(PAGE)
    picture(ann, f"dataset-{width}")
    ann.follow("Edit the card")
    words = ann.page.get_by_label("Text of README.md")
    words.fill(words.input_value() + "\nPicked *by hand*.\n")
    ann.press("Preview")
    assert ann.page.locator("article.card em").last.inner_text() == "by hand"
    picture(ann, f"edit-{width}")
    ann.press("Commit to main")
    assert "Picked by hand." in ann.said("Picked")

    ann.go(f"{PAGE}/upload/main")
    paths = []
    for name in ("tea.txt", "leaves.txt"):
        paths.append(tmp_path / name)
        paths[-1].write_text(name)
    ann.page.get_by_label("Files").set_input_files(paths)
    picture(ann, f"upload-{width}")
    ann.press("Commit to main")
    assert "leaves.txt" in ann.said("tea.txt")

    ann.go(f"{PAGE}/settings/requests")
    picture(ann, f"requests-{width}")
    heights = ann.page.evaluate(TALL)
    assert heights
    assert min(heights) >= 44
    accept = ann.page.locator("tbody").get_by_role("button", name="Accept", exact=True)
    waiting = accept.count()
    accept.first.click()
    assert accept.count() == waiting - 1

    ann.go(f"{PAGE}/discussions/new")
    ann.fill({"Title": "More tea", "Text": "There is **more** to come."})
    ann.press("Begin the discussion")
    assert "There is more to come." in ann.said("There is")
    assert ann.go(f"{PAGE}/settings/people") == 200
    picture(ann, f"people-{width}")
    ann.page.locator('[name="whom"]').fill("eve")
    ann.page.locator('form:has([name="whom"]) button').click()
    assert "eve" in ann.said("eve")
    ann.go(f"{PAGE}/viewer?config=red-team-attempts")
    assert ann.page.evaluate(WIDE) <= 0
    picture(ann, f"red-team-{width}")
    ann.context.close()
    assert (watch.said, watch.elsewhere) == ([], [])


def picture(person: Person, name: str) -> None:
    """Takes a picture, where somebody wants to look at them; nothing may be wider than it."""
    assert person.page.evaluate(WIDE) <= 0, name
    if folder := os.environ.get("PAIRSMITH_SCREENSHOTS"):
        person.page.screenshot(path=Path(folder) / f"hub-{name}.png")
