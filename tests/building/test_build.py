"""The main job from end to end: what lies on disk, and that it is the same every time."""

import base64
import gzip
import json
import os
import shutil
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from backports import zstd

import pairsmith
from pairsmith import Note, PairsmithError, Reason
from pairsmith.dataset.manifest import sentence
from pairsmith.schema.reasons import DROPS, FILL_NOTES, LABEL_NOTES, MENDS
from pairsmith.sources.layouts import SAMPLE, find
from support import reference
from support.slow import quick, slow

SAMPLE_FOLDER = Path(find(SAMPLE)[0].place.path).parent.parent
ROW = {
    "chosen": "\n\nHuman: Hi.\n\nAssistant: Hello.",
    "rejected": "\n\nHuman: Hi.\n\nAssistant: What?",
}


def tree(out):
    """Every file of a build and its bytes."""
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def write_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_real_file(real, tmp_path):
    built = pairsmith.build(real, tmp_path / "out", template="llama2")
    assert sentence(built.totals) == (
        "read 2312 = kept 2299 + prompt_mismatch 5 + bad_roles 4 + empty_reply 4"
    )
    assert built.inputs[0].sha256.startswith("ebfaaed2")
    assert built.inputs[0].bytes == 742_801
    assert pairsmith.check(tmp_path / "out") == []


def test_the_real_file_on_disk_equals_the_reference(real, real_rows, tmp_path):
    pairsmith.build(real, tmp_path / "out", template="llama2")
    rows = pq.read_table(tmp_path / "out" / "harmless-base").to_pylist()
    sound = [(n, row) for n, row in enumerate(real_rows, 1) if reference.reason(row) is None]
    assert [row["id"] for row in rows] == [f"harmless-base/test/{n}" for n, _ in sound]
    for made, (_, row) in zip(rows, sound, strict=True):
        assert [made["prompt"], made["chosen"], made["rejected"]] == reference.texts(row)


OF_OTHER_SHAPES = (
    Reason.UNREAD_CONTENT, Reason.UNPAIRED, Reason.TIE, Reason.SMALL_MARGIN,
    Reason.WEAK_PREFERENCE,
)  # fmt: skip
OF_MESSAGES = (Note.ASSISTANT_OPENS, Note.SCORE_CONTRADICTS, Note.REASONING_LEFT_OUT)
"""What transcripts never are; see tests/building/test_anyones_rows.py."""


def test_the_sample_has_every_reason_and_every_note(sample_text):
    built = pairsmith.dataset.manifest.read_manifest(sample_text)
    assert set(built.totals.quarantined) == set(Reason) - {
        Reason.TEMPLATE_ERROR, Reason.DOUBTED, Reason.ANNOTATED, *DROPS.values(), *OF_OTHER_SHAPES
    }  # fmt: skip
    assert set(built.totals.noted) == set(Note) - {
        *LABEL_NOTES, *FILL_NOTES, Note.MENDED, *MENDS.values(), *OF_MESSAGES
    }  # fmt: skip
    pairs = [entry for entry in built.ledger if entry.subset != "red-team-attempts"]
    assert sum(entry.read for entry in pairs) == 60
    assert len({entry.subset for entry in pairs}) == 4
    assert len(pairs) == 8
    assert built.totals.read == 80


def test_rows_that_a_template_refuses_are_quarantined_in_its_words(tmp_path):
    built = pairsmith.build(
        "sample", tmp_path / "out", template="llama2", policies={"bad_roles": "keep"}
    )
    assert built.totals.quarantined["template_error"] == 3
    [row, *_] = [
        json.loads(line)
        for path in (tmp_path / "out" / "quarantine").iterdir()
        for line in path.read_text().splitlines()
        if json.loads(line)["reason"] == "template_error"
    ]
    assert row["detail"] == "the template says: roles must alternate user, assistant, …"
    assert pairsmith.check(tmp_path / "out") == []


def test_the_ledger_balances_and_agrees_with_the_disk(sample_text):
    held = json.loads((sample_text / "manifest.json").read_text())
    assert list(held) == ["pairsmith", "recipe", "inputs", "outputs", "ledger"]
    for entry in held["ledger"]:
        place = f"{entry['subset']}/{entry['split']}"
        shards = sample_text.glob(f"{place}-*.parquet")
        assert sum(pq.read_metadata(shard).num_rows for shard in shards) == entry["kept"]
        path = sample_text / "quarantine" / f"{place.replace('/', '-')}.jsonl"
        refused = path.read_text().splitlines() if path.exists() else []
        assert Counter(json.loads(row)["reason"] for row in refused) == entry["quarantined"]
        assert entry["read"] == entry["kept"] + sum(entry["quarantined"].values())


def test_a_build_repeated_is_the_same_to_the_byte(sample_text, tmp_path):
    pairsmith.build("sample", tmp_path / "again", template="llama2")
    assert tree(tmp_path / "again") == tree(sample_text)


@slow
def test_the_order_of_the_files_does_not_matter(tmp_path):
    files = sorted(p.relative_to(SAMPLE_FOLDER) for p in SAMPLE_FOLDER.rglob("*.jsonl"))
    trees = []
    for name, order in (("forth", files), ("back", files[::-1])):
        for file in order:
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SAMPLE_FOLDER / file, tmp_path / name / file)
        pairsmith.build(tmp_path / name, tmp_path / f"{name}-out", template="llama2")
        trees.append(tree(tmp_path / f"{name}-out"))
    assert trees[0] == trees[1]


@pytest.mark.parametrize("ending", quick([".gz", ".zst"]))
def test_compression_changes_the_inputs_alone(sample_text, tmp_path, ending):
    compress = gzip.compress if ending == ".gz" else zstd.compress
    for path in SAMPLE_FOLDER.rglob("*.jsonl"):
        to = tmp_path / "in" / path.relative_to(SAMPLE_FOLDER).with_suffix(f".jsonl{ending}")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(compress(path.read_bytes()))
    pairsmith.build(tmp_path / "in", tmp_path / "out", template="llama2")
    made, expected = tree(tmp_path / "out"), tree(sample_text)
    shards = [name for name in expected if name.endswith(".parquet")]
    assert {name: made[name] for name in shards} == {name: expected[name] for name in shards}


def test_shards_are_cut_by_input_rows(sample_text, tmp_path):
    pairsmith.build("sample", tmp_path / "out", template="llama2", shard_rows=5)
    shards = sorted((tmp_path / "out" / "helpful-base").glob("train-*.parquet"))
    assert [shard.name for shard in shards] == [f"train-0000{n}-of-00003.parquet" for n in range(3)]
    numbers = [
        [int(id.split("/")[-1]) for id in pq.read_table(shard)["id"].to_pylist()]
        for shard in shards
    ]
    assert all(5 * n < i <= 5 * n + 5 for n, ids in enumerate(numbers) for i in ids)
    whole = pq.read_table(sample_text / "helpful-base", filters=None)
    parts = pq.read_table(tmp_path / "out" / "helpful-base")
    assert parts.sort_by("id").equals(whole.sort_by("id"))
    assert pairsmith.check(tmp_path / "out") == []


def test_many_blocks_and_shards(real, tmp_path, real_rows):
    data = gzip.decompress((real / "harmless-base" / "test.jsonl.gz").read_bytes()) * 12
    (tmp_path / "train.jsonl").write_bytes(data)
    built = pairsmith.build(tmp_path / "train.jsonl", tmp_path / "out", shard_rows=12_000)
    assert built.totals.read == 12 * 2312
    assert built.totals.kept == 12 * 2299
    assert len(list((tmp_path / "out" / "pairs").glob("*.parquet"))) == 3
    numbers = [
        int(i.split("/")[-1]) for i in pq.read_table(tmp_path / "out" / "pairs")["id"].to_pylist()
    ]
    assert numbers == sorted(set(numbers))
    assert pairsmith.check(tmp_path / "out") == []


def test_quarantined_rows_can_be_taken_out_mended_and_built_again(sample_text, tmp_path):
    text = (sample_text / "quarantine" / "helpful-base-train.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    source = (SAMPLE_FOLDER / "helpful-base" / "train.jsonl").read_bytes().split(b"\n")
    for row in rows:
        assert row["path"] == "helpful-base/train.jsonl"
        assert row["raw"].encode() == source[row["line"] - 1].strip()
    raw = next(row["raw"] for row in rows if row["reason"] == "identical")
    mended = json.loads(raw)
    mended["rejected"] += " Or not."
    write_rows(tmp_path / "mended.jsonl", [mended])
    built = pairsmith.build(tmp_path / "mended.jsonl", tmp_path / "out", template="llama2")
    assert sentence(built.totals) == "read 1 = kept 1"


def test_bytes_that_are_not_text_are_kept_in_base64(tmp_path):
    raw = b'{"chosen": "\xff\xfe", "rejected": "b"}'
    (tmp_path / "train.jsonl").write_bytes(raw + b"\n")
    pairsmith.build(tmp_path / "train.jsonl", tmp_path / "out")
    (line,) = (tmp_path / "out" / "quarantine" / "pairs-train.jsonl").read_text().splitlines()
    row = json.loads(line)
    assert row["raw"] is None
    assert base64.b64decode(row["raw_base64"]) == raw


def test_a_single_file_knows_its_place_or_is_told(tmp_path):
    file = write_rows(tmp_path / "helpful-online" / "test.jsonl", [ROW])
    other = write_rows(tmp_path / "mine.jsonl", [ROW])
    entries = [
        pairsmith.build(file, tmp_path / "a").ledger[0],
        pairsmith.build(other, tmp_path / "b").ledger[0],
        pairsmith.build(other, tmp_path / "c", subset="mine", split="test").ledger[0],
    ]
    assert [(e.subset, e.split) for e in entries] == [
        ("helpful-online", "test"), ("pairs", "train"), ("mine", "test"),
    ]  # fmt: skip
    built = pairsmith.build(tmp_path / "helpful-online", tmp_path / "d")
    assert [i.path for i in built.inputs] == ["helpful-online/test.jsonl"]


def test_the_same_build_again_does_nothing(tmp_path):
    file = write_rows(tmp_path / "mine.jsonl", [ROW])
    first = pairsmith.build(file, tmp_path / "out")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    second = pairsmith.build(file, tmp_path / "out")
    assert (first.reused, second.reused) == (False, True)
    assert second == first
    assert times == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: {"system": "Be kind."}, r"another recipe \(system differ\)"),
        (lambda f: write_rows(f, [ROW, ROW]) and {}, "other contents of mine.jsonl"),
        (
            lambda f: {"source": f.rename(f.with_name("yours.jsonl"))},
            "a build of other files: mine",
        ),
    ],
)
def test_another_build_is_refused_unless_forced(tmp_path, change, message):
    file = write_rows(tmp_path / "mine.jsonl", [ROW])
    pairsmith.build(file, tmp_path / "out")
    mine = tmp_path / "out" / "harmless" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    before = tree(tmp_path / "out")
    options = {"source": file, **change(file)}
    with pytest.raises(PairsmithError, match=message) as caught:
        pairsmith.build(out=tmp_path / "out", **options)
    assert "--force" in caught.value.hint
    assert tree(tmp_path / "out") == before
    pairsmith.build(out=tmp_path / "out", force=True, **options)
    assert pairsmith.check(tmp_path / "out") == []
    assert mine.read_text() == "mine"


def test_an_earlier_build_that_lost_a_file_is_told(tmp_path):
    file = write_rows(tmp_path / "mine.jsonl", [ROW])
    pairsmith.build(file, tmp_path / "out")
    next((tmp_path / "out" / "pairs").iterdir()).unlink()
    with pytest.raises(PairsmithError, match="holds this build, but not whole"):
        pairsmith.build(file, tmp_path / "out")


@pytest.mark.parametrize(("data", "read"), [(b"", 0), (b"bad\nbad\n", 2)])
def test_a_split_of_which_nothing_is_kept_has_no_shard(tmp_path, data, read):
    (tmp_path / "train.jsonl").write_bytes(data)
    built = pairsmith.build(tmp_path / "train.jsonl", tmp_path / "out", template="llama2")
    assert (built.totals.read, built.totals.kept) == (read, 0)
    assert not (tmp_path / "out" / "pairs").exists()
    assert pairsmith.check(tmp_path / "out") == []


def test_progress_tells_rows_and_bytes(tmp_path):
    steps = []
    pairsmith.build("sample", tmp_path / "out", progress=steps.append)
    assert steps[-1].rows == 80
    assert steps[-1].done == steps[-1].total
    assert [step.rows for step in steps] == sorted(step.rows for step in steps)


def test_a_path_may_be_text_or_path_like(tmp_path):
    file = write_rows(tmp_path / "mine.jsonl", [ROW])
    assert pairsmith.build(os.fspath(file), os.fspath(tmp_path / "out")).totals.kept == 1
