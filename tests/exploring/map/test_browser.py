"""The map in a real browser: what one does with it by mouse, by finger and by keys alone."""

import pytest

from pairsmith.statistics.intervals import wilson
from support.chromium import CONTRAST, STICKS_OUT, looking
from support.mapped import (
    PICTURE,
    ROWS,
    WORD,
    drag,
    explored,
    found,
    open_first,
    ready,
    shown,
    status,
    strange_rows,
    wait,
)
from support.slow import slow


def count(rows, *hold):
    return sum(all(one(row) for one in hold) for row in rows)


def box_of(page, legend, name):
    """The box of a filter."""
    return page.locator(f"fieldset:has(> legend:text-is('{legend}')) label", has_text=name)


def open_filters(page):
    page.click("summary:text-is('Filters')")


def test_a_walk_through_the_map(look):
    page = ready(look())
    rows = strange_rows()
    hits = count(rows, lambda row: row["rating"] >= 3)
    share = wilson(hits, ROWS)
    percents = [f"{100 * one:.1f} %" for one in (share.share, share.low, share.high)]
    assert status(page) == (
        f"{ROWS} of {ROWS} attacks shown; {percents[0]} succeeded ({percents[1]} to {percents[2]})."
    )
    open_filters(page)
    box_of(page, "model type", "RLHF").click()
    rlhf = count(rows, lambda row: row["model_type"] == "rlhf")
    assert 0 < rlhf < ROWS
    assert shown(page) == rlhf
    page.click("text=Clear all filters")
    assert shown(page) == ROWS
    assert found(page, WORD) == ROWS // 9
    assert shown(page) == ROWS // 9
    page.fill("#map-words", "")
    wait(page, f"document.getElementById('map-status').textContent.startsWith('{ROWS} ')")
    drag(page, (0.001, 0.001), (0.999, 0.999))
    assert page.inner_text("#map-brushed p").startswith(f"In the rectangle: {ROWS} attacks by ")
    page.locator("#map-brushed .map-ids button").first.click()
    assert page.inner_text("#map-panel h3") == "Row red-team-attempts/train/1"
    assert page.locator("#map-panel .said").count() == 0
    page.click("text=Show texts")
    page.locator("#map-panel .said").first.wait_for()
    said = page.locator("#map-panel .said").all_inner_texts()
    assert said[0] == rows[0]["task_description"]
    page.keyboard.press("Escape")
    assert page.locator("#map-panel").is_hidden()


@slow
@pytest.mark.parametrize(
    ("legend", "name", "hold"),
    [
        ("outcome", "succeeded", lambda row: row["rating"] >= 3),
        ("model size", "52B", lambda row: row["num_params"] == "52B"),
        ("platform", "other", lambda row: not row["is_upworker"]),
        ("tag", "tag <img", lambda row: "<img" in str(row["tags"])),
    ],
    ids=["outcome", "size", "platform", "tag"],
)
def test_filters_show_the_rows_that_have_it(look, legend, name, hold):
    page = ready(look())
    open_filters(page)
    box_of(page, legend, name).first.click()
    assert shown(page) == count(strange_rows(), hold)
    box_of(page, legend, name).first.click()
    assert shown(page) == ROWS


@slow
def test_filters_hold_together(look):
    page = ready(look())
    rows = strange_rows()
    open_filters(page)
    member = rows[0]["red_team_member_id"]
    by_member = [row for row in rows if row["red_team_member_id"] == member]
    page.get_by_label("numbers, by commas").fill(f"{member}, 99999")
    assert shown(page) == len(by_member)
    rating = page.locator("fieldset:has(> legend:text-is('rating')) input")
    rating.nth(0).fill("1")
    rating.nth(1).fill("3")
    within = [row for row in by_member if 1 <= row["rating"] <= 3]
    assert 0 < len(within) < len(by_member)
    assert shown(page) == len(within)
    box_of(page, "outcome", "failed").click()
    box_of(page, "outcome", "succeeded").click()
    assert shown(page) == len(within)
    box_of(page, "outcome", "succeeded").click()
    assert shown(page) == count(within, lambda row: row["rating"] < 3)
    page.get_by_label("numbers, by commas").fill("no such member")
    assert status(page).startswith(f"0 of {ROWS} attacks shown")


@slow
def test_words_are_found_where_they_stand(look):
    page = ready(look())
    assert found(page, f'{WORD.upper()} "by the pond"') == ROWS // 9
    assert found(page, f"{WORD} by-the-pond") == 0
    assert shown(page) == 0
    page.uncheck("#map-deep")
    assert found(page, WORD) == 0
    task = strange_rows()[10]["task_description"]
    assert found(page, f'"{task}"') >= 1
    assert found(page, "بيت 茶を") == 0
    assert found(page, "الحديقة 茶を") == 1


@slow
@pytest.mark.parametrize("way", ["outcome", "model type", "rating", "lowest score", "tag"])
def test_every_colour_is_told_with_its_count(look, way):
    page = ready(look())
    before = page.evaluate(PICTURE)
    page.select_option("#map-colour", label=way)
    status(page)
    counts = page.locator("#map-legend .quiet").all_inner_texts()
    assert sum(map(int, counts)) == ROWS
    drawn = page.evaluate(PICTURE)
    assert (drawn == before) == (way == "outcome")
    page.locator("#map-legend button").first.click()
    assert page.locator("#map-legend button").first.get_attribute("aria-pressed") == "true"
    status(page)
    assert page.evaluate(PICTURE) != drawn


@slow
def test_texts_are_hidden_until_asked_for_once(look):
    page = ready(look())
    open_first(page)
    assert "may be offensive or upsetting" in page.inner_text("#map-panel")
    tasks = [row["task_description"] for row in strange_rows()[3:]]
    assert not any(task in page.inner_text("body") for task in tasks)
    page.click("text=Show texts")
    page.locator("#map-panel .said").first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    page.locator("#map-panel .said").first.wait_for()
    assert page.locator("text=Show texts").count() == 0


@slow
def test_texts_do_no_harm(look):
    page = ready(look())
    rows = strange_rows()
    open_first(page)
    page.click("text=Show texts")
    told = []
    for _ in range(3):
        page.locator("#map-panel .said").first.wait_for()
        told.append(page.locator("#map-panel .said").first.text_content())
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        page.keyboard.press("Enter")
    assert told[0] == rows[0]["task_description"]
    assert told[1] == "one␇two␛[31m\\u202ethree\\u2066 four"
    assert told[2] == rows[2]["task_description"]
    assert page.locator("#map-panel .said").first.get_attribute("dir") == "auto"
    assert page.title().startswith("Exploration")
    assert page.locator("img").count() == 0
    assert page.locator("main script:not([type])").count() == 1


@slow
def test_no_other_script_runs(browser, report):
    page = browser.new_page()
    page.goto(report.as_uri())
    ready(page)
    page.evaluate("""() => {
      window.ran = 0;
      const script = document.createElement('script');
      script.textContent = 'window.ran = 1';
      document.body.append(script);
      document.body.setAttribute('onclick', 'window.ran = 2');
      document.body.click();
    }""")
    assert page.evaluate("window.ran") == 0
    page.close()


@slow
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out(look, width):
    page = ready(look(width))
    drag(page, (0.01, 0.01), (0.99, 0.99))
    open_first(page)
    page.click("text=Show texts")
    page.locator("#map-panel .said").first.wait_for()
    for summary in page.query_selector_all("summary"):
        summary.evaluate("element => { element.parentElement.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(STICKS_OUT) == []


@slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(look, scheme):
    page = ready(look(scheme=scheme))
    drag(page, (0.01, 0.01), (0.99, 0.99))
    open_first(page)
    page.click("text=Show texts")
    page.locator("#map-panel .said").first.wait_for()
    for summary in page.query_selector_all("summary"):
        summary.evaluate("element => { element.parentElement.open = true; }")
    texts, least = page.evaluate(CONTRAST)
    assert texts > 60
    assert least >= 4.5  # WCAG 2.2, 1.4.3, level AA


@slow
def test_the_picture_follows_the_scheme(look):
    page = ready(look(scheme="light"))
    corner = (
        "[...document.getElementById('map-dots').getContext('2d').getImageData(0, 0, 1, 1).data]"
    )
    assert page.evaluate(corner) == [255, 255, 255, 255]
    page.emulate_media(color_scheme="dark")
    wait(page, f"{corner}[0] < 64")


@slow
def test_without_scripts_the_report_says_what_is_missing(browser, report):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert "needs JavaScript" in page.inner_text("#map-needs")
    assert page.locator("#map-room").is_hidden()
    assert page.locator("h2").count() >= 2
    context.close()


@slow
def test_a_report_without_texts_has_a_map_without_search(browser, tmp_path):
    bare = explored(tmp_path, strange_rows(), no_text=True)
    with looking(browser, bare) as opened:
        page = ready(opened())
        assert page.locator("#map-words").count() == 0
        page.focus("#map-over")
        page.keyboard.press("/")
        open_first(page)
        assert "made without texts" in page.inner_text("#map-panel")
        assert page.locator("text=Show texts").count() == 0
        assert shown(page) == ROWS
