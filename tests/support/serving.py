"""`transformers serve` on loopback, and SmolLM2 for it, from the folder that `make serving` fills.

Neither is among the packages of the tests: only processes that are started here see that folder.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from pairsmith.errors import ModelError
from pairsmith.io import wire

PACKAGES = Path(__file__).parent.parent.parent / ".serving"
PATIENCE = wire.Patience(1, 0, 5, 5, 1 << 20)
SERVE = "import sys; from transformers.cli.transformers import main; sys.exit(main())"
CONVERT = "from pairsmith.models.smollm2 import find_smollm2; print(find_smollm2())"


class Served(NamedTuple):
    """A model that is served.

    Attributes:
        address: Of the server.
        model: What it calls the model: its folder.
    """

    address: str
    model: str


def environment(**others: str) -> dict[str, str]:
    """What a process sees that needs the folder's packages; the test is skipped without them."""
    if not PACKAGES.is_dir():
        pytest.skip("transformers serve and SmolLM2 are not there: make serving")
    path = os.pathsep.join([str(PACKAGES), *filter(None, sys.path)])
    return {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": path, **others}


def convert_smollm2(caches: Path) -> Path:
    """The folder of SmolLM2 below a folder of caches, converted the first time."""
    done = subprocess.run(
        [sys.executable, "-c", CONVERT],
        env=environment(XDG_CACHE_HOME=str(caches)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


@contextmanager
def serving(model: Path) -> Iterator[Served]:
    """Serves a model's folder until the end, on the CPU."""
    seen = environment()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", SERVE, "serve", str(model)),
            *("--host", "127.0.0.1", "--port", str(port), "--device", "cpu"),
        ],
        env=seen,
        stdout=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address)
        yield Served(address, str(model))
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    """Waits until the server answers: it loads the model first."""
    end = time.monotonic() + 120
    while True:
        assert process.poll() is None, "the server ended"
        assert time.monotonic() < end, "the server does not answer"
        try:
            wire.ask(urlsplit(f"{address}/health"), None, PATIENCE)
        except ModelError:
            time.sleep(0.2)
        else:
            return
