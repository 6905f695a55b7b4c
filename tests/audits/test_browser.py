"""The report in a real browser: nothing fetched, nothing cut off, light and dark, details open."""

import os
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync",
)  # fmt: skip
CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const found = rgb(getComputedStyle(e).backgroundColor);
      if (found[3] === 255) return found;
    }
    throw new Error('nothing behind');
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || element.closest('svg')) continue;
    const pair = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    found.push((Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05));
  }
  return [found.length, Math.min(...found)];
}"""


@pytest.fixture(scope="module")
def browser():
    if not os.access(CHROMIUM, os.X_OK):
        pytest.skip(f"the report is looked at in Chromium, and there is no {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def look(browser, audited):
    """Opens the report; afterwards nothing may have been fetched or complained of."""
    pages, said, asked = [], [], []

    def open_report(width=1280, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        pages.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((audited / "audit" / "report.html").as_uri())
        return page

    yield open_report
    assert said == []
    assert asked == [page.url.partition("#")[0] for page in pages]
    for page in pages:
        page.close()


def open_all(page):
    for summary in page.query_selector_all("summary"):
        summary.click()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out(look, width):
    page = look(width)
    open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    wide = "[...document.querySelectorAll('main *')].filter(e => !e.closest('.wide, svg') && "
    wide += "e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    assert page.evaluate(wide) == []


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


def test_it_prints(look):
    page = look(scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(format="A4").startswith(b"%PDF")
