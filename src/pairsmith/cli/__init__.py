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
        if error.errno != errno.ENOSPC:
            raise
        say(f"the output cannot be written: {error.strerror}.")
        sys.exit(2)
