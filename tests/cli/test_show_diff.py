"""pairsmith show --diff: two builds of one source, what each kept, refused and made of rows."""

import json
import shutil

import pytest

import pairsmith
from support.built import refused_of, shards_of
from support.defects import row, told, turned, write_source
from support.slow import slow

EMPTY = {"chosen": "", "rejected": ""}
SAME = row("Is my mint dry?", "It is.", "It is.")
ROWS = [told(1), told(2), told(1), EMPTY, SAME, told(3), turned(told(2))]
TEST = [told(8), told(9)]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_source(tmp_path_factory.mktemp("in"), one_train=ROWS, one_test=TEST)


@pytest.fixture(scope="module")
def here(source, tmp_path_factory):
    """A build that drops equal rows."""
    out = tmp_path_factory.mktemp("here") / "out"
    pairsmith.build(source, out, drop=["duplicates"])
    return out


@pytest.fixture(scope="module")
def there(source, tmp_path_factory):
    """A build that keeps them, and what is identical; its shards are cut elsewhere."""
    out = tmp_path_factory.mktemp("there") / "out"
    pairsmith.build(source, out, policies={"identical": "keep"}, shard_rows=2)
    return out


def compared(run, here, there, *options):
    code, printed, errors = run("show", here, "--diff", there, "--json", *options)
    assert code == 0, errors
    head, *rows = [json.loads(line) for line in printed.splitlines()]
    return head, rows


def test_what_was_kept_and_refused_is_counted_and_shown(run, here, there):
    head, rows = compared(run, here, there, "-n", 9)
    assert head["remarks"] == []
    held = {(one["kind"], one["why"]): one["rows"] for one in head["changes"]}
    assert held[("refused", "identical")] == 1
    assert held[("refused", "duplicate")] == 1
    assert head["same"] + sum(held.values()) == len(ROWS) + len(TEST)
    assert [change["id"] for change in rows] == sorted(change["id"] for change in rows)
    stored = {kept["id"]: kept for kept in shards_of(there)}
    for change in rows:
        if change["kind"] == "refused":
            assert change["there"]["prompt"] == stored[change["id"]]["prompt"]
            assert change["here"]["reason"] == change["why"]


def test_the_other_way_round_it_is_the_reverse(run, here, there):
    forth, back = (compared(run, *pair)[0] for pair in ((here, there), (there, here)))
    assert forth["same"] == back["same"]
    turned_kind = {"refused": "kept", "kept": "refused"}
    for one in forth["changes"]:
        kind = turned_kind.get(one["kind"], one["kind"])
        assert {**one, "kind": kind} in back["changes"]


def test_a_build_beside_itself_and_beside_a_copy(run, here, tmp_path):
    copied = shutil.copytree(here, tmp_path / "copy")
    for other in (here, copied):
        head, rows = compared(run, here, other)
        assert (head["same"], head["changes"], rows) == (len(ROWS) + len(TEST), [], [])


def test_shards_that_are_cut_elsewhere_hold_the_same_rows(run, source, there, tmp_path):
    pairsmith.build(source, tmp_path / "out", policies={"identical": "keep"}, shard_rows=3)
    head, _ = compared(run, there, tmp_path / "out")
    assert head["changes"] == []
    assert head["same"] == len(ROWS) + len(TEST)


@slow
def test_exchanged_replies_are_told_as_such(run, flipped, doubtful, tmp_path):
    pairsmith.build(doubtful, tmp_path / "plain", template="llama2", shard_rows=150)
    head, rows = compared(run, flipped, tmp_path / "plain", "-n", 2_000)
    noted = [row["id"] for row in shards_of(flipped) if "label_flipped" in row["notes"]]
    [counted] = [one for one in head["changes"] if one["why"] == "replies exchanged"]
    assert counted["rows"] == len(noted) > 10
    exchanged = [change for change in rows if change["why"] == "replies exchanged"]
    assert sorted(change["id"] for change in exchanged) == sorted(noted)
    assert exchanged[0]["here"]["chosen"] == exchanged[0]["there"]["rejected"]


def test_other_forms_are_not_compared_by_text(run, here, source, tmp_path):
    pairsmith.build(source, tmp_path / "text", template="llama2", drop=["duplicates"])
    head, rows = compared(run, here, tmp_path / "text")
    assert "different forms" in head["remarks"][0]
    assert (head["changes"], rows) == ([], [])


def test_changes_are_cut_and_sieved(run, here, there):
    every = [change["id"] for change in compared(run, here, there, "-n", 9)[1]]
    head, rows = compared(run, here, there, "-n", 1, "--from", 2)
    assert [change["id"] for change in rows] == every[1:2]
    assert sum(one["rows"] for one in head["changes"]) == len(every)
    drawn = [change["id"] for change in compared(run, here, there, "--random", 2)[1]]
    assert len(drawn) == 2
    assert drawn == [id for id in every if id in drawn]
    head, rows = compared(run, here, there, "--search", "mint dry")
    assert [change["why"] for change in rows] == ["identical"]
    assert head["same"] == 0
    head, rows = compared(run, here, there, "--split", "test")
    assert (head["same"], rows) == (2, [])


def test_it_is_drawn(run, here, there, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    code, printed, errors = run("show", here, "--diff", there, "-n", 9)
    assert (code, errors) == (0, "")
    lines = [line.split() for line in printed.splitlines()]
    assert ["refused", "here,", "kept", "there", "identical", "1"] in lines
    assert any(line[:4] == ["the", "same", "in", "both"] for line in lines)
    [refused] = [held for held in refused_of(here) if held["reason"] == "identical"]
    assert f"here: identical: {refused['detail']}" in printed
    assert "Is my mint dry?" in printed


@pytest.mark.parametrize("columns", ["20", "40"])
def test_a_narrow_terminal_is_no_fault_and_no_heading_is_cut(
    run, here, there, monkeypatch, columns
):
    monkeypatch.setenv("COLUMNS", columns)
    code, printed, _ = run("show", here, "--diff", there)
    assert code == 0
    assert "refused here, kept there: identical" in " ".join(printed.split())
    assert "… ─" not in printed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--id", "one/train/1"], "Leave --id out."),
        (["--reason", "any"], "Leave --reason out."),
        (["--finding", "leaks"], "Leave --finding out."),
        (["--subset", "two"], "has no subset 'two'"),
    ],
    ids=["id", "reason", "finding", "subset"],
)
def test_what_does_not_go_with_it_is_a_sentence(run, here, there, options, said):
    code, printed, errors = run("show", here, "--diff", there, *options)
    assert (code, printed) == (2, "")
    assert said in errors


def test_builds_of_different_sources_are_refused(run, here, sample_messages, tmp_path):
    code, _, errors = run("show", here, "--diff", sample_messages)
    assert code == 2
    assert "is a build of another source than" in errors
    write_source(tmp_path / "in", one_train=[told(1)], one_test=TEST)
    pairsmith.build(tmp_path / "in", tmp_path / "out")
    code, _, errors = run("show", here, "--diff", tmp_path / "out")
    assert code == 2
    assert "of other contents of" in errors
    code, _, errors = run("show", here, "--diff", tmp_path / "nowhere")
    assert code == 2
    assert "There is no folder" in errors
