"""Commands in processes of their own, forked from one that has torch loaded: each begins at once.

What a command does is what it does from a terminal, exit status, output and all; and it can be
killed at any moment.
"""

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PRELOADED = (
    "torch",
    "datasets",
    "accelerate",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.llama.modeling_llama",
    "transformers.trainer",
    "trl.trainer.reward_trainer",
    "pairsmith.cli",
)
PATIENCE = 240
"""So many seconds at most."""


class Outcome(NamedTuple):
    """What came of a command.

    Attributes:
        status: Its exit status; None where it was killed.
        said: What it wrote to standard output.
        told: To standard error.
        seconds: How long it took.
        busy: The processor time that it took, in seconds; 0 where it was killed.
    """

    status: int | None
    said: str
    told: str
    seconds: float
    busy: float


def run_command(*arguments, kill_after=None, file_bytes=None):
    """Runs `pairsmith` with arguments.

    Args:
        arguments: As on the command line; paths and numbers too.
        kill_after: SIGKILL after so many seconds; None for never.
        file_bytes: No file may grow beyond; None for no limit.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    with tempfile.TemporaryDirectory() as folder:
        words = tuple(map(str, arguments))
        process = context.Process(target=_act, args=(words, folder, file_bytes))
        began = time.monotonic()
        process.start()
        process.join(PATIENCE if kill_after is None else kill_after)
        killed = process.is_alive()
        if killed:
            process.kill()
            process.join()
        said, told, busy = (_read(Path(folder) / name) for name in (*STREAMS, BUSY))
        if killed and kill_after is None:
            raise TimeoutError(f"{words} did not end: {said}{told}")
        seconds = time.monotonic() - began
        return Outcome(None if killed else process.exitcode, said, told, seconds, float(busy or 0))


STREAMS = ("out", "err")
BUSY = "busy"


def _read(path):
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _act(words, folder, file_bytes):
    for number, name in enumerate(STREAMS, 1):
        opened = os.open(Path(folder) / name, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(opened, number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1) for number in (1, 2))
    os.environ |= {"HF_HUB_OFFLINE": "1", "COLUMNS": "100"}
    import torch

    torch.set_num_threads(1)  # more would fight over the cores that tests share
    if file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    sys.argv = ["pairsmith", *words]
    from pairsmith.cli import main

    try:
        main()
    finally:
        (Path(folder) / BUSY).write_text(str(time.process_time()))


def succeed(*arguments, **options):
    """Runs a command that is to succeed."""
    outcome = run_command(*arguments, **options)
    if outcome.status != 0:
        raise RuntimeError(f"{arguments}: {outcome}")
    return outcome
