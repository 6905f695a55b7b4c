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
    said = page.locator("details:has(.said) .said").first
    assert not said.is_visible()
    page.locator("details:has(.said) > summary").first.click()
    assert said.is_visible()
    page.locator("details:has(.said) > summary").first.press("Enter")
    assert not said.is_visible()


def test_links_in_the_page_are_followed(look):
    page = look()
    page.locator("main table a").first.click()
    assert page.evaluate("location.hash") == "#q-1"
    assert page.evaluate("document.querySelector('#q-1').getBoundingClientRect().top") < 900


@slow
def test_it_prints(look):
    page = look(scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(format="A4").startswith(b"%PDF")
