"""Nobody gets in but by the link, once; and no form counts but those of the pages themselves."""

import pytest
from starlette.testclient import TestClient

from pairsmith.collecting.pages.rendering import markdown
from pairsmith.collecting.solo.app import application
from pairsmith.collecting.solo.door import Door
from support.collecting_browser import PORT, Person, serving

PLACES = [
    "/",
    "/mine",
    "/instructions",
    "/task",
    "/talk/x",
    "/talk/x/progress",
    "/static/collect.js",
]


@pytest.fixture
def served(begun):
    with serving(begun()) as (made, _):
        yield made


def test_a_stranger_sees_nothing(served):
    stranger = TestClient(application(served, Door(PORT)), f"http://127.0.0.1:{PORT}")
    for place in PLACES:
        answer = stranger.get(place)
        assert answer.status_code == 403
        assert "ferns" not in answer.text
        assert "Tea" not in answer.text
    assert stranger.post("/act", data={"action": "start"}).status_code == 403
    assert stranger.get("/enter/x").status_code == 403
    wrong = {"cookie": f"pairsmith_collect_{PORT}=x"}
    assert stranger.get("/", headers=wrong).status_code == 403


def test_the_link_lets_in_once(served):
    door = Door(PORT)
    link = door.link
    ann = Person.at(served, door)
    cookie = ann.client.get(link).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert ann.go("/").status == 200
    assert ann.go(link).screen == "start"
    bob = TestClient(application(served, door), f"http://127.0.0.1:{PORT}")
    assert bob.get(link).status_code == 403


def test_cookies_of_other_servers_of_the_machine_keep_nobody_out(served):
    door = Door(PORT)
    ann = Person.at(served, door)
    cookie = ann.client.get(door.link).headers["set-cookie"].partition(";")[0]
    bob = TestClient(application(served, door), f"http://127.0.0.1:{PORT}")
    for others in ('a={"b": 1}', "a=b c", 'a="', "a[0]=1", f"{door.cookie}=x"):
        answer = bob.get("/mine", headers={"cookie": f"{others}; {cookie}; {others}"})
        assert answer.status_code == 200
        assert bob.get("/mine", headers={"cookie": others}).status_code == 403


def test_another_name_or_site_is_refused(served):
    ann = Person.at(served).enter()
    assert ann.client.get("/", headers={"host": f"evil.example:{PORT}"}).status_code == 421
    assert ann.client.get("/", headers={"host": "127.0.0.1:1"}).status_code == 421
    assert ann.client.get("/", headers={"host": f"localhost:{PORT}"}).status_code != 421
    form = ann.form("start")
    for wrong in (
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert ann.client.post("/act", data=form, headers=wrong).status_code == 403
    assert ann.client.post("/act", data={**form, "proof": "0"}).status_code == 403
    assert ann.client.post("/act", data={"action": "start"}).status_code == 403
    assert ann.client.post("/act", content=b"\xff=1").status_code == 400
    assert ann.client.post("/act", content=b"a=" + b"x" * (3 << 20)).status_code == 413
    assert ann.press("start").screen == "writing"


def test_every_answer_is_kept_from_other_pages(served):
    ann = Person.at(served).enter()
    for place in (*PLACES, "/static/page.css", "/static/x"):
        headers = ann.client.get(place).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_instructions_are_never_more_than_they_are_long():
    """Links by name would let 100,000 characters become 250 MB."""
    text = f"[a]: {'x' * 20_000}\n\n" + "[a]" * 25_000
    assert len(markdown(text)) < 2 * len(text)
    shown = markdown("<b>x</b> ![x](http://h/x.png) [x](javascript:alert(1)) [tea](http://h/)")
    assert "<b>" not in shown
    assert "<img" not in shown
    assert shown.count("href") == 2  # a picture is a link to it
    assert 'href="javascript' not in shown
