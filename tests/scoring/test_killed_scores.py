"""Scoring that is killed goes on, and gives the bytes that it would have given."""

import os
import random
import shutil
import signal
import time

import pairsmith
from support.slow import slow

KILLS = 20


def score_in_child(out, scorer, seconds):
    """Scores in a process of its own, killed after so many seconds; whether it came to its end."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            pairsmith.score(out, scorer, name="killed", batch_tokens=60)
            status = 0
        finally:
            os._exit(status)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert status == 0
            return True
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert status in (0, signal.SIGKILL)
    return status == 0


@slow
def test_scores_killed_at_twenty_moments(builds, scorer, monkeypatch):
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")  # it warns of forks
    out = builds / "text"
    began = time.monotonic()
    whole = pairsmith.score(out, scorer, name="killed", batch_tokens=60)
    seconds = time.monotonic() - began
    expected = {path.name: path.read_bytes() for path in whole.folder.iterdir()}
    shutil.rmtree(whole.folder)
    draw, kills, resumed = random.Random(5), 0, 0
    end = time.monotonic() + 50
    while kills < KILLS and time.monotonic() < end:
        unfinished = whole.folder / "unfinished"
        resumed += bool(list(unfinished.glob("piece-*"))) if unfinished.exists() else False
        if not score_in_child(out, scorer, draw.uniform(0, 1.1 * seconds)):
            kills += 1
            continue
        assert {path.name: path.read_bytes() for path in whole.folder.iterdir()} == expected
        shutil.rmtree(whole.folder)
    assert kills > 4
    assert resumed > 1
    pairsmith.score(out, scorer, name="killed", batch_tokens=60)
    assert {path.name: path.read_bytes() for path in whole.folder.iterdir()} == expected
