"""Models: each address of theirs, beside datasets of the same names."""

from __future__ import annotations

import hashlib
import json
import pickle

import pytest

from pairsmith.hub.repos import repos
from support.hub.stock import commit_files

CARD = b"""---
license: mit
library_name: transformers
pipeline_tag: text-classification
base_model: meadow/tiny
datasets: [ann/tea]
extra_gated_fields:
  Company: text
---
# A model

Read the [terms](TERMS.md), see ![a leaf](img/leaf.png) and [the other](../../../green).
"""
WEIGHTS = b"numbers of a model"


@pytest.fixture
def ann(account):
    return account("ann")


@pytest.fixture
def model(hub, ann):
    """Makes a model of ann's."""

    def make(name="tea", gate="off", private=False):
        with hub.database.write() as db:
            repo = repos.create(db, ann[0], "model", name, private)
            repos.set_gate(db, repo, gate)
        commit_files(hub, repo, ann[0], {"README.md": CARD, "model.safetensors": WEIGHTS})
        return repo

    return make


def page(client, address, headers=None, status=200):
    answer = client.get(address, headers={"Accept": "text/html", **(headers or {})})
    assert answer.status_code == status, answer.text
    return answer.text


def test_a_model_and_a_dataset_of_one_name_are_two(client, ann):
    headers = ann[1]
    for kind in ({"type": "dataset"}, {}):  # clients leave a model's type out
        made = client.post("/api/repos/create", json={"name": "tea", **kind}, headers=headers)
        assert made.status_code == 200, made.text
    assert made.json()["url"] == "http://testserver/ann/tea"
    for start, words in (("", b"weights"), ("datasets/", b"rows")):
        oid, address = hashlib.sha256(words).hexdigest(), f"/{start}ann/tea"
        asked = {"operation": "upload", "objects": [{"oid": oid, "size": len(words)}]}
        told = client.post(f"{address}.git/info/lfs/objects/batch", json=asked, headers=headers)
        href = told.json()["objects"][0]["actions"]["upload"]["href"]
        client.put(href.removeprefix("http://testserver"), content=words, headers=headers)
        lines = [
            {"key": "header", "value": {"summary": "x"}},
            {"key": "lfsFile", "value": {"path": "x.bin", "algo": "sha256", "oid": oid}},
        ]
        calls = f"/api/{start or 'models/'}ann/tea"
        body = "\n".join(map(json.dumps, lines))
        done = client.post(f"{calls}/commit/main", content=body, headers=headers)
        assert done.json()["commitUrl"].startswith(f"http://testserver{address}/commit/")
        assert client.get(f"{address}/resolve/main/x.bin").content == words
        assert [one["path"] for one in client.get(f"{calls}/tree/main").json()] == ["x.bin"]
    gone = client.request("DELETE", "/api/repos/delete", json={"name": "tea"}, headers=headers)
    assert gone.status_code == 200
    assert client.get("/ann/tea/resolve/main/x.bin").status_code == 401
    assert client.get("/datasets/ann/tea/resolve/main/x.bin").content == b"rows"


def test_what_clients_are_told_of_a_model(client, model):
    model()
    told = client.get("/api/models/ann/tea").json()
    assert (told["id"], told["modelId"], told["library_name"]) == ("ann/tea",) * 2 + (
        "transformers",
    )
    assert told["pipeline_tag"] == "text-classification"
    wanted = {"transformers", "license:mit", "dataset:ann/tea", "base_model:meadow/tiny"}
    assert wanted <= set(told["tags"])
    assert told["cardData"]["base_model"] == "meadow/tiny"
    assert [one["id"] for one in client.get("/api/models?author=ann").json()] == ["ann/tea"]
    assert client.get("/api/datasets?author=ann").json() == []


def test_pages_of_a_model(client, model):
    model()
    html = page(client, "/ann/tea")
    assert "AutoModelForSequenceClassification.from_pretrained(&#34;ann/tea&#34;)" in html
    assert 'href="/ann/tea/blob/main/TERMS.md"' in html
    assert 'src="/ann/tea/resolve/main/img/leaf.png"' in html
    assert 'href="/ann/green"' in html
    assert ">Viewer<" not in html
    assert "model.safetensors" in page(client, "/ann/tea/tree/main")
    for absent in ("viewer", "reports/explore"):
        page(client, f"/ann/tea/{absent}", status=404)


def test_lists_show_models(client, model):
    model()
    for address in ("/", "/models", "/ann", "/models?search=TEA"):
        assert 'href="/ann/tea"' in page(client, address)
    assert 'href="/ann/tea"' not in page(client, "/datasets")


def test_a_gate_of_a_model(client, model, account):
    model(gate="manual")
    bob = account("bob")[1]
    refused = client.get("/ann/tea/resolve/main/model.safetensors", headers=bob)
    assert refused.status_code == 403
    assert refused.headers["x-error-code"] == "GatedRepo"
    assert "Gated model; " in refused.headers["x-hf-warning"]
    assert "http://testserver/ann/tea" in refused.headers["x-error-message"]
    assert "access to this model" in page(client, "/ann/tea", bob)


@pytest.mark.parametrize("address", ["/settings/nothing", "/static/x/y", "/.well-known/x"])
def test_addresses_of_the_hub_are_no_models(client, model, address):
    model()
    assert "RepoNotFound" not in client.get(address).headers.get("x-error-code", "")
    page(client, address, status=404)


def test_pickles_are_marked_by_what_is_in_them(client, hub, ann, model):
    repo = model()
    files = {"safe.safetensors": pickle.dumps([1]), "notes.pkl": b"Plain words.", "d/x": b"x"}
    commit_files(hub, repo, ann[0], files)
    listed = client.get("/api/models/ann/tea/tree/main?expand=true").json()
    told = {one["path"]: one.get("securityFileStatus") for one in listed}
    assert told["safe.safetensors"]["status"] == "suspicious"
    assert told["safe.safetensors"]["pickleImportScan"]["status"] == "suspicious"
    assert told["notes.pkl"] == {"status": "unscanned", "avScan": None, "pickleImportScan": None}
    assert told["d"] is None
    some = {"paths": ["safe.safetensors"], "expand": "true"}
    (one,) = client.post("/api/models/ann/tea/paths-info/main", data=some).json()
    assert one["securityFileStatus"]["status"] == "suspicious"
    info = client.get("/api/models/ann/tea?securityStatus=true").json()["securityRepoStatus"]
    issues = [{"path": "safe.safetensors", "level": "suspicious"}]
    assert info == {"scansDone": True, "filesWithIssues": issues}
    assert page(client, "/ann/tea/tree/main").count(">pickle</span>") == 1
    assert "to load it is to run what it says" in page(
        client, "/ann/tea/blob/main/safe.safetensors"
    )
    assert "run what it says" not in page(client, "/ann/tea/blob/main/notes.pkl")
