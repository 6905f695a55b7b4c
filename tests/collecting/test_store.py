"""What was acknowledged is on disk, once, whatever is killed; and events never change."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from pairsmith.collecting import actions
from pairsmith.collecting.collection import open_collection
from pairsmith.collecting.events import Kind
from pairsmith.collecting.export import export
from pairsmith.errors import CollectionError
from support import collected
from support.slow import slow


def test_events_are_neither_changed_nor_removed(tmp_path):
    with collected.begin(tmp_path / "c") as collection:
        collected.started(collection)
        path = collection.store.path
        assert path.stat().st_mode & 0o077 == 0
    with sqlite3.connect(path) as db:
        for statement in ("UPDATE events SET who = ''", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                db.execute(statement)
    db.close()


def test_people_at_once_get_each_their_own_and_each_event_once(tmp_path):
    with collected.begin(tmp_path / "c") as collection:
        people = [f"p{nth}" for nth in range(6)]

        def act(who):
            state = collected.started(collection, who)
            for _ in range(3):
                state = collected.turn(collection, state, f"{who} asks", 2)

        threads = [threading.Thread(target=act, args=(who,)) for who in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with collection.store.read() as look:
            events = [*look.events()]
            assert look.reached().events == len(events) == 1 + 6 * (1 + 3 * 3)
        for who in people:
            [state] = actions.conversations_of(collection, who)
            assert [turn.message for turn in state.turns] == [f"{who} asks"] * 3


def test_a_double_click_at_the_same_moment_is_stored_once(tmp_path):
    with collected.begin(tmp_path / "c") as collection:
        state = collected.started(collection)
        token = actions.token_of(collection, state)
        answers = []

        def click():
            answers.append(actions.say(collection, "ann", state.id, token, "Is tea hot?"))

        threads = [threading.Thread(target=click) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.stored for answer in answers) == [False] * 4 + [True]
        assert not any(answer.refused for answer in answers)


WORKER = """
import sys
from pairsmith.collecting.collection import open_collection
from support import collected
who = sys.argv[2]
with open_collection(sys.argv[1]) as collection:
    state = collected.started(collection, who)
    print("begun", state.id, flush=True)
    for nth in range(10_000):
        state = collected.turn(collection, state, f"{who} {nth}", 1 + nth % 4)
        print("chose", nth, state.id, flush=True)
"""


@slow
def test_what_was_acknowledged_before_a_kill_is_there_once(tmp_path):
    collected.begin(tmp_path / "c", max_turns=1_000).close()
    chance = random.Random(7)
    people = [f"p{nth}" for nth in range(21)]
    for first in range(0, len(people), 3):  # three processes at once
        some = people[first : first + 3]
        workers = [_begin_work(tmp_path / "c", who) for who in some]
        for who, worker in zip(some, workers, strict=True):
            time.sleep(chance.uniform(0.0, 0.3))
            worker.send_signal(signal.SIGKILL)
            said = [line.split() for line in worker.stdout.read().splitlines()]
            worker.stdout.close()
            worker.wait()
            _check_work(tmp_path / "c", who, sum(len(words) == 3 for words in said))
    with open_collection(tmp_path / "c") as collection:
        made = export(collection)
        assert made.people <= len(people)  # one may be killed before they say anything
        assert made.kept == _count(collection, Kind.CHOSE)


def _begin_work(folder, who):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WORKER, str(folder), who]
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    worker.stdout.readline()  # it has begun
    return worker


def _check_work(folder, who, acknowledged):
    """Whether what a worker was told is on record once, and no more than one choice besides."""
    with open_collection(folder) as collection:
        [state] = actions.conversations_of(collection, who)
        chosen = [turn for turn in state.turns if turn.picked is not None]
        assert acknowledged <= len(chosen) <= acknowledged + 1
        assert [turn.message for turn in chosen] == [f"{who} {n}" for n in range(len(chosen))]
        assert _count(collection, Kind.CHOSE, who) == len(chosen)


def _count(collection, kind, who=None):
    with collection.store.read() as look:
        return look.count(kind, who)


def test_nobody_else_may_read_it_from_its_first_moment_on(tmp_path, monkeypatch):
    """Whoever has opened a file may read what comes into it later."""
    modes = []

    def connect(path, **options):
        modes.append(path.stat().st_mode & 0o777)
        return sqlite3.Connection(path, **options)

    monkeypatch.setattr("pairsmith.collecting.store.sqlite3.connect", connect)
    with collected.begin(tmp_path / "c"):
        made = [path for path in (tmp_path / "c").iterdir() if "sqlite" in path.name]
        assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
    assert modes[0] == 0o600


def test_a_secret_that_is_none_is_refused(tmp_path):
    collected.begin(tmp_path / "c").close()
    for wrong in (10**9, None, b"short"):
        with closing(sqlite3.connect(tmp_path / "c/collection.sqlite")) as db:
            db.execute("DROP TABLE secret")
            db.execute("CREATE TABLE secret (value)")
            db.execute("INSERT INTO secret VALUES (?)", (wrong,))
            db.commit()
        with pytest.raises(CollectionError, match="not a collection"):
            open_collection(tmp_path / "c")
