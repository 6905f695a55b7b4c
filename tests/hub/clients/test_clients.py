"""The stock clients, unmodified, new and old, read from a hub and write to it."""

from __future__ import annotations

import hashlib
import json

from pairsmith.hub.membership import organizations, places
from pairsmith.hub.repos.roles import Role
from support.hub import parquets
from support.slow import slow

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
    return parquets.parquet({side: ["text"] * count for side in ("prompt", "chosen", "rejected")})


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
    stage.name_newest("ann/pairs", "feat/one-row", "v1")
    stage.put("ann/pairs", {f"{first_subset}/{SHARD}": parquet(1)}, branch="feat/one-row")
    newest = stage.put("ann/pairs", contents)
    stage.run(
        "load", client, kept=kept, first=first, newest=newest, files=sorted(contents),
        sha256={path: hashlib.sha256(data).hexdigest() for path, data in contents.items()},
    )  # fmt: skip


@slow
def test_a_gate_is_one_for_every_client(stage, client):
    stage.put("ann/gated", {"README.md": CARD, f"pairs/{SHARD}": parquet(2)}, gate="manual")
    for user, status in (
        ("pia", "pending"), ("gil", "accepted"), ("rex", "rejected"), ("rae", "revoked"),
    ):  # fmt: skip
        stage.request("ann/gated", user, status)
    said = stage.run("gate", client)
    if client == "newest":  # older ones know no such header, and `datasets` names the public hub
        assert f"See {stage.endpoint}/datasets/ann/gated\n" in said


@slow
def test_what_is_private_is_not_there(stage, client):
    stage.put("ann/hidden", {"README.md": CARD, f"pairs/{SHARD}": parquet(2)}, private=True)
    stage.run("private", client)


@slow
def test_everything_that_changes_a_repository(stage, client):
    stage.run("write", client)


@slow
def test_large_files(stage, client):
    stage.run("large", client)


@slow
def test_the_command_line_of_the_client(stage, client):
    stage.put("ann/gated", {"README.md": CARD, f"pairs/{SHARD}": parquet(2)}, gate="manual")
    stage.run("terminal", client)


@slow
def test_an_organization_and_a_move(stage, client):
    ann, bob = stage.user("ann"), stage.user("bob")
    with stage.hub.database.write() as db:
        guild = places.of_organization(organizations.make(db, "guild", "", ann))
        places.give(db, guild, "ann", bob, Role.WRITE)
    stage.run("move", client)


@slow
def test_discussions_and_pull_requests(stage, client):
    stage.put("ann/pairs", {"README.md": b"# Pairs\n", "notes.txt": b"a note\n"})
    stage.run("discuss", client)


@slow
def test_discussions_at_the_command_line(stage):
    """Of the newest client alone: older ones have no such command."""
    stage.put("ann/pairs", {"README.md": b"# Pairs\n", "notes.txt": b"a note\n"})
    stage.run("discuss_terminal", "newest")
