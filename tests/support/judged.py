"""Collections in which two models are compared and others judge each comparison."""

from pairsmith.collecting.tasks import Tasks
from support import collected

MODELS = [{**collected.MODELS[0], "name": name} for name in ("fern", "moss")]


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self):
        self.now = 1_000_000.0

    def time(self):
        return self.now


def talk(collection, who, verdict, turns=1, clock=None):
    """A conversation; `verdict` is of an attempt, or the same for all."""
    state = collected.started(collection, who, "Teapots." if _attacks(collection) else "")
    for n in range(turns):
        state = collected.reply(collection, collected.say(collection, state, f"{who} {n}?"))
        if clock is not None:
            clock.now += 8
        said = verdict(state.turns[-1].attempts[-1]) if callable(verdict) else verdict
        state = collected.choose(collection, state, said)
    return state


def _attacks(collection):
    return collection.project().mode == "red-team"


def judge_all(collection, who, verdict, clock=None):
    """A person judges what others have compared; returns what was said, by comparison."""
    tasks, said = Tasks(collection), {}
    while given := tasks.next(who, clock and clock.now):
        if clock is not None:
            clock.now += 3
        say = verdict(given) if callable(verdict) else verdict
        assert tasks.judge(who, given.task.id, given.token, say).stored
        if given.task.repeats is None:
            said[given.item.id] = (say if given.task.swapped else -say, given.item.author)
    return said
