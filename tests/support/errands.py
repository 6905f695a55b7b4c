"""Work for the engines' tests, in a module that workers can import."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

from pairsmith.errors import DamagedInputError


class Errand(NamedTuple):
    """What to do, in a folder where it may leave marks."""

    kind: str
    folder: Path
    number: int = 0

    def mark(self, what: str) -> Path:
        return self.folder / f"{self.number}-{what}"


class TwoPartError(Exception):
    """An exception that pickles, and does not come back."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def do(errand: Errand) -> int:
    """Does an errand: `square`, or one of the ways to fail."""
    with errand.mark("starts").open("a") as file:
        file.write("x")
    match errand.kind:
        case "square":
            return errand.number**2
        case "refuse":
            raise DamagedInputError(f"{errand.number} is cut short.", "Fetch a whole copy.")
        case "fail":
            return 1 // 0
        case "odd":
            raise TwoPartError("odd ", "one")
        case "memory":
            raise MemoryError
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "die once":
            if starts(errand) == 1:
                os.kill(os.getpid(), signal.SIGKILL)
        case "sleep":
            errand.mark("pid").write_text(str(os.getpid()))
            time.sleep(60)
        case "count":
            return busiest(errand)
    return errand.number


def starts(errand: Errand) -> int:
    """How often it was begun."""
    mark = errand.mark("starts")
    return len(mark.read_text()) if mark.exists() else 0


def busiest(errand: Errand) -> int:
    """How many errands of its folder are at work at once, itself among them."""
    mark = errand.mark("busy")
    mark.touch()
    time.sleep(0.2)
    count = len(list(errand.folder.glob("*-busy")))
    mark.unlink()
    return count


def call(errand: Errand) -> str:
    """What to call it."""
    return f"errand {errand.number}"
