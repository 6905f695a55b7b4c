"""Pages of errors: they say what is wrong, and nothing that stands in the address."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from starlette.routing import Route

from pairsmith.hub.app import routes
from pairsmith.hub.http.errors import MAX_QUOTED, HubError
from support.slow import quick

PLACES = {"owner": "ann", "name": "pets", "revision": "main", "path": "notes.txt"}
PARAMETER = re.compile(r"\{(\w+):\w+\}")
BAIT = (
    "Your account is locked. Call 555 0100 or see http://evil.example/login",
    "www.evil.example",
    "'] <a href=//evil.example>locked</a>",
    "it's \"locked\\' evil.example",
    "locked\u2028evil.example",
)
GETS = sorted(
    route.path
    for route in routes()
    if isinstance(route, Route) and "GET" in (route.methods or ()) and PARAMETER.search(route.path)
)
QUERIES = ("revision", "config", "split", "page", "row", "annotation", "order", "p", "status")


def speaks(text: str) -> list[str]:
    """What of the bait stands on a page, but for where a sign-in leads back to."""
    left = re.sub(r'href="/login\?next=[^"]*"', "", text)
    return [word for word in ("locked", "evil", "0100") if word in left]


@pytest.mark.parametrize("path", quick(GETS, *GETS[::3]))
def test_no_address_speaks_from_a_page(client, dataset, people, path):
    dataset("pets")
    for bait in BAIT:
        for odd in PARAMETER.findall(path):
            places = {**dict.fromkeys(PARAMETER.findall(path), "x"), **PLACES, odd: quote(bait, "")}
            filled = re.sub(r":\w+\}", "}", path).format_map(places)
            for who in ("ann", "nobody"):
                headers = {"Accept": "text/html", **people[who]}
                answer = client.get(filled, headers=headers, follow_redirects=False)
                if answer.headers.get("content-type", "").startswith("text/html"):
                    assert speaks(answer.text) == [], (filled, answer.text)


@pytest.mark.parametrize("parameter", quick(QUERIES, "revision", "page", "status"))
@pytest.mark.parametrize(
    "page", ["/viewer", "", "/tree/main", "/commits/main", "/settings/requests"]
)
def test_nor_does_a_query(client, dataset, people, page, parameter):
    dataset("pets")
    for bait in BAIT:
        address = f"/datasets/ann/pets{page}?{parameter}={quote(bait)}"
        answer = client.get(address, headers={"Accept": "text/html", **people["ann"]})
        if answer.status_code >= 400:
            assert speaks(answer.text) == [], answer.text


def test_a_gate_leads_to_its_page_by_a_link_of_ours(get, dataset):
    dataset("pets", gate="manual")
    answer = get("/datasets/ann/pets/resolve/main/notes.txt", status=401)
    assert '<a href="http://testserver/datasets/ann/pets">' in answer.text


def test_clients_are_told_what_was_not_there_in_few_words(client, dataset, people):
    dataset("pets")
    for place in ("resolve/main/" + "x" * 1000, "resolve/" + "x" * 1000 + "/a"):
        answer = client.get(f"/datasets/ann/pets/{place}", headers=people["ann"])
        assert "x" * MAX_QUOTED + "'" in answer.json()["error"]
        assert len(answer.headers["x-error-message"]) < 2 * MAX_QUOTED


def test_what_is_quoted_is_left_out_and_what_is_ours_stays():
    for quoted in (*BAIT, "", "'", '"', "\\", "\\'", "a' b 'c"):
        error = HubError(404, f"A user's name is not {quoted!r}, nor {quoted!r}: the hub's is.")
        assert error.page_message == "A user's name is not …, nor …: the hub's is."
