"""The process that renders templates, started before its template is known.

It takes a tenth of a second to start, which it can do while this process is busy otherwise.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_waiting: list[subprocess.Popen[bytes]] = []


@contextmanager
def started_ahead() -> Iterator[None]:
    """Starts the process, if none waits; it ends with the context if nobody took it."""
    if _waiting:
        yield
        return
    process = _start()
    _waiting.append(process)
    try:
        yield
    finally:
        if process in _waiting:
            _waiting.remove(process)
            process.kill()
            process.communicate()


def take() -> subprocess.Popen[bytes]:
    """The process that waits, or a new one; it is the caller's to end."""
    return _waiting.pop() if _waiting else _start()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        # -P, because a module in the working directory may be anyone's
        [sys.executable, "-P", "-m", "pairsmith.chat_templates.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the process that asks
    )
