"""Collections that are open, models that may be asked, and what pages tell of them: nothing."""

from __future__ import annotations

import dataclasses
import re

import pytest

from pairsmith.collecting.consent import consent, has_consented
from pairsmith.hub.collections import registry
from pairsmith.hub.context import Reachable
from pairsmith.hub.web.collecting import hosting
from support.chat_server import chatting
from support.hub.teams import HELPFUL, PAGE, RELABEL, Team, gathered, turn

NEW = re.compile(
    r'talk/[\w-]+|name="(?:token|thread|csrf)" value="[^"]*"|data-progress="[^"]*"'
    r"|data-address=\"[^\"]*\""
)


def test_few_are_open_at_a_time_and_none_that_is_in_use_is_closed(team, monkeypatch):
    monkeypatch.setattr(hosting, "MAX_OPEN", 2)
    for name in "abcd":
        team.ann.send("/collections/new", owner="ann", name=name, project=RELABEL)
    with team.hub.database.read() as db:
        rows = registry.listed(db)
    open_now = {}
    for turn_ in range(3):
        for row in rows:
            with team.served(row) as served:
                consent(served.collection, f"p{turn_}")
            open_now = team.app.state.hosting._open
            assert len(open_now) <= 2
    with team.served(rows[0]) as first, team.served(rows[1]), team.served(rows[2]) as third:
        assert len(open_now) == 3, "those in use stay"
        assert has_consented(first.collection, "p2")
        assert has_consented(third.collection, "p0")
    with team.served(rows[3]):
        assert len(open_now) == 2


def test_an_endpoint_that_is_allowed_no_more_is_asked_no_more(team, server):
    team.begin(HELPFUL.format(address=server.address))
    worker = team.person("worker")
    worker.act("agree")
    place, _ = turn(worker)
    asked = len(server.asked)
    team.close()
    team.hub.settings = dataclasses.replace(team.hub.settings, reachable=Reachable())
    again = Team(team.hub)
    worker = again.person("worker")
    assert "No model can be talked to" in worker.text(f"{PAGE}/work")
    worker.act("choose", place, strength="2")
    worker.act("say", place, text="And now?")
    assert "No model can be talked to" in worker.text(f"{PAGE}/work/{place}")
    assert "Nobody can talk to a model in it now" in again.ann.text(f"{PAGE}/settings")
    assert len(server.asked) == asked
    again.close()


def test_what_is_wrong_with_a_folder_is_said_without_its_place(team):
    made = team.begin()
    for path in registry.folder_of(team.hub, made).iterdir():
        path.unlink()
    answer = team.ann.get(PAGE)
    assert (answer.status_code, "ann/teas holds no collection" in answer.text) == (409, True)
    assert str(team.hub.root) not in answer.text
    assert team.ann.send(f"{PAGE}/delete", confirm="ann/teas").status_code == 303


def test_what_is_wrong_with_it_is_for_its_owner(team, server):
    """What a project that cannot be read holds, the names of models among it, is not for all."""
    made = team.begin(HELPFUL.format(address=server.address))
    path = registry.folder_of(team.hub, made) / "project.yaml"
    path.write_text(path.read_text().replace("quiet-secret", "[quiet-secret]"))
    for name, told in (("worker", False), ("reviewer", False), ("ann", True)):
        last = "/work/task" if name == "worker" else ""
        client = team.person(name).client
        client.headers["accept"] = "*/*"  # to programs an error tells what a page leaves out
        for place in ("/work", "/work/mine", "/work/talk/x/progress", last):
            answer = client.get(PAGE + place)
            assert (answer.status_code, "quiet-secret" in answer.text) == (409, told)


def test_a_field_that_stands_twice_is_no_form_of_ours(team):
    team.begin()
    worker = team.person("worker")
    assert worker.act("agree", nothing=["1", "2"]).status_code == 400
    assert worker.act("agree").status_code == 303


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("{0}", True), ("{0}/", True), ("{0}/v1", True), ("{0}/v1/chat/completions", True),
        ("{0}/v2", False), ("{0}/v1/../admin", False), ("{0}?a=b", False), ("{0}@evil.test", False),
        ("{0}.evil.test", False), ("{0}0", False), ("http://localhost:8000", False),
        ("https://127.0.0.1:8000", False), ("http://127.1:8000", False),
    ],
)  # fmt: skip
def test_only_the_very_address_is_allowed(written, same):
    from pairsmith.collecting.project import Mode, Project, ServedModel

    allowed = "http://127.0.0.1:8000"
    project = Project(Mode.HELPFUL, "T", models=(ServedModel("m", written.format(allowed), "x"),))
    assert (hosting.why_not(project, Reachable((allowed,))) == "") is same


def test_which_reply_came_from_which_model_cannot_be_told(tmp_path):
    """The models are exchanged by chance: pages and headers differ in the texts alone."""
    with (
        chatting("ferns", lambda q: "one one") as one,
        chatting("ferns", lambda q: "two two") as two,
    ):
        project = HELPFUL.format(address=one.address) + (
            f"- {{name: other-secret, endpoint: {two.address!r}, served_model: ferns}}\n"
            "pairing: different\n"
        )
        with gathered(tmp_path / "hub", (one.address, two.address)) as team:
            team.begin(project)
            worker = team.person("worker")
            worker.act("agree")
            seen, orders = set(), set()
            for _ in range(12):
                place, _ = turn(worker)
                answer = worker.get(f"{PAGE}/work/{place}")
                orders.add(answer.text.index("one one") < answer.text.index("two two"))
                shown = re.sub("one one|two two", "a text", NEW.sub("", answer.text))
                headers = {
                    k: v for k, v in answer.headers.items() if k not in ("set-cookie", "date")
                }
                seen.add((shown, repr(sorted(headers.items()))))
                worker.act("leave", place)
    assert orders == {True, False}, "the test is able to fail"
    assert len(seen) == 1
    assert "secret" not in next(iter(seen))[0]
