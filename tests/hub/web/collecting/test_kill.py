"""Thirty people at once, at a hub that is killed: what it took is there, and there once."""

from __future__ import annotations

import random
import signal
import threading
import time

from pairsmith.collecting import actions
from pairsmith.collecting.collection import open_collection
from pairsmith.collecting.events import Kind
from pairsmith.collecting.export import export
from pairsmith.hub.auth import sessions, users
from pairsmith.hub.collections import members, registry
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.context import ENDPOINTS, SIGNING_KEY
from support.hub.choosers import Chooser
from support.hub.running import Running, free_port
from support.hub.teams import HELPFUL, gathered
from support.slow import slow

PEOPLE, KILLS, SECONDS = 30, 20, 60


@slow
def test_no_choice_is_lost_and_none_is_twice(tmp_path, server, monkeypatch):
    monkeypatch.setenv(ENDPOINTS, server.address)
    monkeypatch.setenv(SIGNING_KEY, "a key of the tests")
    root, port, over = tmp_path / "hub", free_port(), threading.Event()
    names = [f"person-{n}" for n in range(PEOPLE)]
    with gathered(root, (server.address,)) as team:
        made = team.begin(HELPFUL.format(address=server.address))
        folder = registry.folder_of(team.hub, made)
        cookies = {}
        with team.hub.database.write() as db:
            for name in names:
                user = users.add(db, name, "", "", None)
                members.give(db, made, user, Role.WORKER)
                cookies[name] = (sessions.COOKIE, sessions.begin(db, user)), str(user.id)
    url = f"http://127.0.0.1:{port}"
    people = [Chooser(url, name, cookies[name][0], over, n) for n, name in enumerate(names)]
    chance = random.Random(7)
    up = [chance.uniform(0.3, 1.7) * SECONDS / (KILLS + 1) for _ in range(KILLS + 1)]
    for turn, seconds in enumerate(up):
        hub = Running(root, port=port)
        if turn == 0:
            for person in people:
                person.start()
        time.sleep(seconds)
        if turn == KILLS:
            over.set()
            for person in people:
                person.join(60)
        hub.end(signal.SIGTERM if turn == KILLS else signal.SIGKILL)
    assert [fault for person in people for fault in person.faults] == []
    with open_collection(folder) as collection:
        stored = {name: _stored(collection, cookies[name][1]) for name in names}
        with collection.store.read() as transaction:
            chose = sum(1 for _ in transaction.events((Kind.CHOSE,)))
        kept = export(collection, tmp_path / "source").kept
    total = sum(len(person.acknowledged) for person in people)
    print(f"{total} choices taken, {chose} stored, {sum(p.refused for p in people)} refused")
    for person in people:
        mine = stored[person.name]
        missing = {m: v for m, v in person.acknowledged.items() if mine.get(m) != [v]}
        assert missing == {}, f"{person.name}: {missing}, {mine}"
    assert all(len(verdicts) <= 1 for mine in stored.values() for verdicts in mine.values())
    assert kept == chose == sum(len(v) for mine in stored.values() for v in mine.values())
    assert total > 5 * PEOPLE, "the test is able to fail"


def _stored(collection, who):
    """What a person chose, by their messages."""
    return {
        turn.message: [one.verdict for one in turn.attempts if one.verdict is not None]
        for state in actions.conversations_of(collection, who)
        for turn in state.turns
    }
