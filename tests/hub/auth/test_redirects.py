from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest

from pairsmith.hub.auth.redirects import safe_target

PAGES = [
    "/",
    "/settings/tokens",
    "/datasets/ann/pairs?tab=files&page=2",
    "/datasets/ann/pairs/blob/feat%2Fx/caf%C3%A9.txt",
    "/login-help",
]
OTHERS = [
    "",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "https://evil.example",
    "https:evil.example",
    "HTTPS:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "evil.example/settings",
    "@evil.example",
    "/x\r\nSet-Cookie: a=b",
    "/x\0",
    "/x y",
    "/caf\u00e9",
    "/\u2044evil.example",
    "/x#//evil.example",
    "/" + "x" * 3000,
    "/login",
    "/login?next=/login",
    "/logout",
]


@pytest.mark.parametrize("address", PAGES)
def test_a_page_of_the_hub_is_gone_back_to(address):
    assert safe_target(address) == address
    assert urlsplit(urljoin("http://hub.example/login", address)).netloc == "hub.example"


@pytest.mark.parametrize("address", OTHERS)
def test_any_other_address_leads_home(address):
    assert safe_target(address) == "/"


@pytest.mark.parametrize("address", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_signing_in_or_joining_leads_nowhere_else(browser, ann, address):
    assert browser().sign_in(next=address).headers["location"] == "/"
    her = browser()
    her.sign_in()
    assert her.get("/login", params={"next": address}).headers["location"] == "/"
    joined = browser().send(
        "/join",
        name="bob",
        fullname="",
        email="bob@example.org",
        password="a long password",
        again="a long password",
        next=address,
    )
    assert (joined.status_code, joined.headers["location"]) == (303, "/")
    for form in ("/login", "/join"):
        assert "evil" not in browser().get(form, params={"next": address}).text
