"""The command line: one file a command; each parses, calls one library function and prints."""

from __future__ import annotations

import atexit
import errno
import io
import sys

from pairsmith.cli import manner, startup
from pairsmith.cli.application import app
from pairsmith.cli.terminal import explain, say
from pairsmith.errors import PairsmithError

__all__ = ["app", "main"]


FAULTS = {
    errno.ENOSPC: "the output cannot be written",
    errno.ENAMETOOLONG: "a path that was given cannot be opened",
}
"""What is said of faults of the system that a user can do something about."""


def main() -> None:
    """Runs the command line: exit 0 done, 1 a check failed or nothing kept, 2 not carried out."""
    startup.tune_process()
    manner.begin()
    atexit.register(startup.leave)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # whatever the terminal can show
    try:
        app(standalone_mode=True, prog_name="pairsmith")
    except PairsmithError as error:
        say(error.message, error.hint)
        explain(error)
        sys.exit(2)
    except OSError as error:
        said = FAULTS.get(error.errno or 0)
        if said is None:
            raise
        say(f"{said}: {error.strerror}.")
        sys.exit(2)
    except UnicodeEncodeError:
        if all(map(_is_text, sys.argv)):
            raise
        say("What was typed is not UTF-8.", "Copy the words again, or type them.")
        sys.exit(2)


def _is_text(argument: str) -> bool:
    """Whether what was typed can be written as UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in argument)
