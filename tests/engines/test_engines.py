"""One contract, every engine: outcomes of all tasks, whatever becomes of a worker."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from pairsmith.engines import ENGINES
from pairsmith.engines.base import ATTEMPTS, Outcome
from pairsmith.errors import DamagedInputError, WorkerError
from support.errands import Errand, TwoPartError, call, do, starts

Run = Callable[[Sequence[Errand]], Iterator[Outcome[Errand, int]]]


@pytest.fixture(params=[*ENGINES.builtin, "ray-on-gpus"])
def run(request: pytest.FixtureRequest) -> Run:
    """An engine with two workers."""
    engine, _, on_gpus = request.param.partition("-")
    if engine == "ray":
        request.getfixturevalue("ray_cluster")
    way = ENGINES[engine].run_on_gpus if on_gpus else ENGINES[engine].run
    assert way is not None
    return partial(way, do, workers=2, name=call)


def outcomes(run: Run, errands: Sequence[Errand]) -> dict[int, Outcome[Errand, int]]:
    found = {outcome.task.number: outcome for outcome in run(errands)}
    assert sorted(found) == [errand.number for errand in errands]
    assert [found[errand.number].task for errand in errands] == list(errands)
    return found


def test_every_task_has_its_result(run: Run, tmp_path: Path) -> None:
    found = outcomes(run, [Errand("square", tmp_path, n) for n in range(20)])
    assert {n: outcome[1:] for n, outcome in found.items()} == {n: (n * n, None) for n in range(20)}


def test_no_tasks_no_outcomes(run: Run) -> None:
    assert list(run([])) == []


def test_errors_come_back_as_they_were_raised(run: Run, tmp_path: Path) -> None:
    kinds = ["square", "refuse", "fail", "square"]
    found = outcomes(run, [Errand(kind, tmp_path, n) for n, kind in enumerate(kinds)])
    refusal = found[1].error
    assert type(refusal) is DamagedInputError
    assert (refusal.message, refusal.hint) == ("1 is cut short.", "Fetch a whole copy.")
    assert type(found[2].error) is ZeroDivisionError
    assert [found[n].result for n in range(4)] == [0, None, None, 9]
    assert starts(found[1].task) == 1


def test_an_error_that_cannot_be_sent_is_told(run: Run, tmp_path: Path) -> None:
    found = outcomes(run, [Errand("odd", tmp_path, 0), Errand("square", tmp_path, 1)])
    assert "odd one" in str(found[0].error)
    assert not isinstance(found[0].error, WorkerError | TwoPartError)
    assert found[1].result == 1


def test_a_worker_that_dies_costs_a_retry(run: Run, tmp_path: Path) -> None:
    errands = [Errand("die once" if n == 1 else "square", tmp_path, n) for n in range(4)]
    found = outcomes(run, errands)
    assert [found[n][1:] for n in range(4)] == [(0, None), (1, None), (4, None), (9, None)]
    assert starts(errands[1]) == 2


@pytest.mark.parametrize("kind", ["die", "memory"])
def test_a_task_that_kills_its_worker_is_given_up(run: Run, tmp_path: Path, kind: str) -> None:
    errands = [Errand(kind if n == 1 else "square", tmp_path, n) for n in range(4)]
    found = outcomes(run, errands)
    error = found[1].error
    assert isinstance(error, WorkerError)
    assert "errand 1" in error.message
    assert error.hint
    assert starts(errands[1]) == ATTEMPTS
    assert [found[n].result for n in (0, 2, 3)] == [0, 4, 9]


def test_no_more_tasks_than_workers_at_once(run: Run, tmp_path: Path) -> None:
    found = outcomes(run, [Errand("count", tmp_path, n) for n in range(8)])
    assert {outcome.error for outcome in found.values()} == {None}
    assert max(outcome.result or 0 for outcome in found.values()) <= 2


def test_tasks_are_taken_as_they_are_needed(run: Run, tmp_path: Path) -> None:
    taken = []

    def errands() -> Iterator[Errand]:
        for number in range(100):
            taken.append(number)
            yield Errand("square", tmp_path, number)

    results = run(errands())
    next(results)
    assert len(taken) <= 4
    results.close()  # type: ignore[attr-defined]


def test_what_runs_is_ended_when_nobody_wants_it(run: Run, tmp_path: Path) -> None:
    sleeper = Errand("sleep", tmp_path, 0)
    results = run([sleeper, Errand("square", tmp_path, 1)])
    assert next(results).result == 1
    while not sleeper.mark("pid").exists() or not sleeper.mark("pid").read_text():
        time.sleep(0.05)
    results.close()  # type: ignore[attr-defined]
    pid = int(sleeper.mark("pid").read_text())
    # Ray calls a task cancelled a moment before its process is gone
    end = time.monotonic() + 10
    while (there := _exists(pid)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not there


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
