"""Waiting for what comes to hold, and processes that end."""

import time
from pathlib import Path


def wait_for(condition):
    """Waits until it holds; two minutes are for ever."""
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.005)


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
