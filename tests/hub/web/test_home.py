from __future__ import annotations

import re

import pytest

from pairsmith.hub.core.database import now
from pairsmith.hub.repos import downloads, repos


def names(html: str) -> list[str]:
    return re.findall(r'<h2><a href="/datasets/([^"]+)"', html)


def test_the_list_holds_what_the_caller_may_know_of(get, dataset):
    dataset("open-pets")
    dataset("gated-pets", gate="manual")
    dataset("hidden-pets", private=True)
    for path in ("/", "/datasets", "/ann"):
        for who in ("nobody", "bob"):
            html = get(path, who).text
            assert sorted(names(html)) == ["ann/gated-pets", "ann/open-pets"]
            assert "hidden-pets" not in html
        assert "ann/hidden-pets" in names(get(path, "ann").text)


def test_an_entry_tells_title_licence_gate_and_downloads(hub, get, dataset):
    repo = dataset("gated-pets", gate="auto")
    for _ in range(3):
        hub.counts.add(repo.id, now() // downloads.DAY)
    downloads.write_counts(hub)
    html = get("/").text
    for told in ("Pets and their people", "Pets Licence", ">gated<", "3 downloads last month"):
        assert told in html


def test_the_search_is_by_name(get, dataset):
    dataset("cats", [])
    dataset("dogs", [])
    assert names(get("/datasets?search=CAT").text) == ["ann/cats"]
    html = get('/datasets?search="><script>').text
    assert names(html) == []
    assert "<script>" not in html
    assert "&#34;&gt;&lt;script&gt;" in html


def test_long_lists_come_in_pages(hub, get, people):
    with hub.database.write() as db:
        for number in range(65):
            repos.create(db, people["account"], "dataset", f"set-{number}", private=False)
    seen, path = [], "/datasets?search=set"
    while path:
        html = get(path).text
        seen.append(names(html))
        found = re.search(r'rel="next" href="([^"]+)"', html)
        path = "/datasets" + found[1].replace("&amp;", "&") if found else ""
    assert [len(page) for page in seen] == [30, 30, 5]
    assert len({name for page in seen for name in page}) == 65


@pytest.mark.parametrize("asked", ["-1", "x", "²", "9" * 30, "", "1e3"])
def test_a_page_that_is_no_number_is_the_first(get, dataset, asked):
    dataset("cats", [])
    assert names(get(f"/datasets?p={asked}").text) == ["ann/cats"]


def test_an_account_without_datasets_to_show_is_as_one_that_is_not_there(get, dataset):
    dataset("hidden", private=True)
    there = get("/ann", "bob", 404).text
    absent = get("/zoe", "bob", 404).text
    assert there.replace("/ann", "/zoe") == absent
    assert "hidden" in get("/ann", "ann").text
    assert "no dataset and no model yet" in get("/bob", "bob").text


def test_the_style_is_kept_by_browsers_until_it_changes(get):
    html = get("/").text
    addresses = re.findall(r'href="(/static/(?:style|pages).css\?v=[0-9a-f]{12})"', html)
    assert len(addresses) == 2
    style = get(addresses[0])
    assert style.headers["content-type"].startswith("text/css")
    assert "max-age" in style.headers["cache-control"]
    assert get("/static/icon.svg").headers["content-type"] == "image/svg+xml"
    assert get("/favicon.ico").status_code == 200
    assert "Disallow: /api/" in get("/robots.txt").text


@pytest.mark.parametrize(
    "name", ["..%2Frender.py", "nothing.css", "%2e%2e%2fhome.py", "style.css%00"]
)
def test_nothing_else_is_static(get, client, name):
    assert client.get(f"/static/{name}").status_code in (400, 404)


def test_a_page_has_no_script_and_no_style_of_its_own(get, dataset):
    dataset("cats")
    for path in ("/", "/datasets/ann/cats", "/datasets/ann/cats/tree/main", "/nowhere-at-all"):
        html = get(path, status=404 if "nowhere" in path else 200).text
        assert not re.search(r"<script|<style|\son\w+=|\sstyle=|javascript:", html)


@pytest.mark.parametrize(
    "card",
    [
        b"---\nlicense: [\npretty_name: x\n---\n",
        b"---\nlicense: {a: b}\npretty_name: [x]\n---\n",
        b"\xff\xfe\x00---\n",
    ],
)
def test_a_card_that_is_broken_does_not_break_the_list(get, dataset, card):
    dataset("cats", [{"README.md": card}])
    assert names(get("/").text) == ["ann/cats"]
