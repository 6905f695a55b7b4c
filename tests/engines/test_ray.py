"""A Ray that the engine starts itself, and addresses where there is none."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pairsmith import extras
from pairsmith.engines import ray as engine
from pairsmith.errors import WorkerError
from support.errands import Errand, call, do
from support.slow import slow

SCRIPT = """
import sys
from pathlib import Path
from support.errands import Errand, call, do
from pairsmith.engines import ray as engine

tasks = [Errand(kind, Path(sys.argv[1]), n) for n, kind in enumerate(sys.argv[2:])]
print(sorted(outcome.result for outcome in engine.run(do, tasks, workers=2, name=call)))
import ray
print(ray.is_initialized())
"""


def start(folder: Path, *kinds: str) -> "subprocess.Popen[str]":
    home = folder / "home"
    home.mkdir()  # Ray leaves a token there
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(folder), *kinds],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def gone(pid: int, within: float) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.usefixtures("ray_installed")
@slow
def test_a_ray_of_its_own_starts_says_nothing_and_ends(tmp_path: Path) -> None:
    out, err = start(tmp_path, "square", "die once", "square", "square").communicate(timeout=60)
    assert (out, err) == ("[0, 1, 4, 9]\nFalse\n", "")


@pytest.mark.usefixtures("ray_installed")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@slow
def test_no_worker_outlives_the_process(tmp_path: Path, number: signal.Signals) -> None:
    sleeper = Errand("sleep", tmp_path, 0)
    with start(tmp_path, "sleep") as process:
        mark = sleeper.mark("pid")
        while not mark.exists() or not mark.read_text():
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(number)
        process.communicate(timeout=30)
    assert gone(int(mark.read_text()), within=20)


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port where somebody listens who is not Ray."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.usefixtures("ray_installed")
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nowhere.invalid:6379"])
def test_nobody_answers(address: str) -> None:
    with pytest.raises(WorkerError, match="No Ray cluster can be reached at ") as caught:
        engine._knock(address)
    assert address in caught.value.message
    assert "ray://HOST:10001" in caught.value.hint


@pytest.mark.usefixtures("ray_installed")
def test_somebody_else_answers(deaf: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 2)
    with pytest.raises(WorkerError, match="does not answer as a Ray"):
        engine._knock(f"127.0.0.1:{deaf}")


@pytest.mark.parametrize("address", ["http://host:8265", "host", "host:port", "ray:///x", ""])
def test_not_an_address(address: str) -> None:
    with pytest.raises(WorkerError, match="is not the address of a Ray cluster"):
        engine._knock(address)


def test_without_ray(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(WorkerError, match="missing") as caught:
        list(engine.run(do, [Errand("square", tmp_path)], workers=2, name=call))
    assert caught.value.hint == extras.hint("ray")
