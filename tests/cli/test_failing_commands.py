"""Commands that fail, many and at once: each ends with 2 and says one sentence and its hint.

Each is a process of its own, for what is looked for happens when a process ends: a thread that is
still at work then makes Python abort with status 134, once in tens of runs of a busy machine.
"""

import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.slow import slow

AT_ONCE = 8

COMMANDS = {
    "another recipe": ["build", "sample", "{built}", "--shard-rows", "7"],
    "another recipe and a template": ["build", "sample", "{built}", "--template", "chatml"],
    "a template misspelt": ["build", "sample", "{out}", "--template", "lama2"],
    "an unknown source": ["build", "nowhere", "{out}"],
    "a policy misspelt": ["build", "sample", "{out}", "--on", "identical=keeep"],
    "an unknown shape": ["build", "sample", "{out}", "--from", "hhh"],
    "text without a template": ["build", "sample", "{out}", "--as", "text"],
    "a damaged file": ["build", "{damaged}", "{out}"],
    "a template that refuses all": ["build", "sample", "{out}", "--template", "{refusing}"],
    "no build to check": ["check", "{out}"],
    "an unknown reason": ["show", "{built}", "--reason", "ugly"],
    "an unknown trainer": ["export", "{built}", "{out}", "--for", "nobody"],
}
QUICK = ("another recipe and a template", "a template misspelt", "a damaged file")
"""Those with most at work when they fail."""


@pytest.fixture(scope="module")
def places(sample_messages, tmp_path_factory):
    """What the commands name, by the word in braces."""
    folder = tmp_path_factory.mktemp("failing")
    (folder / "cut.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00")
    (folder / "refusing.jinja").write_text("{{ raise_exception('not today') }}")
    return {
        "built": sample_messages,
        "damaged": folder / "cut.jsonl.gz",
        "refusing": folder / "refusing.jinja",
    }


def fail(command, places, out):
    """Runs a command; what is wrong with how it failed, or nothing."""
    words = [word.format(out=out, **places) for word in command]
    done = subprocess.run(
        [sys.executable, "-m", "pairsmith", *words],
        capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "400"},
    )  # fmt: skip
    lines = done.stderr.splitlines()
    first = bool(lines) and lines[0].startswith("pairsmith: ")
    if done.returncode == 2 and first and all(line.startswith("  ") for line in lines[1:]):
        return "" if len(lines) <= 2 and not done.stdout else f"{words}: {done.stdout}{lines}"
    return f"{words}: status {done.returncode}, {done.stderr}"


def failures(commands, places, folder):
    """What was wrong with commands, run several at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = pool.map(
            lambda item: fail(item[1], places, folder / f"out-{item[0]}"), enumerate(commands)
        )
        return [words for words in told if words]


def test_a_command_that_fails_says_a_sentence_and_a_hint(places, tmp_path):
    assert failures([COMMANDS[name] for name in QUICK], places, tmp_path) == []


@slow
def test_hundreds_fail_the_same(places, tmp_path):
    """Each of the commands, twenty times."""
    commands = itertools.islice(itertools.cycle(COMMANDS.values()), 240)
    assert failures(commands, places, tmp_path) == []
