"""Lists of Parquet files: by subset and split, as clients of datasets-server read them."""

from __future__ import annotations

import pytest

from pairsmith.hub.repos import repos
from support.hub.parquets import parquet
from support.hub.stock import commit_files

CARD = b"""---
configs:
- config_name: green
  data_files:
  - {split: train, path: "green/train-*"}
  - {split: test, path: "green/test.parquet"}
- config_name: black
  data_dir: black
---
# Teas
"""
ROWS = parquet({"prompt": ["p"], "chosen": ["c"], "rejected": ["r"]})
SHARDS = [f"green/train-0000{number}-of-00002.parquet" for number in range(2)]
FILES = {
    "README.md": CARD,
    **dict.fromkeys(SHARDS, ROWS),
    "green/test.parquet": ROWS,
    "black/train.parquet": ROWS,
    "notes.txt": b"x",
}


@pytest.fixture
def ann(account):
    return account("ann")


@pytest.fixture
def put(hub, ann):
    def make(name="tea", files=FILES, gate="off"):
        with hub.database.write() as db:
            repo = repos.create(db, ann[0], "dataset", name, False)
            repos.set_gate(db, repo, gate)
        return commit_files(hub, repo, ann[0], files)

    return make


def test_files_by_subset_and_split(client, put):
    commit = put()
    base = f"http://testserver/datasets/ann/tea/resolve/{commit.id}"
    start = "/api/datasets/ann/tea/parquet"
    tree = client.get(start).json()
    assert tree == {
        "green": {
            "train": [f"{base}/{path}" for path in SHARDS],
            "test": [f"{base}/green/test.parquet"],
        },
        "black": {"train": [f"{base}/black/train.parquet"]},
    }
    assert client.get(f"{start}/green").json() == tree["green"]
    assert client.get(f"{start}/green/train").json() == tree["green"]["train"]
    moved = client.get(f"{start}/green/train/1.parquet", follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (302, f"{base}/{SHARDS[1]}")
    assert client.get(f"{start}/green/train/1.parquet").content == ROWS
    for absent in ("white", "green/dev", "green/train/2.parquet", "green/train/x.parquet"):
        answer = client.get(f"{start}/{absent}")
        assert answer.status_code == 404, absent
    assert "there is: green, black" in client.get(f"{start}/white").json()["error"]


@pytest.mark.parametrize(
    ("host", "start"),
    [("testserver", "/datasets-server"), ("datasets-server.testserver", "")],
    ids=["path", "host"],
)
def test_what_datasets_server_is_asked(client, put, host, start):
    commit = put()
    headers = {"Host": host}
    answer = client.get(f"{start}/parquet?dataset=ann/tea", headers=headers)
    assert answer.headers["x-revision"] == commit.id
    told = answer.json()
    assert (told["partial"], told["pending"], told["failed"]) == (False, [], [])
    assert [(one["config"], one["split"], one["filename"]) for one in told["parquet_files"]] == [
        ("green", "train", "train-00000-of-00002.parquet"),
        ("green", "train", "train-00001-of-00002.parquet"),
        ("green", "test", "test.parquet"),
        ("black", "train", "train.parquet"),
    ]
    assert {one["size"] for one in told["parquet_files"]} == {len(ROWS)}
    one = client.get(f"{start}/parquet?dataset=ann/tea&config=black", headers=headers).json()
    assert len(one["parquet_files"]) == 1
    splits = client.get(f"{start}/splits?dataset=ann/tea", headers=headers).json()["splits"]
    assert [(one["config"], one["split"]) for one in splits] == [
        ("green", "train"),
        ("green", "test"),
        ("black", "train"),
    ]
    valid = client.get(f"{start}/is-valid?dataset=ann/tea", headers=headers).json()
    assert (valid["viewer"], valid["filter"]) == (True, False)
    for query in ("", "?dataset=tea", "?dataset=/tea", "?dataset=ann/"):
        assert client.get(f"{start}/splits{query}", headers=headers).status_code == 400


def test_a_gate_shuts_lists_too(client, put, ann, account):
    put(gate="manual")
    bob = account("bob")[1]
    for address in ("/api/datasets/ann/tea/parquet", "/datasets-server/splits?dataset=ann/tea"):
        assert client.get(address, headers=bob).status_code == 403
        assert client.get(address, headers=ann[1]).status_code == 200


def test_a_dataset_without_parquet_has_an_empty_list(client, put):
    put(files={"notes.txt": b"x"})
    assert client.get("/api/datasets/ann/tea/parquet").json() == {}
    assert not client.get("/datasets-server/is-valid?dataset=ann/tea").json()["viewer"]
    assert client.get("/api/models/ann/tea/parquet").status_code == 404


def test_a_card_whose_patterns_take_much_work_is_told_so(client, put):
    pattern = "*/" + "*a" * 400
    card = f"---\nconfigs:\n- {{config_name: x, data_files: ['{pattern}']}}\n---\n".encode()
    paths = {f"a/{'a' * 200}{number}.parquet": ROWS for number in range(700)}
    put(files={"README.md": card, **paths})
    told = client.get("/datasets-server/parquet?dataset=ann/tea").json()
    assert told["partial"] is True
    assert "comparisons" in told["failed"][0]["error"]
