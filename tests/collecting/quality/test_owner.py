"""What the owner of a collection is shown, and how disagreements are decided on pages."""

import json
import random

import pytest
from markupsafe import Markup

from pairsmith.collecting.export import export
from pairsmith.collecting.pages import owner, rendering
from pairsmith.collecting.pages.screens import screen
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.quality.disputes import disputes
from pairsmith.collecting.quality.measure import measure
from pairsmith.collecting.tasks import Tasks
from pairsmith.collecting.verdicts import Side
from support.chromium import launched
from support.collecting_browser import Forms, Person
from support.collecting_chromium import Visitor, open_door
from support.judged import judge_all, talk
from support.slow import slow


@pytest.fixture
def served(talks):
    collection = talks(overlap=1.0, opinions=2, repeats=0, instructions="Read **both**.", round="1")
    for n in range(7):
        talk(collection, f"author {n}", 2)
    judge_all(collection, "ben", lambda given: 1 if given.task.swapped else -1)
    judge_all(collection, "cleo", lambda given: -1 if given.task.swapped else 1)
    return Served(collection, Tasks(collection))


def html_of(served, place, assets=None, **names):
    found = owner.screen(served, place, **names)
    assets = assets or dict.fromkeys(rendering.KINDS, "")
    return rendering.render(found, "", Markup(""), assets, owner=True)


def form_on(html):
    [form] = [form for form in Forms(html).forms if form.get("action") == "adjudicate"]
    return {name: [value] for name, value in form.items() if name}


def test_the_numbers_on_the_page_are_those_of_the_events(served):
    html = html_of(served, "quality")
    found = measure(served.collection)
    assert f"<td>{found.ratings.models[0].rating:+.0f}</td>" in html
    assert f"{100 * found.agreed.pairwise.estimate:.0f} %" in html
    assert "7 comparisons, 21 opinions" in html
    assert str(served.collection.pseudonym("ben")) in html
    assert ">ben<" not in html
    named = html_of(served, "quality", name=lambda person: f"<i>{person.who}</i>")
    assert "&lt;i&gt;ben&lt;/i&gt;" in named


def test_figures_are_worked_out_again_after_a_while(served, monkeypatch):
    first = owner.measure_once(served.collection)
    assert owner.measure_once(served.collection) is first
    talk(served.collection, "author 9", 1)
    monkeypatch.setattr(owner, "PATIENCE", 1e9)
    monkeypatch.setattr(owner, "QUICK", 0)
    assert owner.measure_once(served.collection) is first
    monkeypatch.setattr(owner, "QUICK", 1e9)
    assert owner.measure_once(served.collection).whole.choices == first.whole.choices + 1


def test_the_owner_alone_on_loopback_sees_them_too(served):
    """By a browser that has the link, and by none that has not."""
    me = Person.at(served)
    assert me.go("/quality").status == me.go("/disagreements").status == 403
    assert me.enter().go("/quality").screen == "quality"
    assert "Quality" in me.go("/mine").html
    case = me.go("/disagreements").html.partition("/disagreements/")[2].partition('"')[0]
    assert me.go(f"/disagreements/{case}").screen == "disagreement"
    assert me.press("adjudicate").fault == owner.PICK
    assert me.press("adjudicate", pick="A", said="It is true.").screen == "disagreements"
    assert "6 to decide" in me.html


def test_a_disagreement_is_decided_without_a_look_at_the_label(served):
    listed = owner.screen(served, "disagreements").context
    assert listed["left"] == len(listed["cases"]) == 7
    assert {one.picks for one in listed["cases"]} == {(2, 1)}
    case = listed["cases"][0].case
    html = html_of(served, f"disagreements/{case}")
    item = next(one.item for one in disputes(served.collection) if one.case == case)
    assert not any(hidden in html for hidden in (item.id, "fern", "moss", "chosen", "rejected"))
    assert "checked" not in html
    shown = owner.screen(served, f"disagreements/{case}").context["replies"]
    side = next(side for side in Side if shown[side] == item.rejected)
    form = {**form_on(html), "pick": [side.value], "said": ["<b>No</b>"]}
    assert owner.act(served, "owner", form).place == "disagreements"
    assert owner.act(served, "owner", form).refused is None  # a double click
    other = owner.act(served, "owner", {**form, "pick": [side.other.value]})
    assert other.refused.status == 409
    export(served.collection)
    subset = served.collection.project().pairs_subset
    lines = [*served.collection.folder.glob(f"{subset}/*.jsonl")]
    rows = [json.loads(line) for path in lines for line in path.read_text().splitlines()]
    [row] = [row for row in rows if row["id"] == item.id]
    assert row["chosen"][0]["content"] == item.rejected
    assert owner.screen(served, "disagreements").context["left"] == 6
    again = html_of(served, f"disagreements/{case}")
    assert "&lt;b&gt;No&lt;/b&gt;" in again
    assert f'value="{side.value}" checked' in again


def test_what_is_not_there_or_not_said_is_refused(served):
    case = owner.screen(served, "disagreements").context["cases"][0].case
    form = form_on(html_of(served, f"disagreements/{case}"))
    assert owner.act(served, "owner", form).refused.context["fault"] == owner.PICK
    picked = {**form, "pick": ["A"]}
    for broken in ({"thread": ["adjudicated-0"]}, {"action": ["choose"]}):
        assert owner.act(served, "owner", {**picked, **broken}) is None
    stale = owner.act(served, "owner", {**picked, "token": [""]})
    assert "no longer up to date" in stale.refused.context["fault"]
    for place in ("quality/x", "disagreements/x", "other", ""):
        assert owner.screen(served, place) is None
    for place in ("quality", "disagreements", f"disagreements/{case}"):
        assert screen(served, "author 1", place) is None  # a worker's places have none of these


@slow
def test_pages_in_a_browser(talks, clock):
    """Wide and narrow, light and dark, with scripts and without."""
    collection = talks(opinions=2, repeats=0.3, instructions="Read **both**.")
    chance = random.Random(5)

    def prefer(attempt):
        fern_on_a = attempt.on(Side.A)["model"] == "fern"
        picks_fern = chance.random() < 0.65
        return (-1 if fern_on_a == picks_fern else 1) * chance.choice([1, 2, 3])

    def judge(given):
        agrees = chance.random() < 0.7
        return (-1 if agrees != given.task.swapped else 1) * chance.choice([1, 2, 3])

    for n in range(9):
        talk(collection, f"author {n}", prefer, turns=3, clock=clock)
    for who in ("ben", "cleo"):
        judge_all(collection, who, judge, clock)
    served = Served(collection, Tasks(collection))
    left = sum(not one.is_decided for one in disputes(collection))
    assert left > 4
    with launched() as browser:
        for width in (1280, 390):
            with open_door(served) as door:
                me = Visitor(browser, door, width, scripts=width > 400)
                me.page.get_by_role("link", name="My work").click()
                me.page.get_by_role("link", name="Quality").click()
                me.page.get_by_role("heading", name="Agreement between people").wait_for()
                me.check("quality")
                me.page.get_by_role("link", name="What people disagree on").click()
                me.page.get_by_text(f"{left} to decide").wait_for()
                me.check("disagreements")
                me.page.locator("tbody a").first.click()
                me.page.get_by_role("radio", name="Reply B").check()
                me.page.get_by_label("Why").fill("It answers.")
                me.check("disagreement")
                me.press("Decide for all")
                left -= 1
                me.page.get_by_text(f"{left} to decide").wait_for()
                me.close()
