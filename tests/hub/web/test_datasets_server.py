"""Rows and sizes as datasets-server tells them: values as they are, within bounds, behind doors."""

from __future__ import annotations

import datetime
import json

import pyarrow as pa
import pytest
from datasets import Features

from pairsmith.hub.repos import events, repos
from pairsmith.hub.viewer import raw
from support.hub.parquets import parquet
from support.hub.stock import commit_files

COUNT = 250
NESTED = [[{"role": "user", "content": f"tea {at}"}] for at in range(COUNT)]
TABLE = pa.table(
    {
        "id": [f"tea/{at}" for at in range(COUNT)],
        "chosen": NESTED,
        "score": pa.array([None, float("nan"), *(at / 2 for at in range(2, COUNT))]),
        "votes": pa.array(range(COUNT), pa.int16()),
        "good": [at % 2 == 0 for at in range(COUNT)],
        "day": [datetime.date(2026, 1, 1)] * COUNT,
        "raw": [b"\0\1"] * COUNT,
        "leaf": [{"bytes": b"\0", "path": "a.png"}] * COUNT,
    }
)
CARD = b"""---
configs:
- config_name: green
  data_files:
  - {split: train, path: "green/train-*"}
  - {split: test, path: "green/test.jsonl"}
- config_name: black
  data_dir: black
---
# Teas
"""
FILES = {
    "README.md": CARD,
    "green/train-0.parquet": parquet(TABLE.slice(0, 120)),
    "green/train-1.parquet": parquet(TABLE.slice(120)),
    "green/test.jsonl": b'{"id": "x", "n": 1}\n{"id": "y", "n": 2}\n',
    "black/train.parquet": parquet({"id": ["b"], "text": ["x" * 30_000]}),
}


@pytest.fixture
def ann(account):
    return account("ann")


@pytest.fixture
def tea(hub, ann):
    with hub.database.write() as db:
        repo = repos.create(db, ann[0], "dataset", "tea", False)
    return repo, commit_files(hub, repo, ann[0], FILES)


@pytest.fixture
def ask(client):
    def act(call, status=200, headers=None, **params):
        params = {"dataset": "ann/tea", **params}
        answer = client.get(f"/datasets-server/{call}", params=params, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    return act


def test_rows_are_told_as_they_are(ask, tea, client):
    told = ask("rows", config="green", split="train", offset=118, length=4)
    assert [one["row_idx"] for one in told["rows"]] == [118, 119, 120, 121]
    assert [one["row"]["id"] for one in told["rows"]] == [f"tea/{at}" for at in range(118, 122)]
    assert (told["num_rows_total"], told["num_rows_per_page"], told["partial"]) == (250, 100, False)
    first = told["rows"][0]
    assert first["truncated_cells"] == ["raw", "leaf"]
    assert first["row"] == {
        "id": "tea/118", "chosen": NESTED[118], "score": 59.0, "votes": 118, "good": True,
        "day": "2026-01-01", "raw": None, "leaf": None,
    }  # fmt: skip
    types = {one["name"]: one["type"] for one in told["features"]}
    schema = Features.from_dict(types).arrow_schema
    for name in ("id", "chosen", "score", "votes", "good", "day", "raw"):
        assert schema.field(name).type == TABLE.schema.field(name).type, name
    assert types["leaf"] == {"_type": "Image"}
    odd = ask("rows", config="green", split="train", length=2)["rows"]
    assert [one["row"]["score"] for one in odd] == [None, None]
    assert len(ask("rows", config="green", split="train")["rows"]) == 100
    assert ask("rows", config="green", split="train", offset=10**12)["rows"] == []
    assert ask("rows", config="green", split="test")["rows"][1]["row"] == {"id": "y", "n": 2}
    sent = {"headers": {"Host": "datasets-server.testserver"}, "params": {"dataset": "ann/tea"}}
    assert client.get("/rows", **sent).json()["rows"][0]["row"]["id"] == "tea/0"


def test_what_is_long_is_cut_and_named(ask, tea, monkeypatch):
    whole = ask("rows", config="black", split="train")["rows"][0]
    assert whole == {"row_idx": 0, "row": {"id": "b", "text": "x" * 30_000}, "truncated_cells": []}
    told = ask("first-rows", config="black", split="train")
    assert (told["config"], told["split"], told["truncated"]) == ("black", "train", False)
    (row,) = told["rows"]
    assert row["row"] == {"id": "b", "text": "x" * raw.PREVIEW_CHARS}
    assert row["truncated_cells"] == ["text"]
    assert ask("first-rows", config="green", split="train")["truncated"] is True


def test_sizes_and_columns(ask, tea):
    told = ask("size")
    assert (told["partial"], told["failed"]) == (False, [])
    rows = {(one["config"], one["split"]): one["num_rows"] for one in told["size"]["splits"]}
    assert rows == {("green", "train"): 250, ("green", "test"): 2, ("black", "train"): 1}
    assert told["size"]["dataset"]["num_rows"] == 253
    sizes = sum(map(len, FILES.values())) - len(CARD)
    assert told["size"]["dataset"]["num_bytes_original_files"] == sizes
    assert [(one["config"], one["num_columns"]) for one in told["size"]["configs"]] == [
        ("green", 8),
        ("black", 2),
    ]
    about = ask("info", config="black")["dataset_info"]
    assert about["features"] == {
        name: {"dtype": "string", "_type": "Value"} for name in ("id", "text")
    }
    assert about["splits"]["train"]["num_examples"] == 1
    assert list(ask("info")["dataset_info"]) == ["green", "black"]


def test_what_is_not_told(ask, tea, hub, ann):
    for asked in ({"length": 101}, {"length": "x"}, {"offset": -1}, {"offset": 10**13}):
        ask("rows", 422, config="green", split="train", **asked)
    ask("rows", 404, config="white", split="train")
    ask("rows", 404, config="green", split="dev")
    ask("info", 404, config="white")
    for call in ("rows", "first-rows", "size", "info"):
        ask(call, 400, dataset="tea")
        ask(call, 401, dataset="ann/absent")
    commit_files(hub, tea[0], ann[0], {"black/train.parquet": b"PAR1 no"})
    assert "black/train.parquet" in ask("rows", 422, config="black", split="train")["error"]
    assert ask("size")["partial"] is True


def test_the_doors_and_the_record_are_those_of_the_viewer(ask, tea, hub, ann, account):
    repo, commit = tea
    with hub.database.write() as db:
        repos.set_gate(db, repo, "manual")
    bob = account("bob")[1]
    for call in ("rows", "first-rows", "size", "info"):
        ask(call, 403, headers=bob)
        ask(call, 401)
        assert "tea/1" not in json.dumps(ask(call, 403, headers=bob))
    ask("rows", headers=ann[1], config="green", split="train", offset=5, length=2)
    with hub.database.read() as db:
        (read,) = [one for one in events.recent(db, repo) if one.action == "viewed"]
    assert (read.user, read.detail) == ("ann", {
        "path": "green/train", "revision": commit.id, "offset": 5, "length": 2,
    })  # fmt: skip
