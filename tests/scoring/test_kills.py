"""Scoring that is killed at any moment, and begun again, ends as one that was left alone."""

import random

import pytest

import pairsmith
from support.annotated import tree
from support.models.commands import run_command, succeed
from support.models.folders import write_scorer
from support.models.utility import Utility, write_rows
from support.slow import slow

pytest.importorskip("trl")
KILLS = 20


@slow
def test_killed_at_any_moment_it_ends_alike(tmp_path):
    write_rows(tmp_path / "rows.jsonl", Utility(most_turns=3).draw(400, "rows"))
    build, model = tmp_path / "build", tmp_path / "model"
    pairsmith.build(tmp_path / "rows.jsonl", build, shard_rows=20)
    write_scorer(model)
    command = ("score", build, "--model", model, "--name")
    succeed("--version")  # the process that others are forked from takes a while to begin
    seconds = succeed(*command, "whole").seconds
    before = tree(build)
    chance = random.Random(7)
    killed = ended = 0
    while killed < KILLS:
        name = f"again{ended}"
        outcome = run_command(*command, name, kill_after=chance.uniform(0.1, seconds))
        if outcome.status is None:
            killed += 1
            continue
        assert outcome.status == 0, outcome
        ended += 1
        assert_same(build, name)
    succeed(*command, f"again{ended}")
    assert_same(build, f"again{ended}")
    now = tree(build)
    assert {path: now[path] for path in before} == before  # nothing else was touched


def assert_same(build, name):
    """Whether an annotation has the bytes of the one that was left alone, but for its name."""
    mine, whole = (tree(build / "annotations" / one) for one in (name, "whole"))
    assert mine.keys() == whole.keys()
    mine["manifest.json"] = mine["manifest.json"].replace(name.encode(), b"whole")
    assert mine == whole
