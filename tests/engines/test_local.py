"""Processes: outcomes as they are, workers that die, and none left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pairsmith.engines import local
from pairsmith.engines.base import ATTEMPTS
from pairsmith.errors import DamagedInputError, WorkerError
from support import tasks
from support.tasks import Job, do
from support.waiting import is_alive, wait_for


@pytest.fixture
def job(tmp_path):
    return lambda what, name="one": Job(what, name, tmp_path)


def run(jobs, workers):
    return {
        outcome.task.name: outcome
        for outcome in local.run(do, jobs, workers=workers, name=lambda job: f"job {job.name}")
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_outcomes_are_results_or_errors_as_they_were(job, workers):
    names = [f"n{number}" for number in range(6)]
    done = run(
        [*(job("well", name) for name in names), job("damage", "bad"), job("bug", "bug")], workers
    )
    assert [done[name].result[0] for name in names] == names
    assert ({done[name].result[1] for name in names} == {os.getpid()}) == (workers == 1)
    assert all(done[name].error is None for name in names)
    error = done["bad"].error
    assert type(error) is DamagedInputError
    assert (error.message, error.hint) == ("bad stops.", "Fetch it.")
    assert done["bad"].result is None
    assert type(done["bug"].error) is KeyError


def test_a_bug_in_a_worker_keeps_its_traceback(job):
    (outcome,) = run([job("bug")], 2).values()
    assert "in do_bug" in "".join(outcome.error.__notes__)


@pytest.mark.parametrize("what", ["odd", "unpicklable"])
def test_what_cannot_be_sent_is_an_error_not_a_hang(job, what):
    done = run([job(what), job("well", "other")], 2)
    assert type(done["one"].error) is RuntimeError
    assert "cannot be pickled" in str(done["one"].error)
    assert done["other"].error is None


def test_tasks_are_taken_as_workers_become_free(job):
    taken = []

    def jobs():
        for number in range(6):
            taken.append(number)
            yield job("well", f"n{number}")

    for done, _ in enumerate(local.run(do, jobs(), workers=2, name=str)):
        assert len(taken) <= done + 2


@pytest.mark.parametrize("what", ["die_once", "starve_once"])
def test_a_worker_that_dies_once_costs_a_retry(job, what):
    done = run([job(what), job("well", "other")], 2)
    assert done["one"].result == ("one", 2)
    assert done["other"].error is None


@pytest.mark.parametrize(
    ("what", "how"), [("die", "signal SIGKILL"), ("leave", "status 3"), ("starve", "out of memory")]
)
def test_a_worker_that_always_dies_is_named_and_the_others_finish(job, tmp_path, what, how):
    done = run([job("well", "a"), job(what), job("well", "b"), job("well", "c")], 2)
    error = done["one"].error
    assert type(error) is WorkerError
    assert error.message == f"The worker for job one died {ATTEMPTS} times ({how})."
    assert "--workers" in error.hint
    assert (tmp_path / "one").stat().st_size == ATTEMPTS
    assert [done[name].error for name in "abc"] == [None] * 3


def test_a_worker_that_dies_while_it_is_idle_costs_a_retry(job):
    pids = []

    def jobs():
        yield job("well", "first")
        yield job("die_once", "second")  # so that the first is done before the third is taken
        wait_for(lambda: pids)
        os.kill(pids[0], signal.SIGKILL)
        wait_for(lambda: not is_alive(pids[0]))
        yield job("well", "third")

    names = []
    for outcome in local.run(do, jobs(), workers=2, name=str):
        assert outcome.error is None
        names.append(outcome.task.name)
        if outcome.task.name == "first":
            pids.append(outcome.result[1])
    assert sorted(names) == ["first", "second", "third"]


def pids_of(folder, count):
    wait_for(lambda: len([p for p in folder.glob("*.pid") if p.read_text()]) == count)
    return [int(path.read_text()) for path in folder.glob("*.pid")]


def test_closing_ends_the_children(job, tmp_path):
    outcomes = local.run(
        do, [job("well"), job("sleep", "a"), job("sleep", "b")], workers=3, name=str
    )
    next(outcomes)
    pids = pids_of(tmp_path, 2)
    assert all(is_alive(pid) for pid in pids)
    outcomes.close()
    assert not any(is_alive(pid) for pid in pids)


PARENT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
if __name__ == "__main__":
    from support.tasks import Job, do
    from pairsmith.engines import local
    jobs = [Job("sleep", name, Path(sys.argv[2])) for name in "ab"]
    list(local.run(do, jobs, workers=2, name=str))
"""


@pytest.fixture
def parent(tmp_path):
    """A process that has two children asleep, as a terminal starts it: head of its own group."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    (tmp_path / "marks").mkdir()
    here = Path(tasks.__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, script, here, tmp_path / "marks"],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with process:
        yield process, tmp_path / "marks"
        process.kill()


def test_children_end_with_a_parent_that_is_killed(parent):
    process, marks = parent
    pids = pids_of(marks, 2)
    process.kill()
    wait_for(lambda: not any(is_alive(pid) for pid in pids))


def children_of(pid):
    held = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in held]


def is_deaf(pid):
    """Whether an interrupt does nothing to a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    masks = [int(line.split()[1], 16) for line in lines if line.startswith(("SigBlk", "SigIgn"))]
    return any(mask & 1 << signal.SIGINT - 1 for mask in masks)


@pytest.mark.parametrize("when", ["starting", "working"])
def test_an_interrupt_of_the_whole_group_is_the_parents_alone(parent, when):
    process, marks = parent
    if when == "working":
        pids_of(marks, 2)
    wait_for(lambda: len(children_of(process.pid)) == 3)  # the resource tracker is one
    pids = children_of(process.pid)
    assert sum(is_deaf(pid) for pid in pids) == 3
    os.killpg(process.pid, signal.SIGINT)
    errors = process.stderr.read().decode()
    assert process.wait() == -signal.SIGINT
    assert errors.count("Traceback") == 1  # the script's own
    wait_for(lambda: not any(is_alive(pid) for pid in pids))
