"""Threads within a shard: order, bounds, faults in their places, and a clean end."""

import threading
import time
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.engines.threads import AHEAD, overlap
from support.examples import examples
from support.waiting import wait_for


class BrokenError(Exception):
    """What items or work raise."""


def upset(count):
    """Items whose work takes longer the earlier they come, in groups of four."""
    for number in range(count):
        yield number, (3 - number % 4) / 500


def dawdle(item):
    number, pause = item
    time.sleep(pause)
    return number


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_results_come_in_the_order_of_the_items(threads):
    assert list(overlap(upset(40), dawdle, threads)) == list(range(40))


def test_no_items():
    assert list(overlap([], dawdle, 2)) == []


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_no_more_is_read_ahead_than_there_is_room_for(threads):
    read = 0

    def items():
        nonlocal read
        for number in range(60):
            read += 1
            yield number

    most = 0
    for done, _ in enumerate(overlap(items(), lambda item: item, threads)):
        # the one in hand counts as held
        wait_for(lambda done=done: read >= min(done + threads + AHEAD + 1, 60))
        time.sleep(0.002)
        most = max(most, read - done)
    assert most == threads + AHEAD + 1


def test_several_are_worked_on_at_once():
    both = threading.Barrier(2, timeout=60)

    def meet(item):
        both.wait()
        return item

    assert list(overlap(range(6), meet, 2)) == list(range(6))


@examples(30)
@given(
    st.integers(0, 12), st.integers(1, 4), st.one_of(st.none(), st.integers(0, 12)), st.booleans()
)
def test_a_fault_comes_behind_the_results_before_it(count, threads, at, in_work):
    def items():
        for number in range(count):
            if number == at and not in_work:
                raise BrokenError(number)
            yield number

    def work(number):
        if number == at and in_work:
            raise BrokenError(number)
        return number

    faulty = at is not None and at < count
    got = []
    with pytest.raises(BrokenError, match=f"^{at}$") if faulty else nullcontext():
        for number in overlap(items(), work, threads):
            got.append(number)
    assert got == list(range(at if faulty else count))


def ours():
    return set(threading.enumerate())


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_threads_end_when_the_consumer_stops(taken):
    before = ours()
    closed = threading.Event()

    def items():
        try:
            yield from range(10**9)
        finally:
            closed.set()

    results = overlap(items(), lambda item: item, 2)
    for _ in range(taken):
        next(results)
    results.close()
    wait_for(lambda: ours() <= before)
    assert closed.is_set() or not taken  # never begun, never closed


def test_threads_end_after_a_fault():
    before = ours()

    def work(item):
        raise BrokenError(item)

    results = overlap(range(10**9), work, 2)
    with pytest.raises(BrokenError):
        next(results)
    wait_for(lambda: ours() <= before)


def test_a_read_that_hangs_does_not_keep_the_consumer():
    goes_on = threading.Event()

    def items():
        yield 1
        goes_on.wait(60)

    results = overlap(items(), lambda item: item, 2)
    assert next(results) == 1
    results.close()
    assert not goes_on.is_set()
    goes_on.set()


def test_a_read_under_way_has_ended_when_the_consumer_goes_on():
    """Python aborts where it ends while a daemon is at work in C."""
    before = ours()
    begun = threading.Event()

    def items():
        yield 1
        begun.set()
        time.sleep(0.1)
        yield 2

    results = overlap(items(), lambda item: item, 2)
    assert next(results) == 1
    assert begun.wait(60)
    results.close()
    assert ours() <= before
