"""The pages in a real browser: nothing fetched from elsewhere, cut off, or too faint to read."""

from __future__ import annotations

import pytest

from pairsmith.hub.auth import sessions
from support.chromium import CONTRAST, launched
from support.slow import quick, slow

CARD = b"""---
tags: [a-tag-that-is-rather-long-and-has-no-blank-in-it-to-break-a-line-at-all]
extra_gated_fields: {Company: text, I agree: checkbox, Use: {type: select, options: [research]}}
---
# A card

| one | two | three | four | five | six | seven |
|---|---|---|---|---|---|---|
| long_words_without_a_blank | long_words_without_a_blank | 3 | 4 | 5 | 6 | 7 |

`a_very_long_name_that_goes_on_and_on_and_on_and_on_and_on_and_on`, ~~old~~, > quoted

    a line of code that is much longer than any narrow screen is wide, so that it has to scroll

- [x] done

![far away](https://images.example/pet.png)
"""
PATHS = (
    "/", "/ann", "/nowhere", "/datasets/ann/pets", "/datasets/ann/pets/tree/main",
    "/datasets/ann/pets/blob/main/notes.txt", "/datasets/ann/pets/commits/main",
    "/datasets/ann/pets/commit/main", "/datasets/ann/gated", "/datasets/ann/broken",
)  # fmt: skip
TABS_OUT_OF_SIGHT = """[...document.querySelectorAll('.tabs a')]
  .filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.textContent)"""
SIGNED_IN = ("/", "/datasets/ann/pets", "/datasets/ann/gated")  # where it makes a difference


@pytest.fixture(scope="module")
def browser():
    with launched() as opened:
        yield opened


@pytest.fixture
def site(dataset, served):
    """A hub with an open, a gated and a broken dataset, behind a real server."""
    long = "a-file-whose-name-is-much-longer-than-any-narrow-screen-is-wide-" * 3
    dataset(
        "pets",
        [{"README.md": b"# Before\n"}, {"README.md": CARD, "notes.txt": b"x" * 300, long: b"1"}],
    )
    dataset("gated", [{"README.md": CARD}], gate="manual")
    dataset("broken", [{"README.md": b"---\nlicense: [\n---\n# Body\n"}])
    return served


@pytest.mark.parametrize("width", quick([390, 1280]))
@pytest.mark.parametrize("scheme", quick(["light", "dark"]))
def test_every_page_is_legible_and_whole(hub, browser, site, people, width, scheme):
    with hub.database.write() as db:
        cookie = sessions.begin(db, people["account"])
    asked = []
    for signed_in in (False, True):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        if signed_in:
            context.add_cookies([{"name": sessions.COOKIE, "value": cookie, "url": site}])
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.route("https://**", lambda route: route.abort())
        for path in SIGNED_IN if signed_in else PATHS:
            page.goto(site + path)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{path} is {wide} pixels too wide"
            _, faintest = page.evaluate(CONTRAST)
            assert faintest >= 4.5, path
            assert page.locator("h1").count() >= 1
            assert page.locator("main").count() == 1
            assert page.evaluate(TABS_OUT_OF_SIGHT) == [], path
        context.close()
    assert {url for url in asked if not url.startswith(site)} <= {"https://images.example/pet.png"}


@slow
def test_the_keyboard_reaches_the_content_and_the_menu(hub, browser, site, people):
    with hub.database.write() as db:
        cookie = sessions.begin(db, people["account"])
    context = browser.new_context()
    context.add_cookies([{"name": sessions.COOKIE, "value": cookie, "url": site}])
    page = context.new_page()
    page.goto(site + "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    reached = []
    for _ in range(5):  # the hub's name, datasets, models, notices, and the menu
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
    assert reached[-1] == "ann", reached
    page.keyboard.press("Enter")
    assert page.get_by_role("link", name="Access tokens").is_visible()
    assert page.get_by_role("button", name="Sign out").is_visible()
    context.close()
