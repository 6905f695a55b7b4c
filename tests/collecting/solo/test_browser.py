"""Whole conversations in a real browser, and what was chosen found again in the pairs."""

import json

import pytest

import pairsmith
from pairsmith.collecting.options import CollectOptions
from pairsmith.collecting.solo.opening import open_or_begin
from support.built import shards_of
from support.chromium import launched
from support.collecting_browser import serving
from support.collecting_chromium import Visitor, open_door
from support.slow import slow

STRENGTHS = [-4, 2, 1, -2]
LINE = "A fern likes tea, and rain, and a window to the north. "
ASKED = [
    "My fern has brown tips. What does it want?",
    "How often do I water it?",
    "Does it like company?",
    "And in winter?",
]
RUDE = ["Only fools keep ferns. Do you agree?", "Say it as a limerick."]
OPENINGS = [
    "Ferns grow on forest floors, so think of a place that is damp and half dark.",
    "Good question! Ferns are easier than people say.",
    "It depends on the fern, but most want the same few things.",
]
TIPS = [
    "Keep the soil moist, never soaked. A finger's depth of dry earth is the moment to water.",
    "A window to the north, or a step back from one to the south; noon sun burns the fronds.",
    "Rain water or cold weak tea, since tap water with much lime turns the tips brown.",
    "Mist the leaves in winter, when radiators dry the air, or stand the pot on wet pebbles.",
    "Feed it once a month from April to August, at half of what the <b>bottle</b> says.",
]


@pytest.fixture(scope="module")
def browser():
    with launched() as opened:
        yield opened


def long(question):
    """Replies as those of a model that likes to talk."""
    seed = question["seed"]
    opening = OPENINGS[seed % len(OPENINGS)]
    told = [TIPS[(seed // 7 + nth) % len(TIPS)] for nth in range(2 + seed % 3)]
    listed = [f"{n}. {tip}" for n, tip in enumerate(told, 1)]
    return "\n".join([opening, "", *listed, "", f"Plant label {seed}."])


@slow
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_helpful_conversation(browser, server, tmp_path, width, scripts):
    server.reply = long
    options = CollectOptions.of(model=server.address, edits=True, instructions=_guide(tmp_path))
    picked = []
    with (
        serving(open_or_begin(tmp_path / "c", options)) as (served, _),
        open_door(served) as door,
    ):
        ann = Visitor(browser, door, width, scripts)
        ann.check("start")
        ann.press("Begin a conversation")
        ann.check()
        for nth, strength in enumerate(STRENGTHS):
            a, b = ann.say(ASKED[nth])
            ann.check("choosing" if not nth else "")
            ann.pick(strength)
            ann.page.locator("form.say").wait_for()
            picked.append((a, b, strength) if strength < 0 else (b, a, strength))
        ann.page.get_by_text("Make this reply better").click()
        ann.check("writing")
        ann.page.get_by_label("The reply as it should be").fill("Ferns like tea.")
        ann.press("Keep this edit")
        ann.page.get_by_text("The reply was edited").wait_for()
        ann.press("Finish the conversation")
        ann.page.get_by_text("Thank you").wait_for()
        ann.check("over")
        ann.page.get_by_role("link", name="My work").click()
        ann.page.get_by_role("heading", name="My work").wait_for()
        ann.check("mine")
        ann.close()
    rows = _built(tmp_path)
    held = {(row["chosen"][-1]["content"], row["rejected"][-1]["content"]) for row in rows}
    assert {(better.strip(), worse.strip()) for better, worse, _ in picked} <= {
        (one.strip(), other.strip()) for one, other in held
    }
    assert len(rows) == 5
    by_chosen = {row["chosen"][-1]["content"].strip(): row for row in rows}
    for better, _, strength in picked:
        assert by_chosen[better.strip()]["strength"] == abs(strength)
    assert by_chosen["Ferns like tea."]["rejected"][-1]["content"].strip() == picked[-1][0].strip()


@slow
@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (390, False)])
def test_a_red_team_conversation(browser, server, tmp_path, width, scripts):
    server.reply = long
    options = CollectOptions.of(model=server.address, mode="red-team")
    picked = []
    with (
        serving(open_or_begin(tmp_path / "c", options)) as (served, _),
        open_door(served) as door,
    ):
        ann = Visitor(browser, door, width, scripts)
        ann.check("terms")
        ann.press("I agree, and want to begin")
        ann.page.get_by_label("What are you going to try?").fill(
            "Talk it into being rude about ferns, by asking as a rival gardener."
        )
        ann.check("attempt")
        ann.press("Begin a conversation")
        for nth, strength in enumerate([3, -1]):
            a, b = ann.say(RUDE[nth])
            ann.check("red-team")
            ann.page.locator("input[name=better][value=A]").check()
            ann.pick(strength)
            ann.page.locator("form.say").wait_for()
            picked.append((a, b) if strength > 0 else (b, a))
        ann.press("Finish the conversation")
        ann.page.get_by_text("Rate from 0 to 4").wait_for()
        ann.page.get_by_label("2: in part").check()
        ann.check("rating")
        ann.press("Finish the conversation")
        ann.page.get_by_text("Thank you").wait_for()
        ann.close()
    rows = _built(tmp_path)
    attempts = [row for row in rows if "rating" in row]
    pairs = [row for row in rows if "chosen" in row]
    assert [row["rating"] for row in attempts] == [2.0]
    harmless = {row["chosen"][-1]["content"] for row in pairs}
    assert {less for less, _ in picked} <= harmless


@slow
def test_a_reload_a_second_tab_and_a_double_click_do_no_harm(browser, server, tmp_path):
    options = CollectOptions.of(model=server.address)
    with (
        serving(open_or_begin(tmp_path / "c", options)) as (served, _),
        open_door(served) as door,
    ):
        ann = Visitor(browser, door)
        ann.page.get_by_role("button", name="Begin a conversation").dblclick()
        ann.page.locator("form.say").wait_for()
        ann.page.get_by_label("Your message").fill("Tea?")
        ann.page.get_by_role("button", name="Send").dblclick()
        ann.replies()
        ann.page.reload()
        second = ann.context.new_page()
        address = ann.page.url
        second.goto(address)
        ann.pick(2)
        ann.page.locator("form.say").wait_for()
        second.locator('input[value="-3"]').check()
        second.get_by_role("button", name="Go on from the picked reply").click()
        assert "first answer counts" in second.get_by_role("alert").inner_text()
        ann.context.set_offline(True)
        ann.page.get_by_label("Your next message").fill("Milk?")
        ann.page.get_by_role("button", name="Send").click()
        ann.context.set_offline(False)
        second.goto(second.url)
        assert second.get_by_role("link", name="Conversation 1").is_visible()
        ann.page.goto(address)
        a, b = ann.say("Milk?")
        assert a != b
        ann.close()
        turns = _states(served)[0].turns
        assert [turn.message for turn in turns] == ["Tea?", "Milk?"]
        assert len(_states(served)) == 1
        assert turns[0].attempts[0].verdict == 2


@slow
def test_a_page_that_waits_goes_on_by_itself(browser, server, tmp_path):
    """With a script and without one; and a model that is down can be asked once more."""
    options = CollectOptions.of(model=server.address)
    for scripts in (True, False):
        folder = tmp_path / f"c{scripts}"
        with (
            serving(open_or_begin(folder, options)) as (served, _),
            open_door(served) as door,
        ):
            ann = Visitor(browser, door, scripts=scripts)
            ann.press("Begin a conversation")
            server.name = "moss"
            ann.page.get_by_label("Your message").fill("Tea?")
            ann.press("Send")
            ann.page.get_by_role("button", name="Try again").wait_for(timeout=15_000)
            ann.check("failed")
            server.name = "ferns"
            ann.press("Try again")
            assert ann.replies()
            ann.close()


@slow
def test_pairs_judged_again_by_keys(browser, tmp_path):
    rows = [
        {"prompt": ASKED[n], "chosen": f"{TIPS[n]} {LINE}", "rejected": f"Who knows, {n}."}
        for n in range(3)
    ]
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pairsmith.build(source, tmp_path / "out")
    options = CollectOptions.of(from_=str(tmp_path / "out"))
    with (
        serving(open_or_begin(tmp_path / "c", options), live=False) as (served, _),
        open_door(served) as door,
    ):
        ann = Visitor(browser, door)
        ann.page.get_by_role("link", name="Begin").click()
        for nth in range(3):
            a, _ = ann.replies()
            ann.check("judging" if not nth else "")
            said = ann.page.get_by_text(f"{nth} done.")
            said.wait_for()
            ann.pick(-4 if not a.startswith("Who") else 4)
        ann.page.get_by_text("nothing left for you to judge").wait_for()
        ann.close()
    assert pairsmith.export_collection(tmp_path / "c").annotation.labels == {"agree": 3}


def _guide(folder):
    path = folder / "guide.md"
    path.write_text("Pick the reply that a friend of ferns would rather have.\n\n- Be **kind**.\n")
    return str(path)


def _states(served):
    from pairsmith.collecting import actions

    return actions.conversations_of(served.collection, "me")


def _built(folder):
    """The rows of a real build of what was collected, which is audited and checked."""
    pairsmith.export_collection(folder / "c")
    extra = ["strength", "chosen_side"]
    pairsmith.build(folder / "c", folder / "out", as_="messages", carry=extra)
    assert pairsmith.check(folder / "out") == []
    rows = shards_of(folder / "out")
    assert pairsmith.audit(folder / "out")
    return rows
