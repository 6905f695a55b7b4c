"""What users and the world do wrong: each in one clear sentence, and nothing of theirs touched."""

import contextlib
import errno
import gzip
import json
import os
import re
import resource
import subprocess
import zlib

import pyarrow.parquet as pq
import pytest
from backports import zstd

import pairsmith
from pairsmith import PairsmithError
from pairsmith.errors import DamagedInputError, OutputError, RecipeError, SourceError

GOOD = {
    "chosen": "\n\nHuman: How far is it?\n\nAssistant: A mile.",
    "rejected": "\n\nHuman: How far is it?\n\nAssistant: Far.",
}
ROWS = [json.dumps({**GOOD, "n": n}).encode() for n in range(2000)]


@pytest.fixture
def source(tmp_path):
    """A file of one good row."""
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps(GOOD) + "\n")
    return path


# Rows


def test_every_kind_of_bad_row_is_quarantined_and_the_good_ones_stay(tmp_path):
    lines = [
        ROWS[0],
        b"not json",
        b'["an", "array"]',
        b'{"chosen": "x"}',
        json.dumps({**GOOD, "chosen": None}).encode(),
        json.dumps({**GOOD, "chosen": 5}).encode(),
        ROWS[0].replace(b"A mile", b"\xff\xfe"),
        ROWS[0].replace(b"A mile", b"\\ud800"),
        ROWS[0].replace(b"A mile", b"\\u0000"),
        ROWS[0].replace(b"A mile", b"\x00"),
        json.dumps({"chosen": "\n\nHuman:", "rejected": "\n\nAssistant:"}).encode(),
        json.dumps({"chosen": "\n\nHuman:\n\nAssistant:", "rejected": "\n\nAssistant:"}).encode(),
        json.dumps({**GOOD, "chosen": GOOD["chosen"] + "x" * 50_000_000}).encode(),
        ROWS[1],
    ]
    (tmp_path / "train.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    built = pairsmith.build(tmp_path / "train.jsonl", tmp_path / "out", template="llama2")
    assert built.totals.read == len(lines)
    assert built.totals.kept == 2
    assert built.totals.quarantined == {"malformed": 10, "no_reply": 1, "prompt_mismatch": 1}
    with (tmp_path / "out" / "quarantine" / "pairs-train.jsonl").open() as file:
        held = [json.loads(line) for line in file]
    assert [row["line"] for row in held] == list(range(2, 14))
    assert held[-1]["raw"].encode() == lines[-2]
    assert pairsmith.check(tmp_path / "out") == []


# Damaged files


def damaged(tmp_path, data, name="train.jsonl.gz"):
    """Builds a damaged file beside a whole one; returns what was said and the rows that came."""
    folder = tmp_path / "in" / "harmless-base"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(data)
    (folder / "test.jsonl").write_bytes(ROWS[0] + b"\n")
    out = tmp_path / "out"
    with pytest.raises(DamagedInputError) as caught:
        pairsmith.build(tmp_path / "in", out, template="llama2")
    assert not (out / "manifest.json").exists()
    assert not (out / "README.md").exists()
    assert len(pq.read_table(out / "harmless-base" / "test-00000-of-00001.parquet")) == 1
    shard = out / "harmless-base" / "train-00000-of-00001.parquet"
    rows = pq.read_table(shard)["id"].to_pylist() if shard.exists() else []
    assert rows == [f"harmless-base/train/{n}" for n in range(1, len(rows) + 1)]
    return caught.value.message, len(rows)


@pytest.mark.parametrize("left", [20, 5000, -1, -9])
def test_a_gzip_file_cut_short(tmp_path, left):
    whole = gzip.compress(b"\n".join(ROWS) + b"\n")
    data = whole[:left]
    message, rows = damaged(tmp_path, data)
    before = zlib.decompressobj(31).decompress(data)
    assert rows == before.count(b"\n")
    assert message == (
        f"harmless-base/train.jsonl.gz is cut short or damaged: its compressed data end at byte "
        f"{len(data):,} (the end-of-stream marker is missing). "
        f"{rows:,} whole lines come before that."
    )


def test_a_zstd_file_cut_short(tmp_path):
    data = zstd.compress(b"\n".join(ROWS) + b"\n", level=1)
    message, rows = damaged(tmp_path, data[:-2], "train.jsonl.zst")
    assert "harmless-base/train.jsonl.zst is cut short or damaged" in message
    assert f"{rows:,} whole lines" in message


@pytest.mark.parametrize("ending", ["gz", "zst"])
@pytest.mark.parametrize("data", [b"", b"plain text, not compressed"])
def test_a_file_that_is_not_compressed_as_it_says(tmp_path, ending, data):
    message, rows = damaged(tmp_path, data, f"train.jsonl.{ending}")
    assert "cut short or damaged" in message
    assert rows == 0


def test_a_wrong_checksum(tmp_path):
    data = bytearray(gzip.compress(b"\n".join(ROWS) + b"\n"))
    data[-6] ^= 1
    message, _ = damaged(tmp_path, bytes(data))
    assert "checksum" in message


def test_a_damaged_file_mended_builds_over_what_was_left(tmp_path):
    whole = gzip.compress(b"\n".join(ROWS) + b"\n")
    damaged(tmp_path, whole[:5000])
    (tmp_path / "in" / "harmless-base" / "train.jsonl.gz").write_bytes(whole)
    built = pairsmith.build(tmp_path / "in", tmp_path / "out", template="llama2")
    assert built.totals.kept == 2001
    assert pairsmith.check(tmp_path / "out") == []
    assert not list((tmp_path / "out").glob(".*"))


# Sources


def layout(tmp_path, *names):
    for name in names:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(ROWS[0])
    (tmp_path / "in").mkdir(exist_ok=True)
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("names", "message", "hint"),
    [
        ([], "There are no transcripts in ", "Expected <subset>/train.jsonl"),
        (["README.md", "harmless-base/notes.txt"], "There are no transcripts in ", "Expected"),
        (["harmfull-base/train.jsonl"], "harmfull-base in .* is not a subset", "harmless-base, h"),
        (["harmless-base/dev.jsonl"], "harmless-base/dev.jsonl is neither train nor test", "Exp"),
        (["harmless-base/train.jsonl", "harmless-base/train.jsonl.gz"], "two files for train", ""),
        (["harmless-base/train.jsonl", "all.jsonl"], "all.jsonl in .* belongs to no subset", "by"),
    ],
)
def test_a_folder_that_is_not_laid_out_as_released(tmp_path, names, message, hint):
    with pytest.raises(SourceError, match=message) as caught:
        pairsmith.build(layout(tmp_path, *names), tmp_path / "out")
    assert hint in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_an_output_inside_the_source_is_not_taken_for_data(tmp_path):
    folder = layout(tmp_path, "helpful-base/test.jsonl")
    pairsmith.build(folder, folder / "out")
    assert pairsmith.build(folder, folder / "out").reused


def test_a_file_name_that_is_not_text(tmp_path):
    name = os.fsdecode(b"\xff.jsonl")
    (tmp_path / name).write_bytes(ROWS[0])
    with pytest.raises(SourceError, match="is not UTF-8"):
        pairsmith.build(tmp_path / name, tmp_path / "out")


def test_other_files_beside_the_layout_do_no_harm(tmp_path):
    folder = layout(
        tmp_path, "LICENSE", ".git/config", "docs/a.json", "dataset_infos.json",
        "helpful-base/info.json", "helpful-base/test.jsonl",
    )  # fmt: skip
    assert pairsmith.build(folder, tmp_path / "out").totals.read == 1


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("nowhere", {}, "There is no .*nowhere"),
        ("nowhere/train.jsonl", {}, "There is no .*nowhere/train.jsonl"),
        ("train.csv", {}, "train.csv is not a file of transcripts by its name"),
        ("nonsense://x", {}, "nonsense://x cannot be opened"),
        ("train.jsonl", {"split": "dev"}, "There is no split 'dev'"),
        ("train.jsonl", {"subset": "../up"}, "'../up' cannot name a subset"),
        ("train.jsonl", {"subset": "quarantine"}, "'quarantine' cannot name a subset"),
        ("sample", {"subset": "mine"}, "sample is a folder"),
    ],
)
def test_a_source_that_cannot_be_read(tmp_path, monkeypatch, source, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").touch()
    (tmp_path / "train.jsonl").write_bytes(ROWS[0])
    with pytest.raises(SourceError, match=message):
        pairsmith.build(source, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


# Recipes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"template": "llama7"}, "There is no template called 'llama7'"),
        ({"as_": "xml"}, "Rows cannot be written as 'xml'"),
        ({"as_": "text"}, "Text needs a template"),
        ({"shard_rows": 0}, "A shard of 0 rows is out of range"),
        ({"system": " "}, "The system text is blank"),
        ({"system": "a\0b"}, "holds a NUL"),
        ({"system": "\ud800"}, "not valid Unicode"),
        ({"system": "x" * 40_000}, "The system text is 40,000 bytes long"),
        ({"system": "a [INST] b", "template": "llama2"}, "The system text holds \\[INST\\]"),
        ({"policies": {"ugly": "keep"}}, "There is no reason 'ugly'"),
        ({"policies": {"malformed": "keep"}}, "malformed rows cannot have the policy 'keep'"),
        ({"policies": {"identical": "merge"}}, "identical rows cannot have the policy 'merge'"),
        ({"policies": {"bad_roles": "keep"}, "template": "llama2"}, "cannot be kept in text"),
        ({"card": {"licence": "mit"}}, "The card has no field 'licence'"),
        ({"card": {"tags": "one"}}, "The card field tags is 'one'"),
        ({"card": {"license": "other"}}, "needs a license_name"),
        ({"card": {"extra_gated_prompt": "x" * 70_000}}, "card fields are 70,0"),
    ],
)
def test_a_recipe_that_cannot_be_followed(tmp_path, options, message):
    with pytest.raises(RecipeError, match=message):
        pairsmith.build("sample", tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


# Outputs


@contextlib.contextmanager
def as_nobody():
    """Without root's power to write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def open_up(folder):
    """Lets everybody pass through pytest's own folders."""
    while "pytest" in folder.as_posix():
        folder.chmod(0o755)
        folder = folder.parent


def test_no_permission_to_write(source, tmp_path_factory, tmp_path):
    pairsmith.build(source, tmp_path / "warm-up")  # so that every module is loaded
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o555)
    open_up(tmp_path)
    with as_nobody(), pytest.raises(OutputError, match="No permission to write .*closed") as caught:
        pairsmith.build(source, closed / "out")
    assert caught.value.hint


def test_no_permission_to_read(source, tmp_path):
    pairsmith.build(source, tmp_path / "warm-up")
    open_up(tmp_path)
    source.chmod(0o000)
    out = tmp_path / "open"
    out.mkdir(mode=0o777)
    out.chmod(0o777)
    with as_nobody(), pytest.raises(SourceError, match=r"No permission to read .*train\.jsonl"):
        pairsmith.build(source, out)


def test_a_full_disk_then_room_again(tmp_path):
    """A file system of 64 KiB fills up in mid-build; with room, the same command succeeds."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        with pytest.raises(OutputError, match="cannot be written: .*[Nn]o space left") as caught:
            pairsmith.build("sample", disk / "out", template="llama2")
        assert "unfinished" in caught.value.hint
        assert not (disk / "out" / "manifest.json").exists()
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        built = pairsmith.build("sample", disk / "out", template="llama2")
        assert not built.reused
        assert pairsmith.check(disk / "out") == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_file_that_may_not_grow(tmp_path):
    """The same fault where no disk can be mounted: a limit on the size of files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(OutputError, match=os.strerror(errno.EFBIG)):
            pairsmith.build("sample", tmp_path / "out", template="llama2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "name", ["thesis.txt", "manifest.json", "README.md", "pairs/train.parquet"]
)
def test_a_folder_that_holds_something_else(source, tmp_path, name, force):
    out = tmp_path / "out"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("{}")
    with pytest.raises(OutputError, match=re.escape(str(out))):
        pairsmith.build(source, out, force=force)
    assert [p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()] == [name]
    assert (out / name).read_text() == "{}"


def test_an_output_that_is_a_file_or_a_url(source, tmp_path):
    with pytest.raises(OutputError, match="is a file"):
        pairsmith.build(source, source)
    with pytest.raises(OutputError, match="is a URL"):
        pairsmith.build(source, "s3://bucket/out")
    assert source.read_text() == json.dumps(GOOD) + "\n"


def test_an_unfinished_build_leaves_strange_files_alone(source, tmp_path):
    out = tmp_path / "out"
    (out / "pairs").mkdir(parents=True)
    (out / ".pairsmith-unfinished").touch()
    (out / "pairs" / "train-00007.parquet.partial").touch()
    (out / "pairs" / "notes.txt").write_text("mine")
    pairsmith.build(source, out)
    names = sorted(path.name for path in (out / "pairs").iterdir())
    assert names == ["notes.txt", "train-00000-of-00001.parquet"]


def test_the_source_is_left_as_it_was(source, tmp_path):
    source.chmod(0o444)
    before = (source.read_bytes(), source.stat().st_mtime_ns)
    pairsmith.build(source, tmp_path / "out")
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before


def test_faults_are_one_family():
    assert issubclass(DamagedInputError, SourceError)
    for kind in (RecipeError, SourceError, OutputError):
        assert issubclass(kind, PairsmithError)
        assert str(kind("what", "what to do")) == "what\nwhat to do"
