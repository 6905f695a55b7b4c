"""Builds that act on rows: the same bytes whoever works, and after a kill."""

import pytest

import pairsmith
from pairsmith.auditing import row_decisions
from pairsmith.building import build
from pairsmith.dataset import decisions
from pairsmith.dataset.checkpoint import count_shards
from pairsmith.errors import OutputError, SourceError
from support.defects import (
    ROWS,
    kept,
    labelled,
    refused,
    told,
    write_source,
)
from support.mixture import hashes
from support.slow import quick, slow

# The same bytes


@pytest.mark.parametrize(
    "way", quick([{"workers": 2, "batch_rows": 50}, {"workers": 2}, {"batch_rows": 7}])
)
@slow
def test_the_same_bytes_whoever_works(doubtful, flipped, tmp_path, way):
    options = {"flip": 1, "template": "llama2", "shard_rows": 200}
    pairsmith.build(doubtful, tmp_path / "out", **options, **way)
    assert hashes(tmp_path / "out") == hashes(flipped)


def test_a_template_that_fails_its_proof_keeps_its_decisions(planted, tmp_path, monkeypatch):
    from pairsmith.kernel import render

    options = {"template": "llama2", "drop": ["duplicates", "flipped"]}
    pairsmith.build(planted, tmp_path / "plain", **options)
    real, calls = build.run, []  # type: ignore[attr-defined]

    def run(asked):
        calls.append(asked)
        if len(calls) == 2:  # the first is the look at all rows
            raise render.UnfaithfulError
        real(asked)

    monkeypatch.setattr(build, "run", run)
    pairsmith.build(planted, tmp_path / "out", **options)
    assert len(calls) == 3
    assert refused(tmp_path / "out") == refused(tmp_path / "plain")
    assert kept(tmp_path / "out") == kept(tmp_path / "plain")


# Broken off


class Killed(BaseException):
    """What nothing catches."""


OPTIONS = {"flip": 1, "template": "llama2", "shard_rows": 200}


def looks(monkeypatch):
    """A list that grows with every look at all rows."""
    seen, find = [], row_decisions.find_decisions

    def watched(*given):
        seen.append(given)
        return find(*given)

    monkeypatch.setattr(row_decisions, "find_decisions", watched)
    return seen


def break_off(source, out, shards, **options):
    def watch(_):
        if count_shards(out) >= shards:
            raise Killed

    with pytest.raises(Killed):
        pairsmith.build(source, out, progress=watch, batch_rows=50, **{**OPTIONS, **options})
    assert (out / "unfinished" / decisions.NAME).exists() == (shards > 0)


@slow
def test_killed_before_or_between_the_passes(doubtful, flipped, tmp_path, monkeypatch):
    out = tmp_path / "out"
    break_off(doubtful, out, 0)

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(row_decisions, "find_decisions", killed)
        with pytest.raises(Killed):
            pairsmith.build(doubtful, out, **OPTIONS)
    assert not (out / "unfinished" / decisions.NAME).exists()
    pairsmith.build(doubtful, out, **OPTIONS)
    assert hashes(out) == hashes(flipped)
    assert not (out / "unfinished").exists()


@slow
def test_killed_after_some_shards(doubtful, flipped, tmp_path, monkeypatch):
    break_off(doubtful, tmp_path / "out", 2)
    seen = looks(monkeypatch)
    built = pairsmith.build(doubtful, tmp_path / "out", **OPTIONS)
    assert any("finished shards" in remark for remark in built.remarks)
    assert seen == []  # what was found the first time lies there
    assert hashes(tmp_path / "out") == hashes(flipped)


@slow
@pytest.mark.parametrize("harm", ["changed", "removed"])
def test_a_table_that_was_harmed_is_made_anew(doubtful, flipped, tmp_path, monkeypatch, harm):
    break_off(doubtful, tmp_path / "out", 2)
    table = tmp_path / "out" / "unfinished" / decisions.NAME
    table.write_bytes(table.read_bytes()[:-1] + b"?") if harm == "changed" else table.unlink()
    seen = looks(monkeypatch)
    built = pairsmith.build(doubtful, tmp_path / "out", **OPTIONS)
    assert len(seen) == 1
    assert any("finished shards" in remark for remark in built.remarks)  # it came out the same
    assert hashes(tmp_path / "out") == hashes(flipped)


@slow
def test_rows_that_changed_since_are_looked_at_again(tmp_path):
    rows = [labelled(number) for number in range(ROWS)]
    source = write_source(tmp_path / "in", one_train=rows)
    break_off(source, tmp_path / "out", 2, drop=["duplicates"])
    write_source(source, one_train=[*rows, rows[0]])
    built = pairsmith.build(source, tmp_path / "out", drop=["duplicates"], **OPTIONS)
    assert any("has changed since" in remark for remark in built.remarks)
    pairsmith.build(source, tmp_path / "fresh", drop=["duplicates"], **OPTIONS)
    assert hashes(tmp_path / "out") == hashes(tmp_path / "fresh")


@slow
def test_another_action_is_refused_while_shards_lie_there(doubtful, tmp_path):
    break_off(doubtful, tmp_path / "out", 2)
    options = {**OPTIONS, "flip": 2}
    with pytest.raises(OutputError, match="another recipe \\(flip differ\\)"):
        pairsmith.build(doubtful, tmp_path / "out", **options)
    del options["flip"]
    with pytest.raises(OutputError, match="another recipe \\(flip differ\\)"):
        pairsmith.build(doubtful, tmp_path / "out", **options)
    pairsmith.build(doubtful, tmp_path / "out", force=True, **options)


def test_a_finished_build_of_other_actions_is_refused(flipped, doubtful):
    with pytest.raises(OutputError, match="drop, flip differ"):
        options = {**OPTIONS, "flip": None}
        pairsmith.build(doubtful, flipped, drop=["duplicates"], **options)


def test_a_file_that_changes_between_the_passes_is_told(tmp_path, monkeypatch):
    source = write_source(tmp_path / "in", one_train=[told(1), told(2), told(1)])
    find = row_decisions.find_decisions

    def changing(*given):
        found = find(*given)
        write_source(source, one_train=[told(2), told(2), told(1)])
        return found

    with monkeypatch.context() as patched:
        patched.setattr(row_decisions, "find_decisions", changing)
        with pytest.raises(SourceError, match="changed between"):
            pairsmith.build(source, tmp_path / "out", drop=["duplicates"])
    pairsmith.build(source, tmp_path / "out", drop=["duplicates"])
    assert refused(tmp_path / "out").keys() == {"one/train/2"}
