"""Sources in an object store, read by the real client from a real API on loopback."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

import pairsmith
from pairsmith.errors import SourceError
from pairsmith.sources.layouts import SAMPLE, find
from support import s3
from support.slow import quick, slow

SAMPLE_FOLDER = Path(find(SAMPLE)[0].place.path).parent.parent


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[s3.Bucket]:
    """A bucket with the sample in its folder `hh`."""
    with s3.serve(monkeypatch) as served:
        fs = fsspec.filesystem("s3")
        for path in SAMPLE_FOLDER.rglob("*.jsonl"):
            fs.pipe(f"{served.url}/hh/{path.relative_to(SAMPLE_FOLDER)}", path.read_bytes())
        fs.clear_instance_cache()
        yield served


def shards(built):
    return [(entry.path, entry.sha256) for entry in built.outputs if ".parquet" in entry.path]


@pytest.mark.parametrize("times", quick([0, 2], 2))
def test_the_same_bytes(bucket: s3.Bucket, tmp_path: Path, times: int) -> None:
    here = pairsmith.build(SAMPLE_FOLDER, tmp_path / "here")
    bucket.busy = times
    there = pairsmith.build(f"{bucket.url}/hh", tmp_path / "there")
    assert bucket.refused == times
    assert shards(there) == shards(here)


@slow
def test_503_for_ever(bucket: s3.Bucket, tmp_path: Path) -> None:
    bucket.busy = 10_000
    with pytest.raises(SourceError, match=r"hh .*(Slow|reduce|503|Unavailable)"):
        pairsmith.build(f"{bucket.url}/hh", tmp_path / "out")
    assert bucket.refused < 100
