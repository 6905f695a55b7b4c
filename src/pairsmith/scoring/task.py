"""One task of scoring: a piece of a build, through the model, to a file."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pairsmith.scoring.judge import Judge, Request, keep_judge
from pairsmith.scoring.pieces import Piece, Told, write_piece

DEVICE_LOCK = "device-{number}.lock"


class Task(NamedTuple):
    """What a worker needs to know.

    Attributes:
        piece: The rows.
        request: What they are scored by.
        staging: The folder to write to.
        threads: For the arithmetic of this process; None to leave that as it is.
    """

    piece: Piece
    request: Request
    staging: Path
    threads: int | None = None


def work(task: Task, judge: Judge | None = None) -> Told:
    """Scores a piece, and keeps what was said of it.

    Args:
        task: What to do.
        judge: The model made ready; None to have this process keep one of its own.

    Raises:
        PairsmithError: The model or the build cannot be used, or a row not be scored.
    """
    if judge is None:
        _settle(task.threads)
        judge = keep_judge(_on_device(task.request, task.staging))
    scored, told = judge.score(task.piece)
    write_piece(task.staging, task.piece.number, scored.rows, told)
    return told


@cache
def _settle(threads: int | None) -> None:
    """Shares the cores with the other workers."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)


def _on_device(request: Request, staging: Path) -> Request:
    """The same, on a GPU that no other worker has, if this machine shows several."""
    import torch

    if request.options.device != "auto" or torch.cuda.device_count() < 2:
        return request
    return request._replace(device=f"cuda:{_claim_gpu(staging, torch.cuda.device_count())}")


@cache
def _claim_gpu(staging: Path, count: int) -> int:
    """The number of a GPU, held until this process ends; shared where there are more workers."""
    import fcntl

    for number in range(count):
        handle = os.open(staging / DEVICE_LOCK.format(number=number), os.O_CREAT | os.O_RDWR)
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number
        os.close(handle)
    return os.getpid() % count
