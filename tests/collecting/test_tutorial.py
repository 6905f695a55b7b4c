"""docs/tutorial/collecting.md: its commands, run in order, with somebody at the pages."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import kept_rows
from support.collecting_browser import Person
from support.slow import slow
from test_docs import BLOCK, matches, run, sessions, text_of

ASKED = ["How do I keep a fern alive?", "How much water?", "And in winter?", "One last tip?"]
STRENGTHS = [-3, 2, -2, 1]
AGREED = {"helpful-base/train/10", "helpful-online/train/5"}
DOUBTED = 8


@slow
def test_the_tutorial(server, tmp_path):
    page = text_of("docs/tutorial/collecting.md").replace("http://127.0.0.1:8000", server.address)
    page = re.sub(r"^Open http.*$", "Open …", page, flags=re.M)
    typed = "".join(body for _, kind, body in BLOCK.findall(page) if kind == "console")
    found = 0
    for line, expected in sessions(typed):
        if not line.startswith("pairsmith"):
            continue  # packages, and a model's server
        if line.startswith("pairsmith collect"):
            printed = collect(line, talk if "--model" in line else judge, tmp_path)
        else:
            printed, status = run(line, tmp_path)
            assert status == 0, printed
        assert matches(expected, printed), (line, printed)
        found += 1
    assert found == 10


def collect(line, person, folder):
    """What a command that serves pages prints, until somebody who was at them ends it."""
    command = [sys.executable, "-m", *line.split()]
    with subprocess.Popen(
        command, cwd=folder, env={**os.environ, "COLUMNS": "80"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            opened = [process.stdout.readline() for _ in range(2)]
            link = opened[0].split()[-1]
            at = link.partition("/enter/")[0]
            with httpx.Client(base_url=at, follow_redirects=True) as client:
                person(Person(client, link).enter(), folder)
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=60)
        finally:
            process.kill()  # where the person failed
    assert process.returncode == 0, rest
    return [text.rstrip() for text in "".join([*opened, rest]).splitlines()]


def talk(ann: Person, folder: Path):
    ann.press("start")
    for text, strength in zip(ASKED, STRENGTHS, strict=True):
        ann.press("say", text=text).wait()
        ann.press("choose", strength=str(strength))
    assert ann.press("finish").screen == "over"


def judge(ann: Person, folder: Path):
    """Judges the doubted rows; each by what its id says, on whichever side it is shown."""
    out = folder / "base"
    chosen = {
        row["chosen"][-1]["content"].strip(): row["id"]
        for row in kept_rows(out, read_manifest(out))
        if "chosen" in row
    }
    judged = set()
    ann.go("/task")
    while len(judged) < DOUBTED:  # one may be shown again
        a, b = (text.strip() for text in ann.texts[-2:])
        name = chosen.get(a) or chosen[b]
        ann.press("judge", strength="-3" if (a in chosen) == (name in AGREED) else "3")
        judged.add(name)
