"""The stock clients, unmodified, new and old, read from a hub and write to it."""

from __future__ import annotations

import hashlib
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from pairsmith.hub import commits, history, repos
from pairsmith.hub.commits import Message, Put

SHARD = "train-00000-of-00001.parquet"
CARD = b"""---
license: mit
configs:
- config_name: default
  data_files:
  - split: train
    path: pairs/train-*
---

# Pairs
"""


def parquet(count: int) -> bytes:
    """A shard of so many pairs."""
    held = io.BytesIO()
    table = pa.table({side: ["text"] * count for side in ("prompt", "chosen", "rejected")})
    pq.write_table(table, held)
    return held.getvalue()


def files_of(folder) -> dict[str, bytes]:
    """The contents of a folder, by path."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def kept_of(folder) -> dict[str, dict[str, int]]:
    """The rows of each split of each subset, as the ledger has them."""
    kept: dict[str, dict[str, int]] = {}
    for entry in json.loads((folder / "manifest.json").read_text())["ledger"]:
        if entry["kept"]:
            kept.setdefault(entry["subset"], {})[entry["split"]] = entry["kept"]
    return kept


def test_a_dataset_is_loaded_in_all_ways(stage, client, sample_messages):
    contents, kept = files_of(sample_messages), kept_of(sample_messages)
    first_subset = next(iter(kept))
    first = stage.put("ann/pairs", {f"{first_subset}/{SHARD}": parquet(2)})
    branch(stage, "ann/pairs", "feat/one-row", {f"{first_subset}/{SHARD}": parquet(1)}, "v1")
    newest = stage.put("ann/pairs", contents)
    stage.run(
        "load", client, kept=kept, first=first, newest=newest, files=sorted(contents),
        sha256={path: hashlib.sha256(data).hexdigest() for path, data in contents.items()},
    )  # fmt: skip


def branch(stage, name, branch, contents, tag):
    """Makes a tag at the newest commit, and a branch from there with a commit of its own."""
    owner, _, last = name.partition("/")
    with stage.hub.database.write() as db:
        repo = repos.find(db, owner, last)
        head = history.head(db, repo, history.MAIN)
        history.add_ref(db, repo, "tag", tag, head)
        history.add_ref(db, repo, "branch", branch, head)
        changes = []
        for path, data in contents.items():
            with stage.hub.blobs.incoming() as content:
                content.write(data)
                blob = content.finish()
                stage.hub.blobs.keep(db, content, blob, repo.id)
            changes.append(Put(path, blob.sha256, True))
        commits.commit(db, repo, branch, stage.user(owner), Message("branch"), changes)


def test_a_gate_is_one_for_every_client(stage, client):
    stage.put("ann/gated", {"README.md": CARD, f"pairs/{SHARD}": parquet(2)}, gate="manual")
    for user, status in (
        ("pia", "pending"), ("gil", "accepted"), ("rex", "rejected"), ("rae", "revoked"),
    ):  # fmt: skip
        stage.request("ann/gated", user, status)
    said = stage.run("gate", client)
    assert (
        f"{stage.endpoint}/datasets/ann/gated" in said
    )  # where to ask, though `datasets` is silent


def test_what_is_private_is_not_there(stage, client):
    stage.put("ann/hidden", {"README.md": CARD, f"pairs/{SHARD}": parquet(2)}, private=True)
    stage.run("private", client)


def test_everything_that_changes_a_repository(stage, client):
    stage.run("write", client)


def test_large_files(stage, client):
    stage.run("large", client)


def test_the_command_line_of_the_client(stage, client):
    stage.put("ann/gated", {"README.md": CARD, f"pairs/{SHARD}": parquet(2)}, gate="manual")
    stage.run("terminal", client)
