"""A build in object storage, over a real S3 API on loopback: the same bytes as on a disk."""

import pytest

import pairsmith
import s3
from mixture import write_mixture

ROWS = 40


@pytest.fixture(autouse=True)
def bucket(monkeypatch):
    with s3.serve(monkeypatch) as served:
        yield served


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_mixture(tmp_path_factory.mktemp("mixture") / "in", 250)


@pytest.fixture(scope="module")
def wanted(source, tmp_path_factory):
    out = tmp_path_factory.mktemp("wanted") / "out"
    pairsmith.build(source, out, shard_rows=ROWS)
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_the_same_bytes(source, wanted, bucket):
    pairsmith.build(source, f"{bucket.url}/out", shard_rows=ROWS)
    assert bucket.objects("out") == wanted
    assert pairsmith.check(f"{bucket.url}/out") == []
