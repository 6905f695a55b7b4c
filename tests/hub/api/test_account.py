from __future__ import annotations

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from starlette.requests import Request

from pairsmith.hub.api import account as api_account
from pairsmith.hub.app import application
from pairsmith.hub.auth import sessions
from pairsmith.hub.auth.authentication import authenticate_token, require_write
from pairsmith.hub.http.addresses import KINDS
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.membership import organizations
from pairsmith.hub.repos import repos

UNKNOWN = "hf_" + "0" * 34


@pytest.mark.parametrize("role", ["read", "write"])
def test_the_stock_client_is_told_who_it_is(served, account, role):
    _user, header = account("ann", role)
    told = HfApi(endpoint=served).whoami(token=header["Authorization"].split()[1])
    assert told["name"] == "ann"
    assert told["fullname"] == "Ann"
    assert told["email"] == "ann@example.org"
    assert told["type"] == "user"
    assert told["orgs"] == []
    assert told["auth"] == {
        "type": "access_token",
        "accessToken": {"displayName": "test", "role": role},
    }
    assert (told["canPay"], told["isPro"]) == (False, False)


def test_the_stock_client_is_told_of_a_token_that_is_unknown(served):
    with pytest.raises(HfHubHTTPError, match="Invalid user token") as caught:
        HfApi(endpoint=served).whoami(token=UNKNOWN)
    assert caught.value.response.status_code == 401


def test_an_unknown_token_is_nobody_and_the_answer_says_so(client):
    answer = client.get("/api/whoami-v2", headers={"Authorization": f"Bearer {UNKNOWN}"})
    assert answer.status_code == 401
    assert "does not know that token" in answer.json()["error"]
    assert answer.headers["x-error-message"] == answer.json()["error"]
    assert answer.headers["x-hf-warning"].startswith("Unknown token;")
    assert UNKNOWN not in answer.text + str(answer.headers)


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Basic YW5uOng="}, {"Authorization": ""}])
def test_no_token_is_said_to_be_none(client, sent):
    answer = client.get("/api/whoami-v2", headers=sent)
    assert answer.status_code == 401
    assert answer.json()["error"].startswith("No token was sent.")
    assert "x-hf-warning" not in answer.headers


def test_a_session_is_no_token(hub, client, account):
    user, _header = account("ann")
    with hub.database.write() as db:
        client.cookies.set(sessions.COOKIE, sessions.begin(db, user))
    assert client.get("/settings/profile", follow_redirects=False).status_code == 200
    assert client.get("/api/whoami-v2").status_code == 401


def test_a_token_for_reading_is_not_one_for_writing(hub, account):
    def asking(header):
        raw = [(b"authorization", header["Authorization"].encode())]
        return Request({"type": "http", "headers": raw, "app": application(hub), "state": {}})

    user, header = account("ann", "read")
    with pytest.raises(HubError) as caught:
        require_write(authenticate_token(asking(header)))
    assert caught.value.status == 403
    user, header = account("bob", "write")
    assert require_write(authenticate_token(asking(header))) == user
    with pytest.raises(HubError) as caught:
        require_write(authenticate_token(asking({"Authorization": f"Bearer {UNKNOWN}"})))
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/agent-harnesses"),
        ("HEAD", "/api/telemetry/datasets"),
        ("GET", "/api/telemetry/huggingface_hub/upload/x"),
    ],
)
def test_what_clients_do_without_is_not_there(client, method, path):
    answer = client.request(method, path)
    assert answer.status_code == 404
    assert "x-error-code" not in answer.headers


def test_the_stock_client_lists_what_is_ones_own_with_its_bytes(served, hub, account):
    user, header = account("ann")
    _, others = account("eve")
    with hub.database.write() as db:
        guild = organizations.make(db, "guild", "", user)
        made = [repos.create(db, user, kind, kind, kind == "model") for kind in KINDS]
        repos.create(db, guild, "dataset", "tea", True)
        sizes = zip((300, 100), made, strict=True)
        db.executemany("UPDATE repos SET bytes = ? WHERE id = ?", [(n, one.id) for n, one in sizes])
    ann, eve = (
        HfApi(served, token=sent["Authorization"].removeprefix("Bearer "))
        for sent in (header, others)
    )
    assert [(one.id, one.type, one.visibility, one.storage, one.storage_percent)
            for one in ann.list_user_repos()] == [
        ("ann/dataset", "dataset", "public", 300, 75), ("ann/model", "model", "private", 100, 25),
    ]  # fmt: skip
    assert [one.id for one in ann.list_user_repos("guild")] == ["guild/tea"]
    assert list(eve.list_user_repos()) == []
    for name in ("guild", "ann", "nobody"):
        with pytest.raises(HfHubHTTPError, match="no member of it"):
            list(eve.list_user_repos(name))
    with pytest.raises(HfHubHTTPError, match="401"):
        list(HfApi(served, token=False).list_user_repos())


def test_a_list_of_ones_own_comes_in_pages(client, hub, account, monkeypatch):
    user, header = account("ann")
    with hub.database.write() as db:
        names = [repos.create(db, user, "dataset", f"d{at}", False).full_name for at in range(5)]
    monkeypatch.setattr(api_account, "PAGE", 2)
    found, where = [], "/api/settings/repositories"
    while where:
        answer = client.get(where, headers=header)
        found.append([one["id"] for one in answer.json()])
        where = answer.links.get("next", {}).get("url", "")
    assert found == [names[:2], names[2:4], names[4:]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda api: api.super_squash_history("ann/tea"), "does not rewrite history"),
        (lambda api: api.duplicate_repo("ann/tea", "ann/mint"), "duplicates no repository"),
        (lambda api: list(api.list_lfs_files("ann/tea", repo_type="dataset")), "large files"),
        (lambda api: list(api.list_repo_likers("ann/tea")), "no likes"),
        (lambda api: api.list_liked_repos("ann"), "no likes"),
        (lambda api: api.get_dataset_tags(), "menus of the tags"),
        (lambda api: list(api.list_collections()), "nothing else"),
        (lambda api: list(api.list_spaces()), "nothing else"),
    ],
)
def test_what_the_hub_does_not_have_is_said_in_a_sentence(served, account, call, words):
    _, header = account("ann")
    api = HfApi(served, token=header["Authorization"].removeprefix("Bearer "))
    with pytest.raises(HfHubHTTPError, match=f"This hub has no such call: .*{words}") as caught:
        call(api)
    assert caught.value.response.status_code == 404, "by which clients tell what a hub has"
