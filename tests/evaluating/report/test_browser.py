"""The report of an evaluation in a real browser: nothing fetched, nothing cut off, light, dark."""

import shutil

import numpy as np
import pytest

import pairsmith
from support.chromium import CONTRAST, STICKS_OUT, launched, looking
from support.scored import annotate, plant
from support.slow import slow

pytestmark = slow


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report with every section; its names are as long as names may be."""
    out, scores = plant(tmp_path_factory.mktemp("planted"), 60, subsets=("moss", "tea" * 15))
    first = next(iter(scores))
    scores[first] = (-9.0, 0.0)
    name = "a-model-of-" + "long-" * 7 + "name"
    annotate(out, name, scores)
    chance = np.random.default_rng(2)
    annotate(out, "other", {id: (a + chance.normal(), b) for id, (a, b) in scores.items()})
    made = pairsmith.evaluate(out, name, against="other", text=True)
    return made.folder / "report.html"


@pytest.fixture(scope="module")
def browser():
    with launched() as opened:
        yield opened


@pytest.fixture
def look(browser, report):
    """Opens the report; afterwards nothing may have been fetched or complained of."""
    with looking(browser, report) as opened:
        yield opened


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out(look, width):
    page = look(width)
    page.click("summary")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(STICKS_OUT) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(look, scheme):
    page = look(scheme=scheme)
    page.click("summary")
    texts, least = page.evaluate(CONTRAST)
    assert texts > 100
    assert least >= 4.5  # WCAG 2.2, 1.4.3, level AA


def test_dark_is_dark_and_pictures_follow(look):
    seen = set()
    for scheme in ("light", "dark"):
        page = look(scheme=scheme)
        seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        line = "document.querySelector('figure svg path[style*=series]')"
        seen.add(page.evaluate(f"getComputedStyle({line}).stroke"))
    assert len(seen) == 4


def test_the_verdict_comes_first_and_every_section_is_there(look):
    page = look()
    assert page.locator("ul.verdict li").count() == 5
    titles = page.locator("main h2").all_inner_texts()
    assert titles == [
        "Verdict", "Accuracy", "Calibration", "Length", "Turns", "Best of n",
        "Labels that it surely contradicts",
    ]  # fmt: skip
    assert page.locator("figure[role=img]").count() == 5
    assert page.evaluate("document.querySelector('ul.verdict').getBoundingClientRect().top") < 600


def test_no_script_and_nothing_from_elsewhere(report, tmp_path):
    alone = shutil.copy(report, tmp_path / "alone.html")
    text = alone.read_text()
    assert "<script" not in text
    assert "http" not in text.replace('http-equiv="Content-Security-Policy"', "")
