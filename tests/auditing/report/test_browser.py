"""The report in a real browser: nothing fetched, nothing cut off, light and dark, details open."""

import pytest

from support.chromium import CONTRAST, STICKS_OUT, launched, looking
from support.slow import quick, slow


@pytest.fixture(scope="module")
def browser():
    with launched() as opened:
        yield opened


@pytest.fixture
def look(browser, audited):
    """Opens the report; afterwards nothing may have been fetched or complained of."""
    with looking(browser, audited / "audit" / "report.html") as opened:
        yield opened


def open_all(page):
    for summary in page.query_selector_all("summary"):
        summary.click()


@pytest.mark.parametrize("width", quick([1280, 390], 390))
def test_nothing_sticks_out(look, width):
    page = look(width)
    open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(STICKS_OUT) == []


def test_dark_is_dark_and_pictures_follow(look):
    colours = {}
    for scheme in ("light", "dark"):
        page = look(scheme=scheme)
        colours[scheme] = page.evaluate("""() => [
            getComputedStyle(document.body).backgroundColor,
            getComputedStyle(document.querySelector('figure svg path[style]')).fill,
            getComputedStyle(document.querySelector('.bars rect')).fill,
        ]""")
    assert all(a != b for a, b in zip(colours["light"][::2], colours["dark"][::2], strict=True))
    assert colours["light"][0] == "rgb(251, 250, 247)"
    assert colours["dark"][0] == "rgb(21, 23, 26)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(look, scheme):
    page = look(scheme=scheme)
    open_all(page)
    texts, least = page.evaluate(CONTRAST)
    assert texts > 100
    assert least >= 4.5  # WCAG 2.2, 1.4.3, level AA


def test_details_open_and_close(look):
    page = look()
    said = page.locator("details details .said").first
    page.locator("details:has(details .said) > summary").first.click()
    assert not said.is_visible()
    warning = page.locator("details details:has(.said) > summary").first
    warning.click()
    assert said.is_visible()
    warning.press("Enter")
    assert not said.is_visible()


def test_links_in_the_page_are_followed(look):
    page = look()
    page.locator(".verdict a").first.click()
    place = page.evaluate("location.hash")
    assert place.startswith("#q-2-")
    assert page.locator(place).is_visible()
    assert page.evaluate(f"document.querySelector('{place}').getBoundingClientRect().top") < 900


@pytest.mark.parametrize("scheme", quick(["light", "dark"]))
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)], ids=["wide", "phone"])
def test_the_first_screen_says_the_three_worst(browser, planted_audit, width, height, scheme):
    with looking(browser, planted_audit / "audit" / "report.html") as look:
        page = look(width, scheme)
        assert page.locator("h1").inner_text() == "garden"
        first = page.locator(".verdict li")
        told = first.all_inner_texts()
        worst = ("are in train as well", "other way round", "repeat another pair")
        for text, words in zip(told, worst, strict=False):
            assert "Act on this" in text
            assert words in text
            assert "pairsmith build SOURCE NEW --drop " in text
        box = first.nth(2).bounding_box()
        assert box["y"] + box["height"] <= height
        colours = "li => getComputedStyle(li.querySelector('.mark')).backgroundColor"
        levels = {first.nth(n).get_attribute("class") for n in range(len(told))}
        assert levels == {"act", "look", "fine"}
        assert len({first.nth(n).evaluate(colours) for n in range(len(told))}) == 3
        assert page.evaluate(CONTRAST)[1] >= 4.5


@slow
def test_it_prints(look):
    page = look(scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(format="A4").startswith(b"%PDF")
