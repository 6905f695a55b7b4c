"""What is found: by clients and on pages, by words, tags, gate and owner, in every order."""

from __future__ import annotations

import re

import pytest
from huggingface_hub import HfApi

from pairsmith.hub.core.database import now
from pairsmith.hub.repos import downloads, repos
from support.hub.stock import commit_files

TEA = """---
pretty_name: Leaves and water
license: mit
language: [en, is]
size_categories: 1K<n<10K
task_categories: [text-generation]
tags: [dpo]
---
Steeped in the morning, by Garðar.
""".encode()
FERN = b"---\nlicense: apache-2.0\nlanguage: en\n---\nFronds, dpo-like but not tagged so.\n"
JUDGE = b"""---
license: mit
pipeline_tag: text-classification
library_name: transformers
datasets: [ann/tea]
---
Scores fronds.
"""
STOCK = {  # with a gate; made before it; changed when; its card
    "tea": ("dataset", 300, TEA),
    "fern": ("dataset", 200, FERN),
    "bare": ("dataset", 100, None),
    "hidden": ("dataset", 50, TEA),
    "judge": ("model", 50, JUDGE),
}


@pytest.fixture
def ann(account):
    return account("ann")[0]


@pytest.fixture
def stocked(hub, ann):
    """The repositories above, made in this order; fern has a gate, and hidden is private."""
    made = {}
    for place, (name, (kind, changed, card)) in enumerate(STOCK.items()):
        with hub.database.write() as db:
            repo = made[name] = repos.create(db, ann, kind, name, private=name == "hidden")
            repos.set_gate(db, repo, "manual" if name == "fern" else "off")
        if card:
            commit_files(hub, repo, ann, {"README.md": card})
        with hub.database.write() as db:
            db.execute(
                "UPDATE repos SET created = ?, updated = ? WHERE id = ?", (place, changed, repo.id)
            )
    for name in ("bare", "bare", "fern"):
        hub.counts.add(made[name].id, now() // downloads.DAY)
    downloads.write_counts(hub)
    return made


def names(client, query, kind="datasets"):
    answer = client.get(f"/api/{kind}{query}")
    assert answer.status_code == 200, answer.text
    return [one["id"].removeprefix("ann/") for one in answer.json()]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["tea", "fern", "bare"]),
        ("?filter=license:mit", ["tea"]),
        ("?filter=mit", ["tea"]),
        ("?filter=language:en", ["tea", "fern"]),
        ("?filter=language:en&filter=is", ["tea"]),
        ("?filter=language:en,is", ["tea"]),
        ("?language=en", ["tea", "fern"]),
        ("?language=language:en&license=apache-2.0", ["fern"]),
        ("?size_categories=1K%3Cn%3C10K", ["tea"]),
        ("?filter=DPO", ["tea"]),
        ("?filter=nothing", []),
        ("?search=TEA", ["tea"]),
        ("?search=fronds", ["fern"]),
        ("?search=gar%C3%90ar+WATER", ["tea"]),
        ("?search=fern&search=fronds", ["fern"]),
        ("?search=fern+water", []),
        ("?search=ann/fern", ["fern"]),
        ("?gated=true", ["fern"]),
        ("?gated=False", ["tea", "bare"]),
        ("?author=ANN&search=e", ["tea", "fern", "bare"]),
        ("?author=bob", []),
        ("?sort=createdAt", ["bare", "fern", "tea"]),
        ("?sort=createdAt&direction=1", ["tea", "fern", "bare"]),
        ("?sort=downloads", ["bare", "fern", "tea"]),
        ("?sort=last_modified&direction=-1", ["tea", "fern", "bare"]),
        ("?limit=0", []),
        ("?search=%00'%22%25", []),
    ],
)
def test_what_is_asked_for_is_found_and_nothing_else(client, stocked, query, found):
    assert names(client, query) == found


def test_models_are_found_by_task_library_and_dataset(client, stocked):
    for query in (
        "?pipeline_tag=text-classification",
        "?filter=text-classification",
        "?library=transformers",
        "?filter=transformers",
        "?filter=dataset:ann/tea",
        "?search=fronds",
    ):
        assert names(client, query, "models") == ["judge"], query
    assert names(client, "?pipeline_tag=translation", "models") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sort=likes", "lastModified, createdAt, downloads"),
        ("sort=trendingScore", "not by"),
        ("gated=perhaps", "true or false"),
        ("search=" + "a+" * 11, "up to 10 words"),
        ("filter=" + "a" * 201, "200 characters"),
    ],
)
def test_what_cannot_be_asked_for_is_said(client, stocked, query, said):
    answer = client.get(f"/api/datasets?{query}")
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_a_list_comes_in_pages_and_with_what_is_asked_for(client, stocked):
    seen, address = [], "/api/datasets?limit=1&sort=createdAt"
    while address:
        answer = client.get(address)
        seen += [one["id"] for one in answer.json()]
        found = re.search("<http://testserver([^>]+)>", answer.headers.get("link", ""))
        address = found[1] if found else ""
    assert seen == ["ann/bare", "ann/fern", "ann/tea"]
    (one,) = client.get("/api/datasets?search=tea&full=true").json()
    assert one["cardData"]["license"] == "mit"
    assert "language:is" in one["tags"]
    (one,) = client.get("/api/datasets?search=tea&expand=tags&expand=downloads").json()
    assert set(one) == {"_id", "id", "tags", "downloads"}


def test_the_stock_client_finds_by_its_own_words(served, stocked):
    api = HfApi(endpoint=served, token=False)
    found = api.list_datasets(language="en", filter="dpo", sort="created_at")
    assert [one.id for one in found] == ["ann/tea"]
    found = api.list_datasets(size_categories="1K<n<10K", task_categories="text-generation")
    assert [one.id for one in found] == ["ann/tea"]
    assert [one.id for one in api.list_datasets(gated=True)] == ["ann/fern"]
    models = api.list_models(trained_dataset="ann/tea", pipeline_tag="text-classification")
    assert [(one.id, one.library_name) for one in models] == [("ann/judge", "transformers")]


def test_the_page_filters_by_what_there_is(client, stocked):
    def shown(query):
        html = client.get(query, headers={"Accept": "text/html"}).text
        return re.findall(r'<h2><a href="(?:/datasets)?/ann/([^"]+)"', html), html

    found, html = shown("/datasets?license=mit&sort=createdAt")
    assert found == ["tea"]
    for option in ("mit", "apache-2.0", "is", "1K&lt;n&lt;10K", "text-generation"):
        assert f">{option}</option>" in html
    assert '<option value="mit" selected>' in html
    assert shown("/models?pipeline_tag=text-classification")[0] == ["judge"]
    assert shown("/?search=fronds")[0] == ["fern", "judge"]
    found, html = shown('/datasets?license="><b>')
    assert found == []
    assert "<b>" not in html
    assert "Nothing here is of this kind" in html


def test_a_card_that_changed_is_found_by_what_it_says_now(hub, client, stocked, ann):
    commit_files(hub, stocked["bare"], ann, {"README.md": FERN})
    assert sorted(names(client, "?search=fronds")) == ["bare", "fern"]
    commit_files(hub, stocked["bare"], ann, {"README.md": b"Moss."})
    assert names(client, "?search=fronds") == ["fern"]
    assert names(client, "?search=moss+bare") == ["bare"]


def test_a_filter_that_cannot_be_answered_is_refused_and_not_left_out(client, stocked):
    for key in ("apps", "inference", "inference_provider", "num_parameters"):
        answer = client.get(f"/api/models?{key}=x")
        assert (answer.status_code, key in answer.json()["error"]) == (400, True)
