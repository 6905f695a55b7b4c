"""A team at work: what each says is stored once and found again; each sees their own alone."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile

import pytest

from pairsmith.collecting.items import add_items
from pairsmith.hub.auth.limits import Limits
from pairsmith.hub.collections import registry
from pairsmith.hub.context import Allotment
from support.hub.teams import HELPFUL, PAGE, RELABEL, TALK, gathered, tea_items, turn


@pytest.fixture
def talking(team, server):
    team.begin(HELPFUL.format(address=server.address))
    return team


@pytest.fixture
def judging(team):
    """Pairs to judge, whose chosen replies end in `good`."""
    made = team.begin(RELABEL + "opinions: 2\nmost_opinions: 2\n")
    with team.served(made) as served, served.collection.store.write() as transaction:
        add_items(transaction, tea_items(3))
    return team


def test_consent_comes_before_anything(talking, server):
    worker = talking.person("worker")
    assert "What you say is kept under a number" in worker.text(f"{PAGE}/work")
    assert "Begin a conversation" not in worker.text(f"{PAGE}/work")
    worker.act("agree")
    assert "Begin a conversation" in worker.text(f"{PAGE}/work")
    worker.act("withdraw")
    assert "Begin a conversation" not in worker.text(f"{PAGE}/work")
    assert server.asked == []


def test_a_turn_and_its_choice_in_the_source(talking):
    worker, ann = talking.person("worker"), talking.ann
    worker.act("agree")
    place, shown = turn(worker)
    for hidden in ("quiet-secret", "ferns", "127.0.0.1"):
        assert hidden not in shown
    assert (
        "connect-src 'self'"
        in worker.get(f"{PAGE}/work/{place}").headers["content-security-policy"]
    )
    assert "script-src" not in worker.get("/collections").headers["content-security-policy"]
    assert worker.act("choose", place, strength="-4").status_code == 303
    other = talking.person("other")
    other.act("agree")
    for path in (place, f"{place}/progress"):
        assert other.get(f"{PAGE}/work/{path}").status_code == 404
    assert "Is tea hot" not in ann.text(PAGE), "the owner's page quotes nobody"
    assert "1 choice of 1 person" in ann.text(PAGE)
    answer = ann.get(f"{PAGE}/source.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        names = packed.namelist()
        rows = [line for n in names if n.startswith("teas/helpful-base/") for line in
                packed.read(n).splitlines()]  # fmt: skip
        everything = b"".join(packed.read(name) for name in names)
    [row] = map(json.loads, rows)
    assert row["prompt"][-1]["content"] == "Is tea hot?"
    assert (row["strength"], row["chosen_side"]) == (4, "A")
    assert b"worker" not in everything


def test_people_disagree_and_a_reviewer_decides(judging):
    for name, wanted in (("worker", "good"), ("other", "bad")):
        person = judging.person(name)
        person.act("agree")
        shown = person.get(f"{PAGE}/work/task").text
        assert "tea/train" not in shown
        first = re.search(r'id="reply-A">.*?<div class="text" dir="auto">(.*?)</div>', shown, re.S)
        side = "-4" if first[1].endswith(wanted) else "4"
        assert person.act("judge", "task", strength=side).headers["location"].endswith("/work/task")
    reviewer = judging.person("reviewer")
    assert "waits for a decision" in reviewer.text("/notifications")
    listed = reviewer.text(f"{PAGE}/work/disagreements")
    assert "waits for a decision" in reviewer.text("/notifications"), "and is read by now"
    place = re.search(rf"{PAGE}/work/(disagreements/[^\"]+)", listed)[1]
    page = reviewer.text(f"{PAGE}/work/{place}")
    assert "tea/train" not in page
    first = re.search(r'id="reply-A">.*?<div class="text" dir="auto">(.*?)</div>', page, re.S)
    better = "A" if first[1].endswith("good") else "B"
    done = reviewer.act("adjudicate", place, pick=better)
    assert done.headers["location"] == f"{PAGE}/work/disagreements"
    with judging.hub.database.read() as db:
        made = registry.find(db, "ann", "teas")
    with judging.served(made) as served:
        assert [*served.tasks.read().adjudicated.values()] == [True]
    assert "waits for a decision" not in judging.person("worker").text("/notifications")


def test_an_endpoint_that_nobody_allowed_is_not_asked(team, server):
    for address in ("http://169.254.169.254/latest", "http://127.0.0.1:9/v1", "http://[::1]:1"):
        project = HELPFUL.format(address=json.dumps(address))
        answer = team.ann.send("/collections/new", owner="ann", name="teas", project=project)
        assert answer.status_code == 400
        assert "is none that this hub may call" in answer.text
    team.begin(HELPFUL.format(address=server.address))
    settings = {"project": HELPFUL.format(address="http://127.0.0.1:9")}
    answer = team.ann.send(f"{PAGE}/settings", **settings)
    assert (answer.status_code, "http://127.0.0.1:9" in answer.text) == (400, True)
    assert server.address in team.ann.text(f"{PAGE}/settings")
    scored = HELPFUL.format(address=server.address) + "score: /etc\n"
    assert "none that this hub loads" in team.ann.send(f"{PAGE}/settings", project=scored).text


def test_what_a_project_lacks_is_said_and_what_was_typed_stays(team):
    said = "mode: relabel\ntitle: Tea <b>\nopinoins: 3\n"
    answer = team.ann.send("/collections/new", owner="ann", name="teas", project=said)
    assert answer.status_code == 400
    assert "Did you mean opinions?" in answer.text
    assert "Tea &lt;b&gt;\nopinoins: 3" in answer.text
    bomb = "a: &a [x]\nb: *a\n"
    assert (
        "Write it out"
        in team.ann.send("/collections/new", owner="ann", name="t", project=bomb).text
    )
    assert not any((team.hub.root / "collections").glob("*"))


def test_versions_are_kept(team):
    team.begin()
    team.ann.send(f"{PAGE}/settings", project=RELABEL.replace("better", "kinder"))
    shown = team.ann.text(f"{PAGE}/settings")
    assert "Version 2" in shown
    assert "Which reply is better?" in shown
    assert "Which reply is kinder?" in team.ann.text("/collections")
    assert (
        "is of the mode relabel"
        in team.ann.send(f"{PAGE}/settings", project="mode: review\ntitle: T\ntags: [a]\n").text
    )


def test_closed_opened_deleted(talking):
    worker, ann = talking.person("worker"), talking.ann
    worker.act("agree")
    place, _ = turn(worker)
    form = {"action": "choose", "thread": place.removeprefix("talk/"), "strength": "1"}
    ann.send(f"{PAGE}/close", closed="yes")
    assert "is closed" in worker.text(f"{PAGE}/work/{place}")
    assert worker.send(f"{PAGE}/work/act", **form).status_code == 409
    assert worker.send(f"{PAGE}/work/act", **{**form, "action": "leave"}).status_code == 303
    ann.send(f"{PAGE}/close", closed="no")
    assert "You left this conversation" in worker.text(f"{PAGE}/work/{place}")
    assert ann.send(f"{PAGE}/delete", confirm="teas").status_code == 400
    assert ann.send(f"{PAGE}/delete", confirm="ann/teas").status_code == 303
    assert worker.get(f"{PAGE}/work").status_code == 404
    assert not any((talking.hub.root / "collections").glob("*"))


def test_there_is_an_end_to_room_and_to_tries(tmp_path, server):
    limits = Limits(collecting="3 per hour", tokens="100 per hour")
    with gathered(tmp_path / "hub", (server.address,), limits) as team:
        team.begin(HELPFUL.format(address=server.address))
        worker = team.person("worker")
        assert worker.act("agree").status_code == 303
        answers = [worker.send(f"{PAGE}/work/act", action="withdraw") for _ in range(4)]
        assert answers[-1].status_code == 429
        with team.hub.database.write() as db:
            db.execute("UPDATE collections SET bytes = 1000")
        object.__setattr__(team.hub.settings, "allotment", Allotment(user_quota=1000))
        full = team.person("other").send(f"{PAGE}/work/act", action="agree")
        assert (full.status_code, "nothing more can be taken" in full.text) == (403, True)
        again = team.ann.send("/collections/new", owner="ann", name="b", project=RELABEL)
        assert again.status_code == 403


def test_what_waits_is_answered_after_a_restart(talking, server):
    worker = talking.person("worker")
    worker.act("agree")
    server.always = lambda handler, *_: time.sleep(3)
    place = TALK.search(worker.act("start").headers["location"])[0].removeprefix("/work/")
    worker.act("say", place, text="Is tea hot?")
    talking.close()
    del talking.app.state.hosting
    server.always = None
    worker.get(f"{PAGE}/work")
    until = time.monotonic() + 15
    while 'data-screen="choosing"' not in (shown := worker.get(f"{PAGE}/work/{place}").text):
        assert time.monotonic() < until, shown
        time.sleep(0.02)
