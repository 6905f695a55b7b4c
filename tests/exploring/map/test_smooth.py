"""A map of 40,000 dots with as much text as the released file has: its size, how soon, how smooth.

Times of tasks are those that the browser's main thread was at work, from the browser's own trace:
what else the machine does is no part of them.
"""

import json

import numpy as np
import pytest

from pairsmith.dataset.manifest import read_manifest
from pairsmith.exploring.answer import Study
from pairsmith.exploring.map.parts import Map, _read, read_script
from pairsmith.exploring.map.payload import make_payload
from pairsmith.exploring.map.points import lay_attacks
from pairsmith.exploring.map.texts import Texts, pack
from pairsmith.exploring.options import ExploreOptions
from pairsmith.exploring.record import Exploration
from pairsmith.exploring.report.render import fill_page
from pairsmith.exploring.topics.topics import Topics
from support.chromium import looking
from support.mapped import drag, found, ready, status
from support.planted_attempts import attempts_of, plant
from support.slow import slow

COUNT = 40_000
MOST_BYTES = 25_000_000
SOURCE = 15_500_000
"""The released file, compressed."""
pytestmark = slow


@pytest.fixture(scope="module")
def report(report, tmp_path_factory):
    """A page of so many dots; its texts are as hard to compress as the released file."""
    attempts = attempts_of(plant(COUNT, seed=1))
    chance = np.random.default_rng(0)
    of = chance.integers(0, 30, COUNT)
    places = np.clip(chance.random((30, 2))[of] + chance.normal(0, 0.03, (COUNT, 2)), 0, 1)
    names = tuple(f"name {place}" for place in range(30))
    built = read_manifest(report.parent.parent)
    study = Study(report.parent.parent, built, ExploreOptions(), attempts)
    study.__dict__["topics"] = Topics(of, names, places, np.arange(COUNT), "chance")
    points = lay_attacks(study)
    said = ((chance.bytes(310).hex() + " and so on" * 60) for _ in range(COUNT))
    texts = Texts(
        pack(
            list(pair)
            for pair in zip(attempts.task.to_pylist(), attempts.opening.to_pylist(), strict=True)
        ),
        pack(["ua", None, text] for text in said),
    )
    drawn = Map(points, make_payload(points, texts), read_script(), _read("map.css"))
    made = Exploration("0", "0" * 64, {}, COUNT, 0, (), (), {})
    page = fill_page(made, study, {}, drawn)
    packed = sum(len(block) * 3 // 4 for block in (*texts.words.data, *texts.transcripts.data))
    assert packed > SOURCE
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(page, encoding="utf-8")
    return file


def traced(browser, page, act):
    """The seconds of work of each task of the page's main thread while something is done."""
    browser.start_tracing(
        page=page, categories=["toplevel", "disabled-by-default-devtools.timeline"]
    )
    act()
    events = json.loads(browser.stop_tracing())["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event["tdur"] / 1e6
        for event in events
        if (event["pid"], event["tid"]) in main and event.get("ph") == "X" and "tdur" in event
    ]


def test_the_page_is_small_and_its_first_picture_comes_soon(browser, report):
    assert report.stat().st_size < MOST_BYTES
    starts = []
    for _ in range(3):  # the least: the machine may have more to do
        with looking(browser, report) as opened:
            page = ready(opened())
            starts += page.evaluate(
                "performance.getEntriesByName('map-drawn').map(e => e.startTime)"
            )
            assert status(page).startswith("40,000 of 40,000 attacks shown")
    assert len(starts) == 3
    assert min(starts) < 2000


def test_moving_and_zooming_have_no_long_task(browser, report):
    with looking(browser, report) as opened:
        page = ready(opened())
        page.click("#map-move")

        def move():
            for end in ((0.7, 0.6), (0.3, 0.4), (0.5, 0.5)):
                drag(page, (0.5, 0.5), end, steps=25)
            page.focus("#map-over")
            for _ in range(5):
                page.mouse.wheel(0, -100)
                status(page)

        tasks = traced(browser, page, move)
    assert len(tasks) > 100
    assert max(tasks) < 0.1


def test_words_are_found_in_all_transcripts(browser, report):
    with looking(browser, report) as opened:
        page = ready(opened())
        assert found(page, '"and so on" xyzzy') == 0
        assert found(page, '"and so on"') == COUNT
