"""Arrow's files and streams: the same rows as in any other file, damage as a fault."""

import pyarrow as pa
import pyarrow.feather
import pytest

import pairsmith
from pairsmith.errors import DamagedInputError, SourceError
from support.folders import rows, write

TABLE = pa.Table.from_pylist(rows(700))


def written(path, table=TABLE, kind=pa.ipc.new_stream, **options):
    how = pa.ipc.IpcWriteOptions(**options)
    with pa.OSFile(str(path), "wb") as sink, kind(sink, table.schema, options=how) as writer:
        writer.write_table(table, max_chunksize=90)
    return path


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("expected")
    return shards(pairsmith.build(write(folder / "a.jsonl", rows(700)), folder / "out"))


def shards(built):
    return [entry.sha256 for entry in built.outputs]


def test_streams_and_files_however_they_are_written(expected, tmp_path):
    kinds = TABLE.set_column(0, "prompt", TABLE["prompt"].dictionary_encode())
    large = TABLE.set_column(1, "chosen", TABLE["chosen"].cast(pa.large_string()))
    paths = [
        written(tmp_path / "a.arrow"), written(tmp_path / "b.arrow", kind=pa.ipc.new_file),
        written(tmp_path / "c.arrow", compression="zstd"), written(tmp_path / "d.arrow", kinds),
        written(tmp_path / "e.arrow", large, pa.ipc.new_file), tmp_path / "f.feather",
    ]  # fmt: skip
    pyarrow.feather.write_feather(TABLE, str(paths[-1]), compression="lz4")
    for path in paths:
        built = pairsmith.build(path, tmp_path / path.stem, batch_rows=128)
        assert shards(built) == expected, path.name


@pytest.mark.parametrize("size", [0, 5, 200, 9_000])
def test_one_that_stops_short_is_damaged(size, tmp_path):
    path = written(tmp_path / "a.arrow")
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DamagedInputError, match=r"a.arrow is damaged, or no Arrow file: .* before"):
        pairsmith.build(path, tmp_path / "out")


def test_names_that_are_no_text_are_damage(tmp_path):
    path = written(tmp_path / "a.arrow")
    path.write_bytes(path.read_bytes().replace(b"chosen", b"ch\xffsen"))
    with pytest.raises(DamagedInputError, match="is damaged, or no Arrow file"):
        pairsmith.build(path, tmp_path / "out")


def test_columns_that_are_others(tmp_path):
    wrong = TABLE.rename_columns(["prompt", "chosen", "prompt"])
    with pytest.raises(SourceError):
        pairsmith.build(written(tmp_path / "a.arrow", wrong), tmp_path / "out", from_="trl-text")
