"""Requests for access by huggingface_hub's own calls, and what it never sends by plain ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from pairsmith.hub import permissions
from pairsmith.hub.app import header_text
from pairsmith.hub.auth import tokens
from pairsmith.hub.gating import requests
from pairsmith.hub.gating.form import read_form
from pairsmith.hub.repos import repos
from pairsmith.hub.repos.card import read
from pairsmith.hub.repos.repos import Repo
from support.hub.gated import CARD, GIVEN, KEPT

CALLS = "/api/datasets/ann/pets/user-access-request"
REPO = "ann/pets"
STATES = ("pending", "accepted", "rejected", "revoked")


@pytest.fixture
def api(served):
    def make(who) -> HfApi:
        token = who.headers["Authorization"].removeprefix("Bearer ") if who else False
        return HfApi(endpoint=served, token=token)

    return make


def ask(hub, who, name="pets"):
    form = read_form(read(CARD.decode()).data)
    given = dict(zip([field.label for field in form.fields], GIVEN.values(), strict=True))
    with hub.database.write() as db:
        return requests.ask(db, repos.find(db, "dataset", "ann", name), who.user, given, form)


def stands(hub, who) -> str:
    with hub.database.read() as db:
        return str(permissions.standing(db, repos.find(db, "dataset", "ann", "pets"), who.user))


def lists(client: HfApi) -> dict[str, list[str]]:
    calls = {
        "pending": client.list_pending_access_requests,
        "accepted": client.list_accepted_access_requests,
        "rejected": client.list_rejected_access_requests,
    }
    return {
        state: names
        for state, call in calls.items()
        if (names := [one.username for one in call(REPO, repo_type="dataset")])
    }


def test_a_request_is_listed_in_full(hub, api, dataset, ann, bob):
    dataset()
    ask(hub, bob)
    (one,) = api(ann).list_pending_access_requests(REPO, repo_type="dataset")
    assert (one.username, one.fullname, one.email) == ("bob", "Bob", "bob@example.org")
    assert (one.status, one.fields) == ("pending", KEPT)
    with hub.database.read() as db:
        found = requests.find(db, repos.find(db, "dataset", "ann", "pets"), "bob")
    assert one.timestamp == datetime.fromtimestamp(found.asked, UTC)
    assert one.request_id == str(found.id)


@pytest.mark.parametrize("by", ["user", "request_id"])
def test_a_request_is_accepted_cancelled_and_rejected(hub, api, dataset, ann, bob, by):
    dataset()
    ask(hub, bob)
    client = api(ann)
    (one,) = client.list_pending_access_requests(REPO, repo_type="dataset")
    whose = {by: "bob" if by == "user" else one.request_id, "repo_type": "dataset"}
    client.accept_access_request(REPO, **whose)
    assert lists(client) == {"accepted": ["bob"]}
    client.cancel_access_request(REPO, **whose)
    assert lists(client) == {"pending": ["bob"]}
    client.reject_access_request(REPO, rejection_reason="Too late", **whose)
    assert lists(client) == {"rejected": ["bob"]}
    with hub.database.read() as db:
        found = requests.find(db, repos.find(db, "dataset", "ann", "pets"), "bob")
    assert (found.status, found.reason) == ("rejected", "Too late")


def test_who_never_asked_is_let_in_without_an_address(hub, api, dataset, ann, bob):
    dataset()
    client = api(ann)
    client.grant_access(REPO, "bob", repo_type="dataset")
    assert stands(hub, bob) == "accepted"
    (one,) = client.list_accepted_access_requests(REPO, repo_type="dataset")
    assert (one.username, one.fullname, one.email) == ("bob", "", None)
    client.cancel_access_request(REPO, "bob", repo_type="dataset")
    assert lists(client) == {}


def test_what_cannot_be_done_is_the_error_that_the_client_promises(hub, api, dataset, ann, bob):
    repo = dataset()
    ask(hub, bob)
    client = api(ann)
    client.accept_access_request(REPO, "bob", repo_type="dataset")
    faults = {
        404: [
            lambda: client.accept_access_request(REPO, "bob", repo_type="dataset"),
            lambda: client.accept_access_request(REPO, "nobody-here", repo_type="dataset"),
            lambda: client.accept_access_request(REPO, "ann", repo_type="dataset"),
            lambda: client.cancel_access_request(REPO, request_id="99", repo_type="dataset"),
            lambda: client.cancel_access_request(REPO, request_id="x", repo_type="dataset"),
            lambda: client.grant_access(REPO, "nobody-here", repo_type="dataset"),
        ],
        400: [
            lambda: client.grant_access(REPO, "bob", repo_type="dataset"),
            lambda: client.grant_access(REPO, "ann", repo_type="dataset"),
            lambda: client.reject_access_request(
                REPO, "bob", rejection_reason="x" * 201, repo_type="dataset"
            ),
        ],
    }
    for status, acts in faults.items():
        for act in acts:
            with pytest.raises(HfHubHTTPError) as caught:
                act()
            assert caught.value.response.status_code == status
            assert caught.value.server_message
    with hub.database.write() as db:
        repos.set_gate(db, repo, "off")
    for act in (
        lambda: list(client.list_pending_access_requests(REPO, repo_type="dataset")),
        lambda: client.reject_access_request(
            REPO, "bob", rejection_reason=None, repo_type="dataset"
        ),
        lambda: client.grant_access(REPO, "bob", repo_type="dataset"),
    ):
        with pytest.raises(HfHubHTTPError, match="not gated") as caught:
            act()
        assert caught.value.response.status_code == 400


@pytest.mark.parametrize("private", [False, True])
def test_nobody_but_the_owner_lists_or_answers(hub, api, dataset, ann, bob, person, private):
    repo = dataset()
    ask(hub, bob)
    with hub.database.write() as db:
        repos.set_private(db, repo, private)
    for who in (bob, person("eve"), None):
        client = api(who)
        for act in (
            lambda c=client: list(c.list_pending_access_requests(REPO, repo_type="dataset")),
            lambda c=client: c.accept_access_request(REPO, "bob", repo_type="dataset"),
            lambda c=client: c.grant_access(REPO, "eve", repo_type="dataset"),
        ):
            with pytest.raises(HfHubHTTPError) as caught:
                act()
            if private:
                assert isinstance(caught.value, RepositoryNotFoundError)
            assert caught.value.response.status_code == (
                401 if who is None else 404 if private else 403
            )
    assert stands(hub, bob) == "pending"


def test_a_token_that_only_reads_does_not_answer(hub, dataset, ann, bob, client):
    dataset()
    ask(hub, bob)
    with hub.database.write() as db:
        reads = {"Authorization": "Bearer " + tokens.add(db, ann.user, "reads", "read")}
    said = {"user": "bob", "status": "accepted"}
    assert client.post(f"{CALLS}/handle", json=said, headers=reads).status_code == 403
    assert client.post(f"{CALLS}/grant", json=said, headers=reads).status_code == 403
    assert client.get(f"{CALLS}/pending", headers=reads).status_code == 403
    assert stands(hub, bob) == "pending"


def test_a_session_does_not_answer_a_call(hub, dataset, ann, bob):
    dataset()
    ask(hub, bob)
    said = {"user": "bob", "status": "accepted"}
    for call in ("handle", "grant"):
        assert ann.browser.client.post(f"{CALLS}/{call}", json=said).status_code == 401
    assert stands(hub, bob) == "pending"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"status": "accepted"}, 400),
        ({"user": "bob"}, 400),
        ({"user": "bob", "status": "banned"}, 400),
        ({"user": "bob", "status": None}, 400),
        ({"user": "bob", "status": ["accepted"]}, 400),
        ({"user": "bob", "requestId": "1", "status": "accepted"}, 400),
        ({"user": ["bob"], "status": "accepted"}, 400),
        ({"user": "", "status": "accepted"}, 400),
        ({"requestId": 1, "status": "accepted"}, 400),
        ({"requestId": "-1", "status": "accepted"}, 404),
        ({"requestId": "9" * 30, "status": "accepted"}, 404),
        ({"requestId": "٣", "status": "accepted"}, 404),
        ({"userId": "999", "status": "accepted"}, 404),
        ({"user": "bob", "status": "accepted", "rejectionReason": "why"}, 400),
        ({"user": "bob", "status": "revoked"}, 400),
        ([], 400),
        ("x" * 65_537, 413),
    ],
)
def test_an_answer_that_cannot_be_read_changes_nothing(
    hub, dataset, ann, bob, client, body, status
):
    dataset()
    ask(hub, bob)
    answered = client.post(f"{CALLS}/handle", json=body, headers=ann.headers)
    assert answered.status_code == status
    assert header_text(answered.json()["error"]) == answered.headers["x-error-message"]
    assert stands(hub, bob) == "pending"


@pytest.mark.parametrize(
    ("body", "status"), [({}, 400), ({"user": 3}, 400), ([], 400), ("x" * 65_537, 413)]
)
def test_a_grant_that_cannot_be_read_changes_nothing(hub, dataset, ann, bob, client, body, status):
    dataset()
    answered = client.post(f"{CALLS}/grant", json=body, headers=ann.headers)
    assert answered.status_code == status
    assert stands(hub, bob) == "stranger"


def test_a_user_can_be_meant_by_number(hub, dataset, ann, bob, client):
    dataset()
    ask(hub, bob)
    (one,) = client.get(f"{CALLS}/pending", headers=ann.headers).json()
    said = {"userId": one["user"]["_id"], "status": "accepted"}
    assert client.post(f"{CALLS}/handle", json=said, headers=ann.headers).status_code == 200
    assert stands(hub, bob) == "accepted"


@pytest.mark.parametrize("state", STATES)
def test_there_is_a_list_of_each_state_and_no_other(hub, dataset, ann, client, state):
    dataset()
    assert client.get(f"{CALLS}/{state}", headers=ann.headers).json() == []
    for wrong in ("handle", "grant", "banned", f"{state}%2F", "%2E%2E"):
        answered = client.get(f"{CALLS}/{wrong}", headers=ann.headers)
        assert answered.status_code == 404


def test_another_dataset_of_the_same_owner_has_its_own_requests(hub, dataset, ann, bob, client):
    dataset()
    dataset(name="plants")
    ask(hub, bob)
    calls = CALLS.replace("pets", "plants")
    assert client.get(f"{calls}/pending", headers=ann.headers).json() == []
    with hub.database.read() as db:
        found = requests.find(db, repos.find(db, "dataset", "ann", "pets"), "bob")
    for said in ({"requestId": str(found.id)}, {"user": "bob"}, {"userId": str(bob.user.id)}):
        answered = client.post(
            f"{calls}/handle", json={**said, "status": "accepted"}, headers=ann.headers
        )
        assert answered.status_code == 404
    assert stands(hub, bob) == "pending"


def test_long_lists_come_in_pages_that_the_client_follows(hub, api, dataset, ann):
    _many(hub, dataset(), requests.PAGE + 5)
    names = lists(api(ann))["pending"]
    assert len(names) == len(set(names)) == requests.PAGE + 5
    assert names == sorted(names)


def test_a_page_that_is_the_last_says_so(hub, dataset, ann, client):
    _many(hub, dataset(), requests.PAGE)
    answered = client.get(f"{CALLS}/pending", headers=ann.headers)
    assert len(answered.json()) == requests.PAGE
    assert "link" not in answered.headers


def _many(hub, repo: Repo, count: int) -> None:
    with hub.database.write() as db:
        for place in range(count):
            row = db.execute(
                "INSERT INTO users (name, fullname, email, created) VALUES (?, '', '', 0)",
                (f"user{place:05}",),
            )
            db.execute(
                "INSERT INTO requests (repo, user, status, fields, asked)"
                " VALUES (?, ?, 'pending', '{}', 1)",
                (repo.id, row.lastrowid),
            )
