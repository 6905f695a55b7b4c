"""A source that is replaced during a build: the manifest proves the rows, or the file is named."""

import gzip
import hashlib
import json
import threading
import time
from itertools import product

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith.errors import SourceError
from support.slow import quick, slow

ROWS = 6_000
BEFORE, AFTER = "before", "behind"
"""What the rows of the two files say: of one length, so that the files are too."""


def rows(word):
    for n in range(ROWS):
        prompt = f"\n\nHuman: Question {n:06} {word}?\n\nAssistant:"
        yield {"chosen": f"{prompt} Yes, {word}.", "rejected": f"{prompt} No, {word}, {n % 7}."}


def jsonl(word):
    return "".join(json.dumps(row) + "\n" for row in rows(word)).encode()


def parquet(word):
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist(list(rows(word)))
    pq.write_table(table, sink, compression="none", use_dictionary=False, row_group_size=500)
    return sink.getvalue().to_pybytes()


MAKE = {
    "train.jsonl": jsonl,
    "train.jsonl.gz": lambda word: gzip.compress(jsonl(word), 1, mtime=0),
    "train.json": lambda word: json.dumps(list(rows(word))).encode(),
    "train.parquet": parquet,
}


@pytest.fixture(scope="module")
def contents():
    return {(name, word): make(word) for name, make in MAKE.items() for word in (BEFORE, AFTER)}


def rename(path, data):
    beside = path.with_name("beside")
    beside.write_bytes(data)
    beside.replace(path)


def rewrite(path, data):
    """In place, piece by piece, as a program does that has the file open."""
    with path.open("r+b") as file:
        for start in range(0, len(data), 1 << 17):
            file.write(data[start : start + (1 << 17)])
            file.flush()
        file.truncate()


def said(out):
    """The words that the rows of a build say."""
    words = set()
    for shard in out.glob("pairs/*.parquet"):
        for row in pq.read_table(shard, columns=["chosen"])["chosen"].to_pylist():
            words.add(row[-1]["content"].removeprefix("Yes, ").removesuffix("."))
    return words


def check(out, manifest, contents, name):
    """The hash is that of one of the two files, and the rows are that one's."""
    [read] = manifest.inputs
    of = {hashlib.sha256(contents[name, word]).hexdigest(): word for word in (BEFORE, AFTER)}
    assert read.sha256 in of
    assert said(out) == {of[read.sha256]}
    assert read.rows == ROWS


def outcome(source, out, contents, **options):
    """`right`, or `refused` with the file's name."""
    try:
        manifest = pairsmith.build(source, out, shard_rows=500, **options)
    except SourceError as error:
        said_why = str(error)
    else:
        check(out, manifest, contents, source.name)
        return "right"
    assert source.name in said_why
    assert not (out / "manifest.json").exists()
    return "refused"


@pytest.mark.parametrize("name", quick(MAKE, "train.jsonl", "train.parquet"))
@pytest.mark.parametrize("replace", [rename, rewrite])
def test_replaced_once_rows_are_read(tmp_path, contents, name, replace):
    """At the first block of rows: the file was hashed by then, or is being hashed."""
    source, out = tmp_path / name, tmp_path / "out"
    source.write_bytes(contents[name, BEFORE])
    todo = [replace]

    def tell(_progress):
        if todo:
            todo.pop()(source, contents[name, AFTER])

    outcome(source, out, contents, progress=tell, batch_rows=100)
    assert not todo
    again = pairsmith.build(source, out, shard_rows=500, force=(out / "manifest.json").exists())
    check(out, again, contents, name)
    assert said(out) == {AFTER}


@pytest.mark.parametrize("name", quick(["train.jsonl", "train.parquet"]))
@pytest.mark.parametrize("replace", quick([rename, rewrite], rewrite))
def test_replaced_between_parts(tmp_path, contents, name, replace):
    """With several workers a file is opened again for each part of it."""
    source, out = tmp_path / name, tmp_path / "out"
    source.write_bytes(contents[name, BEFORE])
    todo = [replace]

    def tell(_progress):
        if todo:
            todo.pop()(source, contents[name, AFTER])

    outcome(source, out, contents, progress=tell, workers=2)
    assert not todo


@pytest.mark.parametrize("name", ["train.jsonl", "train.parquet"])
def test_replaced_in_a_store(tmp_path, contents, name):
    """A store tells a version of its objects, and what was read is of one."""
    store = fsspec.filesystem("memory")
    store.pipe(f"/far/{name}", contents[name, BEFORE])
    todo = [contents[name, AFTER]]

    def tell(_progress):
        if todo:
            store.pipe(f"/far/{name}", todo.pop())

    options = {"progress": tell, "batch_rows": 100, "shard_rows": 500}
    try:
        manifest = pairsmith.build(f"memory://far/{name}", tmp_path / "out", **options)
    except SourceError as error:
        assert f"{name} was changed or replaced" in str(error)  # noqa: PT017  (or it is right)
        assert name == "train.parquet"
    else:
        check(tmp_path / "out", manifest, contents, name)
    assert not todo


@pytest.mark.parametrize("name", quick(MAKE, "train.parquet"))
@pytest.mark.parametrize("workers", quick([1, 2]))
def test_touched_files_are_built(tmp_path, contents, name, workers):
    """A mode that is changed or a link that is made changes no byte.

    Once: of a file that is touched again and again while its bytes are looked at nothing is known.
    """
    source, out = tmp_path / name, tmp_path / "out"
    source.write_bytes(contents[name, BEFORE])
    todo = [0o644]

    def tell(_progress):
        if todo:
            source.chmod(todo.pop())
            (tmp_path / "link").hardlink_to(source)

    assert outcome(source, out, contents, progress=tell, workers=workers) == "right"


@pytest.mark.parametrize("replace", [rename, rewrite])
@pytest.mark.parametrize("name", quick(MAKE, "train.jsonl"))
def test_replaced_when_a_build_goes_on(tmp_path, contents, name, replace):
    """Shards of the first attempt are of the file as it was then."""
    source, out = tmp_path / name, tmp_path / "out"
    source.write_bytes(contents[name, BEFORE])

    class StopError(Exception):
        """Breaks a build off."""

    def stop(progress):
        if progress.rows >= 3_000:
            raise StopError

    with pytest.raises(StopError):
        pairsmith.build(source, out, shard_rows=500, progress=stop, batch_rows=250)
    todo = [replace]

    def tell(_progress):
        if todo:
            todo.pop()(source, contents[name, AFTER])

    outcome(source, out, contents, progress=tell, batch_rows=250)


MOMENTS = (0.15, 0.4, 0.6, 0.85)
"""When it happens, as a share of the time that a build takes."""

ENGINES = (1, 2)


@slow
@pytest.mark.parametrize(
    ("name", "replace", "workers"), list(product(MAKE, (rename, rewrite), ENGINES))
)
def test_replaced_at_any_moment(tmp_path, contents, name, replace, workers):
    """Four formats, two ways, two engines, four moments: 64 builds, each right or refused."""
    source = tmp_path / name
    source.write_bytes(contents[name, BEFORE])
    begun = time.monotonic()
    pairsmith.build(source, tmp_path / "whole", shard_rows=500, workers=workers)
    usual = time.monotonic() - begun
    ends = []
    for number, moment in enumerate(MOMENTS):
        source.write_bytes(contents[name, BEFORE])
        timer = threading.Timer(moment * usual, replace, (source, contents[name, AFTER]))
        timer.start()
        ends.append(outcome(source, tmp_path / f"out-{number}", contents, workers=workers))
        timer.join()
    assert set(ends) <= {"right", "refused"}
    assert len(ends) == len(MOMENTS)
