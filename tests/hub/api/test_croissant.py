"""Croissant metadata: whole in itself, whatever files and columns are called.

mlcroissant 1.1.1 reads what is made here, and rows by it, without an error; it is not among the
packages of the tests, so what it insists on is tested instead.
"""

from __future__ import annotations

import pytest

from pairsmith.hub.repos import repos
from support.hub.parquets import parquet
from support.hub.stock import commit_files

COLUMNS = {
    "id": ["a"],
    "score": [1.5],
    "turns": [3],
    "kept": [True],
    "messages": [[{"role": "user", "content": "x"}]],
    'a "column" of é': ["x"],
}
CARD = b"---\npretty_name: Teas of the world\nlicense: mit\nlanguage: en\n---\n# Teas\n"
FILES = {
    "README.md": CARD,
    "green tea/train-00000-of-00002.parquet": parquet(COLUMNS),
    "green tea/train-00001-of-00002.parquet": parquet({name: COLUMNS[name] for name in COLUMNS}),
    "green tea/test.parquet": b"PAR1 but not Parquet",
}


@pytest.fixture
def ann(account):
    return account("ann")


@pytest.fixture
def put(hub, ann):
    def make(files=FILES, gate="off"):
        with hub.database.write() as db:
            repo = repos.create(db, ann[0], "dataset", "tea.s", False)
            repos.set_gate(db, repo, gate)
        commit_files(hub, repo, ann[0], files)

    return make


def test_it_tells_files_and_columns_and_is_whole_in_itself(client, put):
    put()
    answer = client.get("/api/datasets/ann/tea.s/croissant")
    assert answer.headers["content-type"].startswith("application/ld+json")
    told = answer.json()
    assert told["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert (told["name"], told["license"]) == ("tea_s", "mit")
    assert told["alternateName"] == ["ann/tea.s", "Teas of the world"]
    files = {one["@id"]: one for one in told["distribution"]}
    assert len(files) == 3
    for one in files.values():
        address = one["contentUrl"].removeprefix("http://testserver")
        assert client.get(address).content == FILES[one["name"]]
        assert one["contentSize"] == f"{len(FILES[one['name']])} B"
    records = {one["name"]: one for one in told["recordSet"]}
    assert set(records) == {"green tea/train/0", "green tea/train/1", "green tea/test"}
    first = records["green tea/train/0"]
    assert {one["name"]: one["dataType"] for one in first["field"]} == {
        "id": "sc:Text",
        "score": "sc:Float",
        "turns": "sc:Integer",
        "kept": "sc:Boolean",
        'a "column" of é': "sc:Text",
    }
    assert "Without what is nested or binary: messages." in first["description"]
    assert records["green tea/test"]["field"] == []
    fields = [field for one in records.values() for field in one["field"]]
    ids = [one["@id"] for one in (*files.values(), *records.values(), *fields)]
    assert len(set(ids)) == len(ids)
    assert not any(" " in one or '"' in one for one in ids)
    assert {field["source"]["fileObject"]["@id"] for field in fields} <= set(files)


def test_a_gate_shuts_it(client, put, ann, account):
    put(gate="manual")
    bob = account("bob")[1]
    assert client.get("/api/datasets/ann/tea.s/croissant", headers=bob).status_code == 403
    told = client.get("/api/datasets/ann/tea.s/croissant", headers=ann[1]).json()
    assert told["isAccessibleForFree"] is False


def test_a_dataset_without_parquet_is_described_alone(client, put):
    put({"README.md": b"---\nlicense: [\n---\n", "notes.txt": b"x"})
    told = client.get("/api/datasets/ann/tea.s/croissant").json()
    assert (told["distribution"], told["recordSet"]) == ([], [])
    assert "license" not in told
