from __future__ import annotations

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from starlette.requests import Request

from pairsmith.hub.app import application
from pairsmith.hub.auth import sessions
from pairsmith.hub.auth.authentication import authenticate_token, require_write
from pairsmith.hub.http.errors import HubError

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
