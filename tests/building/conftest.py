"""Sources of several files and of one, and a build of it that is broken off."""

import json

import pytest

from pairsmith.dataset import checkpoint
from support import s3
from support.broken import Broken, Killed, break_off, build, fresh
from support.good_rows import GOOD
from support.mixture import hashes, line, write_mixture


@pytest.fixture(scope="session")
def mixture(tmp_path_factory):
    """A source of seven files, about 40 shards. Not to be changed."""
    return write_mixture(tmp_path_factory.mktemp("mixture") / "in", 500)


@pytest.fixture(scope="session")
def wanted(mixture, tmp_path_factory):
    """The hashes of its build."""
    out = tmp_path_factory.mktemp("wanted") / "out"
    build(mixture, out)
    return hashes(out)


def write_rows(folder):
    """A file of 200 rows: five shards."""
    folder.mkdir()
    path = folder / "train.jsonl"
    path.write_bytes(b"\n".join(line(number) for number in range(200)) + b"\n")
    return path


@pytest.fixture
def source(tmp_path):
    """A file of 200 rows: five shards."""
    return write_rows(tmp_path / "in")


@pytest.fixture(scope="session")
def broken_once(tmp_path_factory):
    """A build of such a file, broken off with three shards finished. Not to be changed."""
    folder = tmp_path_factory.mktemp("broken")
    source = write_rows(folder / "in")
    break_off(source, folder / "out")
    return Broken(source, folder / "out", fresh(source, folder))


@pytest.fixture
def broken(broken_once, tmp_path):
    """A copy of it."""
    return broken_once.copy(tmp_path)


@pytest.fixture(scope="session")
def halted_once(broken_once, tmp_path_factory):
    """The same build, broken off when all its shards were finished. Not to be changed."""

    def die(*_):
        raise Killed

    out = tmp_path_factory.mktemp("halted") / "out"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoint, "assemble", die)
        build(broken_once.source, out)
    return broken_once._replace(out=out)


@pytest.fixture
def halted(halted_once, tmp_path):
    """A copy of it."""
    return halted_once.copy(tmp_path)


@pytest.fixture
def one_row(tmp_path):
    """A file of one good row."""
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps(GOOD) + "\n")
    return path


@pytest.fixture
def bucket(monkeypatch):
    with s3.serve(monkeypatch) as served:
        yield served
