"""Fixtures that many tests share: the sample built once, the real file, a small real model."""

import gc
import gzip
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

# as the command line does; threads of two processes of tests only wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pairsmith
from pairsmith.cli import main
from support.defects import write_doubtful, write_planted
from support.examples import load_quick_profile
from support.real import DEMO, REAL, REAL_FILE
from support.serving import Served, convert_smollm2, serving
from support.shared_templates import shared_templates

# a shell that starts a program in the background has it ignore interrupts, and its children too
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

gc.disable()  # while tests are collected: a quarter of that time went into looking for garbage


def pytest_collection_finish() -> None:
    """Garbage is looked for again, and never among the tests themselves, which stay."""
    gc.enable()
    gc.freeze()


load_quick_profile()  # --hypothesis-profile=full comes later, and wins


@pytest.fixture(scope="session", autouse=True)
def unsynced() -> Iterator[None]:
    """What a test writes need not outlive a power cut: the disk is not waited for.

    A build calls `fsync` a hundred times. Processes that tests start call it as ever.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def templates_opened_once() -> Iterator[None]:
    """See `support.shared_templates`."""
    with shared_templates():
        yield


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder with the real harmless-base/test file."""
    if not REAL_FILE.exists():
        pytest.skip("the real HH-RLHF file is not beside the repository, in ../shared/data/hh-rlhf")
    return REAL


@pytest.fixture(scope="session")
def real_rows(real: Path) -> list[dict[str, str]]:
    """The real file's rows, read by the standard library."""
    with gzip.open(REAL_FILE, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="session")
def demo() -> Path:
    """A real file in the shape `sharegpt`: 300 rows, one JSON array."""
    if not DEMO.exists():
        pytest.skip("dpo_en_demo.json is not beside the repository, in ../shared/data/preferences")
    return DEMO


@pytest.fixture(scope="session")
def sample_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, built as Llama 2 text. Not to be changed."""
    out = tmp_path_factory.mktemp("sample") / "text"
    pairsmith.build("sample", out, template="llama2")
    return out


@pytest.fixture(scope="session")
def sample_messages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, built as messages. Not to be changed."""
    out = tmp_path_factory.mktemp("sample") / "messages"
    pairsmith.build("sample", out)
    return out


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source with duplicates, near ones, leaks and contradictions. Not to be changed."""
    return write_planted(tmp_path_factory.mktemp("planted") / "in")


@pytest.fixture(scope="session")
def doubtful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source some of whose labels are wrong. Not to be changed."""
    return write_doubtful(tmp_path_factory.mktemp("doubtful") / "in")


@pytest.fixture(scope="session")
def flipped(doubtful: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of it whose doubted labels are exchanged. Not to be changed."""
    out = tmp_path_factory.mktemp("flipped") / "out"
    pairsmith.build(doubtful, out, flip=1, template="llama2", shard_rows=200)
    return out


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of SmolLM2 in a cache of the tests' own: caches/pairsmith/smollm2-….

    It is converted once, whatever the number of processes that test. Not to be changed.
    """
    place = tmp_path_factory.getbasetemp()
    caches = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "caches"
    with FileLock(f"{caches}.lock"):
        return convert_smollm2(caches)


@pytest.fixture(scope="session")
def served_smollm2(smollm2: Path) -> Iterator[Served]:
    """SmolLM2, served by `transformers serve`."""
    with serving(smollm2) as served:
        yield served


@pytest.fixture
def template(tmp_path):
    """Writes a chat template of a test's own."""

    def write(source, name="odd.jinja"):
        path = tmp_path / name
        path.write_text(source, encoding="utf-8")
        return path

    return write


@pytest.fixture
def run(monkeypatch, capfd):
    """Runs a command line; returns exit status, stdout and stderr."""

    def command(*args):
        monkeypatch.setattr(sys, "argv", ["pairsmith", *map(str, args)])
        with pytest.raises(SystemExit) as caught:
            main()
        return (caught.value.code, *capfd.readouterr())

    return command
