"""A build that is killed at any step that changes a folder, and the next command."""

import contextlib
import os
import shutil

import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import OutputError
from support.broken import Killed
from support.good_rows import ROWS
from support.slow import quick


@contextlib.contextmanager
def killed_at(number, monkeypatch):
    """Ends the process, as it were, at one of the steps that change a folder."""
    steps = []

    def dying(name):
        real = getattr(os, name)

        def step(*args, **kwargs):
            steps.append(name)
            if len(steps) >= number:
                raise Killed
            return real(*args, **kwargs)

        return step

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink", "rmdir", "mkdir"):
            patch.setattr(os, name, dying(name))
        yield


@pytest.mark.parametrize("over", quick([False, True]), ids=["fresh", "over-another"])
@pytest.mark.parametrize("again", quick(["same", "forced", "other"]))
def test_a_build_killed_at_any_step_and_then_the_next_command(
    one_row, tmp_path, monkeypatch, over, again
):
    (tmp_path / "two.jsonl").write_bytes(ROWS[0] + b"\nbad\n")
    first = pairsmith.build(tmp_path / "two.jsonl", tmp_path / "first")
    small = (
        tmp_path / "small" / "harmless-base"
    )  # a folder that is kept, one that goes, a quarantine
    small.mkdir(parents=True)
    (small / "train.jsonl").write_bytes(ROWS[0] + b"\nbad\n")
    (small / "test.jsonl").write_bytes(ROWS[1] + b"\n")
    second = pairsmith.build(small.parent, tmp_path / "second")
    outcomes = {"first": 0, "second": 0}
    for number in range(1, 200):
        out = tmp_path / f"out{number}"
        if over:
            shutil.copytree(tmp_path / "first", out)
        try:
            with killed_at(number, monkeypatch):
                pairsmith.build(small.parent, out, force=over)
            break
        except Killed:
            pass
        wanted = {"same": small.parent, "forced": small.parent, "other": tmp_path / "two.jsonl"}[
            again
        ]
        try:
            pairsmith.build(wanted, out, force=again == "forced")
        except OutputError as error:  # the other build is whole, or has shards that are
            if "unfinished" in error.message:
                pairsmith.build(small.parent, out, force=over)
        left = {problem.path for problem in pairsmith.check(out)}
        assert left <= ({"unfinished"} if over and again != "forced" else set())
        held = read_manifest(out)
        assert held in (first, second)
        if again == "forced":
            assert held == second
        outcomes["first" if held == first else "second"] += 1
    assert number > 15
    assert outcomes["second"] > 0
