"""Turns: who is let in, who waits, who is turned away, and whose turn is taken away."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack

import anyio
import pytest
from starlette.requests import ClientDisconnect

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.turns import Turns, while_connected
from support.slow import slow


def run(play):
    """Plays something that never takes long."""

    async def within():
        with anyio.fail_after(20):
            return await play()

    return anyio.run(within)


async def until(turn, seconds=10.0):
    """Works until the turn is over, or the work is done; whether it was."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not turn.over.is_set():
        await anyio.sleep(0.01)
    return not turn.over.is_set()


def test_no_subject_has_all_turns_and_what_is_free_is_given_at_once():
    async def play():
        turns = Turns(2, patience=0.2)
        async with turns.turn("eve", "slow"):
            with pytest.raises(HubError) as caught:
                async with turns.turn("mallory", "slow"):
                    pass
            async with turns.turn("bob", "good"):
                pass
        async with turns.turn("mallory", "slow"):
            pass
        return caught.value

    refused = run(play)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "10")


def test_one_who_asks_for_very_much_is_turned_away_and_others_are_not():
    async def play():
        turns, outcomes = Turns(2, patience=2.0, grace=60.0, queue=3), []

        async def ask(visitor, subject, seconds):
            try:
                async with turns.turn(visitor, subject):
                    await anyio.sleep(seconds)
                outcomes.append((visitor, "served"))
            except HubError:
                outcomes.append((visitor, "refused"))

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(ask, "eve", "slow", 0.3)
            await anyio.sleep(0.05)
            group.start_soon(ask, "bob", "slow", 0.0)
        return outcomes

    outcomes = run(play)
    assert outcomes.count(("eve", "refused")) == 6
    assert ("bob", "served") in outcomes
    # he came last, and was let in before those of her who waited
    assert outcomes.index(("bob", "served")) <= outcomes.index(("eve", "served")) + 1


@pytest.mark.parametrize("subjects", [("one", "two"), ("good", "one")])
def test_a_turn_that_lasts_is_taken_away_for_another_visitor(subjects):
    """Whether all turns are had, or the one about the same repository."""

    async def play():
        turns = Turns(2, grace=0.1)
        ended = []

        async def last(subject):
            async with turns.turn("eve", subject) as turn:
                ended.append((await until(turn), turn.lost))

        async with anyio.create_task_group() as group:
            for subject in subjects:
                group.start_soon(last, subject)
            await anyio.sleep(0.05)
            began = time.monotonic()
            async with turns.turn("bob", "good"):
                waited = time.monotonic() - began
            group.cancel_scope.cancel()
        return ended, waited

    ended, waited = run(play)
    assert ended[0] == (False, True)
    assert waited < 2.0


def test_one_takes_no_turn_from_oneself():
    async def play():
        turns = Turns(2, grace=0.05)
        async with turns.turn("eve", "slow") as first, anyio.create_task_group() as group:

            async def again():
                async with turns.turn("eve", "slow"):
                    pass

            group.start_soon(again)
            done = await until(first, 0.5)
            group.cancel_scope.cancel()
        return done

    assert run(play)


@slow
def test_two_who_take_each_others_turns_come_to_an_end():
    async def play():
        turns, done = Turns(2, patience=10.0, grace=0.05), []

        async def ask(visitor):
            while True:
                async with turns.turn(visitor, "slow") as turn:
                    if await until(turn, 0.6):
                        return done.append(visitor)

        async with anyio.create_task_group() as group:
            group.start_soon(ask, "ann")
            group.start_soon(ask, "bob")
        return done

    assert sorted(run(play)) == ["ann", "bob"]


def test_those_who_hang_up_leave_their_place():
    async def play():
        turns = Turns(2, queue=1)
        async with turns.turn("eve", "slow"):
            for _ in range(5):
                with anyio.move_on_after(0.05):
                    async with turns.turn("eve", "slow"):
                        raise AssertionError("there is no turn")
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(turns.turn("bob", "a"))
            await stack.enter_async_context(turns.turn("bob", "b"))
        return True

    assert run(play)


class Asked:
    """A request as far as it is wanted here: somebody hangs up after a while, or never."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.told = False

    async def receive(self):
        if not self.told:
            self.told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await anyio.sleep(self.seconds)
        return {"type": "http.disconnect"}


def test_what_nobody_waits_for_is_ended():
    async def play():
        turns = Turns(2)
        async with turns.turn("bob", "good") as turn:
            began = time.monotonic()
            with pytest.raises(ClientDisconnect):
                await while_connected(Asked(0.05), lambda: anyio.sleep(10), turn.over)
        return turn.over.is_set(), time.monotonic() - began

    over, took = run(play)
    assert over
    assert took < 2.0


def test_what_comes_of_it_comes_back_and_what_is_raised_is_raised():
    async def give():
        return 7

    async def fail():
        raise HubError(418, "no")

    assert run(lambda: while_connected(Asked(60), give)) == 7
    with pytest.raises(HubError, match="no"):
        run(lambda: while_connected(Asked(60), fail))
