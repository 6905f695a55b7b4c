"""Whose turn it is to write: in order, in groups, and nobody long behind many rows."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager

import pytest

from pairsmith.hub.core.turns import Turn, Turns, Writers
from support.slow import slow
from support.waiting import wait_for

ADD = "INSERT INTO returned_payments VALUES (?, 'r')"


def payments(hub):
    with hub.database.read() as db:
        return [
            row[0] for row in db.execute("SELECT payment FROM returned_payments ORDER BY rowid")
        ]


@contextmanager
def threads(*acts):
    started = []
    for act in acts:
        started.append(threading.Thread(target=act))
        started[-1].start()
    yield started
    for thread in started:
        thread.join()


def test_who_waited_longest_comes_next():
    turn, order = Turn(), []

    def take(number):
        with turn:
            order.append(number)

    started = []
    with turn:
        for number in range(20):
            started.append(threading.Thread(target=take, args=(number,)))
            started[-1].start()
            wait_for(lambda: len(turn._waiting) == len(started))
    for thread in started:
        thread.join()
    assert order == list(range(20))


def test_a_turn_for_each_is_forgotten_when_nobody_has_it():
    turns = Turns()
    with turns.of("a"), turns.of("b"):
        assert set(turns._known) == {"a", "b"}
    assert turns._known == {}


def test_who_writes_a_row_waits_for_one_of_many_rows_at_most():
    writers, order = Writers(), []

    def write(name, many):
        with writers.turn(many):
            order.append(name)

    started = []

    def start(name, many):
        started.append(threading.Thread(target=write, args=(name, many)))
        started[-1].start()

    with writers.turn():
        for number in range(3):
            start(f"many {number}", True)
        wait_for(lambda: len(writers._many._waiting) == 2)
        wait_for(lambda: len(writers._next._waiting) == 1)
        start("few", False)
        wait_for(lambda: len(writers._next._waiting) == 2)
    for thread in started:
        thread.join()
    assert order.index("few") == 1


def test_those_who_wait_together_are_written_in_one_transaction(hub):
    seen = []

    def add(name):
        def act(db):
            seen.append(db.execute("SELECT count(*) FROM returned_payments").fetchone()[0])
            db.execute(ADD, (name,))
            return name

        return lambda: seen.append(hub.database.write_together(act))

    with hub.database.write():
        with_lock = threads(*(add(f"p{number}") for number in range(5)))
        started = with_lock.__enter__()
        wait_for(lambda: len(hub.database._group._jobs) == 5)
    for thread in started:
        thread.join()
    assert sorted(payments(hub)) == [f"p{number}" for number in range(5)]
    assert [one for one in seen if isinstance(one, int)] == [0, 1, 2, 3, 4]  # each saw those before
    assert hub.database.write_together(lambda db: "what it returns") == "what it returns"


def test_one_that_fails_undoes_nobody_elses(hub):
    def bad(db):
        db.execute(ADD, ("bad",))
        raise ValueError("on the way")

    raised = []

    def run_bad():
        with pytest.raises(ValueError, match="on the way") as caught:
            hub.database.write_together(bad)
        raised.append(caught)

    started = []
    with hub.database.write():
        for act in (
            lambda: hub.database.write_together(lambda db: db.execute(ADD, ("one",)) and None),
            run_bad,
            lambda: hub.database.write_together(lambda db: db.execute(ADD, ("two",)) and None),
        ):
            started.append(threading.Thread(target=act))
            started[-1].start()
            wait_for(lambda: len(hub.database._group._jobs) == len(started))
    for thread in started:
        thread.join()
    assert len(raised) == 1
    assert payments(hub) == ["one", "two"]


def test_what_cannot_be_put_on_disk_is_nobodys(hub):
    """A deferred constraint fails at COMMIT: all who shared the transaction are told."""

    def dangle(db):
        db.execute("PRAGMA defer_foreign_keys = ON")
        db.execute("INSERT INTO lines (repo) VALUES (4711)")

    with pytest.raises(sqlite3.IntegrityError):
        hub.database.write_together(dangle)
    hub.database.write_together(lambda db: db.execute(ADD, ("later",)) and None)
    assert payments(hub) == ["later"]


@slow
def test_the_log_does_not_grow_while_others_write(hub):
    log, long = hub.root / "hub.sqlite-wal", 0
    for number in range(120):
        with hub.database.write() as db:
            values = (f"{number}", "x" * (1 << 20))
            db.execute("INSERT INTO returned_payments VALUES (?, ?)", values)
        long = max(long, log.stat().st_size)
    assert long < 90 << 20  # of 120 MiB that were written
