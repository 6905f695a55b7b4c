"""What is to be judged, taken from a dataset of the hub: for whom, and only what is a build."""

from __future__ import annotations

import io
import json
import resource
import shutil
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith.collecting.consent import consent
from pairsmith.collecting.items import pairs_of_build
from pairsmith.dataset.annotation import Annotator
from pairsmith.hub.collections import registry
from pairsmith.hub.repos import repos
from pairsmith.hub.web.collecting import reading
from pairsmith.io.durable import sha256_of
from support.hub.furnished import files_of
from support.hub.stock import commit_files
from support.hub.teams import PAGE, RELABEL
from support.slow import slow

REVIEW = "mode: review\ntitle: Read and tag\ntags: [threat, lie]\n"


@pytest.fixture
def published(team, sample_messages):
    """Puts the sample's build into a dataset of somebody."""

    def publish(owner="ann", name="pairs", private=False, gate="off", files=None):
        person = team.person(owner)
        with team.hub.database.write() as db:
            repo = repos.create(db, person.user, "dataset", name, private)
            repos.set_gate(db, repo, gate)
        commit_files(team.hub, repo, person.user, files or files_of(sample_messages))

    return publish


@pytest.mark.parametrize("project", [RELABEL, REVIEW])
def test_items_of_a_build(team, published, project):
    team.begin(project)
    published()
    answer = team.ann.send(f"{PAGE}/items", dataset="ann/pairs")
    assert answer.status_code == 303, answer.text
    shown = team.ann.text(f"{PAGE}/settings")
    assert "of ann/pairs" in shown
    worker = team.person("worker")
    if project == RELABEL:
        worker.act("agree")
    page = worker.text(f"{PAGE}/work/task")
    assert f'data-screen="{"judge" if project == RELABEL else "review"}"' in page
    assert "ann/pairs" not in page
    assert "its items already" in team.ann.send(f"{PAGE}/items", dataset="ann/pairs").text
    assert not [*team.hub.blobs.staging.iterdir()]


def test_first_the_rows_of_an_annotation(team, published, sample_messages, tmp_path):
    build = shutil.copytree(sample_messages, tmp_path / "build")
    last = [item.id for item in pairs_of_build(build).items][-1]
    pairsmith.annotate(build, "looked", [{"id": last, "label": "odd"}], Annotator("a test", "1"))
    team.begin()
    published(files=files_of(build))
    sent = {"dataset": "ann/pairs", "annotation": "none"}
    assert "no annotation" in team.ann.send(f"{PAGE}/items", **sent).text
    sent["annotation"] = "looked"
    assert team.ann.send(f"{PAGE}/items", **sent).status_code == 303
    assert "first those that looked names" in team.ann.text(f"{PAGE}/settings")
    with team.hub.database.read() as db:
        made = registry.find(db, "ann", "teas")
    with team.served(made) as served:
        assert served.tasks.read().order[0] == last


def test_what_people_say_is_an_annotation_of_the_build(team, published, sample_messages, tmp_path):
    made = team.begin(RELABEL + "opinions: 1\nmost_opinions: 1\n")
    published()
    team.ann.send(f"{PAGE}/items", dataset="ann/pairs")
    with team.served(made) as served:
        consent(served.collection, "1")
        given = served.tasks.next("1")
        disagree = -4 if given.task.swapped else 4
        assert served.tasks.judge("1", given.task.id, given.token, disagree).stored
    answer = team.ann.get(f"{PAGE}/annotation.zip")
    assert answer.status_code == 200, answer.text
    build = shutil.copytree(sample_messages, tmp_path / "build")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        packed.extractall(build / "annotations")
    found = pairsmith.read_annotation(build, "people")
    [said] = [row for batch in found.batches() for row in batch.to_pylist()]
    assert (said["id"], said["disagreeing"]) == (given.item.id, 1)
    assert not [*team.hub.blobs.staging.iterdir()]
    with team.hub.database.read() as db:
        repo = repos.find(db, "dataset", "ann", "pairs")
    commit_files(team.hub, repo, team.ann.user, {"manifest.json": b"{}"})
    changed = team.ann.get(f"{PAGE}/annotation.zip")
    assert (changed.status_code, "no longer the build" in changed.text) == (409, True)


def test_only_what_all_may_read_or_the_caller_lets_others_into(team, published):
    team.begin()
    bob = team.person("bob")
    published("bob", "secret", private=True)
    published("bob", "gated", gate="manual")
    published("bob", "open")
    with team.hub.database.write() as db:
        for name in ("gated", "secret"):
            repo = repos.find(db, "dataset", "bob", name)
            db.execute(
                "INSERT INTO collaborators VALUES (?, ?, 'write', 0)", (repo.id, team.ann.user.id)
            )
    for name in ("gated", "secret"):  # who may read it may not show it to others
        answer = team.ann.send(f"{PAGE}/items", dataset=f"bob/{name}")
        assert (answer.status_code, "role admin" in answer.text) == (403, True)
    with team.hub.database.write() as db:
        db.execute("DELETE FROM collaborators")
    assert team.ann.send(f"{PAGE}/items", dataset="bob/secret").status_code == 404
    assert team.ann.send(f"{PAGE}/items", dataset="bob/open").status_code == 303
    assert bob.get(PAGE).status_code == 404


@pytest.mark.parametrize(
    "files",
    [
        {"README.md": b"# No build"},
        {"manifest.json": b"{}"},
        {"manifest.json": b"\xff\x00 [" * 9},
        {"manifest.json": b'{"pairsmith": "9.9", "outputs": [{"path": "/etc/passwd"}]}'},
    ],
)
def test_what_is_no_build_is_said_and_changes_nothing(team, published, files):
    team.begin()
    published(files=files)
    answer = team.ann.send(f"{PAGE}/items", dataset="ann/pairs")
    assert answer.status_code == 400
    assert str(team.hub.root) not in answer.text
    assert "Take it" in team.ann.text(f"{PAGE}/settings"), "another can be taken"


def test_files_that_are_no_parquet(team, published, sample_messages):
    team.begin()
    files = files_of(sample_messages)
    broken = {p: b"PAR1 no PAR1" if p.endswith(".parquet") else c for p, c in files.items()}
    published(files=broken)
    answer = team.ann.send(f"{PAGE}/items", dataset="ann/pairs")
    assert answer.status_code == 400, answer.text
    assert str(team.hub.root) not in answer.text


def swollen(build):
    """Ten thousand rows of a megabyte each, in a shard of 25 kB."""
    path = build / "harmless-base/train-00000-of-00001.parquet"
    rows, types = 10_000, pq.read_schema(path)
    ends = pa.array(range(rows + 1), pa.int32())

    def said(text):
        content = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [text])
        turn = pa.StructArray.from_arrays(
            [pa.array(["assistant"] * rows), content], ["role", "content"]
        )
        return pa.ListArray.from_arrays(ends, turn)

    columns = {
        "id": [f"harmless-base/train/{n + 1}" for n in range(rows)],
        "prompt": pa.array(
            [[{"role": "user", "content": "Hi"}]] * rows, types.field("prompt").type
        ),
        "chosen": said("x" * 1_000_000),
        "rejected": said("x" * 999_999 + "y"),
        "notes": pa.array([[]] * rows, types.field("notes").type),
    }
    pq.write_table(
        pa.table(columns), path, compression="zstd", store_schema=False,
        row_group_size=rows, dictionary_pagesize_limit=8 << 20,
    )  # fmt: skip
    assert path.stat().st_size < 100_000
    held = json.loads((build / "manifest.json").read_text())
    entry = next(
        e for e in held["ledger"] if (e["subset"], e["split"]) == ("harmless-base", "train")
    )
    entry["read"] += rows - entry["kept"]
    entry["kept"] = rows
    told = next(one for one in held["outputs"] if one["path"].startswith("harmless-base/train-"))
    told |= {"rows": rows, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
    (build / "manifest.json").write_text(json.dumps(held))


@slow
def test_rows_that_take_more_memory_than_there_is_end_a_process_and_no_hub(
    team, published, sample_messages, tmp_path, monkeypatch
):
    build = shutil.copytree(sample_messages, tmp_path / "build")
    swollen(build)
    monkeypatch.setattr(reading, "MEMORY", 400 << 20)
    team.begin()
    published(files=files_of(build))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = team.ann.send(f"{PAGE}/items", dataset="ann/pairs")
    assert answer.status_code == 400, answer.text
    assert "cannot be read" in answer.text
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10  # KiB
    assert "Take it" in team.ann.text(f"{PAGE}/settings"), "another can be taken"
    assert not [*team.hub.blobs.staging.iterdir()]
