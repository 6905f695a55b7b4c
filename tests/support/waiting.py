"""Waiting for what comes to hold, and processes that end."""

import time
from pathlib import Path


def wait_for(condition):
    """Waits until it holds; a minute is for ever."""
    for _ in range(12000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("it never came to hold")


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
