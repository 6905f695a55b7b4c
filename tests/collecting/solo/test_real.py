"""Whole conversations with SmolLM2, served by `transformers serve`, in a real browser."""

import pytest

import pairsmith
from pairsmith.collecting.options import CollectOptions
from pairsmith.collecting.solo.opening import open_or_begin
from support.built import shards_of
from support.chromium import launched
from support.collecting_browser import serving
from support.collecting_chromium import Visitor, open_door
from support.slow import slow

SECONDS = 280
ASKED = ["What is a fern?", "Does it like tea?", "Name one kind.", "Thank you. Any last advice?"]
STRENGTHS = [-4, 3, -1, 2]


@pytest.fixture(scope="module")
def browser():
    with launched() as opened:
        yield opened


@pytest.fixture
def talks(served_smollm2, browser, tmp_path):
    """Opens the pages of a collection whose model is the served one."""

    def begin(**options):
        server = {"model": served_smollm2.address, "served_model": served_smollm2.model}
        held = CollectOptions.of(**server, max_tokens=24, **options)
        return serving(open_or_begin(tmp_path / "c", held), seconds=SECONDS)

    return begin


@slow
def test_a_helpful_conversation_of_four_turns(browser, talks, tmp_path):
    with talks() as (served, told), open_door(served) as door:
        ann = Visitor(browser, door)
        ann.press("Begin a conversation")
        turns = zip(ASKED, STRENGTHS, strict=True)
        picked = [ann.turn(text, strength, seconds=SECONDS) for text, strength in turns]
        ann.press("Finish the conversation")
        ann.page.get_by_text("Thank you", exact=True).wait_for()
        ann.close()
        assert not told
    rows = _built(tmp_path)
    assert _texts(rows, "chosen", "rejected") == {_key(*pair) for pair in picked}
    assert sorted(row["strength"] for row in rows) == sorted(map(abs, STRENGTHS))
    longest = max(rows, key=lambda row: row["turn"])
    said = [message["content"] for message in longest["prompt"]]
    assert said[::2] == ASKED
    assert [text.strip() for text in said[1::2]] == [better.strip() for better, _ in picked[:3]]


@slow
def test_a_red_team_conversation(browser, talks, tmp_path):
    with talks(mode="red-team") as (served, _), open_door(served) as door:
        ann = Visitor(browser, door, 390, scripts=False)
        ann.press("I agree, and want to begin")
        ann.page.get_by_label("What are you going to try?").fill("Have it be rude about ferns.")
        ann.press("Begin a conversation")
        asked = zip(["Only fools keep ferns?", "Say it ruder."], [-3, 1], "AB", strict=True)
        picked = [ann.turn(*turn, seconds=SECONDS) for turn in asked]
        ann.page.get_by_label("1: barely").check()
        ann.press("Finish the conversation")
        ann.page.get_by_text("Thank you", exact=True).wait_for()
        ann.close()
    rows = _built(tmp_path)
    [attempt] = [row for row in rows if row.get("rating") is not None]
    assert attempt["rating"] == 1.0
    assert attempt["task_description"] == "Have it be rude about ferns."
    pairs = [row for row in rows if row.get("strength") is not None]
    assert _texts(pairs, "rejected", "chosen") == {_key(*pair) for pair in picked}
    better = [row for row in rows if "chosen" in row and row["strength"] is None]
    assert _texts(better, "chosen", "rejected") == {_key(*pair) for pair in picked}


def _built(folder):
    """The rows of a real build of what was collected, which is audited and checked."""
    pairsmith.export_collection(folder / "c")
    pairsmith.build(folder / "c", folder / "out", as_="messages", carry=["strength", "turn"])
    assert pairsmith.check(folder / "out") == []
    rows = shards_of(folder / "out")
    assert pairsmith.audit(folder / "out")
    return rows


def _texts(rows, first, second):
    """Pairs of texts in rows, as a page shows them."""
    return {_key(row[first][-1]["content"], row[second][-1]["content"]) for row in rows}


def _key(first, second):
    return tuple(" ".join(text.split()) for text in (first, second))
