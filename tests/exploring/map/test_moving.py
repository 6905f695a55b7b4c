"""Pointers, fingers and keys on the map, in a real browser."""

import numpy as np

from support.mapped import (
    PICTURE,
    ROWS,
    WORD,
    drag,
    places_of,
    ready,
    shown,
    status,
    strange_rows,
    wait,
)
from support.slow import slow


@slow
def test_a_dot_opens_where_it_is_clicked(look, report):
    page = ready(look())
    places = places_of(report)
    apart = np.abs(places[:, None] - places[None]).max(2) + np.eye(ROWS)
    row = int(apart.min(1).argmax())
    over = page.locator("#map-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    x, y = (float(part) for part in places[row])
    page.mouse.click(box["x"] + x * box["width"] + 3, box["y"] + y * box["height"] - 3)
    assert page.inner_text("#map-panel h3") == f"Row red-team-attempts/train/{row + 1}"
    told = dict(
        zip(
            page.locator("#map-panel dt").all_inner_texts(),
            page.locator("#map-panel dd").all_inner_texts(),
            strict=True,
        )
    )
    expected = strange_rows()[row]
    assert told["rating"] == f"{expected['rating']:g}"
    assert told["model size"] == expected["num_params"]
    assert told["member"] == str(expected["red_team_member_id"])
    page.get_by_role("button", name="Close").click()
    assert page.locator("#map-panel").is_hidden()


@slow
def test_a_rectangle_holds_its_dots_and_the_map_moves(look, report):
    page = ready(look())
    drag(page, (0.001, 0.001), (0.999, 0.5))
    upper = int((places_of(report)[:, 1] < 0.5).sum())
    assert 0 < upper < ROWS
    assert page.inner_text("#map-brushed p").startswith(f"In the rectangle: {upper} attacks")
    page.click("#map-brushed summary")
    ids = page.input_value("#map-brushed textarea").split("\n")
    assert len(ids) == len(set(ids)) == upper
    still = page.evaluate(PICTURE)
    page.keyboard.down("Shift")
    drag(page, (0.5, 0.2), (0.5, 0.6))
    page.keyboard.up("Shift")
    status(page)
    assert page.evaluate(PICTURE) != still
    assert page.inner_text("#map-brushed p").startswith(f"In the rectangle: {upper} ")
    page.click("#map-brushed > button")
    assert page.locator("#map-brushed").is_hidden()
    page.click("#map-whole")
    status(page)
    assert page.evaluate(PICTURE) == still
    page.hover("#map-over")
    page.mouse.wheel(0, -10)  # turns the page: the map is not meant yet
    status(page)
    assert page.evaluate(PICTURE) == still
    page.focus("#map-over")
    page.mouse.wheel(0, -300)
    wait(page, f"{PICTURE} !== {still}")
    page.click("#map-move")
    page.click("#map-whole")
    drag(page, (0.5, 0.5), (0.6, 0.6))
    assert page.locator("#map-brushed").is_hidden()


@slow
def test_keys_alone_do_everything(look):
    page = ready(look())
    press = page.keyboard.press
    page.evaluate("document.activeElement.blur()")
    for _ in range(40):
        press("Tab")
        if page.evaluate("document.activeElement.id") == "map-over":
            break
    assert page.evaluate("document.activeElement.id") == "map-over"
    heard = []
    for key in ["ArrowDown"] + ["ArrowLeft"] * 4 + ["ArrowUp"] * 4 + ["ArrowRight"] * 9:
        press(key)
        heard.append(page.inner_text("#map-said"))
    told = [text for text in heard if text.startswith("Row red-team-attempts/train/")]
    assert len(set(told)) > 8
    assert all("; rating " in text and "; member " in text for text in told)
    press("b")
    assert "rectangle begins" in page.inner_text("#map-said")
    for _ in range(12):
        press("ArrowLeft")
        press("ArrowDown")
    press("b")
    assert page.inner_text("#map-said").startswith("In the rectangle: ")
    inside = int(page.inner_text("#map-said").split()[3])
    assert 2 <= inside < ROWS
    press("Escape")
    assert page.locator("#map-brushed").is_hidden()
    press("+")
    press("Shift+ArrowRight")
    press("0")
    press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "H3"
    press("Tab")
    press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Show texts"
    press("Enter")
    page.locator("#map-panel .said").first.wait_for()
    press("Escape")
    assert page.evaluate("document.activeElement.id") == "map-over"
    press("/")
    assert page.evaluate("document.activeElement.id") == "map-words"
    page.keyboard.type(WORD)
    wait(page, "/found\\.$/.test(document.getElementById('map-found').textContent)")
    assert shown(page) == ROWS // 9
    press("Escape")
    press("c")
    assert page.evaluate("document.activeElement.id") == "map-colour"


@slow
def test_two_fingers_zoom_and_one_turns_the_page(browser, report):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(report.as_uri())
    ready(page)
    page.locator("#map-over").scroll_into_view_if_needed()
    assert (
        page.evaluate("getComputedStyle(document.getElementById('map-over')).touchAction")
        == "pan-y"
    )
    box = page.locator("#map-over").bounding_box()
    before = page.evaluate(PICTURE)
    client = context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def fingers(kind, *places):
        points = [{"x": a, "y": b, "id": place} for place, (a, b) in enumerate(places)]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (x - 20, y))
    fingers("touchStart", (x - 20, y), (x + 20, y))
    for apart in range(20, 90, 10):
        fingers("touchMove", (x - apart, y), (x + apart, y))
    fingers("touchEnd")
    page.wait_for_timeout(200)
    assert page.evaluate(PICTURE) != before
    assert page.locator("#map-panel").is_hidden()
    page.tap("#map-move")
    assert (
        page.evaluate("getComputedStyle(document.getElementById('map-over')).touchAction") == "none"
    )
    context.close()
