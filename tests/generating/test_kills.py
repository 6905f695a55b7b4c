"""Generating that is killed at any moment, and begun again, ends as one that was left alone."""

import random

import pytest

import pairsmith
from pairsmith.io.durable import partial_path
from support.annotated import tree
from support.models.commands import run_command, succeed
from support.slow import slow

pytest.importorskip("trl")
KILLS = 12


@slow
def test_killed_at_any_moment_it_ends_alike(builds, policy, scorer, tmp_path):
    command = ("generate", builds / "messages")
    how = ("--model", policy, "--score", scorer, "--best-of", 200, "--max-tokens", 30)
    succeed("--version")  # the process that others are forked from takes a while to begin
    seconds = succeed(*command, tmp_path / "whole", *how).seconds
    whole = tree(tmp_path / "whole")
    chance = random.Random(7)
    killed = ended = gone_on = 0
    while killed < KILLS:
        out = tmp_path / f"again{ended}"
        journal = out / "unfinished" / "journal.jsonl"
        gone_on += journal.exists() and b"\n" in journal.read_bytes()
        outcome = run_command(*command, out, *how, kill_after=chance.uniform(0.1, seconds))
        if outcome.status is None:
            killed += 1
            continue
        assert outcome.status == 0, outcome
        assert tree(out) == whole
        ended += 1
    succeed(*command, tmp_path / f"again{ended}", *how)
    assert tree(tmp_path / f"again{ended}") == whole
    assert gone_on > 0


def test_what_was_being_written_when_it_was_killed_is_swept(builds, policy, tmp_path, monkeypatch):
    asked = {"model": policy, "best_of": 1, "max_tokens": 2, "limit": 1}
    whole = pairsmith.generate(builds / "messages", tmp_path / "whole", **asked)
    with monkeypatch.context() as stopped, pytest.raises(KeyboardInterrupt):
        stopped.setattr("pairsmith.generating.generate.assemble", interrupt)
        pairsmith.generate(builds / "messages", tmp_path / "out", **asked)
    (tmp_path / "out" / "helpful-base").mkdir()
    for name in ("unkept.jsonl", "manifest.json", "helpful-base/test.jsonl"):
        partial_path(tmp_path / "out" / name).write_text("{")
    pairsmith.generate(builds / "messages", tmp_path / "out", **asked)
    assert tree(tmp_path / "out") == tree(whole.folder)


def interrupt(*_given):
    raise KeyboardInterrupt
