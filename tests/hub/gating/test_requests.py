"""Requests for access: each state, each way from one to another, and who is told what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pairsmith.hub import permissions
from pairsmith.hub.gating import requests
from pairsmith.hub.gating.form import read_form
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import events, repos

FORM = read_form({"extra_gated_fields": {"Use": "text", "I agree": "checkbox"}})
GIVEN = {"Use": "research", "I agree": "yes"}
ANSWERS = {"Use": "research", "I agree": True}


@pytest.fixture
def people(account):
    return {name: account(name)[0] for name in ("ann", "bob", "eve")}


@pytest.fixture(params=["manual", "auto"])
def any_gate(request):
    return request.param


@pytest.fixture
def make(hub, people):
    def made(how: str = "manual", private: bool = False):
        with hub.database.write() as db:
            repo = repos.create(db, people["ann"], "dataset", f"{how}-gate", private)
            repos.set_gate(db, repo, how)
            return repos.find(db, "dataset", "ann", repo.name)

    return made


def ask(hub, repo, user, given=GIVEN, form=FORM):
    with hub.database.write() as db:
        return requests.ask(db, repo, user, given, form)


def answer(hub, repo, owner, name, status, reason=""):
    with hub.database.write() as db:
        request = requests.find(db, repo, name)
        requests.answer(db, repo, owner, request, status, reason)


def grant(hub, repo, owner, user):
    with hub.database.write() as db:
        requests.grant(db, repo, owner, user)


def stands(hub, repo, user):
    with hub.database.read() as db:
        return str(permissions.standing(db, repos.find(db, "dataset", repo.owner, repo.name), user))


def found(hub, repo, name):
    with hub.database.read() as db:
        return requests.find(db, repo, name)


def record(hub, repo):
    with hub.database.read() as db:
        return [
            (event.actor, event.action, event.user, event.detail)
            for event in reversed(events.recent(db, repo))
        ]


def test_a_manual_gate_makes_them_wait(hub, make, people):
    repo = make("manual")
    assert ask(hub, repo, people["bob"]) == "pending" == stands(hub, repo, people["bob"])
    request = found(hub, repo, "bob")
    assert request[2:5] == ("bob", "Bob", "bob@example.org")
    assert request.fields == ANSWERS
    assert request.asked
    assert request.answered is None
    assert record(hub, repo) == [
        ("bob", "asked", "bob", {"answers": ANSWERS, "form": FORM.mark}),
    ]


def test_an_auto_gate_lets_them_in_at_once(hub, make, people):
    repo = make("auto")
    assert ask(hub, repo, people["bob"]) == "accepted" == stands(hub, repo, people["bob"])
    assert [entry[:3] for entry in record(hub, repo)] == [
        ("bob", "asked", "bob"),
        ("hub", "accepted", "bob"),
    ]


def test_answers_that_are_not_as_asked_change_nothing(hub, make, people, any_gate):
    repo = make(any_gate)
    with pytest.raises(HubError, match="I agree"):
        ask(hub, repo, people["bob"], {"Use": "research"})
    assert found(hub, repo, "bob") is None
    assert record(hub, repo) == []


def test_there_is_nothing_to_ask_where_it_is_open_or_ones_own(hub, make, people):
    for repo, user in ((make("off"), people["bob"]), (make("manual"), people["ann"])):
        with pytest.raises(HubError, match="nothing to ask") as caught:
            ask(hub, repo, user)
        assert caught.value.status == 400


def test_asking_twice_changes_nothing(hub, make, people, any_gate):
    repo = make(any_gate)
    first = ask(hub, repo, people["bob"])
    before = (found(hub, repo, "bob"), record(hub, repo))
    assert ask(hub, repo, people["bob"], {"Use": "crime", "I agree": "yes"}) == first
    assert (found(hub, repo, "bob"), record(hub, repo)) == before


def test_asking_at_the_same_time_makes_one_request(hub, make, people, any_gate):
    repo = make(any_gate)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: ask(hub, repo, people["bob"]), range(8)))
    assert len(set(statuses)) == 1
    with hub.database.read() as db:
        assert len(requests.list_all(db, repo)) == 1
    assert [entry[1] for entry in record(hub, repo)].count("asked") == 1


@pytest.mark.parametrize(
    ("steps", "reads"),
    [
        (["accepted"], True),
        (["rejected"], False),
        (["accepted", "revoked"], False),
        (["accepted", "rejected"], False),
        (["accepted", "pending"], False),
        (["rejected", "accepted"], True),
        (["rejected", "pending"], False),
        (["accepted", "revoked", "accepted"], True),
        (["accepted", "revoked", "pending"], False),
        (["accepted", "revoked", "rejected"], False),
    ],
)
def test_the_owner_moves_a_request_from_state_to_state(hub, make, people, steps, reads):
    repo = make()
    ask(hub, repo, people["bob"])
    for step in steps:
        answer(hub, repo, people["ann"], "bob", step)
    assert stands(hub, repo, people["bob"]) == steps[-1]
    assert permissions.Standing(steps[-1]).reads is reads
    names = {"pending": "cancelled"}
    assert [entry[:3] for entry in record(hub, repo)[1:]] == [
        ("ann", names.get(step, step), "bob") for step in steps
    ]
    assert [entry[3]["was"] for entry in record(hub, repo)[1:]] == ["pending", *steps[:-1]]
    assert found(hub, repo, "bob").fields == ANSWERS
    assert (found(hub, repo, "bob").answered is None) is (steps[-1] == "pending")


@pytest.mark.parametrize("closed", ["rejected", "revoked"])
def test_who_was_turned_away_cannot_ask_again_and_can_be_let_in(hub, make, people, closed):
    repo = make()
    ask(hub, repo, people["bob"])
    if closed == "revoked":
        answer(hub, repo, people["ann"], "bob", "accepted")
    answer(hub, repo, people["ann"], "bob", closed, "Not this time")
    before = record(hub, repo)
    with pytest.raises(HubError, match=f"{closed}.*cannot ask again") as caught:
        ask(hub, repo, people["bob"])
    assert caught.value.status == 403
    assert stands(hub, repo, people["bob"]) == closed
    assert record(hub, repo) == before
    assert before[-1][3]["reason"] == "Not this time" == found(hub, repo, "bob").reason
    grant(hub, repo, people["ann"], people["bob"])
    assert stands(hub, repo, people["bob"]) == "accepted"
    assert found(hub, repo, "bob").reason == ""
    assert found(hub, repo, "bob").email == "bob@example.org"


@pytest.mark.parametrize("status", ["pending", "accepted", "rejected", "revoked"])
def test_an_answer_that_is_given_already_is_none(hub, make, people, status):
    repo = make()
    ask(hub, repo, people["bob"])
    for step in {"pending": [], "revoked": ["accepted", "revoked"]}.get(status, [status]):
        answer(hub, repo, people["ann"], "bob", step)
    before = record(hub, repo)
    with pytest.raises(HubError, match=f"already in the {status} list") as caught:
        answer(hub, repo, people["ann"], "bob", status)
    assert caught.value.status == 404
    assert record(hub, repo) == before


@pytest.mark.parametrize("status", ["pending", "rejected"])
def test_what_was_never_given_cannot_be_revoked(hub, make, people, status):
    repo = make()
    ask(hub, repo, people["bob"])
    if status == "rejected":
        answer(hub, repo, people["ann"], "bob", "rejected")
    with pytest.raises(HubError, match="no access that could be revoked"):
        answer(hub, repo, people["ann"], "bob", "revoked")
    assert stands(hub, repo, people["bob"]) == status


@pytest.mark.parametrize(("status", "reason"), [("accepted", "because"), ("rejected", "x" * 201)])
def test_a_reason_that_cannot_be_one_is_refused(hub, make, people, status, reason):
    repo = make()
    ask(hub, repo, people["bob"])
    with pytest.raises(HubError, match="reason") as caught:
        answer(hub, repo, people["ann"], "bob", status, reason)
    assert caught.value.status == 400
    assert stands(hub, repo, people["bob"]) == "pending"


def test_one_who_never_asked_is_let_in_and_shares_nothing(hub, make, people, any_gate):
    repo = make(any_gate)
    grant(hub, repo, people["ann"], people["bob"])
    assert stands(hub, repo, people["bob"]) == "accepted"
    request = found(hub, repo, "bob")
    assert (request.fullname, request.email, request.asked) == ("", "", 0)
    assert request.date == request.answered
    assert record(hub, repo) == [("ann", "granted", "bob", {})]


def test_taking_that_back_leaves_no_request(hub, make, people):
    repo = make()
    grant(hub, repo, people["ann"], people["bob"])
    answer(hub, repo, people["ann"], "bob", "pending")
    assert stands(hub, repo, people["bob"]) == "stranger"
    assert record(hub, repo)[-1] == ("ann", "cancelled", "bob", {"was": "accepted"})
    assert ask(hub, repo, people["bob"]) == "pending"
    assert found(hub, repo, "bob").email == "bob@example.org"


def test_one_who_is_in_cannot_be_let_in(hub, make, people):
    repo = make()
    grant(hub, repo, people["ann"], people["bob"])
    for user in (people["bob"], people["ann"]):
        with pytest.raises(HubError, match="has access already") as caught:
            grant(hub, repo, people["ann"], user)
        assert caught.value.status == 400
    assert len(record(hub, repo)) == 1


def test_there_is_nothing_to_answer_while_the_gate_is_off(hub, make, people):
    repo = make()
    ask(hub, repo, people["bob"])
    with hub.database.write() as db:
        requests.turn_gate(db, repo, people["ann"], "off")
        repo = repos.find(db, "dataset", "ann", repo.name)
    for act in (
        lambda: answer(hub, repo, people["ann"], "bob", "accepted"),
        lambda: grant(hub, repo, people["ann"], people["eve"]),
    ):
        with pytest.raises(HubError, match="not gated") as caught:
            act()
        assert caught.value.status == 400


def test_requests_stay_as_they_are_when_the_gate_turns(hub, make, people):
    repo = make("manual")
    ask(hub, repo, people["bob"])
    grant(hub, repo, people["ann"], people["eve"])
    for to, bob, eve in (
        ("auto", "pending", "accepted"),
        ("off", "open", "open"),
        ("manual", "pending", "accepted"),
    ):
        with hub.database.write() as db:
            requests.turn_gate(db, repos.find(db, "dataset", "ann", repo.name), people["ann"], to)
        assert (stands(hub, repo, people["bob"]), stands(hub, repo, people["eve"])) == (bob, eve)
    with hub.database.read() as db:
        repo = repos.find(db, "dataset", "ann", repo.name)
    assert ask(hub, repo, people["bob"]) == "pending"
    turns = [entry[3] for entry in record(hub, repo) if entry[1] == "gate"]
    assert [(turn["was"], turn["now"]) for turn in turns] == [
        ("manual", "auto"),
        ("auto", "off"),
        ("off", "manual"),
    ]


def test_a_gate_that_is_turned_to_what_it_is_is_no_event(hub, make, people):
    repo = make("manual")
    with hub.database.write() as db:
        requests.turn_gate(db, repo, people["ann"], "manual")
    assert record(hub, repo) == []


def test_lists_and_counts_are_of_one_repository(hub, make, people):
    repo, other = make("manual"), make("auto")
    ask(hub, repo, people["bob"])
    ask(hub, repo, people["eve"])
    ask(hub, other, people["bob"])
    answer(hub, repo, people["ann"], "eve", "rejected")
    with hub.database.read() as db:
        assert [one.user for one in requests.listed(db, repo, "pending")] == ["bob"]
        assert [one.user for one in requests.listed(db, repo, "rejected")] == ["eve"]
        first = requests.listed(db, repo, "pending", limit=1)[0]
        assert requests.listed(db, repo, "pending", after=first.id) == []
        assert requests.counts(db, repo) == {
            "pending": 1,
            "accepted": 0,
            "rejected": 1,
            "revoked": 0,
        }
        assert requests.by_id(db, other, first.id) is None
        assert requests.by_id(db, repo, first.id) == first
        assert requests.of_user_id(db, repo, people["bob"].id) == first


def test_a_users_own_list_leaves_out_what_was_hidden_since(hub, make, people):
    repo, other = make("manual"), make("auto")
    ask(hub, repo, people["bob"])
    ask(hub, other, people["bob"])
    answer(hub, repo, people["ann"], "bob", "rejected", "Too late")
    with hub.database.write() as db:
        assert [one[1:3] + one[5:] for one in requests.of_user(db, people["bob"])] == [
            (other.full_name, "accepted", ""),
            (repo.full_name, "rejected", "Too late"),
        ]
        assert requests.of_user(db, people["eve"]) == []
        repos.set_private(db, repo, True)
        assert [one.repo for one in requests.of_user(db, people["bob"])] == [other.full_name]
