"""pairsmith publish against a served hub: by the command line, loaded back by the real clients."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

import pairsmith
from pairsmith.hub.http.addresses import RawPath
from pairsmith.hub.repos import repos
from support.folders import lay_out
from support.hub.clients import environment_of
from support.slow import quick, slow

SHARD = "harmless-base/train-00000-of-00001.parquet"
LOAD = """
from case import TOKENS, TOLD, rows
from datasets import load_dataset
for subset, kept in TOLD["kept"].items():
    loaded = load_dataset("ann/pairs", data_dir=subset, token=TOKENS.get(TOLD["user"], False))
    assert rows(loaded) == kept, subset
"""


@pytest.fixture
def calls(monkeypatch):
    """The calls that the hub was made, as they come in: method, and path."""
    made = []
    inner = RawPath.__call__

    async def noted(self, scope, receive, send):
        if scope["type"] == "http":
            made.append((scope["method"], scope["path"]))
        await inner(self, scope, receive, send)

    monkeypatch.setattr(RawPath, "__call__", noted)
    return made


def kept_of(out):
    kept = {}
    for entry in json.loads((out / "manifest.json").read_text())["ledger"]:
        if entry["kept"]:
            kept.setdefault(entry["subset"], {})[entry["split"]] = entry["kept"]
    return kept


def paths_of(out):
    return {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("client", quick(["newest", "1-1"]))
def test_a_build_is_published_once_and_loaded_by_its_name(
    publish, held, stage, sample_messages, client
):
    said = publish(sample_messages, "ann/pairs", "--json", client=client)
    assert (said[0], said[2]) == (0, "")
    told = json.loads(said[1])
    repo, first, there = held()
    assert told["url"] == f"{stage.endpoint}/datasets/ann/pairs"
    assert told["commit"] == first.id
    assert set(there) == paths_of(sample_messages) == {entry["path"] for entry in told["sent"]}
    assert all(file.size == (sample_messages / path).stat().st_size for path, file in there.items())
    assert (repo.gate, repo.private) == ("off", False)

    status, stdout, stderr = publish(sample_messages, "ann/pairs", client=client)
    assert (status, stderr) == (0, "")
    assert stdout.splitlines()[:3] == [
        f"{stage.endpoint}/datasets/ann/pairs",
        f"nothing new: its {len(there)} files are there as they were built.",
        "ann/pairs was there: it stays public, and its gate stays off.",
    ]
    assert held()[1].id == first.id
    lines = [line.strip() for line in stdout.splitlines() if line.startswith("  ")]
    assert lines[0] == f"export HF_ENDPOINT={stage.endpoint}"
    stage.run_text("\n".join(lines[1:]), client)


@slow
@pytest.mark.parametrize("reader", ["newest", "1-1", "0-34"])
def test_who_is_let_in_loads_it(publish, stage, sample_messages, reader):
    environment_of(reader, Path(), "")
    publish(sample_messages, "ann/pairs", "--gated", "manual")
    stage.request("ann/pairs", "gil", "accepted")
    kept = kept_of(sample_messages)
    with pytest.raises(AssertionError, match="DatasetNotFoundError.*gated"):
        stage.run_text(LOAD, reader, kept=kept, user="nobody")
    stage.run_text(LOAD, reader, kept=kept, user="gil")


def test_the_gate_is_closed_before_data_come(publish, held, calls, sample_messages):
    status, stdout, _ = publish(sample_messages, "ann/pairs", "--gated", "auto")
    assert status == 0
    assert "/datasets/ann/pairs" in stdout
    assert held()[0].gate == "auto"
    made = [path.rpartition("/api/")[2] for method, path in calls if method in ("PUT", "POST")]
    assert made.index("repos/create") < made.index("datasets/ann/pairs/settings")
    sent = [place for place, path in enumerate(made) if "/preupload/" in path or "/commit/" in path]
    assert made.index("datasets/ann/pairs/settings") < min(sent)


@slow
def test_a_private_one_is_never_public(publish, held, calls, sample_messages):
    assert publish(sample_messages, "ann/pairs", "--private")[0] == 0
    assert held()[0].private
    assert not any(path.endswith("/settings") for _, path in calls)


@slow
def test_settings_stay_unless_they_are_asked_for(publish, held, stage, sample_messages):
    stage.put("ann/pairs", {"notes.txt": b"mine"}, gate="manual")
    _, stdout, _ = publish(sample_messages, "ann/pairs")
    assert "ann/pairs was there: it stays public, and its gate stays manual." in stdout
    _, stdout, _ = publish(sample_messages, "ann/pairs", "--gated", "auto", "--private")
    assert "ann/pairs was there: it is now private, and its gate is now auto." in stdout
    assert "nothing new" in stdout
    _, stdout, _ = publish(sample_messages, "ann/pairs")
    assert "ann/pairs was there: it stays private, and its gate stays auto." in stdout
    assert (held()[0].gate, held()[0].private) == ("auto", True)


@slow
def test_nothing_is_sent_for_what_is_there(publish, calls, sample_messages):
    publish(sample_messages, "ann/pairs")
    assert any(method in ("PUT", "DELETE") or "/commit/" in path for method, path in calls)
    calls.clear()
    publish(sample_messages, "ann/pairs")
    changing = {path.split("/")[5] for method, path in calls if method not in ("GET", "HEAD")}
    assert changing == {"paths-info", "preupload"}  # which ask


@slow
def test_what_the_hub_has_lost_is_sent_again(publish, held, stage, sample_messages):
    publish(sample_messages, "ann/pairs")
    _, _, there = held()
    for path in (SHARD, "README.md"):
        stage.hub.blobs.path(there[path].blob).unlink()
    status, stdout, stderr = publish(sample_messages, "ann/pairs")
    assert status == 0, stderr
    assert "sent: 2 files" in stdout
    for path in (SHARD, "README.md"):
        assert stage.hub.blobs.path(there[path].blob).stat().st_size == there[path].size
    assert "nothing new" in publish(sample_messages, "ann/pairs")[1]


@slow
def test_only_what_changed_is_sent(publish, held, copy):
    publish(copy, "ann/pairs")
    (copy / "README.md").write_text((copy / "README.md").read_text() + "\nA word more.\n")
    _, stdout, _ = publish(copy, "ann/pairs", "--json")
    assert [entry["path"] for entry in json.loads(stdout)["sent"]] == ["README.md"]
    assert held()[2]["README.md"].size == (copy / "README.md").stat().st_size


@slow
def test_files_of_an_earlier_build_go_and_those_of_others_stay(
    publish, held, stage, sample_messages, tmp_path
):
    many = tmp_path / "many"
    pairsmith.build("sample", many, shard_rows=3)
    stage.put("ann/pairs", {"notes.txt": b"mine", "harmless-base/notes[1].txt": b"mine"})
    assert publish(many, "ann/pairs")[0] == 0
    stage.put("ann/pairs", {"audit/mine.txt": b"mine"})
    before = held()[1].id
    _, stdout, _ = publish(sample_messages, "ann/pairs", "--json")
    mine = {"notes.txt", "harmless-base/notes[1].txt", "audit/mine.txt"}
    assert set(held()[2]) == paths_of(sample_messages) | mine
    assert held()[1].parent == before  # in one commit
    removed = json.loads(stdout)["removed"]
    assert set(removed) == paths_of(many) - paths_of(sample_messages)
    assert len(removed) > 5
    environment_of("newest", Path(), "")
    stage.run_text(LOAD, "newest", kept=kept_of(sample_messages), user="")


@slow
def test_only_what_the_build_owns_is_sent(publish, held, copy):
    owned = paths_of(copy)
    (copy / "notes.txt").write_text("mine")
    (copy / ".git").mkdir()
    (copy / ".git" / "config").write_text("mine")
    (copy / "drafts").mkdir()
    (copy / "drafts" / "secret.txt").write_text("mine")
    assert publish(copy, "ann/pairs")[0] == 0
    assert set(held()[2]) == owned


@slow
def test_an_audit_goes_with_its_build_and_with_no_other(publish, held, copy, tmp_path):
    pytest.importorskip("duckdb")
    pairsmith.audit(copy, questions=["length"])
    audit = {f"audit/{name}" for name in ("audit.json", "report.html", "findings.parquet")}
    assert publish(copy, "ann/pairs")[0] == 0
    assert audit <= set(held()[2])
    text = (copy / "audit" / "audit.json").read_text()
    told = {**json.loads(text), "manifest": "0" * 64}
    (copy / "audit" / "audit.json").write_text(json.dumps(told))
    assert publish(copy, "ann/pairs")[0] == 0
    assert not audit & set(held()[2])


def test_what_is_not_whole_is_not_sent(publish, held, calls, copy):
    (copy / SHARD).write_bytes(b"PAR1")
    status, stdout, stderr = publish(copy, "ann/pairs")
    assert (status, stdout, calls) == (2, "", [])
    assert SHARD in stderr
    assert "nothing was sent" in stderr
    assert "pairsmith check" in stderr
    assert held()[0] is None


def test_somebody_elses_manifest_is_not_overwritten(publish, held, stage, sample_messages):
    before = stage.put("ann/pairs", {"manifest.json": b'{"version": 3}'})
    status, _, stderr = publish(sample_messages, "ann/pairs")
    assert status == 2
    assert "ann/pairs holds a manifest.json that is not of a build" in stderr
    assert held()[1].id == before


@slow
def test_a_gitignore_that_leaves_out_files_is_told(publish, copy, monkeypatch):
    from pairsmith.hub.api import commit

    inner = commit._mode
    monkeypatch.setattr(
        commit, "_mode", lambda db, head, file: inner(db, head, file) | {"shouldIgnore": True}
    )
    status, _, stderr = publish(copy, "ann/pairs")
    assert status == 2
    assert "ann/pairs" in stderr
    assert ".gitignore" in stderr


REFUSED = {
    "no token": (None, "ann/pairs", "There is no token for", "hf auth login"),
    "unknown": ("hf_" + "0" * 64, "ann/pairs", "does not know this token", "HF_TOKEN"),
    "no header": ("hf_a\x01b", "ann/pairs", "characters that no token has", "HF_TOKEN"),
    "reads": ("ann-reads", "ann/pairs", "The token of ann only reads.", "Make one for writing"),
    "another's": ("ann", "bob/pairs", "bob/pairs cannot be set up", "first part of the name"),
    "theirs": ("bob", "ann/open", "ann/open cannot be", "first part of the name"),
    "hidden": ("bob", "ann/hidden", "ann/hidden cannot be", "first part of the name"),
    "a dash": ("ann", "ann/--", "cannot be a repository's name", "--"),
    "no owner": ("ann", "pairs", "does not name a repository", "owner/name"),
    "two": ("ann", "ann/a/b", "does not name a repository", "owner/name"),
}


@pytest.mark.parametrize("case", quick(REFUSED, "reads"))
def test_a_refusal_is_a_sentence_with_a_hint(publish, stage, sample_messages, case):
    token, name, message, hint = REFUSED[case]
    stage.put("ann/open", {"notes.txt": b"mine"})
    stage.put("ann/hidden", {"notes.txt": b"mine"}, private=True)
    status, stdout, stderr = publish(sample_messages, name, token=token)
    assert (status, stdout) == (2, "")
    assert message in stderr
    assert hint in stderr
    assert not token or token not in stderr or token in stage.tokens


@slow
def test_a_change_in_between_is_not_undone(publish, held, stage, sample_messages, monkeypatch):
    stage.put("ann/pairs", {"notes.txt": b"mine"})
    inner, made = RawPath.__call__, []

    async def interfere(self, scope, receive, send):
        if "/preupload/" in scope.get("path", "") and not made:
            made.append(stage.put("ann/pairs", {"notes.txt": b"changed"}))
        await inner(self, scope, receive, send)

    monkeypatch.setattr(RawPath, "__call__", interfere)
    status, _, stderr = publish(sample_messages, "ann/pairs")
    assert status == 2
    assert "answers 412" in stderr
    assert "Look at it, then publish again." in stderr
    assert held()[1].id == made[0]
    assert publish(sample_messages, "ann/pairs")[0] == 0
    assert "notes.txt" in held()[2]


def test_nothing_goes_to_a_hub_that_leaves_the_gate_open(
    publish, held, sample_messages, monkeypatch
):
    monkeypatch.setattr(repos, "set_gate", lambda db, repo, gate: None)
    status, _, stderr = publish(sample_messages, "ann/pairs", "--gated", "manual")
    assert status == 2
    assert "did not set up ann/pairs as it was told, so nothing was sent" in stderr
    assert not held()[2]


@slow
def test_a_hub_that_fails_says_so(publish, copy, monkeypatch):
    from pairsmith.hub.http.errors import HubError
    from pairsmith.hub.repos import commits

    def fail(*arguments):
        raise HubError(507, "The disk is full.")

    publish(copy, "ann/other")
    monkeypatch.setattr(commits, "commit_apart", fail)
    (copy / "README.md").write_text((copy / "README.md").read_text() + "\nMore.\n")
    status, _, stderr = publish(copy, "ann/other")
    assert status == 2
    assert "ann/other cannot be written" in stderr
    assert "507, The disk is full." in stderr


@slow
def test_a_server_that_is_not_there_or_no_hub(publish, stage, sample_messages):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nowhere = f"127.0.0.1:{listener.getsockname()[1]}"
    for address, message in (
        (f"http://{nowhere}", "cannot be reached"),
        ("http://nowhere.invalid", "cannot be reached"),
        (stage.endpoint.replace("http:", "https:"), "TLS"),
        (f"{stage.endpoint}/static", "Is "),
        ("ftp://127.0.0.1", "is no address of a hub"),
        ("127.0.0.1:8000", "is no address of a hub"),
    ):
        status, stdout, stderr = publish(sample_messages, "ann/pairs", "--to", address)
        assert (status, stdout) == (2, ""), address
        assert message in stderr, stderr
    status, _, stderr = publish(sample_messages, "ann/pairs", HF_HUB_OFFLINE="1")
    assert status == 2
    assert "HF_HUB_OFFLINE" in stderr


@slow
def test_what_can_be_published_is_a_build_on_a_disk(publish, tmp_path, calls):
    for out, message in (
        ("s3://bucket/build", "must be a local folder"),
        (tmp_path / "nothing", "There is no folder"),
        (tmp_path, "holds no finished build"),
        (__file__, "is a file, not the folder"),
    ):
        status, stdout, stderr = publish(out, "ann/pairs")
        assert (status, stdout) == (2, "")
        assert message in stderr, stderr
    status, _, stderr = publish(tmp_path, "ann/pairs", "--gated", "perhaps")
    assert status == 2
    assert "There are auto and manual." in stderr
    assert not calls


@slow
def test_a_split_of_any_name_is_published_and_loaded(publish, held, tmp_path):
    folder = lay_out(tmp_path / "in", {"train.jsonl": 3, "b_train.jsonl": 2, "dev.jsonl": 1})
    pairsmith.build(folder, tmp_path / "out")
    status, _, stderr = publish(tmp_path / "out", "ann/pairs")
    assert status == 0, stderr
    _, _, there = held()
    assert {path for path in there if path.endswith(".parquet")} == {
        "pairs/train-00000-of-00002.parquet", "pairs/train-00001-of-00002.parquet",
        "pairs/validation-00000-of-00001.parquet",
    }  # fmt: skip
