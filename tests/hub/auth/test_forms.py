from __future__ import annotations

import dataclasses

import pytest

from pairsmith.hub.auth import browsers, forms, sessions
from support.hub.browsers import PASSWORD

FORM = {"name": "ann", "password": PASSWORD}


@pytest.fixture
def her(browser, ann):
    made = browser()
    made.sign_in()
    return made


def changed(browser_, proof: str | None) -> int:
    fields = {"fullname": "Mallory", "email": "ann@example.org"}
    if proof is not None:
        fields["csrf"] = proof
    return browser_.client.post("/settings/profile", data=fields).status_code


def fullname(hub) -> str:
    with hub.database.read() as db:
        return db.execute("SELECT fullname FROM users").fetchone()[0]


def test_a_form_of_a_page_is_taken(hub, her):
    assert changed(her, her.proof("/settings/profile")) == 303
    assert fullname(hub) == "Mallory"


@pytest.mark.parametrize("proof", [None, "", "forged", "\u00e9", "x" * 4000])
def test_a_form_without_its_proof_is_not(hub, her, proof):
    her.proof("/settings/profile")
    assert changed(her, proof) == 403
    assert fullname(hub) == "Ann"


def test_nor_with_that_of_another_browser(hub, browser, her):
    assert changed(her, browser().proof("/login")) == 403
    other = browser()
    other.sign_in()
    assert changed(her, other.proof("/settings/profile")) == 403
    assert fullname(hub) == "Ann"


def test_nor_with_a_cookie_and_proof_that_were_planted(hub, browser, her):
    mallorys = browser()
    proof = mallorys.proof("/login")
    her.client.cookies = {
        sessions.COOKIE: her.cookies[sessions.COOKIE],
        forms.COOKIE: mallorys.cookies[forms.COOKIE],
    }
    assert changed(her, proof) == 403
    assert fullname(hub) == "Ann"


def test_nor_without_the_cookie(hub, her):
    proof = her.proof("/settings/profile")
    del her.cookies[forms.COOKIE]
    assert changed(her, proof) == 403
    assert changed(her, "") == 403
    assert fullname(hub) == "Ann"


def test_nor_with_the_proof_of_another_hub_or_key(hub, her):
    proof = her.proof("/settings/profile")
    hub.settings = dataclasses.replace(hub.settings, key="another key")
    assert changed(her, proof) == 403


def test_the_proof_from_before_signing_in_is_worth_nothing_after(browser, ann):
    his = browser()
    before = his.proof("/login")
    cookie = his.cookies[forms.COOKIE]
    assert his.sign_in().status_code == 303
    assert his.cookies[forms.COOKIE] != cookie
    assert changed(his, before) == 403


def test_the_proof_from_before_signing_out_is_worth_nothing_after(her):
    before, cookie = her.proof("/settings/profile"), her.cookies[forms.COOKIE]
    her.send("/logout", page="/settings/profile")
    assert her.cookies[forms.COOKIE] != cookie
    answer = her.client.post("/login", data={**FORM, "csrf": before})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/join",
        "/login",
        "/logout",
        "/settings/profile",
        "/settings/password",
        "/settings/tokens",
        "/settings/tokens/revoke",
    ],
)
def test_no_form_is_taken_unproved(browser, ann, path):
    his = browser()
    his.sign_in()
    assert his.client.post(path, data={**FORM, "csrf": "x.y"}).status_code == 403
    assert his.client.post(path, content=b"\xff=%ff&;").status_code == 403
    assert his.signed_in()


@pytest.mark.parametrize(
    ("field", "size"), [("name", 70_000), ("name" * 20_000, 1)], ids=["value", "name"]
)
def test_a_form_that_is_too_large_is_not_taken(browser, field, size):
    his = browser()
    answer = his.client.post("/login", data={"csrf": his.proof("/login"), field: "x" * size})
    assert answer.status_code == 413


def test_a_form_of_too_many_fields_or_with_a_file_is_not_taken(browser):
    his = browser()
    proof = his.proof("/login")
    many = {f"field{i}": "x" for i in range(60)}
    assert his.client.post("/login", data={"csrf": proof, **many}).status_code == 413
    file = {"name": ("a.txt", b"x")}
    assert his.client.post("/login", data={"csrf": proof}, files=file).status_code == 400


def cookies_of(answer) -> list[str]:
    return answer.headers.get_list("set-cookie")


def test_cookies_are_for_the_hub_alone(browser, ann):
    her = browser()
    set_ = cookies_of(her.get("/login")) + cookies_of(her.sign_in())
    assert [cookie.partition("=")[0] for cookie in set_] == [
        forms.COOKIE,
        sessions.COOKIE,
        browsers.COOKIE,
        forms.COOKIE,
    ]
    for cookie in set_:
        parts = cookie.lower().split("; ")
        assert {"httponly", "samesite=lax", "path=/"} <= set(parts)
        assert "secure" not in parts
        assert "domain" not in cookie.lower()


def test_cookies_go_by_https_only_where_there_is_https(browser, ann, hub):
    hub.settings = dataclasses.replace(hub.settings, public_url="https://hub.example")
    her = browser()
    set_ = cookies_of(her.get("/login")) + cookies_of(her.sign_in())
    set_ += cookies_of(her.send("/logout", page="/settings/profile"))
    assert len(set_) == 6
    for cookie in set_:
        assert cookie.startswith("__Host-pairsmith_")
        assert {"httponly", "samesite=lax", "path=/", "secure"} <= set(cookie.lower().split("; "))
        assert "domain" not in cookie.lower()


def test_a_cookie_without_the_prefix_is_none_where_there_is_https(browser, ann, hub):
    plain = browser()
    plain.sign_in()
    secret = plain.cookies[sessions.COOKIE]
    hub.settings = dataclasses.replace(hub.settings, public_url="https://hub.example")
    other = browser()
    other.cookies.set(sessions.COOKIE, secret)
    assert not other.signed_in()
    other.cookies.set(f"__Host-{sessions.COOKIE}", secret)
    assert other.signed_in()
