"""A build of which nothing is kept, or nothing of a file, ends with 1 and says what would help."""

import json

import pytest

import pairsmith

KEPT = {"prompt": "How often do I water mint?", "chosen": "Each morning.", "rejected": "Never."}
SAME = {**KEPT, "rejected": KEPT["chosen"]}
BLANK = {**KEPT, "rejected": " "}
MARKED = {**KEPT, "chosen": "[INST] Each morning."}


def write(path, *rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("rows", "options", "said", "hint"),
    [
        ([SAME] * 3, [], "all 3 rows are identical (chosen and", "--on identical=keep."),
        (
            [SAME, BLANK, BLANK],
            [],
            "of 3 rows, most (2) are empty_reply (a",
            "--on empty_reply=keep.",
        ),
        (
            [MARKED],
            ["--template", "llama2"],
            "the one row is control_token",
            "--on control_token=keep or --on ",
        ),
        (
            [MARKED],
            ["--template", "llama2"],
            "the one row is control_token",
            "Or name another --template.",
        ),
        (
            [{"tea": 1}],
            ["--from", "trl-text"],
            "the one row is malformed",
            "--from, or mend the lines",
        ),
    ],
)
def test_nothing_kept(run, tmp_path, rows, options, said, hint):
    source, out = write(tmp_path / "rows.jsonl", *rows), tmp_path / "out"
    for as_json in ([], ["--json"], []):  # the last is found in place
        code, printed, errors = run("build", source, out, *options, *as_json)
        assert code == 1
        assert f"nothing was kept: {said}" in errors
        assert hint in errors
        assert "load_dataset" not in printed
    assert pairsmith.check(out) == []
    code, printed, _ = run("show", out, "--reason", "any", "--json")
    assert len(printed.splitlines()) == min(3, len(rows))


@pytest.mark.parametrize(
    ("rows", "policy"), [([SAME], "identical=keep"), ([BLANK], "empty_reply=keep")]
)
def test_what_it_says_keeps_them(run, tmp_path, rows, policy):
    source = write(tmp_path / "rows.jsonl", *rows)
    _, _, errors = run("build", source, tmp_path / "out")
    assert f"--on {policy}" in errors
    code, _, errors = run("build", source, tmp_path / "out", "--force", "--on", policy)
    assert (code, errors) == (0, "")


def test_nothing_kept_of_a_file(run, tmp_path):
    write(tmp_path / "tea" / "train.jsonl", KEPT, KEPT)
    write(tmp_path / "tea" / "test.jsonl", SAME, SAME)
    code, printed, errors = run("build", tmp_path / "tea", tmp_path / "out")
    assert code == 1
    assert "nothing was kept of pairs/test: all 2 rows are identical" in errors
    assert "--on identical=keep" in errors
    assert "load_dataset" in printed
    assert pairsmith.check(tmp_path / "out") == []


def test_a_file_that_falls_for_several_reasons_or_as_asked_is_no_fault(run, tmp_path):
    write(tmp_path / "tea" / "train.jsonl", KEPT, KEPT)
    write(tmp_path / "tea" / "test.jsonl", SAME, BLANK)
    code, _, errors = run("build", tmp_path / "tea", tmp_path / "out")
    assert (code, errors) == (0, "")
    write(tmp_path / "tea" / "test.jsonl", KEPT)
    code, _, errors = run(
        "build", tmp_path / "tea", tmp_path / "out2", "--drop", "leaks,duplicates"
    )
    assert (code, errors) == (0, "")


def test_python_gets_the_build(tmp_path):
    built = pairsmith.build(write(tmp_path / "rows.jsonl", SAME), tmp_path / "out")
    assert built.totals.kept == 0
    assert built.totals.quarantined == {"identical": 1}


def test_the_first_such_row_is_named_with_what_is_wrong(run, tmp_path):
    row = {"prompt": "Is mint dry?", "chosen": "Hardly.", "rejected": "Yes.", "context": "A herb."}
    write(tmp_path / "rows.jsonl", row, row)
    code, _, errors = run("build", tmp_path / "rows.jsonl", tmp_path / "out")
    assert code == 1
    assert "read). rows.jsonl, line 1: the field context may decide what the pair means" in errors
    assert "A herb" not in errors
