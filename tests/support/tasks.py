"""Work for processes; in a module of its own, because a child imports it by name."""

import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

from pairsmith.errors import DamagedInputError


class Job(NamedTuple):
    """What to do, under which name, with marks left in a folder."""

    what: str
    name: str
    folder: Path

    def note(self):
        """How often it has been tried, this time included."""
        with (self.folder / self.name).open("ab") as file:
            file.write(b"x")
        return (self.folder / self.name).stat().st_size


class OddError(Exception):
    """An error that pickles and does not unpickle."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def do(job):
    """Does what a job says."""
    tried = job.note()
    return globals()[f"do_{job.what}"](job, tried)


def do_well(job, tried):
    return job.name, os.getpid()


def do_damage(job, tried):
    raise DamagedInputError(f"{job.name} stops.", "Fetch it.")


def do_bug(job, tried):
    raise KeyError("bug")


def do_odd(job, tried):
    raise OddError("this", "that")


def do_unpicklable(job, tried):
    return lambda: job


def do_die_once(job, tried):
    if tried == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return job.name, tried


def do_die(job, tried):
    os.kill(os.getpid(), signal.SIGKILL)


def do_leave(job, tried):
    os._exit(3)


def do_starve_once(job, tried):
    if tried == 1:
        raise MemoryError
    return job.name, tried


def do_starve(job, tried):
    raise MemoryError


def do_sleep(job, tried):
    (job.folder / f"{job.name}.pid").write_text(str(os.getpid()))
    time.sleep(300)
