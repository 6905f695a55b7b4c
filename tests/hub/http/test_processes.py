"""Work on what strangers sent, in processes that can be killed."""

from __future__ import annotations

import ctypes
import itertools
import operator
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from pairsmith.hub.http.processes import BusyError, TooMuchWorkError, Workers
from support.slow import slow

MEMORY = 100 << 20
ENDLESS = (sum, itertools.count())


@pytest.fixture
def workers():
    made = Workers(1, wait=0.5)
    yield made
    made.close()


def run(workers, function, *args, seconds=20.0, memory=MEMORY):
    return workers.run(function, *args, seconds=seconds, memory=memory)


def test_what_a_function_returns_comes_back_and_its_worker_is_used_again(workers):
    assert run(workers, divmod, 7, 2) == (3, 1)
    worker = run(workers, os.getpid)
    assert worker != os.getpid()
    assert run(workers, os.getpid) == worker


def test_what_a_function_raises_is_raised_and_its_worker_is_used_again(workers):
    worker = run(workers, os.getpid)
    with pytest.raises(ZeroDivisionError):
        run(workers, divmod, 7, 0)
    assert run(workers, os.getpid) == worker


@pytest.mark.parametrize("task", [(operator.itemgetter, 0), (type, 1)], ids=["acts", "a class"])
def test_a_worker_sends_data_and_nothing_that_acts(workers, task):
    """It reads what strangers made; one that they took over is not to reach the hub."""
    worker = run(workers, os.getpid)
    with pytest.raises(TooMuchWorkError, match="crashed"):
        run(workers, *task)
    assert run(workers, os.getpid) != worker


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(ENDLESS, id="runs for ever"),
        pytest.param((time.sleep, 60), id="sleeps"),
        pytest.param((pow, 7, 10**8), id="is in C, with no way out"),
    ],
)
def test_what_does_not_end_is_killed_and_the_next_one_is_done(workers, task):
    worker = run(workers, os.getpid)
    with pytest.raises(TooMuchWorkError, match="longer than 0.3 seconds"):
        run(workers, *task, seconds=0.3)
    assert not psutil.pid_exists(worker)
    assert run(workers, divmod, 7, 2) == (3, 1)


@pytest.mark.parametrize(
    "task",
    [
        pytest.param((bytearray, 2 * MEMORY), id="at once"),
        pytest.param((list, itertools.count()), id="bit by bit"),
    ],
)
def test_what_eats_memory_is_given_up_and_the_next_one_is_done(workers, task):
    worker = run(workers, os.getpid)
    with pytest.raises(TooMuchWorkError, match="memory"):
        run(workers, *task)
    assert not psutil.pid_exists(worker)
    assert len(run(workers, bytearray, MEMORY // 10)) == MEMORY // 10


def test_the_bounds_of_one_piece_of_work_are_not_those_of_the_next(workers):
    run(workers, os.getpid, memory=30 << 20)
    assert run(workers, len, bytes(MEMORY // 4)) == MEMORY // 4


@pytest.mark.parametrize(
    "task",
    [
        pytest.param((os.abort,), id="aborts"),
        pytest.param((ctypes.string_at, 0), id="reads at a null pointer"),
        pytest.param((os._exit, 0), id="leaves"),
    ],
)
def test_what_crashes_takes_its_worker_alone(workers, task):
    with pytest.raises(TooMuchWorkError, match="crashed"):
        run(workers, *task)
    assert run(workers, divmod, 7, 2) == (3, 1)


def test_a_worker_that_died_while_it_waited_is_replaced(workers):
    os.kill(run(workers, os.getpid), signal.SIGKILL)
    time.sleep(0.1)
    assert run(workers, divmod, 7, 2) == (3, 1)


@pytest.mark.parametrize(("kept", "same"), [(0, True), (0.7, False)])
def test_a_worker_that_keeps_much_of_its_memory_does_no_other_task(workers, kept, same):
    worker = run(workers, os.getpid)
    run(workers, exec, f"import sys; sys.kept = bytearray({int(kept * MEMORY)})")
    assert (run(workers, os.getpid) == worker) is same


@slow
def test_who_gets_no_turn_in_time_is_told(workers):
    began = threading.Event()

    def hold():
        began.set()
        with pytest.raises(TooMuchWorkError):
            run(workers, time.sleep, 60, seconds=2)

    holder = threading.Thread(target=hold)
    holder.start()
    began.wait()
    time.sleep(0.2)
    with pytest.raises(BusyError):
        run(workers, divmod, 7, 2)
    holder.join()
    assert run(workers, divmod, 7, 2) == (3, 1)


@pytest.mark.parametrize("task", ["os.getpid", "time.sleep, 60"])
def test_workers_do_not_outlive_a_hub_that_is_killed(task):
    """Neither one that waits for work, nor one in the midst of it."""
    code = f"""if True:
        import os, threading, time
        from pairsmith.hub.http.processes import Workers
        workers = Workers(1)
        print(workers.run(os.getpid, seconds=20, memory=1 << 28), flush=True)
        threading.Thread(
            target=lambda: workers.run({task}, seconds=0.5, memory=1 << 28), daemon=True
        ).start()
        time.sleep(60)
    """
    hub = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with hub:
        worker = psutil.Process(int(hub.stdout.readline()))
        time.sleep(0.2)
        hub.kill()
    worker.wait(20)
