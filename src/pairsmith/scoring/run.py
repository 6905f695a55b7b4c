"""One run of scoring over an engine: the pieces that are not finished, and how far it has come."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pairsmith.engines import ENGINES
from pairsmith.engines.base import Outcome
from pairsmith.models.forward import Reader
from pairsmith.progress import Progress, Watch
from pairsmith.scoring.judge import Request, open_judge
from pairsmith.scoring.pieces import Piece, Told, finished_pieces
from pairsmith.scoring.task import Task, work


class Run(NamedTuple):
    """A run over the pieces that are not finished; fields as elsewhere."""

    out: Path
    staging: Path
    request: Request
    pieces: list[Piece]
    progress: Watch | None


def run(spec: Run) -> int:
    """Scores the pieces that are not finished; returns how many tokens were read."""
    finished = finished_pieces(spec.staging)
    left = [piece for piece in spec.pieces if piece.number not in finished]
    total = sum(piece.rows for piece in spec.pieces)
    rows, tokens = total - sum(piece.rows for piece in left), 0
    if not left:
        return 0
    with closing(_map(spec, left)) as outcomes:  # or workers would outlive a fault
        for outcome in outcomes:
            if outcome.result is None:
                raise outcome.error or RuntimeError("a task came to nothing")
            piece = outcome.task.piece
            rows, tokens = rows + piece.rows, tokens + outcome.result.tokens
            if spec.progress is not None:
                spec.progress(Progress(f"{piece.subset}/{piece.split}", rows, rows, total))
    return tokens


def _map(spec: Run, left: list[Piece]) -> Generator[Outcome[Task, Told]]:
    options = spec.request.options
    engine = ENGINES[options.engine]
    workers = options.workers
    if engine.in_process:
        workers = min(workers or max(1, _gpus(options.device)), len(left))
        if workers == 1:
            yield from _in_process(spec, left)
            return
    threads = max(1, (os.cpu_count() or 1) // workers) if workers and engine.in_process else None
    tasks = (Task(piece, spec.request, spec.staging, threads) for piece in left)
    way = (engine.run_on_gpus if options.device == "auto" else None) or engine.run
    yield from way(work, tasks, workers=workers, name=_name, address=options.address)


def _in_process(spec: Run, left: list[Piece]) -> Generator[Outcome[Task, Told]]:
    engine, ticker = ENGINES[spec.request.options.engine], _Ticker(spec, left)
    tasks = (Task(piece, spec.request, spec.staging) for piece in ticker.begun(left))
    with open_judge(spec.request) as judge:
        if isinstance(judge.reader, Reader):
            judge.reader.tick = ticker.tick
        yield from engine.run(partial(work, judge=judge), tasks, workers=1, name=_name)


class _Ticker:
    """Tells how far the piece at hand has come; one of two passes seems done after the first."""

    def __init__(self, spec: Run, left: list[Piece]) -> None:
        self.watch = spec.progress
        self.total = sum(piece.rows for piece in spec.pieces)
        self.before = self.total - sum(piece.rows for piece in left)
        self.piece, self.rows = left[0], 0

    def begun(self, pieces: list[Piece]) -> Iterator[Piece]:
        """The pieces, each noted as it is begun."""
        for self.piece in pieces:
            self.rows = 0
            yield self.piece
            self.before += self.piece.rows

    def tick(self, rows: int) -> None:
        """Takes note of rows that were read."""
        self.rows = min(self.rows + rows, self.piece.rows)
        if self.watch is not None:
            done = self.before + self.rows
            place = f"{self.piece.subset}/{self.piece.split}"
            self.watch(Progress(place, done, done, self.total))


def _name(task: Task) -> str:
    return task.piece.name


def _gpus(device: str) -> int:
    """How many GPUs there are to be used here."""
    import torch

    return torch.cuda.device_count() if device == "auto" else 0
