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
from pairsmith.dataset import folder
from pairsmith.dataset.manifest import read_manifest
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
    assert [path.name for path in out.iterdir()] == ["unfinished"]
    begun = out / "unfinished"
    assert not (begun / "manifest.json").exists()
    assert f"What came before the damage is in {begun}" in caught.value.hint
    assert len(pq.read_table(begun / "harmless-base" / "test-00000.parquet")) == 1
    shard = begun / "harmless-base" / "train-00000.parquet"
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
    assert not (tmp_path / "out" / "unfinished").exists()


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
        (["Mine/train.jsonl"], "'Mine' cannot name a subset", "small letters"),
        (["quarantine/train.jsonl"], "'quarantine' cannot name a subset", "small letters"),
        (["mine/rows.parquet"], "mine/rows.parquet is neither train nor test", "Or build that"),
        (["mine/train.json.bz2"], "mine/train.json.bz2 is not a file that can be read", "Exp"),
        (["train.parquet.gz"], "train.parquet.gz is not a file that can be read", "Expected"),
        (["test.jsonl", "test.parquet"], "pairs has two files for test", "Leave one"),
        (["test.jsonl", "pairs/test.jsonl"], "has test of pairs in itself and in a folder", "Le"),
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


def test_links_are_followed(tmp_path):
    layout(tmp_path, "helpful-base/test.jsonl", "helpful-online/train.jsonl")
    linked = tmp_path / "linked"
    (linked / "helpful-base").mkdir(parents=True)
    real = tmp_path / "in"
    (linked / "helpful-base" / "test.jsonl").symlink_to(real / "helpful-base" / "test.jsonl")
    (linked / "helpful-online").symlink_to(real / "helpful-online")
    assert pairsmith.build(linked, tmp_path / "out").totals.read == 2


@pytest.mark.parametrize("kind", ["dangling", "folder", "fifo", "bz2", "subset"])
def test_what_cannot_be_read_is_not_passed_over(tmp_path, kind):
    folder = layout(tmp_path, "helpful-base/test.jsonl")
    train = folder / "helpful-base" / "train.jsonl"
    if kind == "dangling":
        train.symlink_to("nowhere")
    elif kind == "folder":
        train.mkdir()
    elif kind == "fifo":
        os.mkfifo(train)
    elif kind == "bz2":
        train.with_suffix(".jsonl.bz2").touch()
    else:
        (folder / "helpful-online").touch()
    message = "is not a f(ile that can be read|older)"
    with pytest.raises(SourceError, match=message):
        pairsmith.build(folder, tmp_path / "out")


def test_a_source_that_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "train.jsonl")
    with pytest.raises(SourceError, match="is neither a file nor a folder"):
        pairsmith.build(tmp_path / "train.jsonl", tmp_path / "out")


def test_other_files_beside_the_layout_do_no_harm(tmp_path):
    folder = layout(
        tmp_path, "LICENSE", ".git/config", "docs/a.json", "dataset_infos.json",
        "dataset_info.json", "README.md", "train.py", "train.yaml", "scripts/train.py",
        "helpful-base/info.json", "helpful-base/test.jsonl", "helpful-base/train.md",
    )  # fmt: skip
    assert pairsmith.build(folder, tmp_path / "out").totals.read == 1


def test_a_folder_of_other_subsets_and_files_of_its_own(tmp_path):
    folder = layout(tmp_path, "mine/train.jsonl", "yours_2/test.json", "train.jsonl", "test.json")
    built = pairsmith.build(folder, tmp_path / "out")
    assert [(entry.subset, entry.split) for entry in built.ledger] == [
        ("mine", "train"), ("pairs", "test"), ("pairs", "train"), ("yours_2", "test"),
    ]  # fmt: skip
    assert built.recipe.origin == "other"
    assert [entry.path for entry in built.inputs] == [
        "mine/train.jsonl", "test.json", "train.jsonl", "yours_2/test.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("nowhere", {}, "There is no .*nowhere"),
        ("nowhere/train.jsonl", {}, "There is no .*nowhere/train.jsonl"),
        ("train.csv", {}, "train.csv is not a file of transcripts by its name"),
        ("nonsense://x", {}, "nonsense://x cannot be opened"),
        ("zip://x.jsonl::nowhere.zip", {}, "cannot be opened"),
        ("a::b.jsonl", {}, "There is no .*a::b.jsonl"),
        ("train.jsonl", {"split": "dev"}, "There is no split 'dev'"),
        ("train.jsonl", {"subset": "../up"}, "'../up' cannot name a subset"),
        ("train.jsonl", {"subset": "quarantine"}, "'quarantine' cannot name a subset"),
        ("train.jsonl", {"subset": folder.STAGING}, "'unfinished' cannot name a subset"),
        ("a\0b", {}, "names no source"),
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
        ({"shard_rows": "5"}, "shard_rows is '5'"),
        ({"shard_rows": True}, "shard_rows is True"),
        ({"system": 5}, "system is 5"),
        ({"policies": ["identical"]}, "policies is"),
        ({"card": {"tags": [[[[[[[["deep"]]]]]]]]}}, "values too deep"),
        ({"card": {"tags": [list(range(5000))]}}, "more than 1,000 values"),
        ({"card": {"tags": [float("nan")]}}, r"hold what is .*\(float\)"),
        ({"card": {"tags": [10**5000]}}, r"hold what is .*\(int\)"),
        ({"card": {"extra_gated_fields": {1: "text"}}}, "a name that is not text"),
        ({"card": {"pretty_name": "\ud800"}}, "a control character, or half"),
        ({"card": {"pretty_name": "a\n# b"}}, "pretty_name has several lines"),
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
    with as_nobody(), pytest.raises(OutputError, match="No permission for .*closed") as caught:
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
        assert caught.value.hint == "Make room; the same command goes on."
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
        pairsmith.build(source, "https://example.org/out")
    assert source.read_text() == json.dumps(GOOD) + "\n"


def test_what_a_broken_off_build_left_is_cleared_and_nothing_else(source, tmp_path):
    begun = tmp_path / "out" / "unfinished"
    (begun / "pairs").mkdir(parents=True)
    (begun / "pairsmith.lock").touch()
    (begun / "pairs" / "train-00007.parquet.partial").touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "test-00000.parquet").write_text("precious")
    (begun / "helpful-base").symlink_to(tmp_path / "mine")
    pairsmith.build(source, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "README.md", "manifest.json", "pairs",
    ]  # fmt: skip
    assert (tmp_path / "mine" / "test-00000.parquet").read_text() == "precious"


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_folder_called_unfinished_that_is_not_ours(source, tmp_path, kind):
    out, other = tmp_path / "out", tmp_path / "other"
    out.mkdir()
    other.mkdir()
    (other / "pairsmith.lock").touch()
    (other / "mine.txt").write_text("mine")
    if kind == "link":
        (out / "unfinished").symlink_to(other)
    elif kind == "file":
        (out / "unfinished").write_text("mine")
    else:
        (out / "unfinished").mkdir()
        (out / "unfinished" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something else: unfinished"):
        pairsmith.build(source, out)
    assert (other / "mine.txt").read_text() == "mine"


def test_a_link_in_the_way_of_a_forced_build(source, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(source, out)
    (tmp_path / "other").mkdir()
    (out / "quarantine").symlink_to(tmp_path / "other")
    source.write_text("bad\n")
    with pytest.raises(OutputError, match="holds something else: quarantine"):
        pairsmith.build(source, out, force=True)
    assert not list((tmp_path / "other").iterdir())


def test_a_forced_build_that_fails_leaves_the_earlier_one(source, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(source, out)
    bad = tmp_path / "bad.jsonl.gz"
    bad.write_bytes(gzip.compress(b"\n".join(ROWS))[:2000])
    with pytest.raises(DamagedInputError):
        pairsmith.build(bad, out, force=True)
    assert [p.path for p in pairsmith.check(out)] == ["unfinished"]
    pairsmith.build(source, out, force=True)
    assert pairsmith.check(out) == []


def test_a_build_may_read_from_the_one_that_it_replaces(tmp_path):
    out = tmp_path / "out"
    pairsmith.build("sample", out, template="llama2")
    refused = out / "quarantine" / "helpful-base-train.jsonl"
    built = pairsmith.build(refused, out, from_="hh", force=True)
    assert built.totals.read == 4
    assert pairsmith.check(out) == []


class Killed(BaseException):
    """What nothing catches."""


@contextlib.contextmanager
def killed_at(number, monkeypatch):
    """Ends the process, as it were, at one of the steps that change a folder."""
    steps = []

    def dying(name):
        real = getattr(os, name)

        def step(*args, **kwargs):
            steps.append(name)
            if len(steps) >= number:
                raise Killed
            return real(*args, **kwargs)

        return step

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink", "rmdir", "mkdir"):
            patch.setattr(os, name, dying(name))
        yield


@pytest.mark.parametrize("over", [False, True], ids=["fresh", "over-another"])
@pytest.mark.parametrize("again", ["same", "forced", "other"])
def test_a_build_killed_at_any_step_and_then_the_next_command(
    source, tmp_path, monkeypatch, over, again
):
    (tmp_path / "two.jsonl").write_bytes(ROWS[0] + b"\nbad\n")
    first = pairsmith.build(tmp_path / "two.jsonl", tmp_path / "first")
    small = (
        tmp_path / "small" / "harmless-base"
    )  # a folder that is kept, one that goes, a quarantine
    small.mkdir(parents=True)
    (small / "train.jsonl").write_bytes(ROWS[0] + b"\nbad\n")
    (small / "test.jsonl").write_bytes(ROWS[1] + b"\n")
    second = pairsmith.build(small.parent, tmp_path / "second")
    outcomes = {"first": 0, "second": 0}
    for number in range(1, 200):
        out = tmp_path / f"out{number}"
        if over:
            pairsmith.build(tmp_path / "two.jsonl", out)
        try:
            with killed_at(number, monkeypatch):
                pairsmith.build(small.parent, out, force=over)
            break
        except Killed:
            pass
        wanted = {"same": small.parent, "forced": small.parent, "other": tmp_path / "two.jsonl"}[
            again
        ]
        try:
            pairsmith.build(wanted, out, force=again == "forced")
        except OutputError as error:  # the other build is whole, or has shards that are
            if "unfinished" in error.message:
                pairsmith.build(small.parent, out, force=over)
        left = {problem.path for problem in pairsmith.check(out)}
        assert left <= ({"unfinished"} if over and again != "forced" else set())
        held = read_manifest(out)
        assert held in (first, second)
        if again == "forced":
            assert held == second
        outcomes["first" if held == first else "second"] += 1
    assert number > 15
    assert outcomes["second"] > 0


def test_a_build_that_was_refused_at_the_end_does_not_come_back(source, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(source, out)
    (out / "quarantine").mkdir()
    (out / "quarantine" / "pairs-train.jsonl").write_text("mine")
    other = tmp_path / "other.jsonl"
    other.write_text("bad\n")
    for _ in range(2):
        with pytest.raises(OutputError, match="holds something else: quarantine/pairs-train.jsonl"):
            pairsmith.build(other, out, subset="pairs", force=True)
        with pytest.raises(OutputError, match="holds a build of other files"):
            pairsmith.build(other, out, subset="pairs")
        assert (out / "quarantine" / "pairs-train.jsonl").read_text() == "mine"


def test_a_build_that_ended_meanwhile_is_not_replaced(source, tmp_path, monkeypatch):
    out = tmp_path / "out"
    real = folder.workspace

    def late(place, earlier):
        monkeypatch.setattr(folder, "workspace", real)
        pairsmith.build("sample", out)
        return real(place, earlier)

    monkeypatch.setattr(folder, "workspace", late)
    with pytest.raises(OutputError, match="ended just now"):
        pairsmith.build(source, out)
    assert pairsmith.check(out) == []


def test_an_edited_card_is_put_aside_by_a_forced_build(source, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(source, out)
    pairsmith.build("sample", out, force=True)
    assert not (out / "README.md.old").exists()
    for number, name in enumerate(["README.md.old", "README.md.old1"]):
        (out / "README.md").write_text(f"mine {number}")
        pairsmith.build("sample", out, force=True)
        assert (out / name).read_text() == f"mine {number}"


def test_a_source_that_the_build_would_clear(source, tmp_path):
    begun = tmp_path / "out" / "unfinished"
    begun.mkdir(parents=True)
    (begun / "pairsmith.lock").touch()
    (begun / "train.jsonl").write_bytes(ROWS[0])
    with pytest.raises(OutputError, match="would be cleared by this build"):
        pairsmith.build(begun / "train.jsonl", tmp_path / "out")
    assert (begun / "train.jsonl").read_bytes() == ROWS[0]


def test_two_builds_into_one_folder(source, tmp_path):
    from filelock import FileLock

    out = tmp_path / "out"
    (out / "unfinished").mkdir(parents=True)
    held = FileLock(out / "unfinished" / "pairsmith.lock")
    with held, pytest.raises(OutputError, match="Another build is writing"):
        pairsmith.build(source, out)
    pairsmith.build(source, out)
    assert pairsmith.check(out) == []


@pytest.mark.parametrize("name", ["run:1", "hdfs:a", "a b", "out[1]", os.fsdecode(b"x\xff")])
def test_an_output_folder_of_any_name(source, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    pairsmith.build(source, name)
    assert pairsmith.check(name) == []


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
