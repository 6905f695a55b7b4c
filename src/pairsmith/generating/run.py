"""The pieces that are not finished, over an engine or by a server, each kept once it is."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import NamedTuple

from pairsmith.engines import ENGINES
from pairsmith.engines.base import Outcome
from pairsmith.generating.answering import (
    Found,
    Request,
    Task,
    answer_by_endpoint,
    name_of,
    open_answerer,
    threads_of,
    work,
)
from pairsmith.generating.journal import Journal
from pairsmith.generating.options import WorkOptions
from pairsmith.generating.prompts import Prompt
from pairsmith.models.generation.endpoint import Endpoint
from pairsmith.progress import Progress, Watch

SAMPLES = 512
"""Samples of a piece, about; a piece is lost where a run is broken off on the way."""


class Piece(NamedTuple):
    """Prompts whose samples are drawn together.

    Attributes:
        number: Its number, from 0.
        prompts: All of one split, none of them refused.
    """

    number: int
    prompts: tuple[Prompt, ...]


class Run(NamedTuple):
    """A run: what answers, how, what is asked, and where it is kept."""

    request: Request
    endpoint: Endpoint | None
    how: WorkOptions
    pieces: list[Piece]
    journal: Journal
    progress: Watch | None


def cut_into_pieces(prompts: Sequence[Prompt], best_of: int, one_by_one: bool) -> list[Piece]:
    """The prompts that are asked, in pieces.

    Args:
        prompts: All of them, those of a split together.
        best_of: Samples of each.
        one_by_one: Whether each is a piece by itself, as for a server.
    """
    most = 1 if one_by_one else max(1, SAMPLES // best_of)
    pieces, held = list[Piece](), list[Prompt]()
    for prompt in (prompt for prompt in prompts if prompt.refused is None):
        other = held and (held[0].subset, held[0].split) != (prompt.subset, prompt.split)
        if other or len(held) == most:
            pieces.append(Piece(len(pieces), tuple(held)))
            held = []
        held.append(prompt)
    return [*pieces, Piece(len(pieces), tuple(held))] if held else pieces


def run(spec: Run) -> None:
    """Answers the prompts of the pieces that are not finished.

    Raises:
        ModelError: A model cannot be used, or a server not be asked.
        WorkerError: A worker died again and again, or the engine cannot be reached.
    """
    left = [piece for piece in spec.pieces if piece.number not in spec.journal.finished]
    if not left:
        return
    total = sum(len(piece.prompts) for piece in spec.pieces)
    done = total - sum(len(piece.prompts) for piece in left)
    answers = _by_server(spec, left) if spec.endpoint is not None else _by_engine(spec, left)
    with closing(answers):  # or workers would outlive a fault
        for piece, found in answers:
            spec.journal.append(piece.number, found)
            done += len(piece.prompts)
            if spec.progress is not None:
                place = f"{piece.prompts[0].subset}/{piece.prompts[0].split}"
                spec.progress(Progress(place, done, done, total))


def _by_server(spec: Run, left: list[Piece]) -> Generator[tuple[Piece, list[Found]]]:
    if spec.endpoint is None:
        raise ValueError("there is no endpoint")
    options, how = spec.request.options, spec.how
    prompts = [piece.prompts[0] for piece in left]
    with open_answerer(spec.request) as answerer:
        told = answer_by_endpoint(spec.endpoint, prompts, options, how.at_once, how.timeout)
        with closing(told):  # type: ignore[type-var]
            for piece, samples in zip(left, told, strict=True):
                answerer.put_scores(piece.prompts, [samples])
                yield piece, [{"refused": None, "samples": samples}]


def _by_engine(spec: Run, left: list[Piece]) -> Generator[tuple[Piece, list[Found]]]:
    pieces = {piece.number: piece for piece in left}
    with closing(_map(spec, left)) as outcomes:
        for outcome in outcomes:
            if outcome.result is None:
                raise outcome.error or RuntimeError("a task came to nothing")
            yield pieces[outcome.task.piece], outcome.result


def _map(spec: Run, left: list[Piece]) -> Generator[Outcome[Task, list[Found]]]:
    engine, how = ENGINES[spec.how.engine], spec.how
    workers = how.workers
    if engine.in_process:
        workers = min(workers or 1, len(left))
        if workers == 1:
            with open_answerer(spec.request) as answerer:
                tasks = _tasks(spec, left, None)
                own = partial(work, answerer=answerer)
                yield from engine.run(own, tasks, workers=1, name=name_of)
            return
    threads = threads_of(workers) if engine.in_process else None
    way = (engine.run_on_gpus if how.device == "auto" else None) or engine.run
    tasks = _tasks(spec, left, threads)
    yield from way(work, tasks, workers=workers, name=name_of, address=how.address)


def _tasks(spec: Run, left: list[Piece], threads: int | None) -> Iterator[Task]:
    return (Task(piece.number, piece.prompts, spec.request, threads) for piece in left)
